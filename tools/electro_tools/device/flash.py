# SPDX-License-Identifier: Apache-2.0
"""Write official MicroPython firmware to an ESP32, after looking whether it is the right one for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from electro_tools.errors import ToolError

from .chip import OLDEST_FIRMWARE
from .programs import ProgramError, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WHERE_TO_GET_IT = (
    "official firmware is at https://micropython.org/download/?port=esp32 "
    "(ESP32_GENERIC, ESP32_GENERIC_S3, ESP32_GENERIC_C3); 1.23 or later works, 1.25 is recommended"
)


class _Model(NamedTuple):
    name: str  # as esptool writes it
    image_id: int  # bytes 12-13 of an image's header, little-endian
    offset: int  # where the second-stage boot loader begins, with which the .bin begins


# ESP-IDF's esp_app_format.h (esp_chip_id_t) and each chip's ROM; the same as in esptool's targets.
_MODELS = {
    model.name: model
    for model in (_Model("ESP32", 0, 0x1000), _Model("ESP32-S3", 9, 0x0), _Model("ESP32-C3", 5, 0x0))
}
_IMAGE_MAGIC = 0xE9
_PACE_BAUD = 460800  # what every usual USB bridge does; 1.7 MB take 40 s
_DETECT_TIMEOUT_S = 60
_WRITE_TIMEOUT_S = 600


def detect(port: str) -> str:
    """Return the chip's model, such as "ESP32-S3".

    Raises:
        ToolError: no ESP32 answers at the port, or it is one that Electro does not run on.
    """
    try:
        said = run("esptool", ["--port", port, "chip-id"], timeout_s=_DETECT_TIMEOUT_S)
    except ProgramError as error:
        raise _in_words(port, error.output) from error
    found = re.search(r"^Connected to (\S+) on ", said, re.MULTILINE)
    if found is None:
        raise ToolError(f"esptool does not say which chip is at {port}")
    if found.group(1) not in _MODELS:
        raise ToolError(f"the chip at {port} is an {found.group(1)}: Electro runs on {', '.join(_MODELS)}")
    return found.group(1)


def check(firmware: Path, model: str) -> str:
    """Look into a firmware file; return its MicroPython version, "" if it does not show.

    Raises:
        ToolError: it can't be read, is no ESP32 firmware, is for another chip, or is too old.
    """
    try:
        image = firmware.read_bytes()
    except OSError as error:
        raise ToolError(
            f"the firmware {firmware} can't be read: {error.strerror}", WHERE_TO_GET_IT
        ) from error
    if len(image) < 24 or image[0] != _IMAGE_MAGIC:
        raise ToolError(f"{firmware} is no ESP32 firmware", WHERE_TO_GET_IT)
    image_id = int.from_bytes(image[12:14], "little")
    if image_id != _MODELS[model].image_id:
        made_for = next((each.name for each in _MODELS.values() if each.image_id == image_id), "another chip")
        raise ToolError(f"{firmware} is for {made_for}, and the chip is an {model}", WHERE_TO_GET_IT)
    version = re.search(rb"MicroPython v((\d+)\.(\d+)[^ \x00]*)", image)
    if version is None:
        return ""
    said = version.group(1).decode(errors="replace")
    if (int(version.group(2)), int(version.group(3))) < OLDEST_FIRMWARE:
        raise ToolError(f"{firmware} is MicroPython {said}: 1.23 is the oldest that works", WHERE_TO_GET_IT)
    return said


def write(port: str, model: str, firmware: Path, *, erase: bool, on_percent: Callable[[float], None]) -> None:
    """Write the file; `erase` first wipes the chip's files, settings and key.

    Raises:
        ToolError: esptool could not, with its reason.
    """

    def follow(line: str) -> None:
        percent = re.search(r"(\d+(?:\.\d+)?) ?%", line)
        if percent and line.lstrip().startswith("Writing"):
            on_percent(float(percent.group(1)))

    arguments = [
        "--port",
        port,
        "--baud",
        str(_PACE_BAUD),
        "write-flash",
        *(["--erase-all"] if erase else []),
    ]
    try:
        run(
            "esptool",
            [*arguments, hex(_MODELS[model].offset), str(firmware)],
            timeout_s=_WRITE_TIMEOUT_S,
            on_line=follow,
        )
    except ProgramError as error:
        raise _in_words(port, error.output) from error


def _in_words(port: str, output: str) -> ToolError:
    if "Could not open" in output:
        return ToolError(
            f"the serial port {port} can't be opened",
            "is another program using it (a terminal, an editor), and may you (group dialout on Linux)?",
        )
    if "Failed to connect" in output or "No serial data received" in output:
        return ToolError(
            f"no ESP32 answers at {port}", "hold its BOOT button while you connect it, then try again"
        )
    found = re.search(r"A fatal error occurred: (.+)", output)
    last = found.group(1) if found else (output.strip().splitlines() or ["nothing"])[-1]
    return ToolError(f"esptool stopped with: {last[:300]}")
