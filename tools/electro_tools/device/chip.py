# SPDX-License-Identifier: Apache-2.0
"""Speak to the MicroPython on the chip at a serial port, by mpremote."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from electro_tools.errors import ToolError

from .programs import ProgramError, run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# 115,200 baud carry 11 kB/s, raw REPL about half of it: the whole set of files takes about a minute.
_COPY_TIMEOUT_S = 900
_ANSWER_TIMEOUT_S = 60

# The native code format 6.3 and SSLContext come with 1.23.
OLDEST_FIRMWARE = (1, 23)

_PLATFORMS = ("esp32", "linux", "darwin")  # MicroPython's Unix build stands in for a chip

# The architecture field of sys.implementation._mpy, in the order of MicroPython's py/persistentcode.h, by the
# names mpy-cross takes; index 0 is an interpreter that runs no native code.
_ARCHITECTURES = (
    "", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp", "xtensa", "xtensawin",
    "rv32imc", "rv64imc",
)  # fmt: skip

# What a simulated day needs in files, 119 KB (tests/bench/week.py), with 25 KB of machine code and 40 KB for TLS. An
# ESP32 without PSRAM has 162 KB: see firmware/README.md, "Memory".
ENOUGH_BYTES = 184_000

_PROBE = """
import gc, json, sys
gc.collect()
implementation = sys.implementation
print(json.dumps({
    "name": implementation[0],
    "version": list(implementation[1])[:3],
    "machine": getattr(implementation, "_machine", sys.platform),
    "mpy": getattr(implementation, "_mpy", 0),
    "platform": sys.platform,
    "free": gc.mem_free(),
}))
"""


_HOLD_WATCHDOG = f"""
try:
    import machine
    machine.WDT(timeout={_COPY_TIMEOUT_S * 1000})
except (ImportError, AttributeError):
    pass
"""


class Interpreter(NamedTuple):
    """What runs on the chip: MicroPython's version, the architecture native code is compiled for, the free heap."""

    version: tuple[int, ...]
    machine: str
    architecture: str
    free_bytes: int


class Chip:
    """The chip at a port; each call is a fresh start of its interpreter, whose own program is interrupted."""

    def __init__(self, port: str) -> None:
        self.port = port

    def interpreter(self) -> Interpreter:
        """Ask what runs on the chip.

        Raises:
            ToolError: nothing answers, or it is not a MicroPython that Electro runs on.
        """
        answer = self.ask(_PROBE)
        version = tuple(answer["version"])
        said = ".".join(map(str, version))
        if answer["name"] != "micropython":
            raise ToolError(
                f"the chip at {self.port} runs {answer['name']} {said}, not MicroPython", _FLASH_FIRST
            )
        if version[:2] < OLDEST_FIRMWARE:
            raise ToolError(
                f"the chip at {self.port} runs MicroPython {said}: 1.23 is the oldest that works",
                _FLASH_FIRST,
            )
        if answer["platform"] not in _PLATFORMS:
            raise ToolError(
                f"the chip at {self.port} is no ESP32 but a {answer['machine']}", "is it the right port?"
            )
        index = answer["mpy"] >> 10 & 0xF
        if not 0 < index < len(_ARCHITECTURES):
            raise ToolError(f"the {answer['machine']} at {self.port} runs no native code")
        return Interpreter(version, answer["machine"], _ARCHITECTURES[index], answer["free"])

    def run(self, script: str, timeout_s: float = _ANSWER_TIMEOUT_S) -> str:
        """Run a script on the chip and return what it printed.

        The script reaches mpremote by a pipe, not by its command line: it may carry a password.
        """
        if os.name == "posix":
            return self._mpremote(["run", "/dev/stdin"], given=script, timeout_s=timeout_s)
        with tempfile.TemporaryDirectory() as folder:  # private to this account, gone at once
            file = Path(folder, "script.py")
            file.write_text(script)
            return self._mpremote(["run", str(file)], timeout_s=timeout_s)

    def ask(self, script: str, timeout_s: float = _ANSWER_TIMEOUT_S) -> Any:
        """Run a script and return the JSON it prints as its last line."""
        lines = self.run(script, timeout_s).strip().splitlines()
        try:
            return json.loads(lines[-1])
        except (ValueError, IndexError) as error:
            raise ToolError(f"the chip at {self.port} gave no answer that can be read") from error

    def ask_meter(self, script: str, timeout_s: float = _ANSWER_TIMEOUT_S) -> Any:
        """Do the same with a script that needs the meter's files, and say so if they are not there."""
        try:
            return self.ask(script, timeout_s)
        except ToolError as error:
            if "no module named 'electro_" in error.sentence:
                raise ToolError(
                    "the meter's files are not on the chip", "put them there: electro device install"
                ) from error
            raise

    def copy(self, files: Sequence[tuple[Path, str]], on_file: Callable[[str, bool], None]) -> None:
        """Copy local files to places on the chip, leaving alone what is the same there already.

        Args:
            files: pairs of a local file and its path on the chip; the folders must exist there.
            on_file: called with each path on the chip and whether it had to be written.
        """
        places = {str(local): place for local, place in files}
        current: list[str] = []

        def follow(line: str) -> None:
            if line.startswith("Up to date: ") and current:
                on_file(current.pop(), False)
            elif line.startswith("cp "):
                finish()
                current.append(places.get(line.split(" ")[1], line))

        def finish() -> None:
            if current:
                on_file(current.pop(), True)

        arguments: list[str] = []
        for local, place in files:
            arguments += [*(["+"] if arguments else []), "fs", "cp", str(local), f":{place}"]
        self._mpremote(arguments, timeout_s=_COPY_TIMEOUT_S, on_line=follow)
        finish()

    def hold_watchdog(self) -> None:
        """Push the watchdog of an interrupted meter back until the restart: it can't be stopped, and would bite."""
        self.run(_HOLD_WATCHDOG)

    def restart(self) -> None:
        """Let the chip begin anew with its own program."""
        self._mpremote(["reset"], timeout_s=_ANSWER_TIMEOUT_S)

    def _mpremote(
        self,
        arguments: Sequence[str],
        *,
        timeout_s: float,
        given: str | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> str:
        try:
            return run(
                "mpremote",
                ["connect", self.port, *arguments],
                given=given,
                timeout_s=timeout_s,
                on_line=on_line,
            )
        except ProgramError as error:
            raise self._in_words(error.output) from error

    def _in_words(self, output: str) -> ToolError:
        if "failed to access" in output:
            return ToolError(
                f"the serial port {self.port} can't be opened",
                "is another program using it (a terminal, an editor), and may you (group dialout on Linux)?",
            )
        if "no end within" in output:
            return ToolError(
                f"the chip at {self.port} does not answer in time",
                "is it powered, and has it MicroPython? electro device flash puts that on an ESP32",
            )
        if "could not enter raw repl" in output:
            return ToolError(f"no MicroPython answers at {self.port}", _FLASH_FIRST)
        last = (output.strip().splitlines() or ["mpremote said nothing"])[-1]
        return ToolError(f"the chip at {self.port} stopped with: {last[:300]}")


_FLASH_FIRST = "put a newer MicroPython on it with: electro device flash"
