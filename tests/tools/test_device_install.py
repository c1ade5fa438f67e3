# SPDX-License-Identifier: Apache-2.0
"""`electro device install`: compiled for real, copied for real, imported by real MicroPython."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.toolchain.running_chip import Chip as RunningChip

from electro_tools.device import firmware_files, ports
from electro_tools.device.chip import Chip
from electro_tools.device.install import install
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path


def electro(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "electro_tools.cli", "device", *arguments]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)


# The header of a .mpy: "M", format 6, and in the third byte the sub-version 3 and the architecture (index << 2).
@pytest.mark.parametrize(("architecture", "index"), [("xtensawin", 10), ("rv32imc", 11)])
def test_every_module_compiles_for_the_chips(architecture: str, index: int, tmp_path: Path) -> None:
    compiled = firmware_files.compile_for(architecture, tmp_path)
    places = {file.place for file in compiled}
    assert {"lib/electro_protocol/messages.mpy", "lib/electro_meter/board.mpy"} <= places
    assert sorted(places) == sorted(firmware_files.places())
    for file in compiled:
        header = file.local.read_bytes()[:3]
        assert header[:2] == b"M\x06", file.place
        # A module of plain bytecode fits any architecture, and says so by 0.
        assert header[2] in (0, index << 2 | 3), file.place


def test_all_of_it_compiles_by_one_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "electro_tools.device.compile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["xtensawin", "rv32imc"]


def test_what_does_not_compile_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text("def half(\n")
    monkeypatch.setattr(firmware_files, "modules", lambda: [firmware_files.Source(wrong, "lib/wrong.py")])
    with pytest.raises(ToolError, match=r"can't compile lib/wrong.py for xtensawin: SyntaxError"):
        firmware_files.compile_for("xtensawin", tmp_path / "out")


def test_starts_from_source(tmp_path: Path) -> None:
    assert [file.place for file in firmware_files.starters()] == ["boot.py", "main.py"]


def test_a_fresh_chip_gets_everything_and_can_import_it(chip: RunningChip) -> None:
    done = electro("install", "--port", chip.port)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"written    {len(firmware_files.places()) + 2}\n" in done.stdout
    assert re.search(r"^memory     [3-4],\d{3} KB free", done.stdout, re.MULTILINE)
    assert (chip.flash / "main.py").is_file()
    assert not list((chip.flash / "lib" / "electro_protocol").glob("*.py"))
    said = Chip(chip.port).run(
        "from electro_protocol import rlp\nfrom electro_meter import joined\nprint(rlp.__file__, joined.__file__)\n"
    )
    assert said.split() == ["lib/electro_protocol/rlp.mpy", "lib/electro_meter/joined.mpy"]


def test_a_second_time_writes_only_what_differs_and_removes_what_is_gone(chip: RunningChip) -> None:
    on_chip = Chip(chip.port)
    install(on_chip, "x86", lambda _verb, _place: None)
    changed = chip.flash / "lib" / "electro_protocol" / "rlp.mpy"
    changed.write_bytes(b"M\x06 damaged")
    left_over = chip.flash / "lib" / "electro_meter" / "keccak.py"
    left_over.write_text("raise SystemError('an earlier version')")
    mine = chip.flash / "lib" / "mine.py"
    mine.write_text("")

    steps: list[tuple[str, str]] = []
    done = install(on_chip, "x86", lambda verb, place: steps.append((verb, place)))

    assert done.written == ["lib/electro_protocol/rlp.mpy"]
    assert done.removed == ["lib/electro_meter/keccak.py"]
    assert len(done.unchanged) == len(firmware_files.places()) + 1
    assert not left_over.exists()
    assert mine.exists()
    assert ("unchanged", "main.py") in steps


def test_a_chip_with_too_little_memory_is_told_of(micropython_i386: list[str], tmp_path: Path) -> None:
    flash = tmp_path / "flash"
    (flash / "lib").mkdir(parents=True)
    with RunningChip(micropython_i386, flash, heap="160k") as chip:
        done = electro("install", "--port", chip.port)
    assert done.returncode == 0
    assert "too little memory: the meter wants 184 KB" in done.stderr


def test_what_the_chip_says_comes_back_in_words(chip: RunningChip) -> None:
    with pytest.raises(ToolError, match="stopped with: ZeroDivisionError"):
        Chip(chip.port).run("1 / 0")


def test_the_chips_architecture_is_its_own(chip: RunningChip) -> None:
    interpreter = Chip(chip.port).interpreter()
    assert interpreter.version[:2] == (1, 25)
    assert interpreter.architecture == "x86"


def test_no_chip_is_one_sentence() -> None:
    done = electro("install", "--port", "/dev/no-such-port")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "there is no serial port /dev/no-such-port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_without_micropython_is_one_sentence(tmp_path: Path) -> None:
    silent = tmp_path / "silent"
    silent.touch()
    with pytest.raises(ToolError, match="can't be opened"):
        Chip(str(silent)).interpreter()


def test_two_ports_are_never_guessed_between() -> None:
    first, second = ports.Port("/dev/ttyUSB0", "CP2102"), ports.Port("/dev/ttyACM0", "USB JTAG")
    assert ports.choose(None, [first]) == "/dev/ttyUSB0"
    with pytest.raises(ToolError, match="2 serial ports") as caught:
        ports.choose(None, [first, second])
    assert caught.value.hint is not None
    assert "/dev/ttyACM0 (USB JTAG)" in caught.value.hint
    with pytest.raises(ToolError, match="no chip is connected"):
        ports.choose(None, [])
