# SPDX-License-Identifier: Apache-2.0
"""The nineteen invariants as comparisons of contract and paper; each counts how often it was held.

What a step can cheaply tell is compared at each step, by the rules; the whole state of every agreement that may have
changed is compared here, every few steps and whenever one is settled.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

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
        """next, end, accrued, outage accrued, uncovered; nothing if the contract knows no such point."""
        entry = self.paper.entries.get(id_)
        if entry is None or entry.money is None or device not in entry.money.meters:
            return []
        return self.chain.asked("point", id_, device)

    def remaining(self, id_: int) -> int:
        return self.chain.asked("agreement", id_)[9]

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
            same(
                "no money yet", (view[7], view[8]), (0, 0 if entry.state == books.CANCELLED else entry.bonus)
            )
            return
        accrued = sum(self._compare_point(entry, money, device) for device in money.meters) + money.forfeited
        remaining = max(0, entry.bonus + money.grants - (accrued - money.waived))
        until = money.reports_until
        same("ends", view[3:6], [until - entry.terms.grace, until, money.settles_at])
        same(f"accrued and remaining of {entry.id}", (view[7], view[8]), (accrued, remaining))
        redeemed = sum(money.redeemed.values())
        same(
            "grants, waived, forfeited, redeemed, until",
            view[11:16],
            [money.grants, money.waived, money.forfeited, redeemed, money.redeemable_until],
        )
        if not 0 <= view[8] <= view[6] + view[11]:
            raise Disagreement(f"remaining {view[8]} of {view[6]} + {view[11]}")
        if view[12] > view[7] or view[14] > view[9] > view[8]:
            raise Disagreement(f"waived {view[12]} of {view[7]}, redeemed {view[14]} of {view[9]}")
        discount = money.settlement.discount if money.settlement else 0
        same("discount", view[9], discount)
        self.hold(2, 4, 5, 6, 7, 9, 18)

    def _compare_point(self, entry: Entry, money: Agreement, device: bytes) -> int:
        """Compare one meter's point; return what it has accrued on paper."""
        bill = self._bill(entry.id, money, device)
        next_, end, accrued, outage_accrued, uncovered = self.chain.asked("point", entry.id, device)
        meter = money.meters[device]
        same("next, end, uncovered", (next_, end, uncovered), (meter.next, meter.end, bill.unexplained))
        late = self.paper.now > money.reports_until
        waits = (bill.missing + bill.unexplained) * entry.terms.missing_penalty if late else 0
        same(f"accrued at a point of {entry.id}", accrued + outage_accrued + waits, bill.accrued)
        return bill.accrued

    def _bill(self, id_: int, money: Agreement, device: bytes) -> Bill:
        """The model's bill, added up anew when something is on record that was not."""
        meter = money.meters[device]
        closed = sum(outage.ended_at != 0 for outage in meter.outages.values())
        state = (
            meter.next, meter.end, len(meter.outages), closed, self.paper.now > money.reports_until,
        )  # fmt: skip
        known = self._bills.get((id_, device))
        if known is None or known[0] != state:
            known = self._bills[id_, device] = state, money.bill(device, self.paper.now)
        return known[1]

    def _compare_offices(self) -> None:
        same("agreements", self.chain.asked("agreementCount"), [len(self.paper.entries)])
        if not self.paper.escrow:
            return
        # what the contract holds for agreements that run, and of discounts that may still be redeemed
        bound = 0
        for entry in self.paper.entries.values():
            money = entry.money
            if money is None:
                continue
            if money.settlement is None:
                bound += entry.bonus + money.grants
            else:
                bound += money.settlement.discount - money.reclaimed
                bound -= sum(money.redeemed[each] for each in money.acknowledged | money.withdrawn)
        same("held is what is bound and what is owed", self.paper.held, bound + sum(self.paper.owed.values()))
        self.hold(1)

    def terms_unchanged(self, entry: Entry) -> None:
        hashes = self.chain.asked("hashesOf", entry.id)
        expected = (terms_hash(entry.terms), devices_hash(entry.devices))
        same("hashes", hashes, [int.from_bytes(each, "big") for each in expected])
        self.hold(10)
