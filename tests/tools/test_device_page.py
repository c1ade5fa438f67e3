# SPDX-License-Identifier: Apache-2.0
"""The page of a meter that runs in real MicroPython, opened by a real browser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.conftest import _have
from tests.console.browser import Watched
from tests.console.conftest import PHONE, SCREENSHOTS
from tests.toolchain import fetch
from tests.tools.meters import running
from tests.tools.test_device_network import ADDRESS, free_port, when_there
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path


def test_a_browser_shows_it_and_is_refused_nothing(micropython_i386: list[str], tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    program = _have(fetch.chromium)
    flash = tmp_path / "chip" / "flash"
    flash.mkdir(parents=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running(micropython_i386, flash, page_port=port), sync_playwright() as playwright:
        when_there(url)
        browser = playwright.chromium.launch(executable_path=str(program), args=["--no-sandbox"])
        context = browser.new_context(**PHONE)
        eye = Watched(context, url)
        context.set_default_timeout(LIMIT_S * 1000)
        page = context.new_page()
        page.goto(url)
        assert page.title() == "Electro meter"
        rows = dict(
            page.locator("tr").evaluate_all(
                "rows => rows.map(row => [row.querySelector('th').innerText, row.querySelector('td').innerText])"
            )
        )
        assert rows["device"] == ADDRESS
        assert json.loads(rows["sensors"]) == []
        assert page.locator("p").first.inner_text() == "0.0 V, 0.00 A, 0.000 kW; register 0.000 kWh"
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(SCREENSHOTS / "meter.png"), full_page=True)
        page.get_by_role("link", name="status.json").click()
        page.wait_for_url(url + "/status.json")
        told = json.loads(page.locator("pre").inner_text())
        assert set(told) == set(rows)
        eye.close()
        browser.close()
