# SPDX-License-Identifier: Apache-2.0
"""firmware/main.py in real MicroPython, with hardware that is none: it starts, or says why not and rests."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from electro_tools import lifeline

ROOT = Path(__file__).parents[2]
PATHS = [ROOT / "firmware" / "lib", Path(__file__).parent / "simulated_hardware"]
CONFIG = {
    "version": 2,
    "chain_id": 1337,
    "contract": "0x" + "ab" * 20,
    "hardware_id": "0x" + "11" * 32,
    "relayers": ["http://relayer.example"],
    "channels": [{}],
}


@pytest.fixture
def flash(tmp_path: Path) -> Path:
    """A chip's filesystem; what it keeps apart lies beside it."""
    folder = tmp_path / "flash"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "nvs.json").write_text(json.dumps({"key": "07" * 32}))
    return folder


def first_line(micropython: list[str], flash: Path) -> str:
    """Start main.py and return its first line; then the cable is pulled."""
    search = ":".join([str(path) for path in PATHS] + [".frozen"])
    with subprocess.Popen(
        lifeline.tied([*micropython, "-X", "heapsize=600k", str(ROOT / "firmware" / "main.py")]),
        pass_fds=lifeline.pass_fds(),
        cwd=flash,
        env={**os.environ, "MICROPYPATH": search},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.kill()
    return line.strip()


def test_a_provisioned_chip_starts_and_tells_its_memory(micropython_i386: list[str], flash: Path) -> None:
    said = first_line(micropython_i386, flash)
    found = re.fullmatch(r"started; (\d+) bytes of RAM free before, (\d+) now", said)
    assert found, said
    assert int(found[1]) > int(found[2]) > 0


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("config.json", None, "config.json is missing: run `electro device provision`"),
        ("config.json", '{"chain_id": 1', "config.json is cut off"),
        ("config.json", "chain_id = 1", "config.json is not JSON"),
        ("config.json", json.dumps({**CONFIG, "mains_hz": 55}), "mains_hz must be 50 or 60"),
        (
            "config.json",
            json.dumps({**CONFIG, "version": 3}),
            "the configuration is of version 3, this firmware knows 2: run `electro device install`",
        ),
        ("../nvs.json", "{}", "no key in this device: run `electro device provision`"),
    ],
    ids=[
        "no settings",
        "cut off",
        "no JSON",
        "out of range",
        "from the future",
        "no key",
    ],
)
def test_what_is_wrong_is_said_in_safe_mode(
    micropython_i386: list[str], flash: Path, name: str, content: str | None, sentence: str
) -> None:
    (flash / name).unlink(missing_ok=True)
    if content is not None:
        (flash / name).write_text(content)
    assert first_line(micropython_i386, flash) == f"safe mode: {sentence}"


def test_a_damaged_calibration_is_not_measured_with(micropython_i386: list[str], flash: Path) -> None:
    (flash / "../nvs.json").write_text(json.dumps({"key": "07" * 32, "calibration": "00" * 40}))
    assert first_line(micropython_i386, flash).startswith("safe mode: the calibration is damaged")


def test_after_crash_after_crash_it_measures_and_talks_to_nobody(
    micropython_i386: list[str], flash: Path
) -> None:
    (flash / "starts").write_text("5")
    assert first_line(micropython_i386, flash).startswith("started; ")
    assert (flash / "starts").read_text() == "4"  # after the pause, one more start is tried


def test_a_provisioning_that_was_cut_is_finished_by_the_start(
    micropython_i386: list[str], flash: Path
) -> None:
    committed = {"entries": {**CONFIG, "mains_hz": 60}, "certificate": "3003020101", "keys": None}
    (flash / "provision.json").write_text(json.dumps(committed))
    assert first_line(micropython_i386, flash) == "reset: provisioning is finished"  # the chip starts anew
    assert json.loads((flash / "config.json").read_text())["mains_hz"] == 60
    assert (flash / "ca.der").read_bytes().hex() == "3003020101"
    assert not (flash / "provision.json").exists()
    assert first_line(micropython_i386, flash).startswith("started; ")


def test_no_file_of_its_own_ends_a_start(micropython_i386: list[str], flash: Path) -> None:
    for name in ("agreements.json", "starts", "crash.log", "00000000.base", "00000003.out", "zzzzzzzz.base"):
        for content in (b"", b"null", b"[5]", b'{"a": ', b"\xff" * 99):
            (flash / name).write_bytes(content)
            assert first_line(micropython_i386, flash).startswith("started; "), (name, content)
        (flash / name).unlink()
