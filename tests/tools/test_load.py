# SPDX-License-Identifier: Apache-2.0
"""Load curves: what a file must look like, and the sentence for each way in which it does not."""

from __future__ import annotations

import contextlib
import gzip
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def read(path: Path, text: str | bytes, days: int = 1) -> load.LoadCurve:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load.read_csv(path, time_column="time", energy_column="kwh", days=days)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "load.csv"


def test_a_day_that_begins_at_midnight_is_marked_by_beginnings(file: Path) -> None:
    curve = read(file, day())
    assert curve.start == datetime(2024, 3, 1, tzinfo=UTC).timestamp()
    assert (curve.interval_seconds, curve.days, len(curve.energy_wh)) == (900, 1, 96)
    assert sum(curve.energy_wh) == pytest.approx(144_000)


def test_a_day_that_ends_at_a_midnight_of_its_own_date_is_marked_by_ends(file: Path) -> None:
    """As the plant's file does it: 00:15 … 23:45, then 00:00 with the same date."""
    curve = read(file, day(date="2018-01-01", marks=[*QUARTER_HOURS[1:], "00:00"]))
    assert curve.start == datetime(2018, 1, 1, tzinfo=UTC).timestamp()
    assert len(curve.energy_wh) == 96


def test_a_gzipped_file_reads_the_same(file: Path) -> None:
    assert read(file, gzip.compress(day().encode())) == read(file, day())


def test_day_first_dates_are_understood(file: Path) -> None:
    curve = read(file, "time,kwh\n" + "".join(f"13/02/2024 {mark},1\n" for mark in QUARTER_HOURS))
    assert curve.start == datetime(2024, 2, 13, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "no column 'time'"),
        ("time,mwh\n", "no column 'kwh'; it has time, mwh"),
        ("time,kwh\n2024-03-01 00:00,1\n", "1 rows"),
        (day(["-1", *["1"] * 95]), "line 2: kwh is -1; an interval's energy can't be negative"),
        (day(["nan", *["1"] * 95]), "can't be negative"),
        (day([*["1"] * 94, "many", "1"]), "line 96: kwh is 'many', which is no number"),
        (day(["99999", *["1"] * 95]), "99999 kWh in one interval"),
        (day().replace("00:30", "00:31"), "line 4: 2024-03-01 00:31 does not follow"),
        (day().replace("2024-03-01 06:00", "soon"), "'soon' is no time"),
        (day().replace("00:15", "00:00", 1), "0 s after the row before it"),
        (b"\xff\xfe\x00\x01", "can't be read"),
        (gzip.compress(day().encode())[:-20], "can't be read"),
    ],
)
def test_what_does_not_fit_is_named(file: Path, text: str | bytes, sentence: str) -> None:
    with pytest.raises(ToolError) as refused:
        read(file, text)
    assert sentence in refused.value.sentence
    assert str(file) in refused.value.sentence


def test_more_days_than_the_file_has_are_refused(file: Path) -> None:
    with pytest.raises(ToolError, match=r"holds 1\.0 days of load, and 2 are asked for"):
        read(file, day(), days=2)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="there is no file"):
        load.read_csv(tmp_path / "none.csv", time_column="time", energy_column="kwh", days=1)


def test_a_file_cut_at_any_byte_never_passes_for_the_whole(file: Path) -> None:
    whole = day().encode()
    for cut in range(len(whole) - len("1.5\n")):
        with pytest.raises(ToolError):
            read(file, whole[:cut])


@given(st.binary(max_size=400))
def test_no_bytes_give_anything_but_a_curve_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    with contextlib.suppress(ToolError):
        assert read(path, b"time,kwh\n" + data).days == 1


def test_the_built_in_curve_is_the_same_on_every_run() -> None:
    assert load.built_in(3) == load.built_in(3)
    assert load.built_in(3).energy_wh[:96] == load.built_in(1).energy_wh


def test_the_built_in_works_rest_at_night_and_on_sunday() -> None:
    energy = load.built_in(7).energy_wh
    night, shift = energy[3 * 4], energy[9 * 4]
    sunday_shift = energy[6 * 96 + 9 * 4]
    assert shift > 4 * night
    assert sunday_shift < 1.2 * night
