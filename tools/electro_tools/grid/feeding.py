# SPDX-License-Identifier: Apache-2.0
"""Feed a lean meter's process with samples: the grid, the load and the converter live here, on the PC."""

from __future__ import annotations

import json
import subprocess
from array import array
from typing import TYPE_CHECKING, Any

from electro_meter.sensing.sampling import RING
from electro_protocol.address import checksum
from electro_tools import lifeline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from electro_tools.grid.board import SimulatedBoard


class LeanMeter:
    """A meter in MicroPython at the other end of two pipes, and the simulated board that it samples."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        board: SimulatedBoard,
        config: dict[str, Any],
        folder: Path | None = None,
    ) -> None:
        """folder: where the interpreter runs: modules keep their paths in memory, which on a chip are short."""
        self._board = board
        self._arrays = array("i", [0] * RING), array("H", [0] * RING), array("H", [0] * RING)
        self.samples = 0
        self._process = subprocess.Popen(  # noqa: S603 - a list, no shell; the caller's own interpreter
            lifeline.tied(command),
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=lifeline.pass_fds(),
        )
        first = {"config": config, "directory": board.directory, "start": board.time.now_us // 1_000_000}
        self.address = checksum(bytes.fromhex(self._ask(first)["address"]))

    def advance_to(self, unix_s: int) -> dict[str, Any]:
        """Let the meter live until an instant and return what it says then."""
        return self._ask({"advance_to": unix_s})

    def end(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()

    def _ask(self, line: dict[str, Any]) -> dict[str, Any]:
        """Send a line and serve samples until its answer comes.

        Raises EOFError if the meter ends without a word: on standard error it said why.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(line).encode() + b"\n")
        self._process.stdin.flush()
        while True:
            said = self._process.stdout.readline()
            if not said:
                raise EOFError("the meter's process ended without a word")
            answer: dict[str, Any] = json.loads(said)
            if "sample" not in answer:
                return answer
            self._process.stdin.write(self._sample(*answer["sample"]))
            self._process.stdin.flush()

    def _sample(self, now_us: int, pairs: int, begins: int) -> bytes:
        board = self._board
        board.time.now_us = now_us
        if begins:
            board.begin()
        times_us, volts, amps = self._arrays
        board.sample(times_us, volts, amps, 0, pairs)
        self.samples += pairs
        return b"".join(one[:pairs].tobytes() for one in (times_us, volts, amps))
