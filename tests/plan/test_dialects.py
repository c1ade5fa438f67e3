# SPDX-License-Identifier: Apache-2.0
"""Separated text in the dialects that people have: read right, or refused with what settles it."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from electro_plan.errors import Undecided
from electro_plan.settings import Dialect, ReadSettings
from tests.plan.files import MONDAY, instant_s, kwh, read, rows, text, times

if TYPE_CHECKING:
    from pathlib import Path

TURN = ("2024-03-05 23:45", "2024-03-05 00:00")  # a day's last time, and its first one behind it
EXPECTED = [kwh(index) * 1000 for index in range(14 * 96)]


def comma(value: float) -> str:
    return f"{value:.2f}".replace(".", ",")


def german(value: float) -> str:
    return f"{value * 100:,.2f}".translate(str.maketrans(",.", ".,"))


def by_time(pattern: str, **options: int) -> str:
    return text("time,kWh", pattern=pattern, **options)


SHAPES = {
    "iso": by_time("%Y-%m-%d %H:%M"),
    "iso with T and seconds": by_time("%Y-%m-%dT%H:%M:%S"),
    "iso with Z": by_time("%Y-%m-%dT%H:%M:%SZ"),
    "iso with fractions": by_time("%Y-%m-%dT%H:%M:%S.000Z"),
    "slashes, year first": by_time("%Y/%m/%d %H:%M"),
    "compact": by_time("%Y%m%d%H%M"),
    "compact with a space": by_time("%Y%m%d %H%M"),
    "day first, proved by the 13th": by_time("%d/%m/%Y %H:%M"),
    "month first, proved by the 13th": by_time("%m/%d/%Y %H:%M"),
    "half days": by_time("%m/%d/%Y %I:%M %p"),
    "half days in small letters": by_time("%m/%d/%Y %I:%M:%S%p").replace("AM", " a.m.").replace("PM", " p.m."),
    "names of months": by_time("%d-%b-%Y %H:%M"),
    "weekday before": text("time;kWh", ";", "%a, %d %b %Y %H:%M"),
    "offsets ahead of UTC": text("time,kWh", pattern="%Y-%m-%d %H:%M+00:00"),
    "ranges without spaces": "\n".join(
        ["time,kWh"]
        + [f"{t:%d.%m.%Y %H:%M}-{t + timedelta(minutes=15):%H:%M},{kwh(i):.2f}" for i, t in enumerate(times())]
    ),
    "epoch": "\n".join(["time,kWh", *(f"{instant_s(t)},{kwh(i):.2f}" for i, t in enumerate(times()))]),
    "epoch in ms": "\n".join(["time,kWh", *(f"{instant_s(t)}000,{kwh(i):.2f}" for i, t in enumerate(times()))]),
    "german": text("Zeit;kWh", ";", "%d.%m.%Y %H:%M", figure=comma),
    "two-digit years with points": text("Zeit;kWh", ";", "%d.%m.%y %H:%M", figure=comma),
    "decimal comma in quotes": text("time,kWh", figure=lambda value: f'"{comma(value)}"'),
    "tabs": text("time\tkWh", "\t"),
    "pipes": text("time|kWh", "|"),
    "thousands in quotes": text("time,Wh", figure=lambda value: f'"{value * 1000:,.1f}"'),
    "swiss apostrophes": text("time;Wh", ";", figure=lambda value: f"{value * 1000:,.1f}".replace(",", "'")),
    "spaces between thousands": text(
        "time;Wh", ";", figure=lambda value: f"{value * 1000:,.1f}".replace(",", "\u00a0").replace(".", ",")
    ),
    "MWh": text("time,energy_mwh", figure=lambda value: f"{value / 1000:.6f}"),
    "Wh": text("time,Active energy Wh", figure=lambda value: f"{value * 1000:.1f}"),
    "kW": text("time,load_kw", figure=lambda value: f"{value * 4:.2f}"),
    "kW in brackets": text("time,Leistung [kW]", figure=lambda value: f"{value * 4:.2f}"),
    "MW in Russian": text("время;мощность, МВт", ";", figure=lambda value: f"{value * 4 / 1000:.6f}"),
    "kWh/h is a power": text("time,kWh/h", figure=lambda value: f"{value * 4:.2f}"),
    "unit behind each figure": text("time,value", figure=lambda value: f"{value:.2f} kWh"),
    "unit in a row below": text("time,value\n,kWh"),
    "unit above": "Einheit: kWh\n" + text("time,value"),
    "title and customer above": "Report\nCustomer;ACME\n\n" + text("time;kWh", ";", figure=comma),
    "foot": text("time;kWh", ";", figure=comma) + "Summe;181234,00\nErstellt am heute;\n",
    "empty lines": text("time,kWh").replace("\n", "\n\n"),
    "carriage returns": text("time,kWh").replace("\n", "\r\n"),
    "a field too many at each end": text("time;kWh;", ";", figure=lambda value: comma(value) + ";"),
    "other columns": text("time,kWh,temperature", figure=lambda value: f"{value:.2f},21"),
    "reactive energy beside": text("time,kWh,kvarh", figure=lambda value: f"{value:.2f},{value / 2:.2f}"),
    "energy given back beside": text("time,import kWh,export kWh", figure=lambda value: f"{value:.2f},0.00"),
    "numbers of rows, as pandas writes them": "\n".join(
        [",time,kWh", *(f"{i},{time},{value:.2f}" for i, (time, value) in enumerate(rows()))]
    ),
    "date and time apart": "\n".join(
        ["Datum;Uhrzeit;kWh", *(f"{t:%d.%m.%Y};{t:%H:%M};{comma(kwh(i))}" for i, t in enumerate(times()))]
    ),
    "from and to": "\n".join(
        ["Datum;von;bis;kWh"]
        + [
            f"{t:%d.%m.%Y};{t:%H:%M};{t + timedelta(minutes=15):%H:%M};{comma(kwh(i))}"
            for i, t in enumerate(times())
        ]
    ),
    "start and end": "\n".join(
        ["Start,End,kWh", *(f"{t},{t + timedelta(minutes=15)},{kwh(i):.2f}" for i, t in enumerate(times()))]
    ),
    "ends that are the last minute within": "\n".join(
        ["Name,JOHN", "Service,1", "TYPE,DATE,START TIME,END TIME,USAGE (kWh),COST,NOTES"]
        + [
            f"Electric,{t:%Y-%m-%d},{t:%H:%M},{t + timedelta(minutes=14):%H:%M},{kwh(i):.2f},$1.2,"
            for i, t in enumerate(times())
        ]
    ),
    "ranges in one field": "\n".join(
        ["Zeitraum;kWh"]
        + [f"{t:%d.%m.%Y %H:%M} - {t + timedelta(minutes=15):%H:%M};{comma(kwh(i))}" for i, t in enumerate(times())]
    ),
    "ends": "\n".join(
        ["time,kWh", *(f"{t + timedelta(minutes=15):%Y-%m-%d %H:%M},{kwh(i):.2f}" for i, t in enumerate(times()))]
    ),
    "ends with 24:00": "\n".join(
        ["time,kWh"]
        + [
            f"{t:%Y-%m-%d} {(t.hour * 60 + t.minute + 15) // 60:02}:{(t.minute + 15) % 60:02},{kwh(i):.2f}"
            for i, t in enumerate(times())
        ]
    ),
    "ends with midnights of the day before": "\n".join(
        ["time,kWh"]
        + [f"{t:%d.%m.%Y} {t + timedelta(minutes=15):%H:%M},{kwh(i):.2f}" for i, t in enumerate(times())]
    ),
    "newest first": "\n".join(["time,kWh", *(f"{t},{v:.2f}" for t, v in reversed(list(rows())))]),
    "shuffled": "\n".join(["time,kWh", *(f"{t},{v:.2f}" for t, v in sorted(rows(), key=lambda row: row[1]))]),
    "shuffled, with one midnight behind the end of its day": "\n".join(
        ["time,kWh"]
        + [f"{t},{dict(rows())[t]:.2f}" for t in TURN]
        + [f"{t},{v:.2f}" for t, v in sorted(rows(), key=lambda row: row[1]) if t not in TURN]
    ),
    "the last day twice": text("time,kWh") + "".join(f"{t},{v:.2f}\n" for t, v in list(rows())[-96:]),
    "doubles": text("time,kWh") + "".join(f"{t},{v:.2f}\n" for t, v in list(rows())[:4]),
    "headings again": text("time,kWh").replace("2024-03-08 00:00", "time,kWh\n2024-03-08 00:00"),
    "ends by name, behind a column with another name": "\n".join(
        ["Start point;Period end;kWh"]
        + [f"A;{t + timedelta(minutes=15):%Y-%m-%d %H:%M};{comma(kwh(i))}" for i, t in enumerate(times())]
    ),
    "a meter's column": "\n".join(["Zählpunkt;time;kWh", *(f"DE0001;{t};{comma(v)}" for t, v in rows())]),
    "wide": "\n".join(
        ["Date,Unit," + ",".join(f"{t:%H:%M}" for t in times(1))]
        + [
            f"{MONDAY + timedelta(days=day):%d/%m/%Y},kWh," + ",".join(f"{kwh(day * 96 + i):.2f}" for i in range(96))
            for day in range(14)
        ]
    ),
    "wide by half days": "\n".join(
        ["kWh,", "Date," + ",".join(f"{t:%I:%M %p}" for t in times(1))]
        + [
            f"{MONDAY + timedelta(days=day):%m/%d/%Y}," + ",".join(f"{kwh(day * 96 + i):.2f}" for i in range(96))
            for day in range(14)
        ]
    ),
    "wide by ends": "\n".join(
        ["Дата;" + ";".join(f"{(i + 1) // 4:02}:{(i + 1) % 4 * 15:02} кВт·ч" for i in range(96))]
        + [
            f"{MONDAY + timedelta(days=day):%d.%m.%Y};" + ";".join(comma(kwh(day * 96 + i)) for i in range(96))
            for day in range(14)
        ]
    ),
    "wide by numbers": "\n".join(
        ["kWh per quarter hour", "Date," + ",".join(f"P{i}" for i in range(1, 97))]
        + [
            f"{MONDAY + timedelta(days=day):%Y-%m-%d}," + ",".join(f"{kwh(day * 96 + i):.2f}" for i in range(96))
            for day in range(14)
        ]
    ),
    "a register": "\n".join(
        ["time,register_kwh"]
        + [
            f"{t:%Y-%m-%d %H:%M},{5000 + sum(kwh(j) for j in range(i)):.2f}"
            for i, t in enumerate([*times(), datetime(2024, 3, 18)])
        ]
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_reads_to_the_same_instants_and_energies(shape: str, tmp_path: Path) -> None:
    reading = read(tmp_path / "load.csv", SHAPES[shape])
    history = reading.history
    assert history.first_s == instant_s(MONDAY)
    assert history.interval_s == 900
    assert len(history) == 14 * 96
    assert np.all(np.diff(history.starts_s) == 900)
    assert history.energy_wh == pytest.approx(EXPECTED, abs=6)  # half of the last digit, of kW four times
    assert not history.gaps()


def test_an_offset_behind_utc_is_no_end_of_a_range(tmp_path: Path) -> None:
    reading = read(tmp_path / "load.csv", text("time,kWh", pattern="%Y-%m-%dT%H:%M:%S-05:00"))
    assert reading.history.first_s == instant_s(MONDAY) + 5 * 3600
    assert (reading.history.zone, reading.history.interval_s) == ("UTC-05:00", 900)
    assert reading.history.energy_wh == pytest.approx(EXPECTED, abs=6)


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-8-sig", b""), ("utf-16", b""), ("utf-16-le", b""), ("utf-16-be", b"\xfe\xff"), ("utf-32", b""),
     ("windows-1251", b""), ("koi8-r", b""), ("cp866", b"")],
)  # fmt: skip
def test_every_encoding_reads_the_same(encoding: str, mark: bytes, tmp_path: Path) -> None:
    words = text("Время;Потребление, кВт.ч", ";", "%d.%m.%Y %H:%M", figure=comma)
    reading = read(tmp_path / "load.csv", mark + words.encode(encoding))
    assert reading.history.energy_wh == pytest.approx(EXPECTED, abs=6)
    assert reading.history.meter == "Потребление, кВт.ч"


def test_western_letters_are_no_cyrillic(tmp_path: Path) -> None:
    reading = read(
        tmp_path / "load.csv", text("Zeit;Wärme für Öfen kWh", ";", figure=comma).encode("windows-1252")
    )
    assert reading.history.meter == "Wärme für Öfen kWh"


def test_gz_and_zip_and_both_read_the_same(tmp_path: Path) -> None:
    plain = text("time,kWh").encode()
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__MACOSX/._load.csv", b"x")
        archive.writestr("load.csv", plain)
    for packed in (gzip.compress(plain), zipped.getvalue(), gzip.compress(zipped.getvalue())):
        assert read(tmp_path / "load", packed).history.energy_wh == pytest.approx(EXPECTED, abs=6)


def test_a_zip_of_two_files_is_asked_about(tmp_path: Path) -> None:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("a.csv", text("time,kWh"))
        archive.writestr("b.csv", text("time,kWh"))
    with pytest.raises(Undecided, match="2 files") as asked:
        read(tmp_path / "load.zip", zipped.getvalue())
    assert asked.value.setting == "--dialect member"
    assert read(tmp_path / "load.zip", zipped.getvalue(), ReadSettings(dialect=Dialect(member="b.csv")))
