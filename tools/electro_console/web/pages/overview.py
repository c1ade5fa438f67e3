# SPDX-License-Identifier: Apache-2.0
"""What needs somebody now: meters behind or silent, contradictions, offers, deadlines, sections, relayers."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Any

from electro_console.web import facts
from electro_console.web.answers import NAMES, Page, words_of
from electro_console.web.errors import NodeTrouble
from electro_console.web.newer import newer, told
from electro_console.web.node import BESIDE_S
from electro_console.web.questions import QUESTIONS
from electro_console.web.relayers import ask_relayers
from electro_console.web.sections import overloaded_ahead
from electro_plan.sentence import sentence

if TYPE_CHECKING:
    from aiohttp import web

    from electro_console.index.records import Overview
    from electro_console.web.names import Names
    from electro_console.web.node import Node
    from electro_console.web.questions import Questions
    from electro_console.web.words import Words
    from electro_contracts.events import Event

_DAY_S = 86_400
_MOST_NEW = 10


async def show(request: web.Request) -> Page:
    """Say what needs somebody now."""
    questions, names = request.app[QUESTIONS], request.app[NAMES]
    status = await questions.status()
    now, w = status.block_time, words_of(request)
    found, overloaded, relayers, (newest, said) = await asyncio.gather(
        questions.ask_once(questions.index.overview, now),
        overloaded_ahead(questions, now, now + _DAY_S, names.zone),
        ask_relayers(questions.relayers),
        _newest(questions.node, status.block, w),
    )
    return Page(
        "overview.html",
        {
            "now": now,
            "block": status.block,
            "newest": newest,
            "not_final": {"count": len(said), "events": await _not_final(questions, said, names, w)},
            "trouble": None if questions.following is None or questions.following.trouble is None
            else w.told(questions.following.trouble.sentence),
            "status": {**dataclasses.asdict(status), "contract": facts.account(status.contract, names),
                       "currency": facts.account(status.currency, names)},
            **_facts(found, names),
            "overloaded": overloaded,
            "sections": len(questions.sections),
            "relayers": relayers,
        },
    )  # fmt: skip


async def _newest(node: Node, block: int, w: Words) -> tuple[dict[str, Any], list[tuple[int, Event]]]:
    """Return the newest block, or why there is none, and what is not final yet.

    The page stands on the index, and says what it can't know.
    """
    try:
        async with asyncio.timeout(BESIDE_S):
            newest, time = await node.newest()
            said = await newer(node, block)
    except TimeoutError:
        late = sentence("the node has not answered in {0} s", BESIDE_S)
        return {"block": None, "time": None, "trouble": w.told(late)}, []
    except NodeTrouble as error:
        return {"block": None, "time": None, "trouble": w.told(error.sentence)}, []
    return {"block": newest, "time": time, "trouble": None}, said


async def _not_final(
    questions: Questions, said: list[tuple[int, Event]], names: Names, w: Words
) -> list[dict[str, Any]]:
    """Return the newest of what is not final, in words."""
    terms = await questions.ask(questions.index.terms, {each.agreement_id for _, each in said})  # type: ignore[attr-defined]
    return [
        {
            "agreement": (number := each.agreement_id),  # type: ignore[attr-defined]
            "name": names.agreement(number),
            "block": block,
            "words": told(each, terms.get(number), w),
        }
        for block, each in reversed(said[-_MOST_NEW:])
    ]


def _facts(of: Overview, names: Names) -> dict[str, Any]:
    return {
        "agreements": of.agreements,
        "meters": of.meters,
        "behind": {"count": of.behind, "meters": [facts.meter(each, names) for each in of.behind_meters]},
        "silent": {"count": of.silent, "meters": [facts.meter(each, names) for each in of.silent_meters]},
        "outages": [facts.outage(each, names) for each in of.open_outages],
        "disagreeing": {"count": of.disagreeing,
                        "meters": [facts.meter(each, names) for each in of.disagreeing_meters]},
        "offers": {"count": of.offers, "agreements": [facts.row(each, names) for each in of.offers_waiting]},
        "rotations": [
            {"agreement": each.agreement, "old": facts.account(each.old, names), "new": facts.account(each.new, names),
             "proposed_at": each.proposed_at}
            for each in of.rotations_waiting
        ],
        "unacknowledged": {"count": of.unacknowledged,
                           "redemptions": [facts.redemption(each, names) for each in of.unacknowledged_redemptions]},
        "deadlines": [facts.deadline(each, names) for each in of.deadlines],
    }  # fmt: skip


ADDRESSES = {"/": show}
