# SPDX-License-Identifier: Apache-2.0
"""A calibrated device on the bench: the shape of its errors, its two ranges, no load, reactive power, and the peers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from tests.tools.benches import figures

from electro_tools.grid.bench import Bench
from electro_tools.grid.calibrating import Calibrated, calibrate
from electro_tools.grid.chip import BAD, Chip
from electro_tools.grid.transformers import CLASS_05S
from electro_tools.grid.waveforms import LOADS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def device() -> Calibrated:
    chip = Chip(1, BAD)
    return calibrate(Bench(chip, CLASS_05S, 50, LOADS["PF 1"], 50), chip, 1)


@pytest.mark.parametrize(
    ("percent", "load", "limit"),
    [
        (1, "PF 1", 0.5),
        (1, "PF 0.5 lag", 0.5),
        (5, "harmonics", 0.3),
        (50, "VFD", 0.3),
        (100, "PF 0.8 lead", 0.2),
    ],
)
def test_it_is_within_its_shape(device: Calibrated, percent: int, load: str, limit: float):
    device.bench.carry(LOADS[load], percent)
    error, _ = device.error(40)
    assert abs(error) * 100 < limit


def test_the_range_follows_the_current_and_a_clipped_block_is_no_window(device: Calibrated):
    device.bench.carry(LOADS["PF 1"], 3)
    device.error(4)
    assert device.sampler.amplified
    device.bench.carry(LOADS["PF 1"], 80)
    assert not device.window()
    assert device.window()
    assert not device.sampler.amplified


def test_no_load_is_nothing(device: Calibrated):
    device.bench.carry(LOADS["PF 1"], 0)
    energy_uj, _ = device.error(32)
    assert abs(energy_uj) < 23_000 * 0.0001 * 32 * 0.2 * 1e6  # a hundredth of a percent of rated power


@pytest.mark.parametrize(
    ("load", "share"), [("PF 0.5 lag", math.sqrt(0.75)), ("PF 0.8 lead", -0.6), ("PF 1", 0.0)]
)
def test_reactive_power_has_a_sign(device: Calibrated, load: str, share: float):
    device.bench.carry(LOADS[load], 50)
    device.error(20)
    window = device.metering.window
    assert window.reactive_mvar / 11_500_000 == pytest.approx(share, abs=0.01)
    assert window.apparent_mva / 11_500_000 == pytest.approx(1, abs=0.01)


def test_a_mains_whose_frequency_drifts_costs_nothing(device: Calibrated):
    device.bench.carry(LOADS["PF 0.5 lag"], 50)
    device.bench.drift_hz_per_s = 0.05
    device.bench.mains_hz = 49.6
    error, _ = device.error(40)
    device.bench.drift_hz_per_s, device.bench.mains_hz = 0.0, 50
    assert abs(error) * 100 < 0.3


def test_the_benchmark_prints_one_object_and_a_drawing(tmp_path: Path):
    drawing = tmp_path / "errors.svg"
    found = figures(
        "metering", "--windows", "2", "--chips", "1", "--transformer", "class 0.5S", "--plot", str(drawing)
    )
    assert found["simulated"] is True
    assert {point["method"] for point in found["points"]} == {
        "Electro", "Electro without table", "EmonLib", "EmonLibCM",
    }  # fmt: skip
    assert drawing.read_text().startswith("<svg")
