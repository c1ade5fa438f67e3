# SPDX-License-Identifier: Apache-2.0
"""What is not final is shown, marked as such, and counts in no figure until it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from electro_console.web.newer import _TELLERS, newer
from electro_contracts import events
from tests.console.browser import until
from tests.console.conftest import keep
from tests.console.life import DAY_S, GENESIS, START, Life, terms_of
from tests.console.running_console import RunningConsole
from tests.console.test_enemies import got_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.toolchain.running_anvil import Anvil

DEEP = 4  # blocks that are not final


@pytest.fixture
def stage(start_anvil: Callable[..., Anvil], tmp_path: Path) -> Iterator[tuple[Life, RunningConsole]]:
    """An accepted agreement whose first day is reported and final, and whose second is reported alone."""
    life = Life(start_anvil(*GENESIS))
    meter = life.meter()
    number = life.agree(terms_of(14, interval_s=3600), [meter], 1_000_000)
    life.wait_until(START + DAY_S)
    life.report(number, meter, 0, [350] * 24)
    final = life.web3.eth.block_number
    life.wait_until(START + 2 * DAY_S)
    mined(life, DEEP - 2)
    life.report(number, meter, 24, [350] * 23 + [1400])
    with RunningConsole(life.url, life.domain.contract, tmp_path / "i.sqlite", str(DEEP)) as console:
        console.has(final)
        yield life, console


def mined(life: Life, blocks: int) -> None:
    for _ in range(blocks):
        life.web3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]


def test_it_is_marked_and_counts_in_nothing(
    stage: tuple[Life, RunningConsole], visit: Callable[..., Page]
) -> None:
    life, console = stage
    page = visit("/agreements/1?lang=en&span=all", at=console)
    page.wait_for_selector("#newest:not([hidden]) li")
    told = page.locator("#newest").inner_text()
    assert "24 intervals reported, 19\u00a0Jan 2027, 00:00–00:00" in told
    assert "Intervals above their band: 1" in told
    assert "no figure counts it" in told
    keep(page, "not-final")
    shown = got_json(f"{console.url}/agreements/1.json")["agreement"]
    assert (shown["meters"][0]["next"], shown["money"]["accrued"]) == (24, 0)
    newest = got_json(f"{console.url}/agreements/1/newest.json")["events"]
    assert newest[0]["readings"] == {"place": 0, "first": 24, "units": [350] * 23 + [1400]}
    assert "24 intervals reported" in visit("/?lang=en", at=console).locator(".cards").inner_text()

    final = life.web3.eth.block_number
    mined(life, DEEP)
    console.has(final)
    until(
        page, "(document.dispatchEvent(new Event('visibilitychange')), !!document.querySelector('#newest a'))"
    )
    page.locator("#newest a").click()
    page.wait_for_load_state("networkidle")
    assert not page.locator("#newest").is_visible()
    assert got_json(f"{console.url}/agreements/1.json")["agreement"]["money"]["accrued"] > 0
    assert (
        "all that the chain has said is final" in visit("/agreements/1/newest?lang=en", at=console).content()
    )


def test_every_event_of_an_agreement_has_words() -> None:
    of_one = {name for name in events.TOPICS if "agreement_id" in getattr(events, name).__dataclass_fields__}
    assert of_one == set(_TELLERS)


async def test_an_index_at_its_beginning_asks_for_no_news() -> None:
    class Far:
        contract = bytes(20)

        async def newest(self) -> tuple[int, int]:
            return 1_000_000, 0

        async def ask(self, *_: object) -> list[object]:
            raise AssertionError("a million blocks are no news")

    assert await newer(Far(), 10) == []  # type: ignore[arg-type]  # a node that only tells how far it is
