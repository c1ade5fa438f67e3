# SPDX-License-Identifier: Apache-2.0
"""What was said of an agreement and is not final yet; its page asks for it again now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_console.index.addresses import checksum
from electro_console.web.answers import Page, words_of
from electro_console.web.newer import newer, readings_of, told
from electro_console.web.questions import QUESTIONS

from . import asked

if TYPE_CHECKING:
    from aiohttp import web


async def show(request: web.Request) -> Page:
    """Tell it in sentences, with the readings that it brings."""
    questions, w = request.app[QUESTIONS], words_of(request)
    status = await questions.status()
    number = asked.identity(request)
    found = await questions.ask_once(questions.index.agreement, number, status.block_time)
    places = {each.device: each.place for each in found.meters}
    said = await newer(questions.node, status.block, number)
    return Page(
        "newest.html",
        {
            "now": status.block_time,
            "block": status.block,
            "agreement": {"id": number},
            "events": [
                {
                    "block": block,
                    "event": type(event).__name__,
                    "meter": checksum(device) if (device := getattr(event, "device", None)) else None,
                    "words": told(event, found.terms, w),
                    "readings": readings_of(event, places),
                }
                for block, event in said
            ],
        },
    )


ADDRESSES = {r"/agreements/{id:[1-9]\d{0,17}}/newest": show}
