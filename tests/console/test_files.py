# SPDX-License-Identifier: Apache-2.0
"""Files over HTTP: each link of an agreement's page gives what it says, with the figures of the page."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import polars as pl
import pytest
import requests
from python_calamine import CalamineWorkbook

from electro_console.web.errors import ConsoleError
from electro_console.web.names import Names, read
from electro_plan.reading import read as read_load
from tests.console.life import DAY_S, START
from tests.console.running_console import RunningConsole
from tests.console.test_enemies import got_json
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.console.conftest import Visits
    from tests.console.life import Life


def fetched(url: str, status: int = 200) -> requests.Response:
    answer = requests.get(url, timeout=LIMIT_S)
    assert answer.status_code == status, answer.text[:300]
    return answer


def test_every_file_that_the_page_names_is_there(visit: Callable[..., Page], console: RunningConsole) -> None:
    page = visit("/agreements/1")
    links = page.locator("main a[download]")
    named = [str(links.nth(i).get_attribute("href")) for i in range(links.count())]
    assert len(named) >= 7
    for each in named:
        answer = fetched(console.url + each)
        assert len(answer.content) > 300
        assert "attachment" in answer.headers["Content-Disposition"]


def test_tables_have_the_readings_of_the_page(console: RunningConsole) -> None:
    shown = got_json(f"{console.url}/agreements/1/readings.json")
    kwh = [None if each < 0 else each * shown["unit_wh"] / 1000 for each in shown["units"]]
    parquet = pl.read_parquet(io.BytesIO(fetched(f"{console.url}/agreements/1/export.parquet").content))
    workbook = CalamineWorkbook.from_filelike(
        io.BytesIO(fetched(f"{console.url}/agreements/1/export.xlsx").content)
    )
    assert parquet["energy_kwh"].to_list() == kwh
    money = next(each for each in parquet.columns if each.startswith("penalty"))
    assert [round(each * 100) for each in parquet[money].to_list()] == shown["penalty"]
    assert len(workbook.get_sheet_by_index(0).to_python()) == len(kwh) + 1
    lines = fetched(f"{console.url}/agreements/1/readings.csv").text.splitlines()
    assert len(lines) == len(kwh) + 1
    part = fetched(f"{console.url}/agreements/1/readings.csv?since={START}&until={START + DAY_S}").text
    assert part.splitlines() == lines[:97]


def test_green_button_is_read_again_as_it_was(console: RunningConsole, tmp_path: Path) -> None:
    shown = got_json(f"{console.url}/agreements/1/readings.json")
    file = tmp_path / "load.xml"
    file.write_bytes(fetched(f"{console.url}/agreements/1/export.espi").content)
    history = read_load(file).history
    known = [each * shown["unit_wh"] for each in shown["units"] if each >= 0]
    assert float(history.energy_wh[history.energy_wh == history.energy_wh].sum()) == sum(known)


def test_80020_is_offered_to_a_sender_with_a_number_only(visit: Visits, life: Life, tmp_path: Path) -> None:
    with RunningConsole(
        life.url, life.domain.contract, tmp_path / "i.sqlite", names=Names("Europe/Moscow", inn="7707083893")
    ) as console:
        console.has(life.web3.eth.block_number)
        assert "80020" in visit("/agreements/1", at=console).locator("#files-title ~ ul").inner_text()
        address = (
            f"{console.url}/agreements/1/export.80020?since={START + 5 * DAY_S}&until={START + 9 * DAY_S}"
        )
        with zipfile.ZipFile(io.BytesIO(fetched(address).content)) as archive:
            assert all("7707083893" in name for name in archive.namelist())
            assert len(archive.namelist()) == 3, "days of Moscow's clock that are whole"
        visit.close()
    assert "80020" not in visit("/agreements/1").locator("#files-title ~ ul").inner_text()


def test_a_taxpayers_number_is_one(tmp_path: Path) -> None:
    file = tmp_path / "names.toml"
    file.write_text('inn = "7707083893"\n')
    assert read(file).inn == "7707083893"
    file.write_text('inn = "12"\n')
    with pytest.raises(ConsoleError, match="inn"):
        read(file)


def test_the_statement_and_the_calendar(console: RunningConsole) -> None:
    statement = fetched(f"{console.url}/agreements/1/statement.pdf?lang=ru")
    assert statement.content.startswith(b"%PDF")
    assert statement.headers["Content-Type"] == "application/pdf"
    assert "not accepted" in fetched(f"{console.url}/agreements/2/statement.pdf", 404).text
    dates = got_json(f"{console.url}/agreements/1.json")["agreement"]["dates"]
    calendar = fetched(f"{console.url}/agreements/1/deadlines.ics?lang=ru")
    assert calendar.headers["Content-Type"].startswith("text/calendar")
    assert calendar.text.count("BEGIN:VEVENT") == sum(
        1 for name in ("start", "notice_until", "end", "reports_until", "settles_at") if dates[name]
    )
    assert "DTSTART:20270118T000000Z" in calendar.text
