# SPDX-License-Identifier: Apache-2.0
"""The meters of all agreements: how far each is behind, how long silent, and what does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_console.web import facts
from electro_console.web.answers import NAMES, Page
from electro_console.web.questions import QUESTIONS

from . import asked

if TYPE_CHECKING:
    from aiohttp import web

_SIZE = 50
_BEHIND_S = 7_200  # a meter that reports each hour is never further behind while all goes well
_SILENT_S = 86_400
_WHICH = ("behind", "silent", "disagreeing")


async def show(request: web.Request) -> Page:
    """List meters, those of running agreements first."""
    questions, names = request.app[QUESTIONS], request.app[NAMES]
    status = await questions.status()
    which = asked.choice(request, "which", _WHICH)
    found = await questions.ask_once(
        questions.index.meters,
        status.block_time,
        behind_s=_BEHIND_S if which == "behind" else None,
        silent_s=_SILENT_S if which == "silent" else None,
        disagreeing=which == "disagreeing",
        device=asked.account(request, "meter"),
        page=asked.number(request, "page", 0, 1 << 30),
        size=_SIZE,
    )
    return Page(
        "fleet.html",
        {
            "now": status.block_time,
            "block": status.block,
            "meters": [facts.meter(each, names) for each in found.items],
            "total": found.total,
            "page": found.number,
            "pages": found.pages,
            "which": list(_WHICH),
        },
    )


ADDRESSES = {"/meters": show}
