# SPDX-License-Identifier: Apache-2.0
"""`electro device calibrate`: real MicroPython on a bench whose true parameters are known finds them."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.toolchain.running_chip import Chip as RunningChip

from electro_meter.sensing.metering import SensorTable
from electro_tools.grid.transformers import CLASS_05S, errors

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
GRID = ROOT / "tools" / "electro_tools"
# Two currents and a table of few levels by default; with ELECTRO_SLOW=1 as a person would do it.
SLOW = bool(os.environ.get("ELECTRO_SLOW"))
PERCENTS = (1, 2, 5, 10, 20, 50, 100) if SLOW else (1, 20, 100)
DC_STEP_V = 0.0258 if SLOW else 0.1
WINDOWS = "48" if SLOW else "12"
RATED_A, VOLTS = 100.0, 230.0
TRUE = {
    "serial": 3, "bad_noise": False, "steps": 0, "transformer": "class 0.5S", "rated_a": RATED_A, "hz": 50,
    "volts_gain": 1.06, "volts_lead_deg": 0.3, "amps_gain": 0.97, "fine_gain": 16.0,
    "dc_volts": None, "volts": VOLTS, "amps": 0.0, "lag_deg": 0.0, "fault": {}, "phases": 1,
}  # fmt: skip
CONFIG = {
    "chain_id": 1, "contract": "0x" + "ab" * 20, "hardware_id": "0x" + "11" * 32, "relayers": ["http://relayer"],
    "uv_per_count": 368_000, "ua_per_count": 177_778, "fine_ua_per_count": 11_111, "rated_ma": 100_000,
}  # fmt: skip


def load(percent: float, factor: float) -> dict[str, float]:
    amps = RATED_A * percent / 100
    watts = VOLTS * amps * factor
    return {"volts": VOLTS, "amps": amps, "watts": watts, "var": math.sqrt((VOLTS * amps) ** 2 - watts**2)}


@dataclass
class Bench:
    """A chip with the meter on it, and what is applied to it."""

    chip: RunningChip
    state: Path
    references: Path

    def calibrate(self, *more: str, typed: str | None = None, driven: bool = True) -> Any:
        drive = f"{sys.executable} {HERE / 'simulated_bench' / 'drive.py'} {self.state}"
        command = [sys.executable, "-m", "electro_tools.cli", "device", "calibrate", "--port", self.chip.port]
        if driven:
            command += ["--references", str(self.references), "--bench", drive, "--windows", WINDOWS]
        return subprocess.run([*command, *more], capture_output=True, text=True, input=typed, check=False)

    def change(self, **changes: Any) -> None:
        self.state.write_text(json.dumps({**json.loads(self.state.read_text()), **changes}))

    def refer(self, **changes: Any) -> None:
        self.references.write_text(json.dumps({**json.loads(self.references.read_text()), **changes}))


@pytest.fixture
def bench(micropython_i386: list[str], tmp_path: Path) -> Any:
    flash = tmp_path / "chip" / "flash"
    for package in ("electro_meter", "electro_protocol"):
        shutil.copytree(ROOT / "firmware" / "lib" / package, flash / "lib" / package)
    (flash / "lib" / "electro_tools" / "grid").mkdir(parents=True)
    for name in (
        "__init__",
        "grid/__init__",
        "grid/randomness",
        "grid/chip",
        "grid/converter",
        "grid/transformers",
    ):
        shutil.copy(GRID / f"{name}.py", flash / "lib" / "electro_tools" / f"{name}.py")
    for folder in ("simulated_hardware", "simulated_bench"):
        for module in (HERE / folder).glob("*.py"):
            shutil.copy(module, flash / "lib")
    (flash / "config.json").write_text(json.dumps(CONFIG))
    state, references = flash.parent / "bench.json", tmp_path / "references.json"
    state.write_text(json.dumps(TRUE))
    levels = int((2.5 - 0.12) / DC_STEP_V) + 1
    references.write_text(
        json.dumps(
            {
                "dc_volts": [0.12 + k * DC_STEP_V for k in range(levels)],
                "no_load": {"volts": VOLTS},
                "loads": [[load(percent, 1), load(percent, 0.5)] for percent in PERCENTS],
            }
        )
    )
    with RunningChip(micropython_i386, flash) as chip:
        yield Bench(chip, state, references)


@pytest.mark.timeout(3_600)  # as a person would do it: half an hour
def test_it_finds_the_true_parameters_and_measures_what_they_are_worth(bench: Bench) -> None:
    done = bench.calibrate("--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    entries = found["entries"]
    from electro_tools.grid.chip import Chip

    gain = Chip(TRUE["serial"]).gain  # of the converter itself; the table takes it out
    assert gain != pytest.approx(1, abs=0.005)
    assert entries["uv_per_count"] == pytest.approx(368_000 / TRUE["volts_gain"], rel=0.003)
    sensors = SensorTable(entries["sensors"])
    for percent in PERCENTS:
        ratio, lead_deg = errors(CLASS_05S, percent)
        ppm, late = sensors.at(percent * 1000)
        factor = entries["ua_per_count"] * (1 - ppm / 1e6)
        # what few levels leave of the converter's ripples is in the rows as well
        assert factor * ratio * TRUE["amps_gain"] == pytest.approx(177_778, rel=0.003 if SLOW else 0.015), (
            percent
        )
        # the meter knows the lateness of the current against the voltage alone
        assert late / 1000 == pytest.approx(TRUE["volts_lead_deg"] - lead_deg, abs=0.25), percent
    before = [abs(one["before"]) for one in found["tried"]]
    after = [abs(one["after"]) for one in found["tried"]]
    assert max(before) > 0.02
    assert max(after) < 0.004, after
    assert abs(found["no_load_w"][1]) < 1.0


def test_it_is_kept_with_date_and_hash_and_undone_and_repeated(bench: Bench) -> None:
    none = bench.calibrate("--show", driven=False)
    assert none.stdout == "calibration  none: the entries of config.json hold\n", none.stderr
    bench.refer(dc_volts=[], loads=[[load(50, 1), load(50, 0.5)]], checks=[load(50, 1)])
    first = bench.calibrate("--windows", "8")
    assert first.returncode == 0, first.stderr
    assert "before" in first.stdout
    assert "after" in first.stdout
    shown = bench.calibrate("--show", driven=False).stdout
    assert shown.removesuffix("\n") in first.stdout
    second = bench.calibrate("--windows", "8", "--json")
    digest = json.loads(second.stdout)["hash"]
    assert digest[:16] not in shown
    assert bench.calibrate("--undo", driven=False).stdout == shown
    assert digest[:16] in bench.calibrate("--undo", driven=False).stdout


def test_a_phase_of_three_is_calibrated_and_the_others_keep_theirs(bench: Bench) -> None:
    channel = {name: CONFIG[name] for name in ("uv_per_count", "ua_per_count")}
    config = {name: value for name, value in CONFIG.items() if not name.endswith("_per_count")}
    (bench.chip.flash / "config.json").write_text(
        json.dumps({**config, "version": 2, "channels": [channel] * 3})
    )
    bench.change(phases=3)
    bench.refer(dc_volts=[], loads=[[load(50, 1), load(50, 0.5)]], checks=[load(50, 1)])
    assert bench.calibrate("--phase", "2", "--windows", "8").returncode == 0
    bench.change(volts_gain=1.02)  # the simulated pins are the same for all phases
    third = bench.calibrate("--phase", "3", "--windows", "8", "--json")
    assert third.returncode == 0, third.stderr
    shown = json.loads(bench.calibrate("--show", "--json", driven=False).stdout)
    first, second, last = shown["channels"]
    assert first == {}
    assert second["uv_per_count"] * 1.06 == pytest.approx(last["uv_per_count"] * 1.02, rel=0.002)
    assert abs(json.loads(third.stdout)["tried"][0]["after"]) < 0.005


def test_a_person_is_asked_for_what_the_reference_shows(bench: Bench) -> None:
    bench.change(volts=0.0)
    done = bench.calibrate("--no-table", "--windows", "8", typed="hello\n230\n", driven=False)
    assert "step 1 of 15: 230 V and no current" in done.stdout
    assert "the reference shows (volts) [230]" in done.stdout
    assert "1 numbers are needed" in done.stdout
    assert done.returncode == 1
    assert "there is no voltage at the phase's pin" in done.stderr


def test_a_refused_reading_changes_nothing_on_the_chip(bench: Bench) -> None:
    bench.refer(dc_volts=[])
    bench.change(fault={"turned_deg": 180.0})
    done = bench.calibrate("--windows", "8")
    assert done.returncode == 1
    assert "the current flows backwards" in done.stderr
    assert bench.calibrate("--show", driven=False).stdout.startswith("calibration  none")
