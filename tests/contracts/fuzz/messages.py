# SPDX-License-Identifier: Apache-2.0
"""What meters could say, true or not, in order or not; and what others could sign in their name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_protocol.messages import EnergyReport, OutageReport
from electro_protocol.readings import NO_DATA, NO_SUPPLY, pack
from electro_protocol.signed import SignedMessage

from .table import Table, foreign

if TYPE_CHECKING:
    from collections.abc import Callable

    from .books import Entry
    from .chain import Signer

    Lanes = Callable[[Entry, int, int], list[int]]

# Half the order of secp256k1, and one: the least s that is high, which the compact form can still carry.
HIGH_S = ((0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 >> 1) + 1).to_bytes(32, "big")
ODD = (NO_DATA, NO_SUPPLY, NO_SUPPLY, 0x8000, 0x800F, 0xFFFD, 0x7FFF, 0x7FFE, 0, 1)
Item = tuple[bytes, SignedMessage]  # who signed it; nobody: b""


class Messages(Table):
    def _report(self, entry: Entry, signer: Signer, lanes: Lanes, ahead: int = 0) -> Item:
        meter = entry.money.meters.get(signer.address) if entry.money else None
        first = max(0, (meter.next if meter else 0) + ahead + self.skew())
        count = self._room(entry, first) if self.rng.random() < 0.9 else self.rng.randint(1, 9)
        return (
            signer.address,
            signer.report(self.chain.domain, entry.id, first, lanes(entry, first, count)),
        )

    def skew(self) -> int:
        return self.rng.choice((-1, 1)) if self.rng.random() < 0.05 else 0

    def _room(self, entry: Entry, first: int) -> int:
        """A number of readings that the schedule has left, and that has been measured if any has."""
        terms = entry.terms
        left = len(terms.bands) - first % len(terms.bands)
        due = (self.paper.now - terms.start) // terms.interval_seconds - first
        return self.rng.randint(1, max(1, min(left, due, 12)))

    def _good(self, entry: Entry, first: int, count: int) -> list[int]:
        bands, side = entry.terms.bands, self.rng.randrange(2)
        return [bands[(first + i) % len(bands)][side] for i in range(count)]

    def _lanes(self, entry: Entry, first: int, count: int) -> list[int]:
        lanes = self._good(entry, first, count)
        for i in range(count):
            chance = self.rng.random()
            if chance < 0.1:
                lanes[i] = self.rng.randrange(0x8000)
            elif chance < 0.25:
                lanes[i] = self.rng.choice(ODD)
            elif chance < 0.4:
                lanes[i] = max(0, min(0x7FFF, lanes[i] + self.rng.choice((-1, 1))))
        return lanes

    def _outage(self, entry: Entry, signer: Signer) -> Item:
        rng, length = self.rng, entry.terms.interval_seconds
        started = entry.terms.start + rng.randint(-2, entry.terms.intervals + 1) * length + rng.randint(-1, 1)
        if rng.random() < 0.8:
            started = min(started, self.paper.now - rng.randint(1, 600))
        ended = rng.choice((0, started + length, started + rng.randint(1, 5 * length)))
        if ended and rng.random() < 0.8:
            ended = max(started + 1, min(ended, self.paper.now))
        message = OutageReport(entry.id, started, ended, rng.randrange(3))
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
            other = EnergyReport(entry.id + rng.randint(1, 3), message.first_interval, 0, message.readings)
            return unknown, SignedMessage(other, good.signature)
        if kind == 4:
            other = EnergyReport(entry.id, message.first_interval, 1, message.readings + pack([1]))
            return unknown, SignedMessage(other, good.signature)
        if kind == 5:
            return b"", SignedMessage(message, good.signature[:32] + HIGH_S + good.signature[64:])
        return unknown, SignedMessage(message, good.signature[:64] + bytes([55 - good.signature[64]]))
