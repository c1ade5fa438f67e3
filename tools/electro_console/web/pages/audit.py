# SPDX-License-Identifier: Apache-2.0
"""The contract against the independent model, both at the end of the same block, asked now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from electro_console.agreement.comparison import OnRecord, compare
from electro_console.index.records import State
from electro_console.web import facts
from electro_console.web.answers import NAMES, Page
from electro_console.web.errors import NodeTrouble
from electro_console.web.node import Reverted
from electro_console.web.questions import QUESTIONS
from electro_plan.sentence import sentence
from electro_protocol import address

from . import asked

if TYPE_CHECKING:
    from aiohttp import web

    from electro_console.web.node import Node

_MONEY = ("bonus", "grants", "accrued", "waived", "forfeited", "neutral share", "remaining", "discount", "redeemed",
          "for readings", "for outages")  # fmt: skip


async def show(request: web.Request) -> Page:
    """Compare every figure that both sides have."""
    questions, names = request.app[QUESTIONS], request.app[NAMES]
    status = await questions.status()
    number = asked.identity(request)
    found = await questions.ask(questions.index.agreement, number, status.block_time)
    try:
        record = await on_record(questions.node, number, status.block)
    except Reverted as error:
        raise NodeTrouble(
            sentence("the contract refuses to tell of this agreement: {0}", error.data.hex()[:80])
        ) from error
    paper = await questions.ask(questions.index.paper, number)
    compared = compare(paper, record, status.block_time)
    return Page(
        "audit.html",
        {
            "now": status.block_time,
            "block": status.block,
            "agreement": {"id": number, "name": names.agreement(number), "state": found.state.words},
            "figures": [
                {"what": each.what, "device": each.device and facts.account(address.parse(each.device), names),
                 "money": each.what in _MONEY, "contract": each.contract, "model": each.model,
                 "equal": each.equal}
                for each in compared
            ],
            "findings": paper.findings,
            "equal": not paper.findings and all(each.equal for each in compared),
            "binds": found.state.binds,
        },
    )  # fmt: skip


async def on_record(node: Node, number: int, block: int) -> OnRecord:
    """Ask the contract for all that it keeps of an agreement."""
    found: dict[str, Any] = await node.view("agreement", number, block=block)
    devices = found["devices"] if State(found["state"]).binds else ()
    points = await asyncio.gather(*(node.view("point", number, device, block=block) for device in devices))
    return OnRecord(found, dict(zip(devices, points, strict=True)))


ADDRESSES = {r"/agreements/{id:[1-9]\d{0,17}}/audit": show}
