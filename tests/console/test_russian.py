# SPDX-License-Identifier: Apache-2.0
"""A Russian reader's pages are Russian: no English word stands on them but names and what files say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import requests

from electro_console.index.records import Phase
from electro_console.web.words import Words
from electro_plan.errors import PlanError, Undecided
from electro_plan.opening import Opened
from electro_plan.reading import read
from tests.console.browser import until
from tests.console.conftest import DESKTOP, keep
from tests.console.english import SHOWN, english
from tests.console.test_pages import PAGES, drawn
from tests.console.test_plan import history  # noqa: F401 - a fixture
from tests.plan.test_refused import ASKED, REFUSED
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.console.life import Life
    from tests.console.running_console import RunningConsole

RUSSIAN = {**DESKTOP, "locale": "ru-RU"}


def test_words_are_found_where_they_are() -> None:
    assert english("Договор 7, Severny Steel, 0xAbC…12: 5 кВт·ч, RUB") == []
    assert english("Договор 7 was not accepted") == ["was", "not", "accepted"]
    assert english("загрузка load.csv, столбец energy", "energy;time") == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_english_on_it(visit: Callable[..., Page], name: str) -> None:
    page = visit(PAGES[name], **RUSSIAN)
    drawn(page)
    page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
    assert english(page.evaluate(SHOWN)) == []


def test_what_a_chart_tells_has_no_english_in_it(visit: Callable[..., Page]) -> None:
    page = visit("/agreements/1", **RUSSIAN)
    drawn(page)
    page.locator("#chart").focus()
    told = []
    for key in ("0", *"nnnnnnnn", "Home", *["ArrowRight"] * 4, "End", "ArrowLeft"):
        page.keyboard.press(key)
        told.append(page.locator("#cursor").inner_text())
    assert len(set(told)) >= 8
    assert english(" ".join(told)) == []


@pytest.mark.parametrize(
    "path",
    [
        "/nothing", "/agreements/999", "/agreements/1/readings?place=63", "/agreements/2/statement.pdf",
        "/agreements?page=-1", "/agreements?phase=nonsense", "/agreements?consumer=0x12", "/sections?days=1e9",
        "/agreements/1/readings?since=yesterday", "/agreements/1/acts.json", "/agreements/1/acts.json?account=0x12",
        "/agreements/1/export.80020", "/static/nothing.js",
    ],
)  # fmt: skip
def test_a_refusal_has_no_english_in_it(console: RunningConsole, path: str) -> None:
    mark = "&" if "?" in path else "?"
    headers = {"Accept": "application/json"}
    answer = requests.get(f"{console.url}{path}{mark}lang=ru", headers=headers, timeout=LIMIT_S)
    assert answer.status_code in (400, 404), answer.text
    said = answer.json()
    assert english(f"{said['sentence']} {said['hint'] or ''}", path, "account", *Phase) == []


def test_every_act_has_no_english_in_it(console: RunningConsole, life: Life) -> None:
    seen = set()
    for number, who in ((1, life.operator), (1, life.consumer), (2, life.operator), (2, life.consumer)):
        path = f"{console.url}/agreements/{number}/acts.json?lang=ru&account={who.address}"
        for act in requests.get(path, timeout=LIMIT_S).json()["acts"]:
            seen.add(act["act"])
            words = [act["title"], *(field["label"] for field in act["fields"])]
            words += [label for field in act["fields"] for _, label in field.get("choices") or ()]
            assert english(" ".join(words)) == [], act["act"]
            given = {field["name"]: field.get("value") or "nonsense" for field in act["fields"]}
            body = {**given, "sender": who.address}
            made = requests.post(
                f"{console.url}/agreements/{number}/acts/{act['act']}?lang=ru", json=body, timeout=LIMIT_S
            ).json()
            told = [made.get("sentence"), made.get("means"), made.get("refused"), made.get("title")]
            told += [text for line in made.get("lines", ()) for text in line]
            assert english(" ".join(filter(None, told)), "nonsense") == [], (act["act"], made)
    assert len(seen) > 8


def test_a_plan_has_no_english_on_it(visit: Callable[..., Page], history: Path) -> None:  # noqa: F811
    page = visit("/plan", **RUSSIAN)
    page.fill("#wish [name=holidays]", "RU")
    page.set_input_files("#file", history)
    page.wait_for_selector("#bands[data-drawn]")
    shown = page.evaluate(SHOWN)
    assert "3\u00a0360 интервалов по 1\u00a0ч" in shown
    assert english(shown) == []
    page.keyboard.press("End")
    keep(page, "plan-ru")


def test_a_question_of_a_plan_has_no_english_in_it(visit: Callable[..., Page], tmp_path: Path) -> None:
    file = tmp_path / "load.csv"
    rows = [
        f"{1 + day:02}.{1 + day:02}.2026 {hour:02}:00;{50 + hour}" for day in range(9) for hour in range(24)
    ]
    file.write_text("время;значение\n" + "\n".join(rows) + "\n")
    page = visit("/plan", **RUSSIAN, refused=frozenset({400}))
    page.set_input_files("#file", file)
    until(
        page,
        "!document.getElementById('question').hidden || document.getElementById('problem').className == 'bad'",
    )
    assert english(page.evaluate(SHOWN), "Wh kWh MWh W kW MW GW") == []
    keep(page, "plan-asked-ru")


@pytest.mark.parametrize("name", [*REFUSED, *ASKED])
def test_a_refused_file_is_refused_in_russian(name: str) -> None:
    content = {**REFUSED, **ASKED}[name][0]
    data = content.encode() if isinstance(content, str) else content
    russian = Words("ru", "Europe/Moscow")
    with pytest.raises(PlanError) as caught:
        read(Opened(data, "load.csv", "load.csv"))
    told = [russian.told(caught.value.sentence)]
    if isinstance(caught.value, Undecided):
        told += [russian.told(each.meaning) for each in caught.value.choices]
    assert english(" ".join(told), data.decode("latin-1"), "column") == [], told


def test_a_sentence_is_told_with_the_readers_signs() -> None:
    rows = "\n".join(
        f"2026-06-{1 + day:02} {hour:02}:00,{1234.5 + hour}" for day in range(28) for hour in range(24)
    )
    reading = read(Opened(f"time,kWh\n{rows}\n".encode(), "load.csv", "load.csv"))
    told = " ".join(Words("ru").told(each) for each in reading.sentences())
    assert "672 интервала по 1\u00a0ч" in told
    assert "837\u00a0312 кВт·ч" in told
    assert "1\u00a0258 кВт" in told
    assert " ".join(Words("en").told(each) for each in reading.sentences()) == reading.paragraph()
    assert json.loads(json.dumps(reading.paragraph())) == reading.paragraph()
