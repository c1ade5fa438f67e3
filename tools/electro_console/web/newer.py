# SPDX-License-Identifier: Apache-2.0
"""What the contract has said behind the index's last block: not final yet, told in sentences and marked as such.

It is asked of the node when somebody looks, and kept nowhere: a reorganisation may take it back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from electro_console.index.newest import OF_AGREEMENTS
from electro_contracts import events
from electro_contracts.invoices import word_text
from electro_plan.sentence import sentence
from electro_protocol import address, sealing
from electro_protocol.readings import MAX_UNITS, NO_DATA

from .errors import NodeTrouble
from .words import mark

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from electro_contracts.terms import Terms

    from .node import Node
    from .words import Words

_MOST = 200  # events that a page tells
# blocks: an index that has more to follow is at its beginning, and nothing it lacks is news
_FARTHEST = 20_000


async def newer(node: Node, block: int, agreement: int | None = None) -> list[tuple[int, events.Event]]:
    """Return (block, event) of an agreement, or of all, behind a block, in the chain's order.

    Raises:
        NodeTrouble: the node does not answer as it should.
    """
    newest, _ = await node.newest()
    if not block < newest <= block + _FARTHEST:  # nothing, or more than nodes search at once
        return []
    topics: list[Any] = [OF_AGREEMENTS] if agreement is None else [OF_AGREEMENTS, f"0x{agreement:064x}"]
    wanted = {"fromBlock": hex(block + 1), "address": "0x" + node.contract.hex(), "topics": topics}
    untrusted = await node.ask("eth_getLogs", {**wanted, "toBlock": "latest"})
    try:
        found = [_event(log, node.contract) for log in untrusted]
    except (KeyError, TypeError, ValueError) as error:
        raise NodeTrouble(sentence("the node's logs can't be read")) from error
    return [each for each in found if each[0] > block][:_MOST]


def _event(log: Any, contract: bytes) -> tuple[int, events.Event]:
    event = events.decode([bytes.fromhex(each[2:]) for each in log["topics"]], bytes.fromhex(log["data"][2:]))
    if event is None or address.parse(log["address"]) != contract:
        raise ValueError("a log of somebody else's")
    return int(log["blockNumber"], 16), event


def readings_of(event: events.Event, places: Mapping[bytes, int]) -> dict[str, Any] | None:
    """Return what a report tells of a place: its first interval, and units; -1: no data. None: it is no such report."""
    if not isinstance(event, events.EnergyReported) or event.device not in places:
        return None
    lanes = np.frombuffer(event.readings, ">u2").astype(np.int32)
    units = np.where(lanes == NO_DATA, -1, lanes & MAX_UNITS)
    return {"place": places[event.device], "first": event.first_interval, "units": units}


def told(event: events.Event, terms: Terms | None, w: Words) -> str:
    """Return an event in a sentence; `terms` are its agreement's, None if the index has none yet."""
    teller = _TELLERS.get(type(event).__name__)
    return type(event).__name__ if teller is None else teller(event, terms, w)


def _report(of: Any, terms: Terms | None, w: Words) -> str:
    lanes = np.frombuffer(of.readings, ">u2").astype(np.int64)
    return w.count(
        "%(n)s interval reported, %(when)s: %(used)s",
        "%(n)s intervals reported, %(when)s: %(used)s",
        len(lanes),
        when=_when(of.first_interval, len(lanes), terms, w),
        used=""
        if terms is None
        else w.energy(int((lanes[lanes != NO_DATA] & MAX_UNITS).sum()) * terms.unit_wh),
    )


def _sealed(of: Any, terms: Terms | None, w: Words) -> str:
    count = (len(of.sealed) - sealing.AROUND) // 2
    return w.count(
        "%(n)s sealed interval reported, %(when)s",
        "%(n)s sealed intervals reported, %(when)s",
        count,
        when=_when(of.first_interval, count, terms, w),
    )


def _violations(of: Any, _terms: Terms | None, w: Words) -> str:
    return w.say(
        "Intervals above their band: %(over)s, below: %(under)s, without data: %(none)s; %(sum)s",
        over=w.number(of.over),
        under=w.number(of.under),
        none=w.number(of.no_data),
        sum=w.money(of.penalty),
    )


def _outage(of: Any, _terms: Terms | None, w: Words) -> str:
    if not of.ended_at:
        return w.say("Supply is out since %(time)s", time=w.instant(of.started_at))
    return w.say(
        "Supply was out, %(when)s: %(sum)s",
        when=w.stretch(of.started_at, of.ended_at),
        sum=w.money(of.penalty),
    )


def _renominated(of: Any, terms: Terms | None, w: Words) -> str:
    if terms is not None and terms.seal is not None:
        slots = len(terms.bands)
        return w.say(
            "Bands of pass %(which)s at place %(place)s replaced by both parties, %(when)s; they are sealed",
            which=w.number(of.first_interval // slots),
            place=of.place,
            when=_when(of.first_interval, min(slots, max(1, terms.intervals - of.first_interval)), terms, w),
        )
    count = len(of.bands) // 4
    return w.count(
        "%(n)s interval renominated at place %(place)s, %(when)s",
        "%(n)s intervals renominated at place %(place)s, %(when)s",
        count,
        place=of.place,
        when=_when(of.first_interval, count, terms, w),
    )


def _when(first: int, count: int, terms: Terms | None, w: Words) -> str:
    if terms is None:
        return f"№ {w.number(first)}–{w.number(first + count - 1)}"
    return w.stretch(terms.instant(first), terms.instant(first + count))


def _money(message: str) -> Callable[[Any, Terms | None, Words], str]:
    return lambda of, _terms, w: w.say(
        message, amount=w.money(of.amount), invoice=word_text(of.invoice) if hasattr(of, "invoice") else ""
    )


def _fixed(message: str) -> Callable[[Any, Terms | None, Words], str]:
    return lambda _of, _terms, w: w.say(message)


_TELLERS: dict[str, Callable[[Any, Terms | None, Words], str]] = {
    "AgreementProposed": _fixed(mark("Proposed")),
    "AgreementAccepted": _fixed(mark("Accepted by the consumer")),
    "AgreementRenewed": _fixed(mark("It renews an earlier agreement")),
    "RotationProposed": _fixed(mark("Another meter proposed")),
    "DeviceRotated": _fixed(mark("Another meter accepted")),
    "EnergyReported": _report,
    "SealedReported": _sealed,
    "Violations": _violations,
    "OutageReported": _outage,
    "Granted": _money(mark("%(amount)s added to the bonus")),
    "Waived": _money(mark("%(amount)s of penalties waived")),
    "Cancelled": _fixed(mark("Called off")),
    "Terminated": lambda of, _terms, w: w.say("Notice given: it ends %(time)s", time=w.instant(of.end)),
    "Settled": lambda of, _terms, w: w.say("Settled: a discount of %(amount)s", amount=w.money(of.discount)),
    "DiscountRedeemed": _money(mark("%(amount)s redeemed against invoice %(invoice)s")),
    "RedemptionAcknowledged": _money(mark("The operator acknowledged %(amount)s on invoice %(invoice)s")),
    "Credited": _money(mark("%(amount)s credited")),
    "FaultDeclared": lambda of, _terms, w: w.say("A fault declared at place %(place)s", place=of.place),
    "Renominated": _renominated,
    "SuccessorOffered": _fixed(mark("The consumer's place is offered, or the offer taken back")),
    "ConsumerChanged": _fixed(mark("Another consumer has taken its place")),
}
