# SPDX-License-Identifier: Apache-2.0
"""Formats with rules of their own, made by foreign writers where there is one, and read by foreign readers too."""

from __future__ import annotations

import io
import warnings
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from electro_plan.errors import PlanError, Undecided
from electro_plan.history import Quality
from electro_plan.settings import Dialect, ReadSettings
from tests.plan.files import MONDAY, history, instant_s, kwh, read, times

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAY = [kwh(index) * 1000 for index in range(96)]


def workbook(fill: Callable[[Any], None]) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    fill(book)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def sheet_of_a_day(book: Any) -> None:
    sheet = book.active
    sheet.append(["Lastgang"])
    sheet.append(["Zeit", "Verbrauch kWh"])
    for index, time in enumerate(times(1)):
        sheet.append([time, kwh(index)])
    sheet.append(["Summe", sum(kwh(index) for index in range(96))])


def test_a_workbook_with_typed_times_reads(tmp_path: Path) -> None:
    reading = read(tmp_path / "load.xlsx", workbook(sheet_of_a_day))
    assert reading.format == "xlsx"
    assert reading.history.energy_wh == pytest.approx(DAY)
    assert (reading.history.first_s, reading.history.interval_s) == (instant_s(MONDAY), 900)


def test_a_workbook_with_date_and_time_apart_reads(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        book.active.append(["Datum", "Uhrzeit", "kWh"])
        for index, time in enumerate(times(1)):
            book.active.append([time.date(), time.time(), kwh(index)])

    assert read(tmp_path / "load.xlsx", workbook(fill)).history.energy_wh == pytest.approx(DAY)


def test_a_workbook_with_texts_reads_as_texts(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        book.active.append(["Zeit", "kWh"])
        for index, time in enumerate(times(1)):
            book.active.append([f"{time:%d.%m.%Y %H:%M}", f"{kwh(index):.2f}".replace(".", ",")])

    assert read(tmp_path / "load.xlsx", workbook(fill)).history.energy_wh == pytest.approx(DAY)


def test_of_two_filled_sheets_one_is_asked_for(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet_of_a_day(book)
        book.create_sheet("empty")
        book.create_sheet("other").append(["a"])
        book["other"].append(["b"])

    with pytest.raises(Undecided) as asked:
        read(tmp_path / "load.xlsx", workbook(fill))
    assert asked.value.setting == "--dialect sheet"
    settings = ReadSettings(dialect=Dialect(sheet="Sheet"))
    assert read(tmp_path / "load.xlsx", workbook(fill), settings).history.energy_wh == pytest.approx(DAY)


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_parquet_of_a_foreign_writer_reads(zone: str | None, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    first = datetime(2024, 3, 31, tzinfo=UTC) if zone else datetime(2024, 3, 31)
    column = pa.array(
        [first + timedelta(minutes=15 * index) for index in range(96)], pa.timestamp("ms", tz=zone)
    )
    stream = io.BytesIO()
    pq.write_table(pa.table({"time": column, "load_kw": pa.array([kwh(i) * 4 for i in range(96)])}), stream)
    settings = ReadSettings(zone=zone, dialect=Dialect(stamps="start"))
    reading = read(tmp_path / "load.parquet", stream.getvalue(), settings)
    assert (reading.format, reading.unit, reading.quantity) == ("parquet", "kW", "power")
    assert reading.history.first_s == instant_s(datetime(2024, 3, 31))
    assert np.all(np.diff(reading.history.starts_s) == 900)
    assert reading.history.energy_wh == pytest.approx(DAY)


def test_parquet_with_epochs_in_whole_numbers_reads(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = io.BytesIO()
    epochs = [instant_s(time) * 1000 for time in times(1)]
    pq.write_table(pa.table({"timestamp": epochs, "kwh": [kwh(i) for i in range(96)]}), stream)
    reading = read(tmp_path / "load.parquet", stream.getvalue())
    assert reading.history.zone == "UTC"
    assert reading.history.energy_wh == pytest.approx(DAY)


NEM12 = """100,NEM12,202403051200,MDP1,RETAILER
200,NMI0000001,E1B1Q1,1,E1,N1,METER1,KWH,30,20240601
300,20240304,{values},A,,,20240305000000,
300,20240305,{values},V,,,20240306000000,
400,1,20,A,,
400,21,24,F14,76,
400,25,48,N,,
200,NMI0000001,E1B1Q1,2,B1,N1,METER1,KWH,30,20240601
300,20240304,{zeros},A,,,20240305000000,
300,20240305,{zeros},A,,,20240306000000,
200,NMI0000001,E1B1Q1,3,Q1,N1,METER1,KVARH,30,20240601
300,20240304,{values},A,,,20240305000000,
900
"""


def nem12(minutes: int = 30) -> str:
    count = 1440 // minutes
    values = ",".join(f"{kwh(index):.2f}" for index in range(count))
    return NEM12.format(values=values, zeros=",".join(["0"] * count)).replace(",30,2024", f",{minutes},2024")


def test_nem12_reads_what_the_customer_takes(tmp_path: Path) -> None:
    reading = read(tmp_path / "load.csv", nem12())
    load = reading.history
    assert (reading.format, load.meter, load.zone) == ("nem12", "NMI0000001 E1", "UTC+10:00")
    assert load.first_s == instant_s(datetime(2024, 3, 4)) - 36_000
    assert load.energy_wh[:48] == pytest.approx([kwh(index) * 1000 for index in range(48)])
    assert list(load.quality[48:]) == [Quality.OK] * 20 + [Quality.ESTIMATED] * 4 + [Quality.MISSING] * 24
    assert any("NMI0000001 B1" in note for note in reading.notes)


def test_nem12_is_read_as_a_foreign_reader_reads_it(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the foreign reader's own
        from nemreader import NEMFile

        path = tmp_path / "load.csv"
        reading = read(path, nem12())
        foreign = NEMFile(str(path), strict=True).nem_data().readings["NMI0000001"]["E1"]
    ours = reading.history
    for index, theirs in enumerate(foreign):
        start = theirs.t_start.replace(tzinfo=UTC).timestamp() - 36_000
        assert start == ours.starts_s[index]
        if ours.quality[index] != Quality.MISSING:
            assert theirs.read_value * 1000 == pytest.approx(ours.energy_wh[index])


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (("900\n", ""), "no end record 900"),
        ((",E1,N1", ",E1"), "an interval of"),
        (("100.00,", "", 1), 'no quality ""'),
        (("A,,,2024", "X,,,2024", 1), 'no quality "X"'),
        (("146.25", "1_5", 1), "is no number"),
        (("300,20240304", "300,20241304", 1), "is no date"),
        (("400,21,24", "400,21,99"), "intervals 21 to 99"),
        (("200,", "250,"), 'no record "250"'),
        (("100.00,", "-5,", 1), "can't be negative"),
    ],
)
def test_nem12_that_is_damaged_is_refused_with_its_line(
    damage: tuple[Any, ...], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(PlanError, match=sentence):
        read(tmp_path / "load.csv", nem12().replace(*damage))


def mscons(
    unit: str = ":KWH", offset: str = "?+01", obis: str = "1-1?:1.29.0", una: str = "UNA:+.? '"
) -> str:
    parts = [
        f"{una}\nUNB+UNOC:3+4012345678901:14+4012345678902:15+240305:0400+REF1++TL'",
        "UNH+1+MSCONS:D:04B:UN:2.4c'", "BGM+7+MSI5422+9'", "DTM+137:202403050300?+00:303'",
        "NAD+MS+9900000000001::293'",
        "UNS+D'", "NAD+DP'", "LOC+172+DE00056266802AO6G56M11SN51G21M24S'",
        f"DTM+163:202403040000{offset}:303'", f"DTM+164:202403050000{offset}:303'", "LIN+1'", f"PIA+5+{obis}:SRW'",
    ]  # fmt: skip
    for index, time in enumerate(times(1)):
        kind = "67" if index == 3 else "220"
        parts += [
            f"QTY+{kind}:{kwh(index)}{unit}'", f"DTM+163:{time:%Y%m%d%H%M}{offset}:303'",
            f"DTM+164:{time + timedelta(minutes=15):%Y%m%d%H%M}{offset}:303'",
        ]  # fmt: skip
    return "\n".join([*parts, "UNT+99+1'", "UNZ+1+REF1'"])


def test_mscons_reads_with_its_offsets(tmp_path: Path) -> None:
    reading = read(tmp_path / "load.edi", mscons())
    load = reading.history
    assert (reading.format, reading.unit) == ("mscons", "kWh")
    assert load.meter == "DE00056266802AO6G56M11SN51G21M24S 1-1:1.29.0"
    assert load.first_s == instant_s(datetime(2024, 3, 3, 23))
    assert load.energy_wh == pytest.approx(DAY)
    assert list(np.flatnonzero(load.quality == Quality.ESTIMATED)) == [3]


def test_mscons_has_the_quantities_that_a_foreign_reader_finds(tmp_path: Path) -> None:
    from pydifact.segmentcollection import Interchange

    text = mscons()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has no directory of segments for this message
        segments = list(Interchange.from_str(text).segments)
    foreign = [float(segment.elements[0][1]) for segment in segments if segment.tag == "QTY"]
    assert list(read(tmp_path / "load.edi", text).history.energy_wh / 1000) == pytest.approx(foreign)


def test_mscons_without_unit_or_offset_is_asked_about(tmp_path: Path) -> None:
    with pytest.raises(Undecided) as asked:
        read(tmp_path / "load.edi", mscons(unit=""))
    assert asked.value.setting == "--unit"
    with pytest.raises(Undecided) as asked:
        read(tmp_path / "load.edi", mscons(offset=""))
    assert asked.value.setting == "--zone"
    settled = read(
        tmp_path / "load.edi", mscons(unit="", offset=""), ReadSettings(unit="kW", zone="Europe/Berlin")
    )
    assert settled.history.energy_wh == pytest.approx([wh / 4 for wh in DAY])
    assert settled.history.first_s == instant_s(datetime(2024, 3, 3, 23))


def test_mscons_with_other_signs_reads_the_same(tmp_path: Path) -> None:
    text = mscons(una="UNA:+.? '").replace("'", "~").replace("UNA:+.? ~", "UNA:+.? ~")
    assert read(tmp_path / "load.edi", text).history.energy_wh == pytest.approx(DAY)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (("UNZ+1+REF1'", ""), "no end segment UNZ"),
        (("UNT+99+1'", ""), "begins 1 messages and ends 0"),
        (("QTY+220", "QTY+999", 1), 'what a QTY "999" is'),
        (("QTY+220:100.0", "QTY+220:1_5", 1), "is no number"),
        (("MSCONS:D", "INVOIC:D"), "no MSCONS"),
        (("UNZ+1+REF1'", "UNZ+1+REF1"), "ends within a segment"),
    ],
)
def test_mscons_that_is_damaged_is_refused(damage: tuple[Any, ...], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=sentence):
        read(tmp_path / "load.edi", mscons().replace(*damage))


def xml80020(channels: str = "01", value: Callable[[int], str] = lambda index: f"{kwh(index):.2f}") -> bytes:
    periods = "".join(
        f'<period start="{index // 2:02}{index % 2 * 30:02}" end="{(index + 1) // 2 % 24:02}{(index + 1) % 2 * 30:02}">'
        f"<value>{value(index)}</value></period>"
        for index in range(48)
    )
    points = "".join(
        f'<measuringpoint code="131150001113003" name="ТГ-4"><measuringchannel code="{code}" desc="счетчик">{periods}'
        "</measuringchannel></measuringpoint>"
        for code in channels.split()
    )
    return (
        '<?xml version="1.0" encoding="windows-1251"?>\n<message class="80020" version="2" number="1056"><datetime>'
        "<timestamp>20240305040922</timestamp><daylightsavingtime>0</daylightsavingtime><day>20240304</day></datetime>"
        f'<sender><name>Сбыт</name><inn>5257072937</inn></sender><area timezone="1">{points}</area></message>'
    ).encode("windows-1251")


def test_80020_reads_half_hours_of_what_is_taken(tmp_path: Path) -> None:
    reading = read(tmp_path / "80020.xml", xml80020("01 02 03"), ReadSettings(zone="Europe/Moscow"))
    load = reading.history
    assert (reading.format, load.interval_s, load.meter) == ("80020", 1800, "131150001113003 01")
    assert load.first_s == instant_s(datetime(2024, 3, 3, 21))
    assert load.energy_wh == pytest.approx([kwh(index) * 1000 for index in range(48)])


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ((b'start="0030"', b'start="0099"', 1), "no time"),
        ((b"<value>100.00<", b"<value>1_0<", 1), "no number"),
        ((b"20240304</day>", b"2024034</day>"), "its day"),
        ((b"</message>", b""), "no whole XML"),
        ((b'end="0030"', b'end="0100"', 1), "different lengths"),
        ((b'class="80020"', b'class="80030"'), "neither Green Button nor 80020"),
    ],
)
def test_80020_that_is_damaged_is_refused(damage: tuple[Any, ...], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=sentence):
        read(tmp_path / "80020.xml", xml80020().replace(*damage), ReadSettings(zone="Europe/Moscow"))


BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<message class="80020"><datetime><day>&b;</day></datetime></message>"""


@pytest.mark.parametrize(
    "data",
    [BOMB, BOMB.replace(b"message", b"feed xmlns='http://naesb.org/espi'", 1).replace(b"</message>", b"</feed>"),
     b'<!DOCTYPE m SYSTEM "file:///etc/passwd"><message class="80020"/>']
)  # fmt: skip
def test_entities_and_document_types_are_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="declares entities or a document type"):
        read(tmp_path / "load.xml", data)


def espi(
    uom: int = 72,
    multiplier: int = -3,
    flow: int = 1,
    quality: str = "",
    value: Callable[[int], int] | None = None,
) -> str:
    make = value or (lambda index: round(kwh(index) * 1_000_000))
    readings = "".join(
        f"<IntervalReading>{quality if index == 3 else ''}<timePeriod><duration>900</duration>"
        f"<start>{instant_s(time)}</start></timePeriod><value>{make(index)}</value></IntervalReading>"
        for index, time in enumerate(times(1))
    )
    base = "/espi/1_1/resource/RetailCustomer/9/UsagePoint/5446AF3F"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:espi="http://naesb.org/espi">
<entry><link rel="self" href="{base}"/><link rel="related" href="{base}/MeterReading"/>
<title>Plant north</title>
<content><UsagePoint xmlns="http://naesb.org/espi">
<ServiceCategory><kind>0</kind></ServiceCategory></UsagePoint></content></entry>
<entry><link rel="self" href="{base}/MeterReading/01"/><link rel="up" href="{base}/MeterReading"/>
<link rel="related" href="{base}/MeterReading/01/IntervalBlock"/>
<link rel="related" href="/espi/1_1/resource/ReadingType/07"/>
<title>Fifteen minute electricity consumption</title><content><MeterReading xmlns="http://naesb.org/espi"/></content></entry>
<entry><link rel="self" href="/espi/1_1/resource/ReadingType/07"/><link rel="up" href="/espi/1_1/resource/ReadingType"/>
<content><ReadingType xmlns="http://naesb.org/espi"><accumulationBehaviour>4</accumulationBehaviour><commodity>1</commodity>
<flowDirection>{flow}</flowDirection><intervalLength>900</intervalLength><kind>12</kind>
<powerOfTenMultiplier>{multiplier}</powerOfTenMultiplier><uom>{uom}</uom></ReadingType></content></entry>
<entry><link rel="self" href="{base}/MeterReading/01/IntervalBlock/0173"/>
<link rel="up" href="{base}/MeterReading/01/IntervalBlock"/>
<content><IntervalBlock xmlns="http://naesb.org/espi">
<interval><duration>86400</duration><start>{instant_s(MONDAY)}</start></interval>
{readings}</IntervalBlock></content></entry></feed>"""


def test_green_button_reads_with_its_multiplier(tmp_path: Path) -> None:
    reading = read(tmp_path / "gb.xml", espi())
    assert (reading.format, reading.history.meter) == ("espi", "Plant north")
    assert reading.history.energy_wh == pytest.approx(DAY)
    assert reading.history.first_s == instant_s(MONDAY)


def test_green_button_of_powers_is_turned_into_energy(tmp_path: Path) -> None:
    reading = read(tmp_path / "gb.xml", espi(uom=38))
    assert (reading.unit, reading.quantity) == ("W", "power")
    assert reading.history.energy_wh == pytest.approx([wh / 4 for wh in DAY])


def test_green_button_marks_estimates(tmp_path: Path) -> None:
    reading = read(tmp_path / "gb.xml", espi(quality="<ReadingQuality><quality>8</quality></ReadingQuality>"))
    assert list(np.flatnonzero(reading.history.quality == Quality.ESTIMATED)) == [3]


def test_green_button_without_a_unit_is_asked_about(tmp_path: Path) -> None:
    with pytest.raises(Undecided) as asked:
        read(tmp_path / "gb.xml", espi(uom=0))
    assert asked.value.setting == "--unit"


def test_green_button_of_reactive_energy_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="no intervals of active energy"):
        read(tmp_path / "gb.xml", espi(uom=73))


def test_a_history_of_a_named_meter_is_made_for_tests() -> None:
    assert history([1.0, float("nan")], 0).gaps()[0].intervals == 1
