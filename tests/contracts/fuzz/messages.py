# SPDX-License-Identifier: Apache-2.0
"""What meters could say, true or not, in order or not; and what others could sign in their name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_protocol.messages import EnergyReport, OutageReport
from electro_protocol.readings import INTERRUPTED, NO_DATA, is_interrupted, pack
from electro_protocol.signed import SignedMessage

from .table import Table, foreign

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from electro_contracts.bill import BandOf

    from .books import Entry
    from .chain import Signer

    Lanes = Callable[[BandOf, int, int], list[int]]

# Half the order of secp256k1, and one: the least s that is high, which the compact form can still carry.
HIGH_S = ((0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 >> 1) + 1).to_bytes(32, "big")
ODD = (NO_DATA, 0xFFFE, INTERRUPTED, INTERRUPTED, 0x800F, 0xFFFD, 0x7FFF, 0x7FFE, 0, 1)
Item = tuple[bytes, SignedMessage]  # who signed it; nobody: b""


class Messages(Table):
    def _report(self, entry: Entry, signer: Signer, lanes: Lanes, ahead: int = 0) -> Item:
        point = entry.money.points.get(signer.address) if entry.money else None
        first = max(0, (point.next if point else 0) + ahead + self.skew())
        count = self._room(entry, first) if self.rng.random() < 0.9 else self.rng.randint(1, 9)
        message = self._energy(entry, first, lanes(self.band_of(entry, signer.address), first, count))
        return signer.address, signer.sign(message, self.chain.domain)

    def _energy(self, entry: Entry, first: int, lanes: list[int]) -> EnergyReport:
        """A report, seldom in a false belief of its agreement."""
        start = entry.terms.start + (self.skew() if self.rng.random() < 0.2 else 0)
        terms = entry.code_hash[:16] if self.rng.random() < 0.99 else entry.code_hash[16:]
        return EnergyReport(entry.id, start, terms, first, 0, pack(lanes))

    def skew(self) -> int:
        return self.rng.choice((-1, 1)) if self.rng.random() < 0.05 else 0

    def _room(self, entry: Entry, first: int) -> int:
        """A number of readings that the schedule has left, and that has been measured if any has."""
        terms = entry.terms
        left = len(terms.bands) - first % len(terms.bands)
        due = (self.paper.now - terms.start) // terms.interval_seconds - first
        return self.rng.randint(1, max(1, min(left, due, 12)))

    def band_of(self, entry: Entry, device: bytes) -> BandOf:
        """The bands at a meter's place; where it has none, of the terms."""
        if entry.money and device in entry.money.points:
            return entry.money.places[entry.money.points[device].place].band_of
        return lambda interval: entry.terms.bands[interval % len(entry.terms.bands)]

    def _good(self, band_of: BandOf, first: int, count: int) -> list[int]:
        side = self.rng.randrange(2)
        return [band_of(first + i)[side] for i in range(count)]

    def _lanes(self, band_of: BandOf, first: int, count: int) -> list[int]:
        lanes = self._good(band_of, first, count)
        for i in range(count):
            chance = self.rng.random()
            if chance < 0.1:
                lanes[i] = self.rng.randrange(0x8000)
            elif chance < 0.25:
                lanes[i] = self.rng.choice(ODD)
            elif chance < 0.4:
                lanes[i] = max(0, min(0x7FFF, lanes[i] + self.rng.choice((-1, 1))))
        return lanes

    def _outage(
        self, entry: Entry, signer: Signer, earlier: Sequence[OutageReport] = ()
    ) -> tuple[bytes, SignedMessage]:
        """An outage of a meter, mostly its next one and where something is interrupted; `earlier` go before it."""
        rng, terms = self.rng, entry.terms
        point = entry.money.points.get(signer.address) if entry.money else None
        length, number, after, target = terms.interval_seconds, len(earlier), 0, -1
        if point is not None:
            number += len(point.outages)
            after = earlier[-1].ended_at if earlier else point.last_ended_at
            interrupted = [
                point.first + i for i, lane in enumerate(point.lanes)
                if is_interrupted(lane) and terms.instant(point.first + i + 1) > after
            ]  # fmt: skip
            target = interrupted[0] if interrupted and rng.random() < 0.8 else -1
        if target < 0:
            target = rng.randint(-2, terms.intervals + 1)
        started = terms.instant(target) + rng.choice((-1, 0, 1, rng.randint(-length, length)))
        if rng.random() < 0.95:
            started = max(started, after)
        ended = (
            0 if rng.random() < 0.15 else started + rng.choice((1, 60, length, rng.randint(1, 4 * length)))
        )
        if ended and rng.random() < 0.8:  # mostly of what has been reported
            known = terms.instant(point.next) if point else self.paper.now
            ended = max(started + 1, min(ended, known, self.paper.now))
        message = OutageReport(entry.id, max(0, number + self.skew()), started, ended, rng.randrange(3))
        return signer.address, signer.sign(message, self.chain.domain)

    def _any_report(self) -> Item:
        reports = [item for item in self.carried[-20:] if isinstance(item[1].message, EnergyReport)]
        return self.rng.choice(reports) if reports and self.rng.random() < 0.5 else self._forged()

    def _forged(self) -> Item:
        """A report that no meter of the agreement has signed as it stands; its signer is unknown, or nobody."""
        rng = self.rng
        entry, signer = self.point()
        good = self._report(entry, signer, self._good)[1]
        message, unknown = good.message, b"\1"
        assert isinstance(message, EnergyReport)
        kind = rng.randrange(7)
        if kind < 2:
            return unknown, signer.sign(message, foreign(self.chain.domain)[kind])
        if kind == 2:
            return unknown, SignedMessage(message, self._outage(entry, signer)[1].signature)
        if kind == 3:
            _, *rest = message.values()
            return unknown, SignedMessage(EnergyReport(entry.id + rng.randint(1, 3), *rest), good.signature)
        if kind == 4:
            *rest, readings = message.values()
            return unknown, SignedMessage(EnergyReport(*rest, readings + pack([1])), good.signature)
        if kind == 5:
            return b"", SignedMessage(message, good.signature[:32] + HIGH_S + good.signature[64:])
        return unknown, SignedMessage(message, good.signature[:64] + bytes([55 - good.signature[64]]))
