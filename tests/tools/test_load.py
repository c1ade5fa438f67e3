# SPDX-License-Identifier: Apache-2.0
"""Load curves: the whole days of a load file, or the built-in works."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from electro_plan.errors import PlanError
from electro_plan.settings import ReadSettings
from electro_tools import load
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path

QUARTER_HOURS = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 15, 30, 45)]


def day(
    values: list[str] | None = None, date: str = "2024-03-01", *, marks: list[str] = QUARTER_HOURS
) -> str:
    rows = [f"{date} {mark},{value}" for mark, value in zip(marks, values or ["1.5"] * 96, strict=True)]
    return "time,kwh\n" + "\n".join(rows) + "\n"


def read(path: Path, text: str | bytes, days: int | None = 1, **options: Any) -> load.LoadCurve:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load.from_file(path, ReadSettings(), days=days, **options)[0]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "load.csv"


def test_a_day_of_a_file_is_a_curve(file: Path) -> None:
    curve = read(file, day())
    assert curve.start == datetime(2024, 3, 1, tzinfo=UTC).timestamp()
    assert (curve.interval_seconds, curve.days, len(curve.energy_wh)) == (900, 1, 96)
    assert sum(curve.energy_wh) == pytest.approx(144_000)


def test_a_curve_begins_with_the_first_whole_day(file: Path) -> None:
    rows = [f"2024-03-0{1 + i // 96} {QUARTER_HOURS[i % 96]},{i % 90}.5" for i in range(3, 192)]
    curve = read(file, "time,kwh\n" + "\n".join(rows) + "\n")
    assert curve.start == datetime(2024, 3, 2, tzinfo=UTC).timestamp()
    assert curve.energy_wh[0] == 6_500


def test_finer_intervals_are_put_together_and_it_is_said(file: Path) -> None:
    minutes = [f"2024-03-01 {i // 60:02}:{i % 60:02},0.{i % 10}" for i in range(1440)]
    file.write_text("time,kwh\n" + "\n".join(minutes) + "\n")
    curve, said = load.from_file(file, ReadSettings(), finest_s=129)
    assert (curve.interval_seconds, len(curve.energy_wh)) == (900, 96)
    assert sum(curve.energy_wh) == pytest.approx(144 * 4500)
    assert said.startswith("load.csv, kwh: 1,440 intervals of 1 min")
    assert said.endswith("put together to 15 min.")


def test_a_gap_is_refused_and_filled_on_request(file: Path) -> None:
    holed = day().replace("2024-03-01 06:15,1.5\n", "")
    with pytest.raises(
        PlanError, match="1 missing interval of 15 min, the first from 2024-03-01 06:15 to 2024-03-01 06:30"
    ):
        read(file, holed)
    assert read(file, holed, fill="line").energy_wh[25] == pytest.approx(1500)
    assert read(file, holed, fill="zero").energy_wh[25] == 0


def test_more_days_than_the_file_has_are_refused(file: Path) -> None:
    with pytest.raises(ToolError, match=r"holds 1\.0 days of load, and 2 are asked for"):
        read(file, day(), days=2)


def test_a_file_cut_at_any_byte_never_passes_for_the_whole(file: Path) -> None:
    whole = day().encode()
    for cut in range(0, len(whole) - len("1.5\n"), 7):
        with pytest.raises((ToolError, PlanError)):
            read(file, whole[:cut])


def test_the_built_in_curve_is_the_same_on_every_run() -> None:
    assert load.built_in(3) == load.built_in(3)
    assert load.built_in(3).energy_wh[:96] == load.built_in(1).energy_wh


def test_the_built_in_works_rest_at_night_and_on_sunday() -> None:
    energy = load.built_in(7).energy_wh
    night, shift = energy[3 * 4], energy[9 * 4]
    sunday_shift = energy[6 * 96 + 9 * 4]
    assert shift > 4 * night
    assert sunday_shift < 1.2 * night
