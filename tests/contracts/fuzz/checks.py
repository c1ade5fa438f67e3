# SPDX-License-Identifier: Apache-2.0
"""The twenty-five invariants as comparisons of contract and paper; each counts how often it was held.

What a step can cheaply tell is compared at each step, by the rules; the whole state of every agreement that may have
changed is compared here, every few steps and whenever one is settled.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import takewhile, zip_longest
from typing import TYPE_CHECKING

from electro_contracts.bill import of_point, touched
from electro_protocol.readings import units

from . import books
from .chain import Chain, devices_hash, terms_hash

if TYPE_CHECKING:
    from electro_contracts.model import Agreement, Bill

    from .books import Entry
    from .paper import Paper


class Disagreement(AssertionError):  # noqa: N818 - what a comparison finds
    """Contract and paper differ."""


def same(what: str, contract: object, paper: object) -> None:
    if contract != paper:
        raise Disagreement(f"{what}: the contract says {contract}, the paper {paper}")


class Checks:
    """`touched` are the agreements that a step may have changed since they were compared last."""

    def __init__(self, chain: Chain, paper: Paper) -> None:
        self.chain = chain
        self.paper = paper
        self.held: Counter[int] = Counter()
        self.touched: set[int] = set()
        self._bills: dict[tuple[int, bytes], tuple[tuple[object, ...], Bill]] = {}

    def hold(self, *numbers: int) -> None:
        for number in numbers:
            self.held[number] += 1

    def point(self, id_: int, device: bytes) -> list[int]:
        """The contract's Point in words; nothing if the contract knows no such point."""
        entry = self.paper.entries.get(id_)
        if entry is None or entry.money is None or device not in entry.money.points:
            return []
        return self.chain.asked("point", id_, device)

    def accrued(self, id_: int, device: bytes) -> list[int]:
        """What the contract has charged at a point, for readings and for outages."""
        return self.chain.asked("point", id_, device)[4:6]

    def remaining(self, id_: int) -> int:
        return self.chain.asked("agreement", id_)[9]

    def prospects(self, id_: int) -> tuple[int, int]:
        """The consumer's discount if nothing more is reported, and if all the rest is without a fault."""
        entry = self.paper.entries[id_]
        if entry.money is None or entry.money.settlement:
            return 0, 0
        money = entry.money
        bills = [self._bill(entry.id, money, device) for device in money.points]
        charged = sum(bill.accrued for bill in bills) + money.forfeited - money.waived
        silent = sum(bill.missing + bill.unexplained for bill in bills) * entry.terms.missing_penalty
        given = money.bonus + money.grants
        worst = given - charged - silent - money.neutral_share()
        return money.discount_of(max(0, worst)), money.discount_of(max(0, given - charged))

    def not_lowered(self, id_: int, before: tuple[int, int] | None) -> None:
        """No call of the operator's lowers what the consumer has in the end, whatever is reported still."""
        if before is None or not self.paper.entries[id_].runs:
            return
        after = self.prospects(id_)
        if after[0] < before[0] or after[1] < before[1]:
            raise Disagreement(f"the operator has lowered the discount from {before} to {after}")
        self.hold(20)

    def compare_touched(self) -> None:
        for id_ in self.touched:
            self.compare(self.paper.entries[id_])
        self.touched.clear()
        self._compare_offices()

    def compare(self, entry: Entry) -> None:
        view = self.chain.asked("agreement", entry.id)[1:]
        money = entry.money
        same("consumer", view[0], int.from_bytes(entry.consumer, "big"))
        same("state", view[1], entry.state)
        same("start", view[2], entry.terms.start)
        same("bonus", view[6], entry.bonus)
        if money is None:
            gone = entry.state == books.CANCELLED
            same("no money yet", (view[7], view[8]), (0, 0 if gone else entry.bonus))
            return
        bills = {device: self._bill(entry.id, money, device) for device in money.points}
        complete = all(
            point.next == point.end and not bills[device].unexplained
            for device, point in money.points.items()
        )
        closes = money.closing(complete)
        closed = self.paper.now >= closes
        accrued = money.forfeited + sum(
            self._compare_point(entry, device, bill, closed) for device, bill in bills.items()
        )
        neutral = money.neutral() if closed else 0
        share = money.neutral_share() if closed else 0
        accrued += share
        remaining = max(0, entry.bonus + money.grants - (accrued - money.waived))
        ends = [
            entry.terms.instant(money.intervals),
            money.reports_until,
            closes + entry.terms.dispute_window,
        ]
        same("ends", view[3:6], ends)
        same(f"accrued and remaining of {entry.id}", (view[7], view[8]), (accrued, remaining))
        redeemed = sum(money.redeemed.values())
        same(
            "grants, waived, forfeited, share, redeemed, locked, until, successor, neutral",
            view[11:20],
            [
                money.grants, money.waived, money.forfeited, share, redeemed,
                money.locked if self.paper.escrow and not money.settlement else 0, money.redeemable_until,
                int.from_bytes(entry.successor, "big"), neutral,
            ],
        )  # fmt: skip
        if neutral:
            same(
                "one share, floored once",
                share,
                entry.bonus * neutral // (entry.terms.intervals * len(money.places)),
            )
            self.hold(23)
        if not 0 <= view[8] <= view[6] + view[11]:
            raise Disagreement(f"remaining {view[8]} of {view[6]} + {view[11]}")
        if view[12] > view[7] or view[15] > view[9] > view[8]:
            raise Disagreement(f"waived {view[12]} of {view[7]}, redeemed {view[15]} of {view[9]}")
        discount = money.settlement.discount if money.settlement else 0
        same("discount", view[9], discount)
        self.hold(2, 4, 5, 6, 7, 9, 18)

    def _compare_point(self, entry: Entry, device: bytes, bill: Bill, closed: bool) -> int:
        """Compare one meter's point; return what it has accrued on paper."""
        money = entry.agreed()
        point = money.points[device]
        view = self.chain.asked("point", entry.id, device)
        stop = money.places[point.place].stop(point.next, point.end)
        if point.replaced:  # what is overridden after that leaves its begun intervals as they were
            stop = view[2]
        same("place, next, stop, end", view[:4], [point.place, point.next, stop, point.end])
        same("unexplained", view[6], bill.unexplained)
        same(
            "outages, replaced, faulted", view[7:],
            [
                len(point.outages), point.open_outage is not None, point.last_ended_at,
                point.replaced, point.looked_back is not None,
            ],
        )  # fmt: skip
        same(f"accrued at a point of {entry.id}", view[4] + view[5], bill.accrued)
        return bill.accrued + closed * (bill.missing + bill.unexplained) * entry.terms.missing_penalty

    def _bill(self, id_: int, money: Agreement, device: bytes) -> Bill:
        """The model's bill before it is closed, added up anew when something is on record that was not."""
        point = money.points[device]
        state = (point.next, point.end, len(point.outages), point.looked_back)
        known = self._bills.get((id_, device))
        if known is None or known[0] != state:
            known = self._bills[id_, device] = state, money.bill_of(device, closed=False)
        return known[1]

    def silence_never_pays(self, entry: Entry, device: bytes, since: int) -> None:
        """Without a point's reports from an interval on, or its outages from one on, its bill is no lower.

        Whoever keeps a message back keeps back all behind it: they have numbers, and the meter has signed them.
        """
        money, terms = entry.agreed(), entry.terms
        point = money.points[device]
        # a fault forgives silence; and no price can be above readings of more than the connection can take
        most = max((units(lane) or 0 for lane in point.lanes), default=0)
        if point.looked_back is not None or most > terms.capacity_units:
            return
        band_of = money.places[point.place].band_of
        told = of_point(point, terms, band_of, closed=True)
        if (
            told.unexplained
        ):  # an outage is kept back already, and an excess beside it was charged for nothing
            return
        whole = told.accrued
        kept = point.lanes[: max(0, since - point.first)]
        before = [
            each
            for each in point.outages
            if min(touched(each, terms)[1], point.end) <= point.first + len(kept)
        ]
        in_order = takewhile(lambda pair: pair[0] == pair[1], zip_longest(point.outages, before))
        silent = [replace(point, lanes=kept, outages=[each for each, _ in in_order])]
        silent += [replace(point, outages=point.outages[:i]) for i in range(len(point.outages))]
        for each in silent:
            bill = of_point(each, terms, band_of, closed=True).accrued
            if bill < whole:
                raise Disagreement(f"silence pays at a point of {entry.id}: {bill} instead of {whole}")
        self.hold(21)

    def _compare_offices(self) -> None:
        same("agreements", self.chain.asked("agreementCount"), [len(self.paper.entries)])
        if not self.paper.escrow:
            return
        running = [each.agreed() for each in self.paper.entries.values() if each.runs]
        bound = sum(money.locked for money in running)
        same(
            "held is what is locked and what is owed", self.paper.held, bound + sum(self.paper.owed.values())
        )
        self.hold(1, 24)

    def terms_unchanged(self, entry: Entry) -> None:
        hashes = self.chain.asked("hashesOf", entry.id)
        expected = (terms_hash(entry.terms), devices_hash(entry.devices))
        same("hashes", hashes, [int.from_bytes(each, "big") for each in expected])
        self.hold(10)
