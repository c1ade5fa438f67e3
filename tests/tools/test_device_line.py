# SPDX-License-Identifier: Apache-2.0
"""`electro device line`: eight simulated boards at once, of which three are bad in different ways."""

from __future__ import annotations

import csv
import os
import tty
from contextlib import ExitStack
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from tests.toolchain.running_chip import Chip
from tests.tools.meters import electro, put

from electro_tools.device import enrolment, line
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path

VOLTS = 1900 * 3.3 / 4096  # what the simulated converter shows
BATCH = """
[batch]
name = "pilot"
ports = {ports}
steps = ["self-test", "provision", "label"]

[jig]
volts = {volts:.3f}

[provision]
wifi = "plant"
wifi-password-file = "{password}"
relayer = ["http://one.example", "http://two.example"]
chain-id = 31337
contract = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
"""


def board(stack: ExitStack, micropython: list[str], folder: Path, number: int, **bad: str) -> str:
    """Start a board and return its port; bad: code, what its converter shows; heap; silent."""
    if "silent" in bad:
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        stack.callback(os.close, ours)
        stack.callback(os.close, theirs)
        return os.ttyname(theirs)
    flash = folder / str(number) / "flash"
    put(flash)
    (flash.parent / "number").write_text(str(number))
    if "code" in bad:
        (flash.parent / "code").write_text(bad["code"])
    return stack.enter_context(Chip(micropython, flash, heap=bad.get("heap", "4m"))).port


def verdicts(folder: Path) -> list[dict[str, str]]:
    with (folder / "pilot" / "verdicts.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_five_of_eight_are_good_and_a_second_run_goes_on(micropython_i386: list[str], tmp_path: Path) -> None:
    bad = {2: {"code": "90"}, 5: {"heap": "150k"}, 7: {"silent": ""}}
    (tmp_path / "password").write_text("12345678")
    with ExitStack() as stack:
        ports = [board(stack, micropython_i386, tmp_path, k, **bad.get(k, {})) for k in range(8)]
        file = tmp_path / "batch.toml"
        file.write_text(BATCH.format(ports=ports, volts=VOLTS, password=tmp_path / "password"))
        done = electro("line", str(file))
        assert done.returncode == 3, done.stderr
        assert "3 of 8 boards are bad" in done.stderr
        rows = verdicts(tmp_path)
        assert [row["verdict"] for row in rows] == ["bad" if k in bad else "good" for k in range(8)], (
            done.stdout
        )
        reasons = [rows[k]["reason"] for k in bad]
        assert "shows 0.07 V where the jig gives 1.53 V" in reasons[0]
        assert "KB of memory" in reasons[1]
        assert "does not answer in time" in reasons[2]
        good = [row for row in rows if row["verdict"] == "good"]
        assert len({row["device"] for row in good}) == len({row["hardware_id"] for row in good}) == 5
        for row in good:
            made = enrolment.read(tmp_path / "pilot" / f"{row['hardware_id']}.enrolment.json")
            assert made.chain_id == 31337
            label = ET.fromstring((tmp_path / "pilot" / f"{row['device']}.svg").read_text())
            assert row["device"] in "".join(label.itertext())
            assert (tmp_path / "pilot" / f"{row['device']}.png").read_bytes()[:4] == b"\x89PNG"
        # the joint is soldered anew; the others are not provisioned twice
        (tmp_path / "2" / "code").unlink()
        again = electro("line", str(file))
        assert "2 of 8 boards are bad" in again.stderr
        assert again.stderr.count("  provision") == 1
        after = verdicts(tmp_path)[8:]
        assert after[2]["verdict"] == "good"
        assert [row["device"] for row in after if row["port"] == good[0]["port"]] == [good[0]["device"]]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is no batch"),
        ("[batch]\nname = 'a'\nports = []", "names no port"),
        ("[batch]\nname = 'a'\nports = ['x', 'x']", "or one twice"),
        ("[batch]\nname = 'a'\nports = ['x']\nsteps = ['fly']", "has a step fly"),
        ("[batch]\nname = 'a'\nports = ['x']\n[more]", "has a table more"),
        ("[batch", "is no TOML"),
    ],
)
def test_a_batch_that_is_none_is_one_sentence(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "batch.toml").write_text(text)
    with pytest.raises(ToolError, match=sentence):
        line.read(tmp_path / "batch.toml")
