# SPDX-License-Identifier: Apache-2.0
"""The plan page: a dropped history is understood, asked about where it must be, moved by margin, saved and proposed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from electro_contracts.terms import Terms
from electro_tools.agreement import terms_file
from tests.console.browser import until
from tests.console.conftest import keep
from tests.console.life import GENESIS, Life
from tests.console.running_console import RunningConsole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.toolchain.running_anvil import Anvil

HOLIDAY = (11, 4)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Twenty weeks of hours of a plant that works on weekdays, but not on the one Russian holiday among them."""
    begins = datetime(2026, 7, 6, tzinfo=UTC)
    rows = ["time,kWh"]
    for hour in range(20 * 168):
        at = begins + timedelta(hours=hour)
        works = at.weekday() < 5 and 6 <= at.hour < 20 and (at.month, at.day) != HOLIDAY
        rows.append(f"{at:%Y-%m-%dT%H:%M:%SZ},{(80 if works else 20) + hour * 7919 % 13 - 6}")
    file = tmp_path / "load.csv"
    file.write_text("\n".join(rows) + "\n")
    return file


def test_a_history_becomes_a_proposal(
    start_anvil: Callable[..., Anvil], visit: Callable[..., Page], history: Path, tmp_path: Path
) -> None:
    life = Life(start_anvil(*GENESIS))
    meter = life.meter()
    with RunningConsole(life.url, life.domain.contract, tmp_path / "i.sqlite") as console:
        console.has(life.web3.eth.block_number)
        page = visit("/plan?lang=en", at=console, wallet=(life.web3, life.operator))
        page.set_input_files("#file", history)
        page.wait_for_selector("#bands[data-drawn]")
        assert "3,360 intervals of 1 h" in page.locator("#understood").inner_text()
        assert "a unit of 50 Wh" in page.locator("#basis").inner_text().replace("\u00a0", " ")
        assert page.locator("#rows tr").count() == 12
        width, penalties = (page.locator(f"#rows tr.chosen td:nth-child({n})").inner_text() for n in (2, 4))
        page.locator("#margin").focus()
        page.keyboard.press("End")
        assert page.locator("#margin-told").inner_text() == "wider by 25 %"
        chosen = [page.locator(f"#rows tr.chosen td:nth-child({n})").inner_text() for n in (2, 4)]
        assert chosen != [width, penalties]
        keep(page, "plan-drawn")
        with page.expect_download() as download:
            page.locator("#save").click()
        file = tmp_path / "terms.toml"
        download.value.save_as(file)
        terms = terms_file.read(file)
        page.locator("#wallet").click()
        page.fill("#propose [name=consumer]", life.consumer.address)
        page.fill("#propose [name=meters]", meter.address)
        until(page, "!document.querySelector('#propose button').disabled")
        page.locator("#propose button").click()
        page.wait_for_selector("dialog[open] [data-do=send]")
        assert "binds nobody until the consumer accepts" in page.locator("dialog[open]").inner_text()
        page.locator("dialog[open] [data-do=send]").click()
        page.wait_for_selector("dialog[open] [data-mined]")
        assert Terms.from_tuple(life.contract.functions.termsOf(1).call()) == terms


def test_what_is_unclear_is_asked(visit: Callable[..., Page], tmp_path: Path) -> None:
    file = tmp_path / "unclear.csv"
    rows = [
        f"2026-0{1 + day // 9}-{1 + day % 9:02} {hour:02}:00;{50 + hour}"
        for day in range(18)
        for hour in range(24)
    ]
    file.write_text("time;value\n" + "\n".join(rows) + "\n")
    page = visit("/plan?lang=en")
    page.set_input_files("#file", file)
    page.wait_for_selector("#question:not([hidden])")
    assert page.locator("#question button").count() >= 2
    assert page.locator("#question p").inner_text().startswith("unclear.csv: "), (
        "not where it lay for a moment"
    )
    keep(page, "plan-asked")


def test_what_is_no_history_is_refused_with_a_sentence(visit: Callable[..., Page], tmp_path: Path) -> None:
    file = tmp_path / "picture.png"
    file.write_bytes(b"\x89PNG\r\n" + bytes(1000))
    page = visit("/plan?lang=en", refused=frozenset({400}))
    response = page.evaluate(
        "async () => { const answer = await fetch('/plan?start=1800000000&days=28&violation=1&under=1&over=1&bonus=1',"
        " { method: 'POST', headers: { 'Content-Type': 'application/octet-stream' }, body: new Uint8Array(9) });"
        " return [answer.status, (await answer.json()).sentence]; }"
    )
    assert response[0] == 400
    assert len(response[1]) > 10


def test_days_off_and_outages_are_asked_for(
    visit: Callable[..., Page], history: Path, tmp_path: Path
) -> None:
    page = visit("/plan?lang=en")
    for name, value in {
        "start": "2027-02-15T00:00", "outage": "77", "minute": "1.25", "holidays": "RU", "days_off": "2027-02-26",
    }.items():  # fmt: skip
        page.fill(f"#wish [name={name}]", value)
    page.set_input_files("#file", history)
    page.wait_for_selector("#bands[data-drawn]")
    special = page.locator("#special").inner_text().replace("\u00a0", " ")
    assert "26 Feb 2027" in special
    assert "23 Feb 2027" in special, "the plant kept a holiday, and may keep this one"
    with page.expect_download() as download:
        page.locator("#save").click()
    file = tmp_path / "terms.toml"
    download.value.save_as(file)
    terms = terms_file.read(file)
    assert (terms.outage_penalty, terms.outage_minute_penalty) == (7700, 125)


def test_only_what_was_wished_last_is_shown(visit: Callable[..., Page], history: Path) -> None:
    page = visit("/plan?lang=en")
    page.set_input_files("#file", history)
    for days in ("7", "14", "21"):
        page.fill("#wish [name=days]", days)
        page.locator("#wish [name=days]").blur()
    page.wait_for_selector("#bands[data-drawn]")
    with page.expect_request("**/plan/terms") as asked:
        page.locator("#save").click()
    assert asked.value.post_data_json["intervals"] == 21 * 24
