# SPDX-License-Identifier: Apache-2.0
"""Local times over changes of the clock: days of 23 and 25 hours, hours twice, never, once, and clocks that stay."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from electro_plan.errors import PlanError
from electro_plan.filling import fill, require_whole
from electro_plan.resampling import aggregate
from electro_plan.settings import Dialect, ReadSettings
from tests.plan.files import history, instant_s, kwh, read

if TYPE_CHECKING:
    from pathlib import Path

    from electro_plan.history import LoadHistory

BERLIN = ReadSettings(zone="Europe/Berlin")
SPRING, AUTUMN = datetime(2024, 3, 31), datetime(2024, 10, 27)
HOURS = [f"{hour:02}" for hour in range(24)]
SHORT = [hour for hour in HOURS if hour != "02"]
LONG = ["00", "01", "02", "02", *HOURS[3:]]


def hourly(
    tmp_path: Path, day: datetime, hours: list[str], settings: ReadSettings = BERLIN, **more: str
) -> LoadHistory:
    before = [f"{day - timedelta(days=1):%Y-%m-%d} {hour}:00" for hour in HOURS]
    stamps = [*before, *(f"{day:%Y-%m-%d} {hour}:00" for hour in hours)]
    lines = [f"{stamp},{more.get(stamp, f'{kwh(index):.2f}')}" for index, stamp in enumerate(stamps)]
    return read(tmp_path / "load.csv", "\n".join(["time,kWh", *lines, ""]), settings).history


@pytest.mark.parametrize(("day", "hours"), [(SPRING, SHORT), (AUTUMN, LONG)])
def test_a_day_has_23_or_25_hours_without_a_gap(day: datetime, hours: list[str], tmp_path: Path) -> None:
    load = hourly(tmp_path, day, hours)
    assert load.first_s == instant_s(day - timedelta(days=1), "Europe/Berlin")
    assert load.end_s == instant_s(day + timedelta(days=1), "Europe/Berlin")
    assert len(load) == 24 + len(hours)
    assert not load.gaps()


def test_an_hour_twice_with_its_quarters_side_by_side_reads_too(tmp_path: Path) -> None:
    quarters = [f"{hour}:{minute:02}" for hour in HOURS for minute in (0, 15, 30, 45)]
    twice = [q for each in quarters for q in ([each, each] if each.startswith("02") else [each])]
    lines = [f"2024-10-27 {each},{kwh(index):.2f}" for index, each in enumerate(twice)]
    load = read(tmp_path / "load.csv", "\n".join(["time,kWh", *lines, ""]), BERLIN).history
    assert len(load) == 100
    assert not load.gaps()
    assert load.energy_wh[8] == pytest.approx(kwh(8) * 1000)
    assert load.energy_wh[12] == pytest.approx(kwh(9) * 1000)


def test_an_hour_twice_in_rows_without_order_is_refused(tmp_path: Path) -> None:
    quarters = [f"{hour}:{minute:02}" for hour in LONG for minute in (0, 15, 30, 45)]
    lines = sorted(
        (f"2024-10-27 {each},{kwh(index):.2f}" for index, each in enumerate(quarters)),
        key=lambda line: line[-5:],
    )
    with pytest.raises(
        PlanError, match=r"2024-10-27 02:\d\d comes twice in Europe/Berlin, and the rows are in no order"
    ):
        read(tmp_path / "load.csv", "\n".join(["time,kWh", *lines, ""]), BERLIN)


def test_an_hour_that_should_come_twice_and_is_there_once_leaves_a_gap_that_is_named(tmp_path: Path) -> None:
    load = hourly(tmp_path, AUTUMN, HOURS)
    assert len(load) == 49
    (gap,) = load.gaps()
    assert (gap.start_s, gap.intervals) == (instant_s(AUTUMN, "Europe/Berlin") + 3 * 3600, 1)


def test_ends_over_a_change_read_in_both_ways_of_writing_them(tmp_path: Path) -> None:
    """The interval from 01:00 to the change ends at 02:00, or at 03:00 as the clock shows then."""
    settings = ReadSettings(zone="Europe/Berlin", dialect=Dialect(stamps="end"))
    for hours in (["01", "02", "04", *HOURS[5:]], ["01", "03", "04", *HOURS[5:]]):
        lines = [f"2024-03-31 {hour}:00,{index}.5" for index, hour in enumerate(hours)]
        load = read(
            tmp_path / "load.csv", "\n".join(["time,kWh", *lines, "2024-04-01 00:00,9.5", ""]), settings
        ).history
        assert (len(load), load.gaps()) == (23, [])
        assert load.first_s == instant_s(SPRING, "Europe/Berlin")


def test_a_clock_that_stays_in_summer_is_refused_for_a_zone_that_changes(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="never shows 2024-03-31 02:00") as refused:
        hourly(tmp_path, SPRING, HOURS)
    assert "--zone UTC+01:00" in (refused.value.hint or "")
    load = hourly(tmp_path, SPRING, HOURS, ReadSettings(zone="UTC+01:00"))
    assert (len(load), load.gaps()) == (48, [])


def test_zeros_in_the_hour_that_never_comes_are_left_out(tmp_path: Path) -> None:
    load = hourly(tmp_path, SPRING, HOURS, **{"2024-03-31 02:00": "0"})
    assert (len(load), load.gaps()) == (47, [])


def test_daily_figures_are_of_days_of_the_zone(tmp_path: Path) -> None:
    lines = [f"2024-03-{day:02},{kwh(day):.2f}" for day in range(25, 32)] + ["2024-04-01,5.25"]
    load = read(tmp_path / "load.csv", "\n".join(["day,kWh", *lines, ""]), BERLIN).history
    assert load.interval_s == 86_400
    assert np.diff(load.starts_s).tolist() == [86_400] * 6 + [82_800]
    assert load.power_w[6] == pytest.approx(kwh(31) * 1000 / 23)


def test_quarters_are_put_together_to_hours_and_days_of_the_zone() -> None:
    first = instant_s(SPRING, "Europe/Berlin")
    load = history([100.0] * 92, first, zone="Europe/Berlin")
    assert aggregate(load, 3600).energy_wh.tolist() == [400.0] * 23
    whole = aggregate(load, 86_400)
    assert (whole.energy_wh.tolist(), whole.end_s) == ([9_200.0], first + 23 * 3600)
    assert (
        len(aggregate(history([1.0] * 7, 900), 3600)) == 1
    )  # what an hour is not covered whole by is left out
    with pytest.raises(PlanError, match="can't be put together"):
        aggregate(load, 1000)


def test_half_hours_of_india_are_put_together_on_its_clock() -> None:
    load = history([1.0] * 8, instant_s(datetime(2024, 3, 4), "Asia/Kolkata"), 1800, "Asia/Kolkata")
    assert aggregate(load, 3600).energy_wh.tolist() == [2.0] * 4


def test_a_missing_part_makes_the_whole_missing() -> None:
    load = history([1.0, 2.0, float("nan"), 4.0, 5.0, 6.0, 7.0, 8.0], 0)
    assert np.isnan(aggregate(load, 3600).energy_wh[0])
    assert aggregate(load, 3600).energy_wh[1] == 26.0


def test_gaps_are_filled_in_the_way_that_is_asked_for() -> None:
    weekly = [float(index % 168) for index in range(2 * 168)]
    holed = history([*weekly[:200], float("nan"), float("nan"), *weekly[202:]], 0, 3600)
    with pytest.raises(PlanError, match="2 missing intervals of 1 h"):
        require_whole(holed)
    assert fill(holed, "week").energy_wh[200:202].tolist() == [32.0, 33.0]
    assert fill(holed, "line").energy_wh[200:202].tolist() == [32.0, 33.0]
    assert fill(holed, "zero").energy_wh[200:202].tolist() == [0.0, 0.0]
    assert fill(holed, "week").quality[199:203].tolist() == [0, 1, 1, 0]
    require_whole(fill(holed, "week"))
    with pytest.raises(PlanError, match="no week within"):
        fill(history([1.0, float("nan"), 2.0], 0), "week")
