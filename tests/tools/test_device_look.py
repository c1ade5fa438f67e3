# SPDX-License-Identifier: Apache-2.0
"""`electro device status`, `monitor`, `logs`, `identify` and `doctor` of a meter that runs in real MicroPython."""

from __future__ import annotations

import json
import os
import tty
from typing import TYPE_CHECKING

import pytest
import serial  # type: ignore[import-untyped]
from eth_account import Account
from tests.tools.meters import electro, put, running

from electro_tools.device import diagnosis, status_words
from electro_tools.device.chip import Chip as OnChip
from electro_tools.device.cli_look import live_words
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.toolchain.running_chip import Chip

ADDRESS = Account.from_key("0x" + "07" * 32).address


@pytest.fixture(scope="module")
def meter(micropython_i386: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chip]:
    flash = tmp_path_factory.mktemp("meter") / "flash"
    flash.mkdir()
    (flash / "crash.log").write_text("uplink at 5 s\nOSError: no route\n")
    with running(micropython_i386, flash) as chip:
        yield chip


def test_the_status_is_told_while_it_runs(meter: Chip) -> None:
    done = electro("status", "--port", meter.port)
    assert (done.returncode, done.stderr) == (0, "")
    told = dict(line.split("  ", 1) for line in done.stdout.splitlines() if "  " in line)
    assert told["device"].strip() == ADDRESS
    for label in (
        "now",
        "supply",
        "sensors",
        "register",
        "clock",
        "agreement",
        "source",
        "program",
        "memory",
    ):
        assert label in told, done.stdout
    assert "operator none, consumer none" in told["release keys"]
    as_json = electro("status", "--port", meter.port, "--json")
    assert json.loads(as_json.stdout)["device"] == ADDRESS
    assert json.loads(as_json.stdout)["network"]["ssid"] == "plant"


def test_the_monitor_has_a_line_for_each_look(meter: Chip) -> None:
    done = electro("monitor", "--port", meter.port, "--count", "2", "--every", "0.5")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 2
    assert "kWh" in done.stdout


def test_the_crash_log_is_shown(meter: Chip) -> None:
    done = electro("logs", "--port", meter.port)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "uplink at 5 s\nOSError: no route\n"


def test_it_says_its_address_and_blinks(meter: Chip) -> None:
    done = electro("identify", "--port", meter.port, "--seconds", "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert ADDRESS in done.stdout


def test_the_doctor_says_what_to_do(meter: Chip) -> None:
    done = electro("doctor", "--port", meter.port)
    assert done.returncode == 3
    assert "LOOK  WiFi: the network 'plant' is not joined\n      is its name right" in done.stdout
    assert "LOOK  calibration: there is none" in done.stdout
    assert "need a look" in done.stderr


def test_a_chip_without_settings_is_examined(chip: Chip) -> None:
    put(chip.flash)
    done = electro("doctor", "--port", chip.port)
    assert done.returncode == 3
    assert "well  MicroPython: 1.25" in done.stdout
    assert "LOOK  settings: config.json is missing" in done.stdout
    assert "LOOK  key: the chip has no key" in done.stdout


def test_where_no_meter_runs_one_sentence_says_so(chip: Chip) -> None:
    done = electro("status", "--port", chip.port)
    assert done.returncode == 1
    assert "no meter answers at" in done.stderr
    assert "doctor" in done.stderr


def test_a_port_that_another_program_has_is_told_apart_from_silence() -> None:
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    port = os.ttyname(theirs)
    try:
        with serial.Serial(port, exclusive=True):
            for command in ("status", "monitor", "logs", "identify", "doctor"):
                done = electro(command, "--port", port)
                assert done.returncode == 1
                assert f"the serial port {port} can't be opened" in done.stderr, command
                assert "is another program using it" in done.stderr
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_chip_of_another_kind_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {
        "name": "micropython", "version": [1, 25, 0], "machine": "Raspberry Pi Pico with RP2040", "mpy": 3 << 10,
        "platform": "rp2", "free": 190_000,
    }  # fmt: skip
    monkeypatch.setattr(OnChip, "ask", lambda *_: told)
    with pytest.raises(ToolError, match="is no ESP32 but a Raspberry Pi Pico with RP2040"):
        OnChip("/dev/ttyACM0").interpreter()


def slot(**changes: int) -> dict[str, int]:
    return {
        "agreement": 7, "interval": 3, "began_s": 1_800_000_000, "now_s": 1_800_000_300, "length_s": 900,
        "unit_wh": 10, "so_far_wh": 2_000, "projected_units": 500, "least": 300, "most": 600, **changes,
    }  # fmt: skip


def test_the_band_is_drawn_and_its_end_said() -> None:
    told = {
        "urms_mv": [230_100],
        "irms_ma": [12_340],
        "power_mw": 2_800_000,
        "register_wh": 12_345,
        "supplied": True,
    }
    line = live_words({**told, "slot": slot()})
    assert line.startswith("230.1 V  12.34 A  2.800 kW  12.345 kWh  |########")
    assert line.endswith("| 10:00 left")
    assert line.index("[") < line.index(">") < line.index("]")
    assert live_words({**told, "slot": slot(projected_units=700)}).endswith("LEAVES ITS BAND")
    assert "SUPPLY LOST" in live_words({**told, "supplied": False, "slot": None})


def test_every_part_of_a_status_has_words() -> None:
    told = {
        "device": ADDRESS,
        "agreements": {
            "7": {"next_latest": 3, "intervals": 96, "next_final": 2, "closed": 20, "confirmed": False, "fits": False,
                  "bonus": str(1 << 90), "may_tell": False, "needs_viewing_key": True}
        },
        "slot": slot(),
        "sources": [
            {"url": "http://a", "by": "operator", "asked_s_ago": -1, "failures": 3, "why": "no name", "left_for_s": 9},
        ],
        "contradictions": ["two say different things of agreement 7"],
        "restarts": {"uplink": 2},
        "last_failure": "uplink: OSError()",
        "flash": "no space",
        "journal_waiting": 4,
    }  # fmt: skip
    text = "\n".join(f"{label} {words}" for label, words in status_words.lines(told))
    for words in (
        "interval 3 of 96 is next", "of the bonus 1,237,940,039,285,380,274,899,124,224 minor units are left",
        "told by one side only, and reported once another tells the same",
        "sealed, and its viewing key is not here", "band 3.0 to 6.0 kWh", "never answered; 3 failures",
        "uplink 2 times", "4 records wait", "two say different",
    ):  # fmt: skip
        assert words in text
    found = {finding.name for finding in diagnosis.findings(told) if not finding.well}
    assert {"DNS", "time", "source http://a", "agreement 7", "contradiction", "flash", "tasks"} <= found
    assert all(finding.hint for finding in diagnosis.findings(told) if not finding.well)


def test_a_sealed_agreement_that_is_not_reported_says_why() -> None:
    one = {"next_latest": 3, "intervals": 96, "next_final": 2, "closed": 3, "confirmed": True, "fits": True}
    for more, sentence in (
        ({"needs_viewing_key": True, "may_tell": False}, "its viewing key is not here"),
        ({"lacks_bands": True}, "nobody has confirmed"),
        ({"needs_viewing_key": False, "may_tell": False}, "one side alone tells it"),
        ({"needs_viewing_key": False, "may_tell": True}, None),
    ):
        found = [
            each
            for each in diagnosis.findings({"agreements": {"7": one | more}})
            if each.name == "agreement 7"
        ]
        assert len(found) == 1
        assert (sentence is None) == found[0].well
        assert sentence is None or sentence in found[0].sentence
