# SPDX-License-Identifier: Apache-2.0
"""What needs somebody now: meters behind or silent, contradictions, offers, deadlines, sections, relayers."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Any

from electro_console.web import facts
from electro_console.web.answers import NAMES, Page
from electro_console.web.questions import QUESTIONS
from electro_console.web.relayers import ask_relayers
from electro_console.web.sections import overloaded_ahead

if TYPE_CHECKING:
    from aiohttp import web

    from electro_console.index.records import Overview
    from electro_console.web.names import Names

_DAY_S = 86_400


async def show(request: web.Request) -> Page:
    """Say what needs somebody now."""
    questions, names = request.app[QUESTIONS], request.app[NAMES]
    status = await questions.status()
    now = status.block_time
    found, overloaded, relayers, newest = await asyncio.gather(
        questions.ask_once(questions.index.overview, now),
        overloaded_ahead(questions, now, now + _DAY_S, names.zone),
        ask_relayers(questions.relayers),
        _newest(questions.node),
    )
    return Page(
        "overview.html",
        {
            "now": now,
            "block": status.block,
            "newest": newest,
            "trouble": None if questions.following is None or questions.following.trouble is None
            else questions.following.trouble.sentence,
            "status": {**dataclasses.asdict(status), "contract": facts.account(status.contract, names),
                       "currency": facts.account(status.currency, names)},
            **_facts(found, names),
            "overloaded": overloaded,
            "sections": len(questions.sections),
            "relayers": relayers,
        },
    )  # fmt: skip


async def _newest(node: Any) -> dict[str, Any]:
    """Return the newest block, or why there is none: the page stands on the index, and says what it can't know."""
    from electro_console.web.errors import NodeTrouble

    try:
        block, time = await node.newest()
    except NodeTrouble as error:
        return {"block": None, "time": None, "trouble": error.sentence}
    return {"block": block, "time": time, "trouble": None}


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
