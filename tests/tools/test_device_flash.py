# SPDX-License-Identifier: Apache-2.0
"""`electro device flash`: what is looked at before a chip is written, and how esptool is called.

esptool itself runs where no chip is needed; for the rest a stand-in on PYTHONPATH says what esptool 5 says.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from electro_tools.device import flash
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path

STAND_IN = """
import pathlib, sys
with pathlib.Path(__file__).with_name("called").open("a") as log:
    print(*sys.argv[1:], file=log)
print("esptool v5.6.0")
if "{kind}" == "silent":
    sys.exit("A fatal error occurred: Failed to connect to Espressif device: No serial data received.")
print("Connected to {kind} on /dev/null:")
print("Chip type:          {kind} (revision v0.2)")
if "write-flash" in sys.argv:
    for percent in (0.0, 50.0, 100.0):
        print(f"Writing at 0x00001000 [====] {{percent:>5.1f}}% 100/200 bytes...", end="\\r")
    print("\\nHash of data verified.")
"""


def image(folder: Path, *, chip_id: int = 0, version: str = "1.25.0") -> Path:
    """Write what begins like MicroPython firmware: ESP-IDF's image header, and the banner."""
    header = b"\xe9" + bytes(11) + chip_id.to_bytes(2, "little") + bytes(10)
    file = folder / "firmware.bin"
    file.write_bytes(header + f"MicroPython v{version} on 2025-04-15; ESP32".encode() + bytes(64))
    return file


class Bench:
    """A folder in which `electro device flash` finds a stand-in for esptool."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def connect(self, kind: str) -> None:
        (self.folder / "esptool.py").write_text(STAND_IN.format(kind=kind))

    def flash(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "electro_tools.cli", "device", "flash", *arguments, "--port", "/dev/null"],
            capture_output=True,
            text=True,
            check=False,
            env={"PYTHONPATH": str(self.folder)},
        )

    def calls(self) -> list[str]:
        return (self.folder / "called").read_text().splitlines()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize(
    ("kind", "chip_id", "offset"), [("ESP32", 0, "0x1000"), ("ESP32-S3", 9, "0x0"), ("ESP32-C3", 5, "0x0")]
)
def test_each_chip_gets_its_firmware_where_it_looks_for_it(
    bench: Bench, kind: str, chip_id: int, offset: str
) -> None:
    bench.connect(kind)
    file = image(bench.folder, chip_id=chip_id)
    done = bench.flash(str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert "MicroPython 1.25.0" in done.stdout
    detected, written = bench.calls()
    assert detected == "--port /dev/null chip-id"
    assert written == f"--port /dev/null --baud 460800 write-flash {offset} {file}"


def test_the_key_survives_unless_erasing_is_asked_for(bench: Bench) -> None:
    bench.connect("ESP32")
    assert bench.flash(str(image(bench.folder)), "--erase").returncode == 0
    assert "--erase-all" in bench.calls()[-1]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"chip_id": 9}, "is for ESP32-S3, and the chip is an ESP32"),
        ({"chip_id": 13}, "is for another chip"),
        ({"version": "1.22.2"}, "is MicroPython 1.22.2: 1.23 is the oldest that works"),
    ],
)
def test_wrong_firmware_is_never_written(bench: Bench, changes: dict[str, Any], sentence: str) -> None:
    bench.connect("ESP32")
    done = bench.flash(str(image(bench.folder, **changes)))
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "https://micropython.org/download" in done.stderr
    assert not any("write-flash" in call for call in bench.calls())


def test_what_is_no_firmware_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.bin"
    text.write_text("hello " * 10)
    with pytest.raises(ToolError, match="is no ESP32 firmware"):
        flash.check(text, "ESP32")
    with pytest.raises(ToolError, match="can't be read"):
        flash.check(tmp_path, "ESP32")


def test_a_file_that_is_missing_says_where_firmware_is_to_be_had(bench: Bench) -> None:
    done = bench.flash("missing.bin")
    assert done.returncode == 1
    assert "there is no file missing.bin" in done.stderr
    assert "1.23 or later works" in done.stderr


def test_a_chip_that_does_not_answer_is_one_sentence(bench: Bench) -> None:
    bench.connect("silent")
    done = bench.flash(str(image(bench.folder)))
    assert done.returncode == 1
    assert "no ESP32 answers at /dev/null" in done.stderr
    assert "BOOT" in done.stderr


def test_another_chip_is_named(bench: Bench) -> None:
    bench.connect("ESP8266")
    done = bench.flash(str(image(bench.folder)))
    assert done.returncode == 1
    assert "is an ESP8266: Electro runs on ESP32, ESP32-S3, ESP32-C3" in done.stderr


def test_the_real_esptool_says_that_nothing_is_there() -> None:
    with pytest.raises(ToolError, match="can't be opened"):
        flash.detect("/dev/no-such-port")
