# SPDX-License-Identifier: Apache-2.0
"""The list of agreements: by phase, consumer or meter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_console.index.records import Phase
from electro_console.web import facts
from electro_console.web.answers import NAMES, Page
from electro_console.web.questions import QUESTIONS

from . import asked

if TYPE_CHECKING:
    from aiohttp import web

_SIZE = 50
_ORDERS = ("newest", "oldest")


async def show(request: web.Request) -> Page:
    """List agreements."""
    questions, names = request.app[QUESTIONS], request.app[NAMES]
    status = await questions.status()
    phase = asked.choice(request, "phase", tuple(Phase))
    found = await questions.ask_once(
        questions.index.agreements,
        status.block_time,
        phase=None if phase is None else Phase(phase),
        consumer=asked.account(request, "consumer"),
        device=asked.account(request, "meter"),
        page=asked.number(request, "page", 0, 1 << 30),
        size=_SIZE,
        newest_first=asked.choice(request, "order", _ORDERS) != "oldest",
    )
    return Page(
        "agreements.html",
        {
            "now": status.block_time,
            "block": status.block,
            "agreements": [facts.row(each, names) for each in found.items],
            "total": found.total,
            "page": found.number,
            "pages": found.pages,
            "phases": list(Phase),
            "orders": list(_ORDERS),
        },
    )


ADDRESSES = {"/agreements": show}
