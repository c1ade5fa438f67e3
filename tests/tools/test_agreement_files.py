# SPDX-License-Identifier: Apache-2.0
"""An agreement in files that others read: a statement with every penalty in words, an export, a calendar."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import icalendar
import pypdfium2
import pytest
from tests.tools.agreements import SETTLES_AT, START, electro, inside, refused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.agreements import World

ABOUT = """\
[about]
name = "Rolling mill"
zone = "Europe/Moscow"
currency = "RUB"
decimals = 2
"""


@pytest.fixture
def day(world: World) -> World:
    """A day: one interval far over its band, one under it, one without data, an outage, and hours never reported."""
    meter = world.account("meter")
    agreement_id = world.agree(meter)
    world.wait_until(START + 30 * 3600)
    lanes = inside(0, 24)
    lanes[7], lanes[8], lanes[9], lanes[10] = 1500, 10, 0xFFFF, 0x8000 | 100
    world.report(meter, agreement_id, 0, lanes, 10_000_000)
    world.outage(meter, agreement_id, START + 10 * 3600 + 60, START + 10 * 3600 + 1860, 2)
    return world


def terms_of(world: World) -> Path:
    file = world.folder / "terms.toml"
    file.write_text(file.read_text() + ABOUT)
    return file


def text_of(path: Path) -> str:
    document = pypdfium2.PdfDocument(path)
    try:
        pages = [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()
    return " ".join(" ".join(pages).split())


def test_a_statement_names_every_penalty_in_words_and_money(day: World, tmp_path: Path) -> None:
    terms, out = terms_of(day), tmp_path / "statement.pdf"
    found = electro("agreement", "statement", 1, "--out", out, "--terms", terms, "--json").json
    assert found["checked"] is True
    assert found["lines"] == 4
    text = text_of(out)
    assert "Rolling mill, № 1" in text
    assert (
        "Interval 7: 150 kWh used, 30 kWh above its band of 40 to 120 kWh: 5.00 RUB for the interval and 300 × 0.07 RUB"
        in text
    )
    assert "Interval 8: 1 kWh used, 39 kWh below its band" in text
    assert "Intervals 9 to 9 without data: 1 × " in text
    assert "Outage of 30 min, cause the consumer: 10.00 RUB for the event and 30 min × 0.10 RUB" in text
    assert "-26.00 RUB" in text
    assert "2027-01-15 10:00 +03:00" in text
    assert "Bonus at the beginning" in text
    assert "equal to the contract" in text


def test_a_statement_is_in_russian_on_request_and_counts_what_silence_costs_once_it_is_closed(
    day: World, tmp_path: Path
) -> None:
    day.wait_until(SETTLES_AT)
    assert electro("agreement", "settle", 1, *day.as_("anyone"), "--json").json
    terms, out = terms_of(day), tmp_path / "statement.pdf"
    found = electro(
        "agreement", "statement", 1, "--out", out, "--terms", terms, "--language", "ru", "--json"
    ).json
    assert found["checked"] is True
    text = text_of(out)
    assert "Отчёт по договору о режиме потребления" in text
    assert "на 30 кВт·ч выше полосы 40–120 кВт·ч" in text
    assert "Интервалы 24–47 не переданы: 24 ×" in text
    assert "Скидка при расчёте" in text


def test_nothing_is_stated_of_what_binds_nobody(world: World, tmp_path: Path) -> None:
    meter = world.account("meter")
    world.enrol(meter)
    world.propose(meter.address)
    out = tmp_path / "statement.pdf"
    assert "was not accepted" in refused("agreement", "statement", 1, "--out", out)
    assert "there is no agreement 7" in refused("agreement", "statement", 7, "--out", out)
    assert not out.exists()


def test_an_export_has_readings_bands_and_money_and_leaves_out_what_was_never_reported(
    day: World, tmp_path: Path
) -> None:
    terms, out = terms_of(day), tmp_path / "day.csv"
    found = electro("agreement", "export", 1, "--out", out, "--terms", terms, "--json").json
    assert (found["intervals"], found["format"]) == (48, "csv")
    with out.open(encoding="utf-8-sig") as stream:
        text = stream.read()
    rows = list(csv.DictReader(text.splitlines(), delimiter=";" if ";" in text.splitlines()[0] else ","))
    assert len(rows) == 48
    assert float(rows[7]["greatest_kwh"]) == 120
    assert float(rows[7]["penalty_RUB"]) == 26.0
    energy = next(key for key in rows[0] if "energy" in key or key == "kwh")
    assert [rows[9][energy], rows[30][energy]] == ["", ""]
    assert float(rows[7][energy]) == 150
    workbook = tmp_path / "day.xlsx"
    assert electro("agreement", "export", 1, "--out", workbook, "--json").json["format"] == "xlsx"
    assert "has no place 3" in refused("agreement", "export", 1, "--place", 3, "--out", tmp_path / "b.csv")


def test_deadlines_are_a_calendar_that_others_read(day: World, tmp_path: Path) -> None:
    out = tmp_path / "deadlines.ics"
    assert (
        electro("agreement", "deadlines", 1, "--out", out, "--terms", terms_of(day), "--json").json[
            "deadlines"
        ]
        == 5
    )
    calendar = icalendar.Calendar.from_ical(out.read_bytes())
    events = {str(event["SUMMARY"]): event for event in calendar.walk("VEVENT")}
    assert len(events) == 5
    assert int(events["Rolling mill: can be settled"]["DTSTART"].dt.timestamp()) == SETTLES_AT
    assert int(events["Rolling mill: begins"]["DTSTART"].dt.timestamp()) == START
    assert all(len(line.encode()) <= 75 for line in out.read_text().splitlines())
    assert len({str(event["UID"]) for event in events.values()}) == 5
