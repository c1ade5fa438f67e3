# SPDX-License-Identifier: Apache-2.0
"""Any history in any dialect reads back to the same instants and energies, or is asked about: never to others."""

from __future__ import annotations

import contextlib
import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from electro_plan.errors import PlanError, Undecided
from electro_plan.reading import read
from electro_plan.settings import Dialect, ReadSettings
from tests.plan.files import text

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from electro_plan.reading import Reading

ZONES = (
    "Europe/Berlin",
    "Europe/Moscow",
    "America/New_York",
    "Australia/Sydney",
    "Asia/Kolkata",
    "UTC",
    "Europe/Lisbon",
)
UNITS = {"Wh": 1.0, "kWh": 1e3, "MWh": 1e6, "kW": 1e3, "MW": 1e6}
DATES = {"ymd": "%Y-%m-%d", "dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y", "dotted": "%d.%m.%Y", "named": "%d %b %Y"}
CLOCKS = ("%H:%M", "%H:%M:%S", "%I:%M %p")
MOST_W = 9e8  # what a plant takes at most; more is read as something smaller, or refused
quick = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    """Return a file's bytes, what it says, and the settings that say how it is written."""
    zone = draw(st.sampled_from(ZONES))
    interval_s = draw(st.sampled_from([300, 900, 1800, 3600]))
    begin = draw(st.datetimes(datetime(2022, 1, 1), datetime(2025, 12, 1)))
    begin = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    changing = (datetime(2024, 3, 30), datetime(2024, 10, 26), datetime(2024, 11, 2), datetime(2024, 4, 6))
    day = draw(st.sampled_from([begin, *changing]))
    first = int(day.replace(tzinfo=ZoneInfo(zone)).timestamp())
    count = draw(st.integers(3, 3 * 86_400 // interval_s))
    unit, decimals = draw(st.sampled_from(list(UNITS))), draw(st.integers(0, 4))
    seed = draw(st.integers(0, 2**32 - 1))
    scale = UNITS[unit] * (1 if unit.endswith("h") else interval_s / 3600)
    greatest = min(5000.0, MOST_W * interval_s / 3600 / scale)
    figures = [f"{value:.{decimals}f}" for value in np.random.default_rng(seed).uniform(1, greatest, count)]
    separator = draw(st.sampled_from([",", ";", "\t", "|"]))
    decimal = draw(st.sampled_from([".", ","]))
    thousands = draw(st.sampled_from(["", "", ".", ",", " ", "'"]))
    thousands = "" if thousands == decimal else thousands
    order, clock = draw(st.sampled_from(list(DATES))), draw(st.sampled_from(CLOCKS))
    thousands = "" if (order, thousands) == ("dotted", ",") else thousands  # no country writes both
    ends, offsets = draw(st.booleans()), draw(st.booleans())
    clock = "%H:%M" if offsets else clock
    lines = []
    for index, figure in enumerate(figures):
        moment = datetime.fromtimestamp(first + (index + ends) * interval_s, UTC).astimezone(ZoneInfo(zone))
        when = f"{moment:{DATES[order]} {clock}}"
        if offsets:
            shift = moment.utcoffset() or timedelta()
            minutes = int(shift.total_seconds()) // 60
            when += f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
        whole, _, part = figure.partition(".")
        shown = f"{int(whole):,}".replace(",", thousands) if thousands else whole
        shown += f"{decimal}{part}" if part else ""
        lines.append(f"{when}{separator}" + (f'"{shown}"' if separator in shown else shown))
    if draw(st.booleans()):
        lines.reverse()
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "windows-1251"]))
    data = "\r\n".join([f"Время{separator}Load {unit}", *lines, ""]).encode(encoding)
    return {
        "data": gzip.compress(data) if draw(st.booleans()) else data,
        "instants": first + interval_s * np.arange(count),
        "energy_wh": np.array([float(figure) * scale for figure in figures]),
        "settings": ReadSettings(
            zone=zone, unit=unit, quantity="energy" if unit.endswith("h") else "power", interval_s=interval_s,
            dialect=Dialect(decimal=decimal, thousands=thousands, stamps="end" if ends else "start",
                            date=order if order in ("dmy", "mdy", "ymd") else None),
        ),
    }  # fmt: skip


def same(reading: Reading, file: dict[str, Any]) -> bool:
    history = reading.history
    return np.array_equal(history.starts_s, file["instants"]) and np.allclose(
        history.energy_wh, file["energy_wh"]
    )


@quick
@given(files())
def test_what_is_said_reads_back_to_the_same(
    tmp_path_factory: pytest.TempPathFactory, file: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "said.csv"
    path.write_bytes(file["data"])
    peak_kw = float(file["energy_wh"].max()) * 3.6 / file["settings"].interval_s
    assert same(read(path, replace(file["settings"], peak_kw=peak_kw)), file)


@quick
@given(files())
def test_what_is_not_said_reads_back_to_the_same_or_is_asked(
    tmp_path_factory: pytest.TempPathFactory, file: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "unsaid.csv"
    path.write_bytes(file["data"])
    with contextlib.suppress(Undecided):
        assert same(read(path, ReadSettings(zone=file["settings"].zone)), file)


WHOLE = text("Zeit;Verbrauch kWh", ";", "%d.%m.%Y %H:%M", days=1).encode()


def test_a_file_cut_at_any_byte_is_refused_or_a_part_of_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "cut.csv"
    path.write_bytes(WHOLE)
    whole = read(path, ReadSettings(dialect=Dialect(stamps="start")))
    for cut in range(len(WHOLE)):
        path.write_bytes(WHOLE[:cut])
        with contextlib.suppress(PlanError):
            part = read(path, ReadSettings(dialect=Dialect(stamps="start")))
            count = len(part.history)
            assert np.array_equal(part.history.starts_s, whole.history.starts_s[:count])
            # the last figure may have lost digits: that the line has no end is said then
            assert np.allclose(part.history.energy_wh[:-1], whole.history.energy_wh[: count - 1])
            same_end = part.history.energy_wh[-1] == whole.history.energy_wh[count - 1]
            assert same_end or "may have been cut" in str(part.notes)


HEADS = (b"", b"time,kWh\n", b"100,NEM12\n", b"UNB+", b"<message class='80020'>", b"PK\x03\x04", b"PAR1",
         b"\x1f\x8b\x08\x00", b"<feed xmlns='http://naesb.org/espi'>")  # fmt: skip


@quick
@given(st.binary(max_size=300), st.sampled_from(HEADS))
def test_no_bytes_give_anything_but_a_history_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, head: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz"
    path.write_bytes(head + data)
    with contextlib.suppress(PlanError):
        assert len(read(path).history) >= 1


@quick
@given(st.text(alphabet="0123456789.,:;-/ \n\"'TZ+kWhAM€Ж", max_size=200))
def test_no_text_gives_anything_but_a_history_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, words: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    path.write_text("time,kWh\n2024-03-04 00:00,1.5\n2024-03-04 00:15,1.5\n" + words)
    with contextlib.suppress(PlanError):
        assert len(read(path).history) >= 1
