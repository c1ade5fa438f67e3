# SPDX-License-Identifier: Apache-2.0
"""What stands on a page only after something was done, such as dialogs: axe finds nothing, and keys reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.console.browser import until
from tests.console.conftest import DESKTOP, PHONE, Visits, keep
from tests.console.test_pages import drawn
from tests.console.test_plan import history  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.console.life import Life

MANNERS: dict[str, dict[str, Any]] = {
    "light": {**DESKTOP, "locale": "en-GB", "color_scheme": "light"},
    "dark": {**DESKTOP, "locale": "ru-RU", "color_scheme": "dark"},
    "phone": {**PHONE, "locale": "ru-RU"},
}


def violations(page: Page, axe: str) -> list[Any]:
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found["violations"]]


@pytest.mark.parametrize("manner", MANNERS)
def test_a_plan_is_accessible(visit: Visits, axe: str, history: Path, manner: str) -> None:  # noqa: F811
    page = visit("/plan", **MANNERS[manner])
    page.set_input_files("#file", history)
    page.wait_for_selector("#bands[data-drawn]")
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    keep(page, f"plan-drawn-{manner}")


@pytest.mark.parametrize("manner", MANNERS)
def test_an_act_is_accessible(visit: Visits, life: Life, axe: str, manner: str) -> None:
    page = visit("/agreements/1", wallet=(life.web3, life.operator), **MANNERS[manner])
    drawn(page)
    page.locator("#wallet").click()
    page.wait_for_selector("[data-act=rotate]")
    assert violations(page, axe) == []
    page.locator("[data-act=rotate]").click()
    page.wait_for_selector("dialog[open]")
    assert violations(page, axe) == []
    page.locator("dialog[open] [name=new]").fill("0x" + "11" * 20)
    page.locator("dialog[open] button.first").click()
    page.wait_for_selector("dialog[open] [data-do=send]")
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    within = "(() => { const d = document.querySelector('dialog[open]'); return d.scrollWidth <= d.clientWidth; })()"
    assert page.evaluate(within), "an account is longer than a phone is wide"
    keep(page, f"act-refused-{manner}")


@pytest.mark.parametrize("manner", MANNERS)
def test_what_is_said_is_accessible(visit: Visits, axe: str, tmp_path: Path, manner: str) -> None:
    page = visit("/nothing", status=404, **MANNERS[manner])
    assert violations(page, axe) == []
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    assert violations(page, axe) == []
    keep(page, f"keys-{manner}")
    page = visit("/plan", refused=frozenset({400}), **MANNERS[manner])
    file = tmp_path / "load.csv"
    file.write_text("time,remark\n2024-03-04 00:00,a\n2024-03-04 00:15,b\n")
    page.set_input_files("#file", file)
    until(page, "document.getElementById('problem').className == 'bad'")
    assert violations(page, axe) == []


def test_everything_is_reached_by_keys_alone(visit: Visits, life: Life) -> None:
    page = visit("/agreements/1?lang=en", wallet=(life.web3, life.operator))
    drawn(page)
    seen = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.id"))
    assert seen >= {"wallet", "chart", "place", "beside", "csv", "as-table"}
    page.locator("#wallet").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-act=grant]")
    page.locator("[data-act=grant]").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    assert page.evaluate("document.activeElement.closest('dialog') !== null"), "the dialog has the focus"
    page.keyboard.press("Escape")
    until(page, "!document.querySelector('dialog[open]')")
    assert page.evaluate("document.activeElement.dataset.act") == "grant", "and gives it back"
