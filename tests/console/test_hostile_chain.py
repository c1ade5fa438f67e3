# SPDX-License-Identifier: Apache-2.0
"""What others have put on the chain: hardware, invoices and terms that no honest party writes; pages stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.console.life import DAY_S, GENESIS, START, Life, terms_of
from tests.console.running_console import RunningConsole
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.console.conftest import Visits
    from tests.toolchain.running_anvil import Anvil

EVIL = (
    b"<script>window.evil=1</script>",
    "\u202enil lve\u2066".encode(),
    b"\xff\xfe\x00\x01\x1b[31m",
    b'"><img src=x onerror=evil()>',
    b"{{7*7}}%s%(x)s{0}{1}",
)
_MOST = 2**64 - 1
_FAR_S = 253_405_065_600  # in the year 10000
TERMS: dict[str, dict[str, Any]] = {
    "after the year 9999": {"start": _FAR_S},
    "a unit of 4 GWh": {"unit_wh": 2**32 - 1},
    "an outage of 10^18": {"outage_penalty": 2**60, "outage_minute_penalty": 2**40, "missing_penalty": _MOST},
    "deadlines of centuries": {"grace": 2**31, "dispute_window": 2**31, "discount_expiry": 2**32 - 1},
    "bands of nothing": {"bands": ((0, 0),)},
    "bands of everything": {
        "bands": ((0, 32767),) * 672, "capacity_units": 32767, "raise_units": 32767, "missing_penalty": _MOST,
    },
}  # fmt: skip
PAGES = (
    "", "/ledger", "/readings", "/newest", "/audit", "/readings.csv", "/deadlines.ics", "/statement.pdf",
    "/export.xlsx", "/export.parquet", "/export.espi",
)  # fmt: skip
_HOSTILE = re.compile(r"[\x00-\x08\x1b\u202a-\u202e\u2066-\u2069]|<script>window|<img src=x")


@pytest.fixture(scope="module")
def hostile(
    start_anvil: Callable[..., Anvil], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningConsole]:
    """A console on a chain with a settled agreement whose invoices are evil, and offers of every evil kind."""
    life = Life(start_anvil(*GENESIS))
    meters = [life.meter(each) for each in EVIL]
    terms = terms_of(1, grace=DAY_S, dispute_window=DAY_S, interval_s=3600)
    number = life.agree(terms, [meters[0]], 2**100)
    for at, changes in enumerate(TERMS.values()):
        life.agree(
            terms_of(7, **{"start": START + (9 + at) * DAY_S, **changes}), [meters[-1]], 2**127, accept=False
        )
    life.wait_until(terms.settles_at + 10)
    life.act(life.operator, "settle", number)
    for amount, word in enumerate(EVIL, 1):
        life.act(life.consumer, "redeem", number, word.ljust(32, b"\0"), amount)
    folder = tmp_path_factory.mktemp("hostile")
    with RunningConsole(life.url, life.domain.contract, folder / "index.sqlite") as console:
        console.has(life.web3.eth.block_number)
        yield console


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("page", PAGES)
def test_no_page_fails_and_none_carries_it_on(hostile: RunningConsole, page: str, language: str) -> None:
    for number in range(1, len(TERMS) + 2):
        answer = requests.get(f"{hostile.url}/agreements/{number}{page}?lang={language}", timeout=LIMIT_S)
        assert answer.status_code in (200, 400, 404), (number, answer.text)
        if answer.headers["Content-Type"].startswith("text/"):
            assert not _HOSTILE.search(answer.text), number
        if "." not in page:
            twin = requests.get(f"{hostile.url}/agreements/{number}{page}.json", timeout=LIMIT_S)
            assert twin.status_code == answer.status_code
            twin.json()


def test_what_has_no_date_is_refused_with_a_sentence(hostile: RunningConsole) -> None:
    for page in ("/deadlines.ics", "/export.xlsx", "/export.espi"):
        answer = requests.get(
            f"{hostile.url}/agreements/2{page}", headers={"Accept": "application/json"}, timeout=LIMIT_S
        )
        assert answer.status_code == 400
        assert "the year 9999" in answer.json()["sentence"]
    shown = requests.get(f"{hostile.url}/agreements/2", timeout=LIMIT_S).text
    assert str(_FAR_S) in shown, "told in unix seconds"


def test_an_invoice_is_text_and_says_what_it_is(hostile: RunningConsole) -> None:
    ledger = requests.get(f"{hostile.url}/agreements/1/ledger?lang=en", timeout=LIMIT_S).text
    assert "&lt;script&gt;" in ledger
    assert "0x" + EVIL[2].ljust(32, b"\0").hex() in ledger, "what is no text is told in digits"


def test_charts_of_evil_terms_are_drawn(hostile: RunningConsole, visit: Visits) -> None:
    for number in range(1, len(TERMS) + 2):
        page = visit(f"/agreements/{number}?lang=en", at=hostile)
        page.wait_for_selector("#chart[data-drawn]")
        page.locator("#chart").focus()
        for key in ("0", "n", "ArrowRight", "End", "Home", "+", "-", "PageDown"):
            page.keyboard.press(key)
        assert page.evaluate("window.evil") is None
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), number
    visit.close()
    for path in ("/", "/agreements", "/meters", "/sections"):
        page = visit(path, at=hostile)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert page.evaluate("window.evil") is None
    visit.close()


@pytest.mark.parametrize("start", [_FAR_S, 2**40 - 1, 4_102_444_800])
def test_a_plan_for_another_age_is_refused(hostile: RunningConsole, start: int) -> None:
    asked = f"start={start}&days=28&violation=1&under=1&over=1&bonus=1"
    headers = {"Content-Type": "application/octet-stream"}
    answer = requests.post(f"{hostile.url}/plan?{asked}", data=b"x", headers=headers, timeout=LIMIT_S)
    assert answer.status_code == 400
    assert "2100" in answer.json()["sentence"]
    terms = {"start": start, "interval_seconds": 3600, "intervals": 24, "bands": [[1, 2]], "unit_wh": 100}
    wanted = {**terms, "capacity_units": 9, "violation_penalty": 1, "under_rate": 1, "over_rate": 1}
    answer = requests.post(f"{hostile.url}/plan/terms", json=wanted, timeout=LIMIT_S)
    assert answer.status_code == (400 if start > _FAR_S - 1 else 200), answer.text
