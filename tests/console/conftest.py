# SPDX-License-Identifier: Apache-2.0
"""A browser, a chain with lived agreements, and a console that shows them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from electro_console.web.names import Names
from electro_plan.money import Currency
from electro_plan.sections import Section
from electro_protocol import address
from tests.conftest import _have
from tests.console.browser import Wallet, Watched
from tests.console.life import DAY_S, GENESIS, START, Life, lived, terms_of
from tests.console.running_console import RunningConsole
from tests.toolchain import fetch
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from tests.toolchain.running_anvil import Anvil

SCREENSHOTS = Path(__file__).parents[2] / "build" / "console"
"""Kept as build output: to be looked at."""
DESKTOP: dict[str, Any] = {"viewport": {"width": 1360, "height": 900}}
_MOST_DRAWN = 12_000  # px
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="session")
def _chromium() -> Iterator[tuple[Browser, asyncio.AbstractEventLoop]]:
    """Debian's Chromium and the event loop that drives it, which is left as the thread's running one."""
    from playwright.sync_api import sync_playwright

    program = _have(fetch.chromium)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(program), args=["--no-sandbox"])
        loop = asyncio.get_running_loop()
        asyncio._set_running_loop(None)
        yield launched, loop
        asyncio._set_running_loop(loop)
        launched.close()


@pytest.fixture
def browser(_chromium: tuple[Browser, asyncio.AbstractEventLoop]) -> Iterator[Browser]:
    """One Chromium for all tests; its loop is the thread's running one only here, for other tests begin their own."""
    launched, loop = _chromium
    asyncio._set_running_loop(loop)
    yield launched
    asyncio._set_running_loop(None)


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core, as text."""
    return _have(fetch.axe).read_text()


@pytest.fixture(scope="module")
def life(start_anvil: Callable[..., Anvil]) -> Life:
    """Three weeks of an agreement with one of everything, and an offer of another."""
    made = Life(start_anvil(*GENESIS))
    meter, other = made.meter(), made.meter()
    terms = terms_of(28)
    number = made.agree(terms, [meter])
    made.agree(terms_of(28, start=START + 63 * DAY_S), [other], accept=False)
    lived(made, terms, meter, number, 19)
    made.wait_until(START + 21 * DAY_S)
    return made


@pytest.fixture(scope="module")
def console(life: Life, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    """A console of that chain, for tests that only look."""
    names = Names(
        "Europe/Moscow",
        Currency("RUB", 2),
        {1: "Rolling mill, spring"},
        {address.parse(life.consumer.address): "Severny Steel"},
    )
    meters = tuple(life.contract.functions.agreement(1).call()[10])
    sections = (
        Section("Substation 7", 1_000_000.0, ()),
        Section("Feeder 7/4", 350_000.0, meters, "Substation 7"),
    )
    folder = tmp_path_factory.mktemp("console")
    with RunningConsole(
        life.url, life.domain.contract, folder / "index.sqlite", names=names, sections=sections
    ) as running:
        running.has(life.web3.eth.block_number)
        yield running


class Visits:
    """Opens pages of a console; whatever one does that it should not fails the test when they are closed."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self._watched: list[tuple[Any, Watched]] = []

    def __call__(
        self,
        path: str,
        *,
        status: int = 200,
        at: RunningConsole | None = None,
        wallet: Any = None,
        refused: frozenset[int] = frozenset(),
        **device: Any,
    ) -> Page:
        """Open a page, of another console by `at`, and wait until it asks for nothing more."""
        url = self._url if at is None else at.url
        context = self._browser.new_context(**(device or DESKTOP))
        eye = Watched(context, url)
        self._watched.append((context, eye))
        eye.expected |= {*refused, *({status} - {200})}
        if wallet is not None:
            context.wallet = Wallet(context, *wallet)
        context.set_default_timeout(LIMIT_S * 1000)
        page = context.new_page()
        answer = page.goto(url + path)
        assert answer is not None
        assert answer.status == status
        page.wait_for_load_state("networkidle")
        return page

    def close(self) -> None:
        """Close all pages: before their console ends, which they ask now and then."""
        while self._watched:
            context, eye = self._watched.pop()
            eye.close()
            context.close()


@pytest.fixture
def visit(browser: Browser, console: RunningConsole) -> Iterator[Visits]:
    """Open pages of the console."""
    made = Visits(browser, console.url)
    yield made
    made.close()


def keep(page: Page, name: str) -> None:
    """Keep a picture of a whole page; of one that is longer than Chromium draws at once, of what is in sight."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(
        path=str(SCREENSHOTS / f"{name}.png"),
        full_page=page.evaluate("document.documentElement.scrollHeight") < _MOST_DRAWN,
    )
