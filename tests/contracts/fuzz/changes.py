# SPDX-License-Identifier: Apache-2.0
"""What people change while an agreement runs: bands of a pass, by one or by both; a fault; and who the consumer is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_contracts import calldata
from electro_contracts.model import By
from electro_contracts.terms import pack_bands, padded
from electro_protocol.messages import Renomination
from electro_protocol.readings import pack
from electro_relayer.hashing import keccak256

from .chain import Tail, call_arguments, selector
from .checks import same
from .parties import Parties

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_contracts.bill import Band
    from electro_contracts.model import Place

    from .books import Entry

_MOST = 0x7FFF


class ChangeRules(Parties):
    # -- Renominations

    def renominate(self) -> None:
        """The consumer alone: by transaction, or by anyone with its signature."""
        entry = self._running_entry()
        message = self._renomination(entry, By.CONSUMER)
        if self.rng.random() < 0.5:
            caller, signature, good = self.consumer(entry), b"", None
        else:
            caller = self._anyone()
            signature, good = self._signed(message, entry)
        self._change(
            "renominate", entry, message, By.CONSUMER,
            lambda: self.paper.renominate(caller, message, good), signature, caller,
        )  # fmt: skip

    def renominate_together(self) -> None:
        entry, caller = self._running_entry(), self.operator()
        message = self._renomination(entry, By.BOTH)
        signature, good = self._signed(message, entry)
        self._change(
            "renominateTogether", entry, message, By.BOTH,
            lambda: self.paper.renominate_together(caller, message, good), signature, caller,
        )  # fmt: skip

    def widen(self) -> None:
        entry, caller = self._running_entry(), self.operator()
        message = self._renomination(entry, By.OPERATOR)
        place, first, bands = message.place, message.first_interval, message.bands
        before = self._held(entry, message)
        refused = self._act(
            "widen", lambda: self.paper.widen(caller, message.agreement_id, place, first, bands),
            message.agreement_id, caller, place, first, Tail(bands), keeps=True,
        )  # fmt: skip
        self._compare_pass(entry, message, By.OPERATOR, before, refused)

    def _change(
        self, name: str, entry: Entry, message: Renomination, by: By,
        step: Callable[[], object], signature: bytes, caller: bytes,
    ) -> None:  # fmt: skip
        """Take a renomination whose message is a struct among the arguments."""
        before = self._held(entry, message)
        refused = self.both(name, step, call_renominate(name, message, signature), caller)
        if not refused:
            self._touch(entry.id)
        self._compare_pass(entry, message, by, before, refused)

    def _held(self, entry: Entry, message: Renomination) -> list[Band] | None:
        """The bands of the message's pass, if there is such a place and pass."""
        place = self._place(entry, message)
        slots = len(entry.terms.bands)
        start = message.first_interval - message.first_interval % slots
        return [place.band_of(start + i) for i in range(slots)] if place else None

    def _place(self, entry: Entry, message: Renomination) -> Place | None:
        money = entry.money
        if money is None or message.agreement_id != entry.id or message.place >= len(money.places):
            return None
        return money.places[message.place]

    def _compare_pass(
        self, entry: Entry, message: Renomination, by: By, before: list[Band] | None, refused: str
    ) -> None:
        """A begun interval keeps its band, and so does one inside the lead unless widened or by both (invariant 22)."""
        if before is None or refused:
            return
        terms, slots = entry.terms, len(entry.terms.bands)
        start = message.first_interval - message.first_interval % slots
        after = self._held(entry, message)
        assert after is not None
        lead = terms.lead_seconds if by is By.CONSUMER else 0
        for i, (old, new) in enumerate(zip(before, after, strict=True)):
            if terms.instant(start + i) - lead < self.paper.now or terms.instant(start + i) <= self.paper.now:
                same("the band of an interval that can't change", new, old)
            if by is By.OPERATOR:
                same("widened only", new[0] <= old[0] and old[1] <= new[1], True)
        count = min(slots, terms.intervals - start)
        lanes = [self.rng.choice(band) for band in (before if self.rng.random() < 0.5 else after)][:count]
        bill = entry.agreed().quote(message.place, start, lanes)
        told = calldata.decode_quote(
            self.chain.ask(calldata.quote(entry.id, message.place, start, pack(lanes)))
        )
        same("the pass as the contract has it", told.penalty, bill.accrued)
        account, sequence = self.chain.asked("overrideOf", entry.id, message.place, start // slots)
        place = entry.agreed().places[message.place]
        same("sequence", sequence, place.sequence)
        packed = pack_bands(place.overrides.get(start // slots, terms.bands))
        code = terms.override_code(packed, len(entry.devices))
        same("the override's code", self.chain.code_hash(account.to_bytes(20, "big")), keccak256(code))
        self.checks.hold(22)

    def _renomination(self, entry: Entry, by: By) -> Renomination:
        rng, terms, slots = self.rng, entry.terms, len(entry.terms.bands)
        place = rng.randrange(len(entry.devices)) if rng.random() < 0.98 else len(entry.devices)
        money = entry.money
        known = money.places[place] if money and place < len(money.places) else None
        begun = max(0, self.paper.now - terms.start) // terms.interval_seconds + (
            self.paper.now >= terms.start
        )
        lead = (
            -(-terms.lead_seconds // terms.interval_seconds)
            if by is By.CONSUMER and rng.random() < 0.8
            else 0
        )
        first = max(0, begun + lead + rng.choice((0, 0, 1, 2, 5, -1)))
        left = slots - first % slots
        count = min(left, rng.choice((1, 2, 5, slots)))
        if rng.random() < 0.9:
            count = max(1, min(count, terms.intervals - first))
        else:
            count += rng.choice((-count, 1))
        bands = []
        for i in range(count):
            base = terms.bands[(first + i) % slots]
            held = known.band_of(first + i) if known else base
            bands.append(self._band(base, held, entry, by))
        packed = pack_bands(bands) + (b"\0" if rng.random() < 0.02 else b"")
        sequence = (known.sequence if known else 0) + rng.choice((1, 1, 1, 1, 3, 0, -1))
        deadline = self.paper.now + rng.choice((0, 600, 600, 600, 600, -1))
        return _unchecked(self.id_of(entry), place, first, max(0, sequence), packed, deadline)

    def _band(self, base: Band, held: Band, entry: Entry, by: By) -> Band:
        """Mostly a band that its author may set, and at the edge of that."""
        rng, terms = self.rng, entry.terms
        if rng.random() < 0.03:
            return rng.randrange(_MOST + 1), rng.randrange(_MOST + 1)
        if by is By.OPERATOR:
            least = max(0, held[0] - rng.choice((0, 0, 1, 3)))
            return least + (rng.random() < 0.02), min(
                terms.capacity_units, held[1] + rng.choice((0, 0, 1, 5))
            )
        if by is By.BOTH:
            greatest = rng.randint(0, terms.capacity_units)
            return rng.randint(0, greatest), greatest
        width = base[1] - base[0]
        most = min(base[1] + terms.raise_units, terms.capacity_units)
        greatest = rng.choice((base[1], most, rng.randint(0, most), min(_MOST, most + (rng.random() < 0.1))))
        return max(
            0, greatest - rng.choice((width, width, width // 2, width + (rng.random() < 0.1)))
        ), greatest

    # -- Faults and successors

    def fault(self) -> None:
        entry = self._running_entry()
        id_, caller = self.id_of(entry), self.consumer(entry)
        place = self.rng.randrange(len(entry.devices) + (self.rng.random() < 0.05))
        self._act("fault", lambda: self.paper.fault(caller, id_, place), id_, caller, place)

    def succeed(self) -> None:
        """The consumer offers its place, and mostly it is taken."""
        entry, rng = self.entry(), self.rng
        id_, caller = self.id_of(entry), self.consumer(entry)
        successor = rng.choice([*(each.address for each in self.consumers), bytes(20)])
        self._act(
            "offerSuccession",
            lambda: self.paper.offer_succession(caller, id_, successor),
            id_,
            caller,
            successor,
        )
        taker = successor if any(successor) and rng.random() < 0.7 else rng.choice(self.consumers).address
        if rng.random() < 0.7:
            self._act("acceptSuccession", lambda: self.paper.accept_succession(taker, id_), id_, taker)

    def _running_entry(self) -> Entry:
        running = self.running()
        return self.rng.choice(running) if running and self.rng.random() < 0.9 else self.entry()


def _unchecked(id_: int, place: int, first: int, sequence: int, bands: bytes, deadline: int) -> Renomination:
    """A renomination with any bands: the contract must refuse by itself what our own packer does."""
    message = Renomination.__new__(Renomination)
    message.agreement_id, message.place, message.first_interval = id_, place, first
    message.sequence, message.bands, message.deadline = sequence, bands, deadline
    return message


def call_renominate(name: str, message: Renomination, signature: bytes) -> bytes:
    """Calldata of a call of (Renomination,bytes)."""
    *numbers, bands, deadline = message.values()
    struct = call_arguments(*numbers, Tail(bands), deadline)
    words = (64).to_bytes(32, "big") + (64 + len(struct)).to_bytes(32, "big")
    return selector(name) + words + struct + len(signature).to_bytes(32, "big") + padded(signature)
