# SPDX-License-Identifier: Apache-2.0
"""Sections of the network: what all agreements together allow, hour by hour, against what each can take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_console.web import sections
from electro_console.web.answers import NAMES, Page, words_of
from electro_console.web.errors import BadRequest
from electro_console.web.questions import QUESTIONS
from electro_plan.errors import PlanError

from . import asked

if TYPE_CHECKING:
    from aiohttp import web

_HOUR_S, _DAY_S = 3600, 86_400
_MOST_DAYS = 31


async def show(request: web.Request) -> Page:
    """Show the days ahead, or those from an instant on."""
    questions, names = request.app[QUESTIONS], request.app[NAMES]
    status = await questions.status()
    now = status.block_time
    days = max(1, asked.number(request, "days", 7, _MOST_DAYS))
    since = asked.instant(request, "since")
    first = (now if since is None else since) // _HOUR_S * _HOUR_S
    found = []
    if questions.sections:
        try:
            zone = words_of(request).zone
            planned = await sections.planned(questions, first, first + days * _DAY_S, now)
            found = [sections.facts(each, zone) for each in planned]
        except PlanError as error:
            raise BadRequest(error.sentence) from error
    facts = {"now": now, "block": status.block, "since": first, "days": days, "sections": found}
    return Page("sections.html", {**facts, "known": bool(questions.sections), "zone": names.zone})


ADDRESSES = {"/sections": show}
