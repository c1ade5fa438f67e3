# SPDX-License-Identifier: Apache-2.0
"""The console's words: every sentence has its Russian, with the same figures; numbers and times are the reader's."""

from __future__ import annotations

import ast
import io
import re
from importlib.resources import files
from pathlib import Path

from babel.messages.pofile import read_po
from jinja2 import Environment

from electro_console import refusals
from electro_console.web import static_files
from electro_console.web.words import Words
from electro_plan.money import Currency

CONSOLE, PLAN = (Path(str(files(each))) for each in ("electro_console", "electro_plan"))
WEB = CONSOLE / "web"
_FIGURE = re.compile(r"%\((\w+)\)s|\{(\d)[^}]*\}")


def said() -> set[str | tuple[str, str]]:
    """Return every message of templates and sources; of one and many both."""
    found: set[str | tuple[str, str]] = {*refusals.SENTENCES.values(), *refusals.ROLES.values()}
    found |= {each for names in refusals.NAMED.values() for each in names}
    environment = Environment(extensions=["jinja2.ext.i18n"])
    for template in (WEB / "templates").glob("*.html"):
        text = template.read_text()
        for _, _, message in environment.extract_translations(text):
            found |= {message if isinstance(message, str) else str(message[0])}
        found |= set(re.findall(r'w\.count\("([^"]+)", "([^"]+)"', text))
    for source in (*CONSOLE.rglob("*.py"), *PLAN.rglob("*.py")):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call):
                found |= _of_call(node)
    return found


def _of_call(node: ast.Call) -> set[str | tuple[str, str]]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    texts = [
        each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
    if name in ("say", "mark", "_", "sentence") and texts:
        return {texts[0]}
    return {(texts[0], texts[1])} if name in ("count", "counted", "_stretch") and len(texts) > 1 else set()


def test_every_sentence_has_its_russian_with_the_same_figures() -> None:
    catalog = read_po(io.BytesIO((WEB / "locale" / "ru.po").read_bytes()), locale="ru")
    known = {each.id: each.string for each in catalog if each.id}
    messages = said()
    assert len(messages) > 300
    assert sorted(map(str, messages - set(known))) == []
    assert sorted(map(str, set(known) - messages - {"d", "h", "min", "s"})) == [], "said nowhere any more"
    for message, translated in known.items():
        forms = [translated] if isinstance(translated, str) else list(translated)
        wanted = set(_FIGURE.findall(message if isinstance(message, str) else message[1]))
        assert all(forms), message
        assert all(set(_FIGURE.findall(form)) == wanted for form in forms), message


def test_a_refusal_is_told_in_the_readers_language() -> None:
    russian = Words("ru", "Europe/Moscow")
    told = refusals.tell("WrongState", (7, 2), russian.instant, russian.say)
    assert told == "договор 7 принят, и тогда этого сделать нельзя"
    late = refusals.tell("TooEarly", (1_800_000_000, 1_800_000_060), russian.instant, russian.say)
    assert "15\u00a0янв. 2027, 11:00" in str(late)


def test_plurals_are_those_of_the_language() -> None:
    russian = Words("ru")
    shown = [russian.count("%(n)s meter", "%(n)s meters", n).split()[-1] for n in (1, 2, 5, 11, 21, 102)]
    one, few, many = "счётчик", "счётчика", "счётчиков"
    assert shown == [one, few, many, many, one, few]


def test_money_and_times_are_the_readers() -> None:
    english = Words("en", "Europe/Moscow", Currency("RUB", 2))
    russian = Words("ru", "Europe/Moscow", Currency("RUB", 2))
    assert english.money(-123456789) == "−1,234,567.89\u00a0RUB"
    assert russian.money(-123456789) == "−1\u00a0234\u00a0567,89\u00a0RUB"
    assert english.instant(1_800_000_000) == "15\u00a0Jan 2027, 11:00"
    assert russian.weekday(1_800_000_000).startswith("пт 15")
    assert english.money(2**200).startswith("16,069")
    assert english.instant(1 << 45) == str(1 << 45)
    assert russian.span(93_600) == "1\u00a0сут 2\u00a0ч"


def test_the_copy_of_uplot_is_its_packages(node_modules: Path) -> None:
    import hashlib
    import json

    package = node_modules / "uplot"
    assert json.loads((package / "package.json").read_text())["version"] == static_files.UPLOT_VERSION
    for name, digest in static_files.UPLOT_SHA256.items():
        own = (WEB / "static" / name).read_bytes()
        assert own == (package / "dist" / name).read_bytes()
        assert hashlib.sha256(own).hexdigest() == digest
    assert (WEB / "static" / "uPlot.LICENSE").read_bytes() == (package / "LICENSE").read_bytes()
