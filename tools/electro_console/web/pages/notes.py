# SPDX-License-Identifier: Apache-2.0
"""Notes beside an agreement: why a penalty was waived, kept with the transaction that waived it.

Only who has waived can say why: author and amount are those of a transaction that the chain has, not of a browser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from electro_console.index.addresses import checksum
from electro_console.web.answers import Page
from electro_console.web.errors import BadRequest, NodeTrouble
from electro_console.web.questions import QUESTIONS
from electro_contracts import events
from electro_plan.sentence import sentence
from electro_protocol import address

from . import asked
from .acts import json_of

if TYPE_CHECKING:
    from aiohttp import web

    from electro_console.web.node import Node

_MOST_WORDS = 1000


async def add(request: web.Request) -> Page:
    """Keep the reason of a waiver."""
    questions = request.app[QUESTIONS]
    number, given = asked.identity(request), await json_of(request)
    words, place, first, last = _given(given)
    author, amount = await _waived(questions.node, str(given.get("transaction", "")), number)
    _, now = await questions.node.newest()
    note = await questions.ask(
        questions.index.add_note, number, "waiver", checksum(author), words, now,
        place=place, first=first, last=last, amount=amount,
    )  # fmt: skip
    return Page("acts.html", {"note": note.id, "author": note.author, "amount": amount})


def _given(given: dict[str, Any]) -> tuple[str, int | None, int | None, int | None]:
    words = given.get("words")
    if not isinstance(words, str) or not 0 < len(words.strip()) <= _MOST_WORDS:
        raise BadRequest(sentence("words: a reason has 1 to {0} characters", _MOST_WORDS))
    numbers = [given.get(name) for name in ("place", "first", "last")]
    if any(each is not None and (not isinstance(each, int) or not 0 <= each < 1 << 16) for each in numbers):
        raise BadRequest(sentence("place, first and last are small whole numbers"))
    return words.strip(), *numbers  # type: ignore[return-value]


async def _waived(node: Node, transaction: str, number: int) -> tuple[bytes, int]:
    """Return who has waived by a transaction, and how much."""
    if not (transaction.startswith("0x") and len(transaction) == 66):
        raise BadRequest(sentence("transaction: a hash is 0x and 64 hex digits"))
    receipt = await node.ask("eth_getTransactionReceipt", transaction)
    if not isinstance(receipt, dict):
        raise BadRequest(
            sentence("the chain has no such transaction yet"), sentence("wait until it is mined")
        )
    try:
        amounts = [
            event.amount
            for log in receipt["logs"]
            if address.parse(log["address"]) == node.contract
            and isinstance(event := events.decode([bytes.fromhex(each[2:]) for each in log["topics"]],
                                                  bytes.fromhex(log["data"][2:])), events.Waived)
            and event.agreement_id == number
        ]  # fmt: skip
        author = address.parse(receipt["from"])
    except (KeyError, TypeError, ValueError) as error:
        raise NodeTrouble(sentence("the node's receipt can't be read")) from error
    if not amounts:
        raise BadRequest(sentence("that transaction waives nothing of agreement {0}", number))
    return author, sum(amounts)


POSTS = {r"/agreements/{id:[1-9]\d{0,17}}/notes": add}
