# SPDX-License-Identifier: Apache-2.0
"""Plan an agreement: drop a load history, see what was understood, move the margin, save the terms, propose them."""

from __future__ import annotations

import json
import time
from datetime import date
from typing import TYPE_CHECKING, Any

from electro_console.index.addresses import checksum
from electro_console.terms_toml import to_toml
from electro_console.web import drafting, facts
from electro_console.web.acting.act import Prepared, account, amount
from electro_console.web.answers import NAMES, Page, words_of
from electro_console.web.errors import BadRequest
from electro_console.web.questions import QUESTIONS
from electro_contracts.terms import TermsError
from electro_plan.errors import PlanError, Undecided
from electro_plan.sentence import foreign, sentence
from electro_protocol import address

from . import asked
from .acts import json_of, rehearsed, sender_of

if TYPE_CHECKING:
    from aiohttp import web

    from electro_contracts.terms import Terms

_DAY_S, _WEEK_S = 86_400, 604_800
_FIRST_MONDAY_S = 4 * _DAY_S  # of unix time
_MOST_SETTLED = 20
_LATEST_START_S = 4_102_444_800 - 1  # 2099: calendars of holidays and zones go no further


async def show(request: web.Request) -> Page:
    """Show where a history is dropped."""
    questions = request.app[QUESTIONS]
    status = await questions.status()
    ahead = (max(status.block_time, int(time.time())) - _FIRST_MONDAY_S) // _WEEK_S + 2
    return Page(
        "plan.html",
        {
            "now": status.block_time,
            "block": status.block,
            "chain_id": status.chain_id,
            "start": _FIRST_MONDAY_S + ahead * _WEEK_S,
            "contract": facts.account(status.contract, request.app[NAMES]),
        },
        scripts=("plan.js", "act.js"),
    )


async def draft(request: web.Request) -> Page:
    """Read a history and make bands of it, at each margin."""
    w = words_of(request)
    query = request.query
    start = asked.instant(request, "start")
    if start is None:
        raise BadRequest(sentence("start: when is the term to begin?"))
    if start > _LATEST_START_S:
        raise BadRequest(sentence("start: choose a day before the year 2100"))
    wish = drafting.Wish(
        start_s=start,
        days=max(1, asked.number(request, "days", 28, 366)),
        violation=amount(query, "violation", w, 0),
        under=amount(query, "under", w, 0),
        over=amount(query, "over", w, 0),
        bonus=amount(query, "bonus", w, 0),
        zone=w.zone,
        days_off=_days_off(query.get("days_off", "")),
        holidays=query.get("holidays", "").strip()[:10],
        settled=_settled(query.get("settled", "[]")),
    )
    data = await request.read()
    if not data:
        raise BadRequest(sentence("the file is empty"))
    try:
        questions = request.app[QUESTIONS]
        async with questions.planning:
            if request.transport is None or request.transport.is_closing():
                raise BadRequest(sentence("nobody waits for this plan any more"))
            made = await questions.ask(drafting.drafted, data, query.get("name", "load")[:200], wish)
    except Undecided as question:
        choices = [{"value": each.value, "meaning": w.told(each.meaning)} for each in question.choices]
        return Page(
            "acts.html",
            {"question": w.told(question.sentence), "setting": question.setting, "choices": choices},
        )
    except PlanError as error:
        raise BadRequest(error.sentence) from error
    made["understood"] = " ".join(w.told(each) for each in made["understood"])
    made["untested"] = made["untested"] and w.told(made["untested"])
    made["basis"] = w.say(
        "Intervals of %(length)s, a unit of %(unit)s Wh; the connection takes %(capacity)s an interval.",
        length=w.span(made["interval_seconds"]),
        unit=w.number(made["unit_wh"]),
        capacity=w.kwh(made["capacity_units"] * made["unit_wh"]),
    )
    return Page("acts.html", made)


def _days_off(untrusted: str) -> frozenset[date]:
    try:
        return frozenset(date.fromisoformat(each) for each in untrusted[:5000].replace(",", " ").split())
    except ValueError as error:
        raise BadRequest(sentence("days_off: write days as 2027-05-03, spaces between")) from error


def _settled(untrusted: str) -> tuple[tuple[str, str], ...]:
    try:
        found = json.loads(untrusted[:10_000])
        if len(found) > _MOST_SETTLED:
            raise BadRequest(sentence("settled: too many answers"))
        return tuple((str(setting)[:100], str(value)[:200]) for setting, value in found)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRequest(sentence("settled: answers are pairs of a setting and a value")) from error


async def terms(request: web.Request) -> Page:
    """Return terms as a file, and in figures."""
    made = _terms(await json_of(request))
    try:
        return Page("acts.html", {"toml": to_toml(made), "terms": facts.terms(made)})
    except PlanError as error:
        raise BadRequest(error.sentence) from error


async def propose(request: web.Request) -> Page:
    """Rehearse a proposal, and say what the wallet is to send."""
    given = await json_of(request)
    sender, consumer, w = sender_of(given), account(given, "consumer"), words_of(request)
    made = _terms(given.get("terms"))
    bonus = amount(given, "bonus", w, 0)
    meters = str(given.get("meters", "")).replace(",", " ").split()
    try:
        devices = [address.parse(each) for each in meters]
    except ValueError as error:
        raise BadRequest(sentence("meters: each is 0x and 40 hex digits, spaces between")) from error
    if not devices:
        raise BadRequest(sentence("meters: name one at least"))
    lines = (
        (w.say("Consumer"), checksum(consumer)),
        (w.say("Meters"), ", ".join(checksum(each) for each in devices)),
        (w.say("Bonus"), w.money(bonus)),
        (w.say("Begins"), w.instant(made.start)),
        (w.say("Ends"), w.instant(made.end)),
        (w.say("Outside its band an interval costs"), w.money(made.violation_penalty)),
        (w.say("Silence costs, an interval"), w.money(made.missing_penalty)),
        (w.say("Hash of the terms"), "0x" + made.hash.hex()),
    )
    means = w.say(
        "This proposes an agreement; it binds nobody until the consumer accepts, and lapses at its start."
    )
    call = ("propose", (consumer, made.to_tuple(), devices, bonus))
    questions = request.app[QUESTIONS]
    return Page(
        "acts.html", await rehearsed(sender, Prepared(means, lines, call), w.say("Propose"), questions, w)
    )


def _terms(untrusted: Any) -> Terms:
    try:
        return drafting.terms_of(untrusted)
    except TermsError as error:
        raise BadRequest(sentence("terms that no contract takes{0}", foreign(error))) from error
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadRequest(
            sentence("terms: numbers by the names of their fields, and bands in pairs")
        ) from error


ADDRESSES = {"/plan": show}
POSTS = {"/plan": draft, "/plan/terms": terms, "/plan/propose": propose}
