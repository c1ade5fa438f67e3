# SPDX-License-Identifier: Apache-2.0
"""Each page in a real browser: nothing refused by its policy, nothing asked elsewhere, nothing that axe finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.console.browser import until
from tests.console.conftest import DESKTOP, PHONE, keep

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

PAGES = {
    "overview": "/",
    "agreements": "/agreements",
    "agreement": "/agreements/1",
    "offer": "/agreements/2",
    "newest": "/agreements/1/newest",
    "ledger": "/agreements/1/ledger",
    "readings": "/agreements/1/readings",
    "audit": "/agreements/1/audit",
    "meters": "/meters",
    "sections": "/sections",
    "plan": "/plan",
}
MANNERS: dict[str, dict[str, Any]] = {
    "en": {**DESKTOP, "locale": "en-GB"},
    "ru": {**DESKTOP, "locale": "ru-RU", "color_scheme": "dark"},
    "phone": {**PHONE, "locale": "ru-RU"},
}


def drawn(page: Page) -> None:
    """Wait for the charts of a page, if it has any."""
    for chart in ("#chart", "#burndown", "#heat"):
        if page.locator(chart).count():
            page.wait_for_selector(f"{chart}[data-drawn]")


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_fits(visit: Callable[..., Page], axe: str, name: str, manner: str) -> None:
    page = visit(PAGES[name], **MANNERS[manner])
    drawn(page)
    keep(page, f"{name}-{manner}")
    widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1], "the page is wider than the screen"
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    assert [
        (each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found["violations"]
    ] == []


def test_the_language_is_the_readers(visit: Callable[..., Page]) -> None:
    assert (
        visit("/", locale="ru-RU", **DESKTOP).locator("h1").inner_text()
        != visit("/", **DESKTOP).locator("h1").inner_text()
    )
    page = visit("/?lang=ru", **DESKTOP)
    assert page.evaluate("document.documentElement.lang") == "ru"
    page.goto(page.url.split("?")[0] + "agreements")
    assert page.evaluate("document.documentElement.lang") == "ru", "the choice is kept"


def test_the_chart_is_moved_by_keys_and_told(visit: Callable[..., Page]) -> None:
    page = visit("/agreements/1?lang=en")
    drawn(page)
    page.locator("#chart").focus()
    page.keyboard.press("0")
    page.keyboard.press("n")
    told = page.locator("#cursor").inner_text()
    assert "costs" in told
    assert "kWh, band" in told
    page.keyboard.press("ArrowRight")
    assert page.locator("#cursor").inner_text() != told
    for _ in range(3):
        page.keyboard.press("+")
    asked = "new URLSearchParams(location.search)"
    until(page, f"{asked}.get('until') - {asked}.get('since') < 5 * 86400 && {asked}.has('since')")
    since = int(page.evaluate(f"{asked}.get('since')"))
    assert f"since={since}" in str(page.locator("#csv").get_attribute("href")), "the CSV is of what is seen"
    page.reload()
    drawn(page)
    until(page, f"new URLSearchParams(location.search).get('since') == {since}")


def test_the_week_before_is_laid_beside(visit: Callable[..., Page]) -> None:
    page = visit("/agreements/1")
    drawn(page)
    page.evaluate("window.before = document.querySelector('#chart canvas').toDataURL()")
    page.select_option("#beside", "week")
    until(page, "new URLSearchParams(location.search).get('beside') == 'week'")
    until(
        page, "document.querySelector('#chart canvas').toDataURL() != window.before"
    )  # the second line is drawn
    page.evaluate("window.before = document.querySelector('#chart canvas').toDataURL()")
    page.select_option("#beside", "")
    until(page, "document.querySelector('#chart canvas').toDataURL() != window.before")


def test_pages_are_reached_by_keys(visit: Callable[..., Page]) -> None:
    page = visit("/")
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url("**/agreements")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"


def test_the_charts_have_tables(visit: Callable[..., Page]) -> None:
    page = visit("/agreements/1?lang=en")
    drawn(page)
    page.locator("summary").click()
    assert page.locator("#days tbody tr").count() >= 20
    page.locator("#as-table").click()
    page.wait_for_url("**/readings?**")
    assert page.locator("tbody tr").count() > 90


def test_the_table_of_readings_is_turned_over_to_its_end(visit: Callable[..., Page]) -> None:
    page = visit("/agreements/1/readings?lang=en")
    seen = [int(page.locator("tbody tr td:nth-child(2)").last.inner_text())]
    while page.locator("a[rel=next]").count():
        with page.expect_navigation():
            page.locator("a[rel=next]").click()
        assert int(page.locator("tbody tr td:nth-child(2)").first.inner_text()) == seen[-1] + 1
        seen.append(int(page.locator("tbody tr td:nth-child(2)").last.inner_text()))
    assert seen == [671, 1343, 2015, 2687]


def test_what_is_printed_has_no_buttons(visit: Callable[..., Page]) -> None:
    page = visit("/agreements/1")
    drawn(page)
    page.emulate_media(media="print")
    assert not page.locator(".top nav").is_visible()
    assert not page.locator("#acts").is_visible()
    assert page.locator(".ledger").is_visible()
    keep(page, "agreement-print")


def test_what_is_not_there_is_said(visit: Callable[..., Page]) -> None:
    page = visit("/agreements/999", status=404)
    assert "999" in page.locator("main").inner_text()
    assert visit("/nothing", status=404).locator("main h1").inner_text() == "404"
    assert "такой страницы нет" in visit("/nothing?lang=ru", status=404).locator("main").inner_text()


def test_an_overloaded_section_is_told(visit: Callable[..., Page]) -> None:
    page = visit("/?lang=en")
    assert "Feeder 7/4" in page.locator(".card.alarm").all_inner_texts()[-1]
    page.goto(page.url.split("?")[0] + "sections?days=3")
    assert page.locator(".hours .over").count() > 0
    assert "350" in page.locator(".list").inner_text()


def test_an_offer_shows_the_bands_that_it_binds_to(visit: Callable[..., Page]) -> None:
    page = visit("/agreements/2?lang=en")
    page.wait_for_selector("#chart[data-drawn]")
    page.locator("#chart").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert "kWh, band 10–42 kWh, ahead" in page.locator("#cursor").inner_text()
    assert "No money has moved." in page.locator("main").inner_text()
    assert page.locator("#burndown").count() == 0
    assert page.locator(".list .bad").count() == 0, "nobody is behind before it is accepted"


def test_the_chart_is_moved_by_fingers(visit: Callable[..., Page]) -> None:
    page = visit("/agreements/1?span=week", **PHONE)
    drawn(page)
    chart = page.locator("#chart .u-over")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    fingers = page.context.new_cdp_session(page)
    left, middle, right = (box["x"] + box["width"] * share for share in (0.3, 0.5, 0.7))
    y = box["y"] + box["height"] / 2
    asked = "new URL(document.getElementById('csv').href).searchParams"
    sight = f"[+{asked}.get('since'), +{asked}.get('until')]"

    def touch(kind: str, *places: float) -> None:
        points = [{"x": x, "y": y, "id": i} for i, x in enumerate(places)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    since, end = page.evaluate(sight)
    touch("touchStart", middle)
    for step in range(1, 6):
        touch("touchMove", middle + step * 10)
    touch("touchEnd")
    until(page, f"{sight}[0] < {since}")
    moved = page.evaluate(sight)
    assert abs((moved[1] - moved[0]) - (end - since)) <= 2, "one finger moves it, and no more"

    touch("touchStart", left, right)
    for step in range(1, 6):
        touch("touchMove", left - step * 8, right + step * 8)
    touch("touchEnd")
    until(page, f"{sight}[1] - {sight}[0] < 0.9 * {moved[1] - moved[0]}")
    assert page.evaluate("scrollX") == 0
    touch("touchStart", middle)
    touch("touchEnd")
    until(page, "document.getElementById('cursor').textContent.includes('–')")


def test_every_page_is_in_reach_of_a_thumb(visit: Callable[..., Page]) -> None:
    for language in ("en", "ru"):
        page = visit(f"/?lang={language}", **PHONE)
        whole = "(() => { const n = document.querySelector('.top nav'); return n.scrollWidth <= n.clientWidth; })()"
        assert page.evaluate(whole), language
    page = visit("/plan", **PHONE)
    assert page.evaluate("document.querySelector('#wish [name=days]').offsetWidth") > 150


def test_months_stand_as_beside_a_day(visit: Callable[..., Page]) -> None:
    page = visit("/agreements/1?lang=ru")
    drawn(page)
    months = page.evaluate(
        """async () => {
            const chart = [...document.scripts].find((each) => each.src.includes("/readings."));
            const [named] = (await (await fetch(chart.src)).text()).match(/\\/static\\/words[^"]*/);
            return (await import(named)).months("short");
        }"""
    )
    assert (months[2], months[4]) == ("мар.", "мая")
