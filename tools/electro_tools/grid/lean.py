# SPDX-License-Identifier: Apache-2.0
"""Run one meter with as little around it as a chip has: the grid is in another process and sends samples over a pipe.

    micropython lean.py     (driven by electro_tools.grid.feeding)

| line in | line out |
|---|---|
| {"config", "directory", "start"} | {"address"}: in hex |
| {"advance_to": unix_s} | {"at": unix_s, "register_wh", "closed", "ram_free", "ram_live"} |
| | {"sample": [unix_us, pairs, whether a stretch begins]}, and bytes come back: times, volts and amps of so many |

What is in this process beside the meter: this file, virtual_board.py, virtual_time.py, and the interpreter's asyncio.
"""

import asyncio
import gc
import json
import sys
from binascii import hexlify

from electro_meter.heap import forget_modules, ram_free
from electro_meter.life.start import begin
from electro_tools.grid.virtual_board import VirtualBoard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Any

    from electro_meter.life.settings import Settings
    from electro_meter.world import Board

UJ_PER_WH = 3_600_000_000
_READ_US = 95  # as converter.py, whose tables have no place here


class PipedBoard(VirtualBoard):
    """A Board whose converter is at the other end of a pipe."""

    def __init__(self, directory: str, start_s: int) -> None:
        super().__init__(directory, start_s, _READ_US)

    pairs_a_run = 64  # each takes its way through the pipe
    _begins = False

    def begin(self) -> int:
        self._begins = True
        return self.uptime_us()

    def sample(
        self, times_us: "array[int]", volts: "array[int]", amps: "array[int]", first: int, end: int
    ) -> None:
        sys.stdout.write(f'{{"sample": [{self.time.now_us}, {end - first}, {int(self._begins)}]}}\n')
        if hasattr(sys.stdout, "flush"):
            sys.stdout.flush()
        before_us = 0 if self._begins else times_us[first - 1 & len(times_us) - 1]
        self._begins = False
        pipe: "Any" = sys.stdin.buffer
        for samples in (times_us, volts, amps):
            pipe.readinto(memoryview(samples)[first:end])
        self.time.now_us += times_us[end - 1] - before_us

    def sample_grid(self, volts: "array[int]", first: int, end: int) -> bool:  # noqa: ARG002 - not fitted
        return False

    async def connect(
        self,
        address: str,
        port: int,
        server_hostname: "str | None",  # noqa: ARG002 - http only
    ) -> "tuple[Any, Any]":
        return await asyncio.open_connection(address, port)

    def load_blob(self, name: str) -> "bytes | None":  # noqa: ARG002 - nothing outlives this process
        return None

    def store_blob(self, name: str, content: bytes) -> None:
        pass  # as above

    def reset(self, reason: str) -> None:
        raise SystemExit(reason)

    def entropy(self, count: int) -> bytes:
        return bytes(count)

    def load_key(self) -> "bytes | None":
        return bytes([7] * 32)

    def show(self, alive: bool, warning: bool, shed: bool) -> None:
        pass  # nobody looks

    def feed_watchdog(self) -> None:
        pass  # nothing to feed

    def log(self, sentence: str) -> None:
        pass  # nobody listens


def _say(answer: "dict[str, object]") -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    if hasattr(sys.stdout, "flush"):
        sys.stdout.flush()


async def _live() -> None:
    given = json.loads(sys.stdin.readline())
    board = PipedBoard(given["directory"], given["start"])

    def configure() -> "tuple[Board, Settings]":
        from electro_meter.life.config import Config

        settings = Config(given.pop("config")).bare()
        forget_modules(("electro_meter.life.config",), True)  # where a chip's program has it, `begin` does
        return board, settings

    _, meter = begin(configure)
    _say({"address": hexlify(meter.signer.address).decode()})
    meter.start()
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        until_s = json.loads(line)["advance_to"]
        await board.time.run_until(until_s * 1_000_000)
        _say(
            {
                "at": until_s,
                "register_wh": meter.account.import_uj // UJ_PER_WH,
                "closed": meter.account.closed,
                "ram_free": ram_free(),  # collects first
                "ram_live": gc.mem_alloc(),  # type: ignore[attr-defined]  # it runs in MicroPython alone
            }
        )


if __name__ == "__main__":
    asyncio.run(_live())
