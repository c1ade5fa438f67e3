# SPDX-License-Identifier: Apache-2.0
"""What those who carry messages do: deliver, again, too early, out of order, forged, in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_contracts import calldata, errors
from electro_contracts.model import Refused
from electro_protocol.messages import EnergyReport, OutageReport

from .checks import Disagreement, same
from .messages import Item, Messages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from electro_contracts.bill import BandOf

    from .chain import Signer
    from .paper import Entry

    Lanes = Callable[[BandOf, int, int], list[int]]


class MeterRules(Messages):
    def report(self) -> None:
        entry, signer = self.point()
        self._wait_for_something_to_report(entry, signer)
        item = self._report(entry, signer, self._lanes)
        self._deliver(item)
        if self.rng.random() < 0.1:  # a second relayer, in the same block
            self._deliver(item)

    def report_all_that_is_due(self) -> None:
        """A backlog of good readings, which moves no money (invariant 8)."""
        entry, signer = self.point()
        if entry.money is None or signer.address not in entry.money.points:
            return
        self._wait_for_something_to_report(entry, signer)
        before = self.checks.accrued(entry.id, signer.address)
        for _ in range(self.rng.randint(1, 6)):
            if self._deliver(self._report(entry, signer, self._good)):
                break
        same("money for good reports", self.checks.accrued(entry.id, signer.address), before)
        self.checks.hold(8)

    def messages_in_any_order(self) -> None:
        """A meter's backlog through relayers that don't keep its order, until nothing more is taken (invariant 6)."""
        entry, signer = self.point()
        if entry.money is None or signer.address not in entry.money.points:
            return
        waiting, outages = [], list[OutageReport]()
        for _ in range(self.rng.randint(0, 2)):
            waiting.append(self._outage(entry, signer, outages))
            message = waiting[-1][1].message
            assert isinstance(message, OutageReport)
            outages += [message] if message.ended_at else []
        first = entry.money.points[signer.address].next
        for _ in range(self.rng.randint(1, 3)):
            count = self._room(entry, first)
            lanes = self._lanes(self.band_of(entry, signer.address), first, count)
            report = self._energy(entry, first, lanes)
            waiting.append((signer.address, signer.sign(report, self.chain.domain)))
            first += count
        self.rng.shuffle(waiting)
        while waiting:
            refused = [item for item in waiting if self._deliver(item)]
            if len(refused) == len(waiting):
                break
            waiting = refused

    def outage(self) -> None:
        self._deliver(self._outage(*self.point()))

    def an_open_outage_ends(self) -> None:
        entry, signer = self.point()
        point = entry.money.points.get(signer.address) if entry.money else None
        if point is None or point.open_outage is None:
            return
        started = point.open_outage.started_at + self.skew()
        ended = max(started + 1, min(entry.terms.instant(point.next), self.paper.now) + self.skew())
        message = OutageReport(entry.id, len(point.outages), started, ended, self.rng.randrange(3))
        self._deliver((signer.address, signer.sign(message, self.chain.domain)))

    def replay(self) -> None:
        if self.carried:
            self._deliver(self.rng.choice(self.carried))

    def forged(self) -> None:
        self._deliver(self._forged(), kind="forged")
        self.checks.hold(11, 12)

    def batch(self) -> None:
        items = []
        ahead: dict[tuple[int, bytes], int] = {}
        for _ in range(self.rng.randint(0, 6)):
            if self.rng.random() < 0.15:
                items.append(self._any_report())
                continue
            entry, signer = self.point()
            place = (entry.id, signer.address)
            items.append(self._report(entry, signer, self._lanes, ahead.get(place, 0)))
            report = items[-1][1].message
            assert isinstance(report, EnergyReport)
            ahead[place] = ahead.get(place, 0) + report.intervals
        self._batch("submitBatch", items)

    def outage_batch(self) -> None:
        items = [self._outage(*self.point()) for _ in range(self.rng.randint(0, 3))]
        items += [each for each in items if self.rng.random() < 0.2]
        self._batch("submitOutageBatch", items)

    def _wait_for_something_to_report(self, entry: Entry, signer: Signer) -> None:
        point = entry.money.points.get(signer.address) if entry.money else None
        if point is None or point.next >= point.end or self.rng.random() < 0.2:
            return
        over = entry.terms.instant(point.next + 1)
        if over > self.paper.now:
            self.pass_to(over + self.rng.randrange(entry.terms.interval_seconds))

    # -- One message

    def _deliver(self, item: Item, kind: str = "") -> str:
        device, signed = item
        outage = isinstance(signed.message, OutageReport)
        data = calldata.submit_outage(signed) if outage else calldata.submit(signed)
        refused = self.both(
            kind or ("submitOutage" if outage else "submit"),
            lambda: self._take(item), data, self.rng.choice(self.carriers),
        )  # fmt: skip
        self.checks.hold(14)
        self._compare_next(item)
        if not refused:
            self.checks.touched.add(signed.message.agreement_id)
        if device and len(self.carried) < 200:
            self.carried.append(item)
        elif device:
            self.carried[self.rng.randrange(200)] = item
        return refused

    def _take(self, item: Item) -> None:
        device, signed = item
        if not device:
            raise Refused("BadSignature")
        message = signed.message
        assert isinstance(message, EnergyReport | OutageReport)
        entry = self.paper.entries.get(message.agreement_id)
        settled = entry.money if entry and entry.money and entry.money.settlement else None
        before = settled.accrued(self.paper.now) if settled else 0
        try:
            self.paper.message(device, message)
        finally:
            if settled:
                same("after the settlement a message costs", settled.accrued(self.paper.now), before)
                self.checks.hold(17)
        if entry is None or entry.money is None:
            raise Disagreement("the paper takes a message for what is not agreed")

    def _compare_next(self, item: Item) -> None:
        """Nothing but a report that was taken moves a meter on, and by its readings exactly."""
        device, id_ = item[0], item[1].message.agreement_id
        point = self.checks.point(id_, device)
        if point:
            same("next", point[1], self.paper.entries[id_].agreed().points[device].next)
            self.checks.hold(4, 5, 11)

    # -- A batch

    def _batch(self, name: str, items: Sequence[Item]) -> None:
        outages = name == "submitOutageBatch"
        messages = [signed for _, signed in items]
        check = calldata.check_outages if outages else calldata.check
        foretold = calldata.decode_reasons(self.chain.ask(check(messages)))
        self.count("checkOutages" if outages else "check", "")
        expected = []
        for item in items:
            try:
                self._take(item)
                expected.append("")
                self.checks.touched.add(item[1].message.agreement_id)
            except Refused as refusal:
                expected.append(refusal.reason)
        same("check", [errors.REASONS.get(each, "") for each in foretold], expected)
        submit = calldata.submit_outage_batch if outages else calldata.submit_batch
        same("batch", self.chain.send(self.rng.choice(self.carriers), submit(messages)), "")
        self.count(name, "")
        for reason in expected:
            self.count("in " + name, reason)
        skipped = self.chain.skipped("OutageSkipped" if outages else "ReportSkipped")
        same(
            "skipped",
            [(i, errors.REASONS[reason]) for i, reason in skipped],
            [(i, reason) for i, reason in enumerate(expected) if reason],
        )
        for item in items:
            self._compare_next(item)
        if any(expected):
            self.checks.hold(19)
