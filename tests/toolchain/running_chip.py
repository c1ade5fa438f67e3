# SPDX-License-Identifier: Apache-2.0
"""Run a chip that is none: real MicroPython behind a pseudo-terminal, with a folder for its flash.

What mpremote does to it (enter the raw REPL, run, copy, compare hashes) happens for real. What it has not is
the hardware; a test may put modules that stand for it into the flash's lib/.
"""

from __future__ import annotations

import os
import subprocess
import tty
from pathlib import Path
from typing import TYPE_CHECKING

from electro_tools import lifeline

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self


class Chip:
    """A serial port with MicroPython at its other end: `port` is what a tool is given, `flash` its files."""

    def __init__(
        self, micropython: Sequence[str], flash: Path, heap: str = "4m", program: Path | None = None
    ) -> None:
        """program: runs instead of the REPL, with the flash's lib/ in its path."""
        self.flash = flash
        ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)  # a serial line echoes nothing
        self.port = os.ttyname(self._theirs)
        # The far end stays open here too: with nobody there, a read at the near end is an error, not a pause.
        script = program or Path(__file__).with_name("raw_repl.py")
        self._process = subprocess.Popen(
            lifeline.tied([*micropython, "-X", f"heapsize={heap}", str(script)]),
            cwd=flash,
            env={**os.environ, "MICROPYPATH": "lib:.frozen"},
            stdin=ours,
            stdout=ours,
            stderr=subprocess.DEVNULL,
            pass_fds=lifeline.pass_fds(),
        )
        os.close(ours)

    def open_files(self) -> int:
        """Return how many files and sockets it has open."""
        return len(list(Path(f"/proc/{self._process.pid}/fd").iterdir()))

    def close(self) -> None:
        """Pull the cable; calling it again does nothing."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
            os.close(self._theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
