# SPDX-License-Identifier: Apache-2.0
"""Several meters in one file: one is chosen, or some are added up, interval by interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from electro_plan.errors import PlanError
from electro_plan.history import Quality
from electro_plan.settings import ReadSettings
from tests.plan.files import read, rows

if TYPE_CHECKING:
    from pathlib import Path

TALL = "meter,time,kWh,status\n" + "".join(
    f"{meter},{time},{value * factor:.2f},{'E' if meter == 'B' and time.endswith('07 03:00') else 'A'}\n"
    for meter, factor in (("A", 1), ("B", 2))
    for time, value in rows()
    if not (meter == "A" and time.endswith("08 00:00"))
)
SIDE = "time,north kWh,south kWh\n" + "".join(
    f"{time},{value:.2f},{value * 2:.2f}\n" for time, value in rows()
)
ENERGY = np.array([value * 1000 for _, value in rows()])


def test_one_meter_is_chosen(tmp_path: Path) -> None:
    load = read(tmp_path / "load.csv", TALL, ReadSettings(meters=("B",))).history
    assert load.meter == "B"
    assert load.energy_wh == pytest.approx(2 * ENERGY)


@pytest.mark.parametrize("meters", [("all",), ("A", "B")])
def test_meters_are_added_up_and_a_gap_of_one_is_a_gap_of_the_sum(
    meters: tuple[str, ...], tmp_path: Path
) -> None:
    reading = read(tmp_path / "load.csv", TALL, ReadSettings(meters=meters))
    load = reading.history
    known = ~load.missing
    assert load.energy_wh[known] == pytest.approx(3 * ENERGY[known])
    assert [gap.intervals for gap in load.gaps()] == [1]
    assert list(np.flatnonzero(load.quality == Quality.ESTIMATED)) == [3 * 96 + 12]
    assert "It is the sum of 2: A, B." in reading.notes


def test_columns_are_meters_too(tmp_path: Path) -> None:
    chosen = read(tmp_path / "load.csv", SIDE, ReadSettings(energy_columns=("south kWh",))).history
    assert chosen.energy_wh == pytest.approx(2 * ENERGY)
    both = read(tmp_path / "load.csv", SIDE, ReadSettings(energy_columns=("all",))).history
    assert both.energy_wh == pytest.approx(3 * ENERGY)


def test_a_meter_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="has no meter C; it has A, B"):
        read(tmp_path / "load.csv", TALL, ReadSettings(meters=("C",)))


def test_a_meters_own_hour_that_comes_twice_is_its_own(tmp_path: Path) -> None:
    hours = ["00", "01", "02", "02", *(f"{hour:02}" for hour in range(3, 24))]
    content = "meter,time,kWh\n" + "".join(
        f"{meter},2024-10-27 {hour}:00,{index % 7 + factor}.5\n"
        for meter, factor in (("A", 1), ("B", 5))
        for index, hour in enumerate(hours)
    )
    load = read(tmp_path / "load.csv", content, ReadSettings(zone="Europe/Berlin", meters=("all",))).history
    assert (len(load), load.gaps()) == (25, [])
    assert load.energy_wh[2:4].tolist() == [11_000.0, 13_000.0]
