# SPDX-License-Identifier: Apache-2.0
"""A page is a set of facts: shown through a template to people, and as it is, as JSON, to machines.

The address with .json, or an Accept header that likes JSON better than HTML, gets the facts. A template sees nothing
but them and a reader's `Words`, so that both say the same.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from electro_plan import zones
from electro_plan.errors import PlanError

from . import static_files, telling
from .languages import DEFAULT, LANGUAGES, negotiated
from .names import Names
from .words import Words, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .errors import ConsoleError

_JSON_SAFE = 1 << 53  # from here on JavaScript would round a number
THEMES = ("light", "dark")
_HEADERS = {
    401: {"WWW-Authenticate": 'Basic realm="Electro", charset="UTF-8"'},
    429: {"Retry-After": "3"},  # seconds: what a burst takes from others is given back meanwhile
}
_YEAR_S = 31_536_000


@dataclass(frozen=True)
class Page:
    """What a handler answers.

    Args:
        template: for people.
        facts: for both.
        scripts: that people's page runs beside the common one.
        status: of HTTP.
    """

    template: str
    facts: Mapping[str, Any]
    scripts: tuple[str, ...] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


NAMES: web.AppKey[Names] = web.AppKey("names", Names)


def answer(request: web.Request, page: Page) -> web.Response:
    """Return a page as its reader wants it."""
    headers = {"Vary": "Accept, Accept-Language, Cookie", "Cache-Control": "no-cache", **page.headers}
    if wants_json(request):
        made = web.Response(
            body=packed(page.facts), content_type="application/json", status=page.status, headers=headers
        )
    else:
        text = rendered(request, page)
        made = web.Response(text=text, content_type="text/html", status=page.status, headers=headers)
        _keep_choices(request, made)
    made.enable_compression()
    return made


def as_json(page: Page) -> web.Response:
    """Return a page's facts as JSON."""
    headers = {"Cache-Control": "no-store", **page.headers}
    return web.Response(
        body=packed(page.facts), content_type="application/json", status=page.status, headers=headers
    )


def wants_json(request: web.Request) -> bool:
    """Tell whether a request likes JSON better than a page."""
    if request.path.endswith(".json") or request.method == "POST":
        return True
    accept = request.headers.get("Accept", "")
    return "application/json" in accept and "text/html" not in accept


def trouble(request: web.Request, error: ConsoleError) -> web.Response:
    """Return a failure as a page, or as JSON; in the reader's language, unless its sentence has figures in it."""
    w = words_of(request)
    facts = {
        "error": type(error).__name__,
        "sentence": w.told(error.sentence),
        "hint": error.hint and w.told(error.hint),
        "status": error.status,
    }
    return answer(
        request, Page("trouble.html", facts, status=error.status, headers=_HEADERS.get(error.status, {}))
    )


def rendered(request: web.Request, page: Page) -> str:
    """Return the HTML of a page."""
    words = words_of(request)
    names = request.app[NAMES]
    template = _environment(words.language).get_template(page.template)
    scripts = ("page.js", *page.scripts)
    return template.render(
        page.facts,
        w=words,
        tell=functools.partial(_sentence, words),
        names=names,
        language=words.language,
        languages=LANGUAGES,
        theme=_choice(request, "theme", THEMES),
        themes=THEMES,
        path=request.path,
        query=request.query,
        scripts=[static_files.load()[each].path for each in scripts],
        twin=_twin(request),
        with_query=functools.partial(_with_query, request),
        uses_uplot=any(each in ("readings.js", "burndown.js", "plan.js") for each in scripts),
    )


def _twin(request: web.Request) -> str:
    """Return this page's address as JSON."""
    path = "/overview.json" if request.path == "/" else f"{request.path}.json"
    return str(request.rel_url.with_path(path).with_query(request.query))


def _sentence(words: Words, movement: dict[str, Any], terms: Mapping[str, Any]) -> str:
    return telling.sentence(movement, terms, words)


def words_of(request: web.Request) -> Words:
    """Return how this reader is told things: as the address says, else as chosen before, else as the browser asks."""
    language = _choice(request, "lang", tuple(LANGUAGES)) or negotiated(
        request.headers.get("Accept-Language", DEFAULT)
    )
    names = request.app[NAMES]
    return Words(language, _zone(request.query.get("zone")) or names.zone, names.currency)


def _zone(untrusted: str | None) -> str | None:
    if not untrusted or len(untrusted) > 40:
        return None
    try:
        return zones.name(untrusted)
    except PlanError:
        return None


def _choice(request: web.Request, name: str, possible: tuple[str, ...]) -> str | None:
    chosen = request.query.get(name) or request.cookies.get(name)
    return chosen if chosen in possible else None


def _keep_choices(request: web.Request, made: web.Response) -> None:
    for name, possible in (("lang", tuple(LANGUAGES)), ("theme", THEMES)):
        if request.query.get(name) in possible:
            made.set_cookie(
                name, request.query[name], max_age=_YEAR_S, samesite="Strict", httponly=True, path="/"
            )
    if request.query.get("theme") == "auto":
        made.del_cookie("theme", path="/")


def _with_query(request: web.Request, **changes: object) -> str:
    """Return this page's address with some of its state changed; None takes a part out."""
    query = {**request.query, **{key: str(value) for key, value in changes.items() if value is not None}}
    kept = {key: value for key, value in query.items() if changes.get(key, 1) is not None}
    return str(request.rel_url.with_query(kept))


def prepare() -> None:
    """Compile the templates of each language, which the first reader would wait for."""
    for language in LANGUAGES:
        environment = _environment(language)
        for name in environment.list_templates():
            environment.get_template(name)
        Words(language).instant(0)


@functools.cache
def _environment(language: str) -> Environment:
    from .languages import translations

    made = Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    made.filters["plain"] = plain
    made.filters["short"] = short
    made.globals["static"] = lambda name: static_files.load()[name].path
    made.filters["json"] = lambda value: packed(value).decode()  # escaped like any other text
    return made


def short(address: str) -> str:
    """Return an address as people tell two apart."""
    return f"{address[:6]}…{address[-4:]}"


def packed(value: Any) -> bytes:
    """Return JSON; arrays of numpy are lists in it."""
    return orjson.dumps(safe(value), option=orjson.OPT_SERIALIZE_NUMPY)


def safe(value: Any) -> Any:
    """Return what JSON can carry without loss everywhere: whole numbers from 2^53 up become their digits."""
    if isinstance(value, dict):
        return {str(key): safe(each) for key, each in value.items()}  # a phase is no plain string
    if isinstance(value, list | tuple):
        return [safe(each) for each in value]
    return str(value) if isinstance(value, int) and not -_JSON_SAFE < value < _JSON_SAFE else value
