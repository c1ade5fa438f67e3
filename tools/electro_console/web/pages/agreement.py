# SPDX-License-Identifier: Apache-2.0
"""One agreement: where it stands, how the bonus burns down, its readings against the band, and its ledger."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from electro_console.web import facts
from electro_console.web.answers import NAMES, Page
from electro_console.web.errors import NoSuchPage
from electro_console.web.projection import project
from electro_console.web.questions import QUESTIONS
from electro_plan.sentence import sentence

from . import asked

if TYPE_CHECKING:
    from aiohttp import web

    from electro_console.index.records import Agreement, Readings

_LEDGER_SIZE = 100
_READINGS_SIZE = 672  # a week of quarter hours
_SAMPLES = 200  # of the burn-down: more than its chart has room for
_ON_PAGE = 12  # movements that the agreement's own page shows, the newest
_PATH = r"/agreements/{id:[1-9]\d{0,17}}"


async def show(request: web.Request) -> Page:
    """Show an agreement."""
    questions, names = request.app[QUESTIONS], request.app[NAMES]
    status = await questions.status()
    index, number, now = questions.index, asked.identity(request), status.block_time
    found = await questions.ask_once(index.agreement, number, now)
    burn, ledger, notes = await asyncio.gather(
        questions.ask_once(index.burn_down, number, now, _SAMPLES),
        questions.ask_once(index.movements, number, now, page=None, size=_ON_PAGE),
        questions.ask(index.notes, number),
    )
    return Page(
        "agreement.html",
        {
            "now": now,
            "block": status.block,
            "chain_id": status.chain_id,
            "contract": facts.account(status.contract, names),
            "escrow": facts.account(status.currency, names),
            "agreement": facts.agreement(found, names),
            "terms": facts.terms(found.terms, index.keys.opened(found.terms)),
            "projection": project(found, burn, now),
            "burn_down": {
                "at": burn.at,
                "remaining": list(burn.remaining),
                "by_cause": {cause: list(taken) for cause, taken in burn.by_cause.items()},
            },
            "ledger": [facts.movement(each, names) for each in ledger.items],
            "movements": ledger.total,
            "notes": [_note(each) for each in notes],
        },
        scripts=("newest.js", "burndown.js", "readings.js", "heat.js", "act.js"),
    )


async def ledger(request: web.Request) -> Page:
    """Show everything that moved an agreement's money."""
    questions, names = request.app[QUESTIONS], request.app[NAMES]
    status = await questions.status()
    index, number, now = questions.index, asked.identity(request), status.block_time
    found = await questions.ask_once(index.agreement, number, now)
    page = await questions.ask_once(
        index.movements,
        number,
        now,
        since=asked.instant(request, "since"),
        until=asked.instant(request, "until"),
        page=asked.number(request, "page", 0, 1 << 30),
        size=_LEDGER_SIZE,
    )
    return Page(
        "ledger.html",
        {
            "now": now,
            "block": status.block,
            "agreement": facts.agreement(found, names),
            "terms": facts.terms(found.terms, index.keys.opened(found.terms)),
            "ledger": [facts.movement(each, names) for each in page.items],
            "movements": page.total,
            "page": page.number,
            "pages": page.pages,
        },
    )


async def readings(request: web.Request) -> Page:
    """Show a stretch of a place's readings as a table, by pages; whole as JSON."""
    questions, names = request.app[QUESTIONS], request.app[NAMES]
    status = await questions.status()
    found = await questions.ask(questions.index.agreement, asked.identity(request), status.block_time)
    stretch, place = await readings_asked(request, found, status.block_time)
    pages = max(1, -(-len(stretch.units) // _READINGS_SIZE))
    return Page(
        "readings.html",
        {
            "page": min(asked.number(request, "page", 0, 1 << 30), pages - 1),
            "pages": pages,
            "size": _READINGS_SIZE,
            "now": status.block_time,
            "agreement": facts.agreement(found, names),
            "closed": questions.index.keys.opened(found.terms) is None,
            "place": place,
            "places": 1 + max((each.place for each in found.meters), default=-1),
            **readings_facts(stretch, names),
            "outages": [
                facts.outage(each, names)
                for each in await questions.ask(questions.index.outages, found.id)
                if each.place == place
            ],
        },
    )


async def readings_asked(request: web.Request, found: Agreement, now: int) -> tuple[Readings, int]:
    """Return the stretch that an address asks for: by instants, else all."""
    questions = request.app[QUESTIONS]
    places = 1 + max((each.place for each in found.meters), default=-1)
    place = asked.number(request, "place", 0, 63)
    if place >= places:
        raise NoSuchPage(
            sentence("agreement {0} has no place {1}", str(found.id), str(place))
            if places
            else sentence("agreement {0} was not accepted: nothing was measured for it", str(found.id))
        )
    first, last = stretch_asked(request, found)
    made = await questions.ask(
        questions.index.readings, found.id, place, now, first=first, count=last - first
    )
    return made, place


def stretch_asked(request: web.Request, found: Agreement) -> tuple[int, int]:
    """Return the first interval that an address asks for, and the first behind: since and until, else all."""
    start, length = found.terms.start, found.terms.interval_seconds
    since, until = asked.instant(request, "since"), asked.instant(request, "until")
    first = 0 if since is None else max(0, (since - start) // length)
    last = found.kept if until is None else min(found.kept, -(-(until - start) // length))
    return min(first, found.kept), max(min(first, found.kept), last)


def readings_facts(stretch: Readings, names: Any) -> dict[str, Any]:
    """Return the arrays as they are; of the kinds, their words beside."""
    return {
        "first": stretch.first,
        "start": stretch.start_s,
        "interval_seconds": stretch.interval_s,
        "unit_wh": stretch.unit_wh,
        "units": stretch.units,
        "kind": stretch.kind,
        "least": stretch.least,
        "greatest": stretch.greatest,
        "deviation": stretch.deviation,
        "penalty": stretch.penalty
        if stretch.penalty.dtype != object
        else [int(each) for each in stretch.penalty],
        "meter": stretch.meter,
        "meters": [facts.account(each, names) for each in stretch.meters],
    }


def _note(of: Any) -> dict[str, Any]:
    return {
        key: getattr(of, key)
        for key in ("place", "first", "last", "kind", "amount", "author", "words", "written_at")
    }


ADDRESSES = {_PATH: show, f"{_PATH}/ledger": ledger, f"{_PATH}/readings": readings}
