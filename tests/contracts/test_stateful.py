# SPDX-License-Identifier: Apache-2.0
"""Whatever meters, relayers and time do, in any order: the contract comes to what the model on paper comes to.

Invariants of the design that are held here: 2 remaining in [0, bonus + grants]; 4 and 5 each interval counts once and
`next` rises by what was accepted; 6 and 7 contract = model, to the unit; 8 a compliant report moves no money; 9 waived
<= accrued; 15 no operator call lowers what remains; 16 once ended, anyone settles; 17 a settled agreement takes
nothing; 18 redeemed <= discount, each invoice once; 19 one bad item of a batch leaves the others' effect.

A failure is shown as it was found, at once: to make it shorter took longer than a test may take. With
ELECTRO_FUZZ=1000, say, that many examples are run, and a failure is made as short as can be.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from electro_contracts import calldata, errors
from electro_contracts.model import Agreement, Refused
from electro_protocol.messages import EnergyReport, OutageReport
from electro_protocol.readings import NO_DATA, NO_SUPPLY

from .engines import Reverted
from .tokens import Token
from .world import CONSUMER, START, World, day, key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from electro_protocol.signed import SignedMessage

# Two begin; the others can take a place.
METERS = [key("one"), key("two"), key("three"), key("four")]
# Short: 30 minutes a slot, 7 slots a pass, 40 intervals, so that ends, edges and gaps are met often.
TERMS = day(
    interval_seconds=1800,
    intervals=40,
    bands=tuple((10 + i, 20 + i) for i in range(7)),
    penalised_causes=0b101,
    notice=7000,
    discount_expiry=30_000,
)
BONUS = 20_000
INVOICES = [bytes([i]) * 32 for i in range(4)]

readings = st.one_of(
    st.integers(12, 20),
    st.integers(0, 0x7FFF),
    st.sampled_from([NO_DATA, NO_SUPPLY, NO_SUPPLY, 0x8000 | 15, 0x8005]),
)
meters = st.sampled_from([0, 0, 0, 1, 1, 1, 2, 3])
# seconds from the start, a little beyond the term at both sides
moments = st.integers(-4000, 40 * 1800 + 9000)


class Everything(RuleBasedStateMachine):
    @initialize()
    def agree(self) -> None:
        self.world = World()
        self.prepare()
        self.id = self.world.agree(METERS[:2], TERMS, BONUS)
        self.world.enrol(*METERS[2:])
        self.model = Agreement(self.id, TERMS, [meter.address for meter in METERS[:2]], BONUS)
        self.replaced: set[int] = set()

    def prepare(self) -> None:
        """What comes before the first proposal."""

    def _next(self, which: int) -> int:
        meter = self.model.meters.get(METERS[which].address)
        return meter.next if meter else 0

    def _model(self, item: SignedMessage, device: bytes) -> str:
        """What the model says to a message: "" or the reason."""
        try:
            if isinstance(item.message, EnergyReport):
                self.model.report(device, item.message, self.world.now)
            else:
                assert isinstance(item.message, OutageReport)
                self.model.outage(device, item.message, self.world.now)
        except Refused as refusal:
            return refusal.reason
        return ""

    def _both(self, item: SignedMessage, device: bytes) -> str:
        expected = self._model(item, device)
        try:
            self.world.submit(item)
            got = ""
        except Reverted as reverted:
            got = reverted.error.name
        assert got == expected
        return expected

    def _report(self, which: int, lanes: list[int], skew: int) -> SignedMessage:
        first = max(0, self._next(which) + skew)
        return self.world.report(METERS[which], self.id, first, lanes)

    @rule(seconds=st.one_of(st.integers(0, 4000), st.integers(0, 40_000)))
    def time_passes(self, seconds: int) -> None:
        self.world.set_time(self.world.now + seconds)

    @rule()
    def the_term_begins(self) -> None:
        self.world.set_time(max(self.world.now, START + 1800))

    @rule(
        which=meters,
        lanes=st.lists(readings, min_size=1, max_size=8),
        skew=st.sampled_from([0] * 8 + [-1, 1]),
    )
    def report(self, which: int, lanes: list[int], skew: int) -> None:
        self._both(self._report(which, lanes, skew), METERS[which].address)

    @rule(which=meters)
    def report_all_that_is_due(self, which: int) -> None:
        meter = self.model.meters.get(METERS[which].address)
        due = min(meter.end if meter else 0, (self.world.now - START) // 1800)
        before = self.world.accrued(self.id)
        while (first := self._next(which)) < due:
            count = min(7 - first % 7, due - first)
            lanes = [TERMS.bands[(first + i) % 7][i % 2] for i in range(count)]
            if self._both(self._report(which, lanes, 0), METERS[which].address):
                break
        assert self.world.accrued(self.id) == before

    @rule(
        which=meters,
        parts=st.lists(st.tuples(meters, st.lists(readings, min_size=1, max_size=4)), max_size=5),
    )
    def batch(self, which: int, parts: list[tuple[int, list[int]]]) -> None:
        items, expected = [], []
        for other, lanes in [*parts, (which, [NO_SUPPLY] * 3)]:
            items.append(self._report(other, lanes, 0))
        for (other, _), item in zip([*parts, (which, None)], items, strict=True):
            expected.append(self._model(item, METERS[other].address))
        reasons = calldata.decode_reasons(self.world.ask(calldata.check(items)))
        assert [errors.REASONS.get(each, "") for each in reasons] == expected
        self.world.send(calldata.submit_batch(items))

    @rule(
        which=meters,
        started=moments,
        length=st.integers(1, 20_000),
        open_=st.booleans(),
        cause=st.integers(0, 2),
    )
    def outage(self, which: int, started: int, length: int, open_: bool, cause: int) -> None:
        ended = 0 if open_ else START + started + length
        item = self.world.outage(METERS[which], self.id, START + started, ended, cause)
        self._both(item, METERS[which].address)

    @rule(which=meters, length=st.integers(1, 20_000), cause=st.integers(0, 2))
    def an_open_outage_ends(self, which: int, length: int, cause: int) -> None:
        meter = self.model.meters.get(METERS[which].address)
        outages = meter.outages.values() if meter else []
        for started in [each.started_at for each in outages if not each.ended_at][:1]:
            item = self.world.outage(METERS[which], self.id, started, started + length, cause)
            self._both(item, METERS[which].address)

    def _either(self, of_model: Callable[[], object], name: str, *arguments: object, caller: str) -> str:
        """Do the same on paper and on chain; both take it, or refuse it for the same reason. Return the reason."""
        try:
            of_model()
        except Refused as refusal:
            with pytest.raises(Reverted, match=f"^{refusal.reason}: "):
                self.world.call(name, *arguments, caller=caller)
            return refusal.reason
        self.world.call(name, *arguments, caller=caller)
        return ""

    @contextlib.contextmanager
    def _nothing_lost(self) -> Iterator[None]:
        """Invariant 15."""
        before = self.world.remaining(self.id)
        yield
        assert self.world.remaining(self.id) >= before

    @rule(amount=st.integers(0, 5000))
    def grant(self, amount: int) -> None:
        with self._nothing_lost():
            self._either(
                lambda: self.model.grant(amount), "grant", self.id, amount, caller=self.world.operator
            )

    @rule(amount=st.integers(0, 5000))
    def waive(self, amount: int) -> None:
        with self._nothing_lost():
            self._either(
                lambda: self.model.waive(amount, self.world.now),
                "waive", self.id, amount, caller=self.world.operator,
            )  # fmt: skip

    @precondition(lambda self: self.world.now > START + 20_000)  # else nearly all runs would end early
    @rule(by_consumer=st.booleans())
    def terminate(self, by_consumer: bool) -> None:
        caller = CONSUMER.text if by_consumer else self.world.operator
        before = self.world.remaining(self.id)
        refused = self._either(
            lambda: self.model.terminate(by_consumer, self.world.now), "terminate", self.id, caller=caller
        )
        if refused or not by_consumer:
            assert self.world.remaining(self.id) >= before

    @precondition(lambda self: self.world.now > START + 20_000)
    @rule(which=meters)
    def revoke(self, which: int) -> None:
        with self._nothing_lost():
            self._either(
                lambda: self.model.revoke(METERS[which].address, self.world.now),
                "revoke", METERS[which].text, caller=self.world.operator,
            )  # fmt: skip

    @precondition(lambda self: self.world.now > START)
    @rule(old=meters, new=meters)
    def rotate(self, old: int, new: int) -> None:
        there = [meter.address in self.model.meters for meter in (METERS[old], METERS[new])]
        if there != [True, False] or old in self.replaced or METERS[new].address in self.model.revoked:
            return
        names = (METERS[old].text, METERS[new].text)
        if self.model.settlement is None:
            self.world.call("proposeRotation", self.id, *names, caller=self.world.operator)
        with self._nothing_lost():
            refused = self._either(
                lambda: self.model.rotate(METERS[old].address, METERS[new].address, self.world.now),
                "acceptRotation", self.id, *names, caller=CONSUMER.text,
            )  # fmt: skip
        if not refused:
            self.replaced.add(old)

    @rule()
    def settle(self) -> None:
        try:
            expected = self.model.settle(self.world.now)
        except Refused as refusal:
            with pytest.raises(Reverted, match=f"^{refusal.reason}: "):
                self.world.call("settle", self.id)
            return
        self.world.call("settle", self.id)
        event = self.world.events[0]
        assert (event.accrued, event.remaining, event.discount) == (
            expected.accrued, expected.remaining, expected.discount,
        )  # fmt: skip

    @rule()
    def the_agreement_ends_and_is_settled(self) -> None:
        self.world.set_time(max(self.world.now, self.model.settles_at))
        self.settle()

    @precondition(lambda self: self.model.settlement is not None)
    @rule(invoice=st.sampled_from(INVOICES), amount=st.integers(0, 3000))
    def redeem(self, invoice: bytes, amount: int) -> None:
        before = self.world.remaining(self.id)
        self._either(
            lambda: self.model.redeem(invoice, amount, self.world.now),
            "redeem", self.id, invoice, amount, caller=CONSUMER.text,
        )  # fmt: skip
        assert self.world.remaining(self.id) == before

    @rule(invoice=st.sampled_from(INVOICES))
    def acknowledge(self, invoice: bytes) -> None:
        self._either(
            lambda: self.model.acknowledge(invoice),
            "acknowledge", self.id, invoice, caller=self.world.operator,
        )  # fmt: skip

    @invariant()
    def contract_equals_model(self) -> None:
        if not hasattr(self, "model"):
            return
        view = self.world.call("agreement", self.id)
        assert view[7] == self.model.accrued(self.world.now)
        assert view[8] == self.model.remaining(self.world.now)
        assert 0 <= view[8] <= BONUS + self.model.grants
        assert self.model.waived <= view[7]
        redeemed = sum(self.model.redeemed.values())
        assert (view[14], view[15]) == (redeemed, self.model.redeemable_until)
        assert redeemed <= view[9]
        for meter in METERS:
            if meter.address not in self.model.meters:
                continue
            bill = self.model.bill(meter.address, self.world.now)
            point = self.world.call("point", self.id, meter.text)
            assert (point[0], point[4]) == (self.model.meters[meter.address].next, bill.unexplained)


class EverythingInEscrow(Everything):
    """The same with real money. Invariants 1 and 3: the escrow holds and pays what it must, to the unit."""

    def prepare(self) -> None:
        self.token = Token(self.world)
        self.token.fund(self.world.operator, 10**9)
        self.world.call("useEscrow", self.token.address, caller=self.world.admin)

    @rule(invoice=st.sampled_from(INVOICES))
    def withdraw(self, invoice: bytes) -> None:
        self._either(
            lambda: self.model.withdraw(invoice, self.world.now),
            "withdraw", self.id, invoice, caller=self.world.anyone,
        )  # fmt: skip

    @rule()
    def reclaim(self) -> None:
        self._either(lambda: self.model.reclaim(self.world.now), "reclaim", self.id, caller=self.world.anyone)

    @rule(by_operator=st.booleans())
    def collect(self, by_operator: bool) -> None:
        account = self.world.operator if by_operator else CONSUMER.text
        if self.world.call("owed", account):
            self.world.call("collect", account)
            assert self.world.call("owed", account) == 0
        else:
            with pytest.raises(Reverted, match=r"^NothingToTake: "):
                self.world.call("collect", account)

    @invariant()
    def the_escrow_is_whole(self) -> None:
        if not hasattr(self, "model"):
            return
        paid_in = BONUS + self.model.grants
        due = (self.model.due_to_operator, self.model.due_to_consumer)
        parties = (self.world.operator, CONSUMER.text)
        owed = [self.world.call("owed", each) for each in parties]
        held = self.token.balance(self.world.address)
        # what each has been paid is what was due to it and is owed no more
        assert self.token.balance(CONSUMER.text) == due[1] - owed[1]
        assert self.token.balance(self.world.operator) == 10**9 - paid_in + due[0] - owed[0]
        assert held == paid_in - sum(due) + sum(owed)
        if self.model.settlement is None:
            assert held >= self.model.remaining(self.world.now)
        else:
            unredeemed = self.model.settlement.discount - sum(self.model.redeemed.values())
            assert held >= (0 if self.model.reclaimed else unredeemed)


EXAMPLES = int(os.environ.get("ELECTRO_FUZZ", "0"))
SETTINGS = settings(
    max_examples=EXAMPLES or 40,
    stateful_step_count=40,
    deadline=None,
    phases=set(Phase) if EXAMPLES else set(Phase) - {Phase.shrink, Phase.explain},
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
Everything.TestCase.settings = SETTINGS
EverythingInEscrow.TestCase.settings = SETTINGS
limit = pytest.mark.timeout(0 if EXAMPLES else 120)
TestEverything = limit(Everything.TestCase)
TestEverythingInEscrow = limit(EverythingInEscrow.TestCase)
