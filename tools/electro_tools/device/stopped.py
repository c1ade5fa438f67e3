# SPDX-License-Identifier: Apache-2.0
"""Examine a chip at which no meter answers: what of firmware, program, settings and key is there."""

from __future__ import annotations

from typing import Any

from electro_tools.errors import ToolError

from .chip import ENOUGH_BYTES, Chip
from .diagnosis import Finding

_EXAMINE = """
import json
found = {}
try:
    from electro_meter.life.config import load
    found["program"] = True
    try:
        load(".")
        found["settings"] = ""
    except Exception as error:
        found["settings"] = str(error)
except ImportError as error:
    found["program"] = False
from esp32 import NVS
try:
    found["key"] = NVS("electro").get_blob("key", bytearray(32)) == 32
except OSError:
    found["key"] = False
try:
    with open("crash.log") as file:
        found["log"] = file.read()[-600:]
except OSError:
    found["log"] = ""
print(json.dumps(found))
"""


def examine(port: str) -> list[Finding]:
    """Stop what runs on the chip, look at it, and start it anew.

    Raises:
        ToolError: not even MicroPython answers.
    """
    chip = Chip(port)
    interpreter = chip.interpreter()
    version = ".".join(map(str, interpreter.version))
    found = [Finding("MicroPython", True, f"{version} on {interpreter.machine}")]
    found.append(
        Finding(
            "memory",
            interpreter.free_bytes >= ENOUGH_BYTES,
            f"{interpreter.free_bytes // 1000:,} KB are free before the meter's files",
            ""
            if interpreter.free_bytes >= ENOUGH_BYTES
            else "take a chip with PSRAM, or freeze the packages",
        )
    )
    chip.hold_watchdog()
    found += _program(chip.ask(_EXAMINE))
    chip.restart()
    return found


def _program(told: dict[str, Any]) -> list[Finding]:
    if not isinstance(told, dict):
        raise ToolError("the chip's answer can't be read")
    if not told.get("program"):
        return [Finding("program", False, "the meter's files are not on the chip", "electro device install")]
    found = [Finding("program", True, "the meter's files are there")]
    wrong = told.get("settings")
    found.append(
        Finding("settings", False, str(wrong), "electro device provision gives new ones; the key stays")
        if wrong
        else Finding("settings", True, "they can be used")
    )
    found.append(
        Finding("key", True, "there is one")
        if told.get("key")
        else Finding("key", False, "the chip has no key", "electro device provision makes one")
    )
    if told.get("log"):
        last = str(told["log"]).strip().splitlines()[-1]
        found.append(Finding("crash log", False, last[:200], "electro device logs, once it runs, shows more"))
    elif not wrong and told.get("key"):
        found.append(
            Finding(
                "meter", False, "it did not answer, though nothing is missing", "wait a minute and look again"
            )
        )
    return found
