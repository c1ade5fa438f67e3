# SPDX-License-Identifier: Apache-2.0
"""What is written says the same to foreign readers, and reads back to the same instants and energies."""

from __future__ import annotations

import csv
import warnings
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from electro_plan import zones
from electro_plan.errors import PlanError
from electro_plan.history import LoadHistory, Quality
from electro_plan.reading import read
from electro_plan.settings import ReadSettings
from electro_plan.writing import FORMATS, write
from electro_plan.writing.export import Export
from tests.plan.files import instant_s, kwh

if TYPE_CHECKING:
    from pathlib import Path

ZONES = ("Europe/Berlin", "Europe/Moscow", "America/New_York", "UTC", "UTC+03:00", "Asia/Kolkata")
SENDER = "Завод «Север» & сын"
SPRING, AUTUMN, MARCH = datetime(2024, 3, 30), datetime(2024, 10, 26), datetime(2024, 3, 4)


def load(zone: str | None, first: datetime = MARCH, days: int = 3, interval_s: int = 900) -> LoadHistory:
    """Return whole days on the zone's clock, one interval estimated."""
    begin = instant_s(first, zone or "UTC")
    midnight = np.array([int((first - datetime(1970, 1, 1)).total_seconds()) + days * 86_400], np.int64)
    starts = np.arange(begin, int(zones.to_instants(midnight, zone or "UTC")[0]), interval_s, dtype=np.int64)
    energy = np.array([kwh(index) * 1000 for index in range(len(starts))])
    quality = np.zeros(len(starts), np.uint8)
    quality[5] = Quality.ESTIMATED
    return LoadHistory(starts, interval_s, energy, quality, zone, "plant", "M 1 <&>")


def with_a_gap(history: LoadHistory) -> LoadHistory:
    energy, quality = history.energy_wh.copy(), history.quality.copy()
    energy[20:23], quality[20:23] = np.nan, Quality.MISSING
    return LoadHistory(
        history.starts_s, history.interval_s, energy, quality, history.zone, history.source, history.meter
    )


def same(ours: LoadHistory, theirs: LoadHistory) -> bool:
    return (
        np.array_equal(ours.starts_s, theirs.starts_s)
        and np.allclose(ours.energy_wh, theirs.energy_wh, rtol=0, atol=0.001, equal_nan=True)
        and np.array_equal(ours.quality, theirs.quality)
    )


@pytest.mark.parametrize("first", [MARCH, SPRING, AUTUMN])
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("name", ["csv", "xlsx", "parquet", "espi"])
def test_what_is_written_reads_back_to_the_same(
    name: str, zone: str, first: datetime, tmp_path: Path
) -> None:
    history = with_a_gap(load(zone, first))
    path = tmp_path / f"out{FORMATS[name][1]}"
    assert write(Export(history), path) == name
    reading = read(path)
    assert reading.format == name
    assert same(history, reading.history)
    if name == "espi":
        return  # its instants are UTC's, whoever reads them
    assert reading.history.meter == "energy_kwh"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.floats(0, 5e7).map(lambda wh: round(wh, 3)), min_size=3, max_size=60),
    st.sampled_from(ZONES), st.sampled_from([300, 900, 3600]), st.sampled_from(["csv", "xlsx", "parquet", "espi"]),
)  # fmt: skip
def test_any_energies_read_back(
    tmp_path_factory: pytest.TempPathFactory, energy_wh: list[float], zone: str, interval_s: int, name: str
) -> None:
    path = tmp_path_factory.mktemp("out") / "out"
    starts = instant_s(AUTUMN, zone) + interval_s * np.arange(len(energy_wh), dtype=np.int64)
    energy = np.array(energy_wh)
    history = LoadHistory(starts, interval_s, energy, np.zeros(len(starts), np.uint8), zone, "plant")
    write(Export(history), path, name)
    reading = read(path, ReadSettings(unit="kWh" if name != "espi" else None, quantity="energy"))
    assert np.array_equal(reading.history.starts_s, starts)
    assert np.allclose(reading.history.energy_wh, energy, rtol=0, atol=0.001)


def test_csv_says_the_same_to_the_standard_library(tmp_path: Path) -> None:
    history = with_a_gap(load("Europe/Berlin", SPRING))
    bands = {"least_kwh": [1.0] * len(history), "penalty_EUR": list(range(len(history)))}
    write(Export(history, bands), tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [
        int(datetime.fromisoformat(row["start"]).timestamp()) for row in rows
    ] == history.starts_s.tolist()
    assert [int(datetime.fromisoformat(row["end"]).timestamp()) for row in rows] == history.ends_s.tolist()
    assert [row["energy_kwh"] for row in rows[19:24]] == [
        f"{wh / 1000}" if wh == wh else "" for wh in history.energy_wh[19:24]
    ]
    assert [row["quality"] for row in rows[5:7]] == ["ESTIMATED", "OK"]
    assert rows[7]["penalty_EUR"] == "7"


def test_a_workbook_says_the_same_to_a_foreign_reader(tmp_path: Path) -> None:
    import openpyxl

    history = load("Europe/Moscow")
    write(Export(history, {"remark": ["=1+1"] * len(history)}), tmp_path / "out.xlsx")
    rows = list(openpyxl.load_workbook(tmp_path / "out.xlsx").active.iter_rows(values_only=True))
    assert rows[0] == ("start (Europe/Moscow)", "end (Europe/Moscow)", "energy_kwh", "quality", "remark")
    assert rows[1][0] == MARCH
    assert [row[2] * 1000 for row in rows[1:]] == pytest.approx(history.energy_wh.tolist())
    assert rows[1][4] == "=1+1"
    assert (
        openpyxl.load_workbook(tmp_path / "out.xlsx").active["E2"].data_type == "s"
    )  # a text, and no formula


def test_parquet_says_the_same_to_a_foreign_reader(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    history = with_a_gap(load("Europe/Berlin", AUTUMN))
    write(Export(history), tmp_path / "out.parquet")
    columns = pq.read_table(tmp_path / "out.parquet").to_pydict()
    assert [int(time.timestamp()) for time in columns["start"]] == history.starts_s.tolist()
    assert columns["energy_kwh"][19:21] == [history.energy_wh[19] / 1000, None]


def test_green_button_says_the_same_to_a_foreign_reader(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the foreign reader's own
        from greenbutton_objects.parse import parse_feed

        history = load("America/New_York")
        write(Export(history, point="Plant <north>"), tmp_path / "out.xml")
        (point,) = parse_feed(str(tmp_path / "out.xml"))
        (reading,) = point.meterReadings
        found = list(reading.intervalReadings)
    assert point.title == "Plant <north>"
    assert [int(each.timePeriod.start.replace(tzinfo=UTC).timestamp()) if each.timePeriod.start.tzinfo is None
            else int(each.timePeriod.start.timestamp()) for each in found] == history.starts_s.tolist()  # fmt: skip
    assert [each.value for each in found] == pytest.approx(history.energy_wh.tolist())


def test_80020_is_a_message_a_day_and_reads_back(tmp_path: Path) -> None:
    history = load("Europe/Moscow", interval_s=900)
    write(
        Export(history, point="131150001113003", sender=SENDER, inn="7722245108", number=7),
        tmp_path / "out.zip",
    )
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.namelist() == [f"80020_7722245108_2024030{4 + day}_{7 + day}.xml" for day in range(3)]
        root = ET.fromstring(archive.read(archive.namelist()[0]))  # the encoding is the file's own
    assert root.get("number") == "7"
    assert root.findtext("sender/name") == SENDER
    periods = root.findall("area/measuringpoint/measuringchannel/period")
    assert [(period.get("start"), period.get("end")) for period in (periods[0], periods[47])] == [
        ("0000", "0030"),
        ("2330", "0000"),
    ]
    assert sum(float(period.findtext("value") or "") for period in periods) == pytest.approx(
        history.energy_wh[:96].sum() / 1000
    )
    reading = read(tmp_path / "out.zip", ReadSettings(zone="Europe/Moscow"))
    assert reading.format == "80020"
    assert reading.history.interval_s == 1800
    assert reading.history.energy_wh == pytest.approx(history.energy_wh.reshape(-1, 2).sum(axis=1))
    assert reading.history.quality[2] == Quality.ESTIMATED


@pytest.mark.parametrize(
    ("history", "inn", "sentence"),
    [
        (load("Europe/Moscow"), "", "taxpayer number"),
        (load("Europe/Moscow", interval_s=3600), "7722245108", "has half hours"),
        (with_a_gap(load("Europe/Moscow")), "7722245108", "missing interval"),
        (load("Europe/Berlin", SPRING), "7722245108", "was not verified"),
    ],
)
def test_what_80020_cannot_say_is_refused(
    history: LoadHistory, inn: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(PlanError, match=sentence):
        write(Export(history, inn=inn), tmp_path / "out.zip", "80020")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over_a_file(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("mine")
    with pytest.raises(PlanError, match="exists already"):
        write(Export(load("UTC")), path)
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_is_written_the_same_each_time(tmp_path: Path) -> None:
    for name in ("csv", "espi", "80020"):
        for copy in "ab":
            write(Export(load("Europe/Moscow"), inn="7722245108"), tmp_path / f"{name}{copy}", name)
        assert (tmp_path / f"{name}a").read_bytes() == (tmp_path / f"{name}b").read_bytes()
