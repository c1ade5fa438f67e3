# SPDX-License-Identifier: Apache-2.0
"""The places of an agreement: which meters serve each, what bands hold there, and when nobody is to measure.

- A renomination replaces slots of one pass of the schedule at one place. Alone, the consumer may do so some time
  ahead, no wider than its band and no higher than was agreed; alone, the operator may only widen; together, both may do
  what is sound. What holds then is the override of that pass.
- Sealed bands both parties replace together, a whole pass before it begins: nobody else could check them, nor put a
  part in its place. What the contract has of them then is code with another hash, by which meters must have judged.
- A consumer's fault ends a place: what is never measured from there on, and shortly before, is neutral.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import bill
from .discount import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .bill import Band
    from .terms import Bands, Terms


class By(enum.IntEnum):
    """Who has authorised a renomination; the event's numbers."""

    CONSUMER = 0
    OPERATOR = 1
    BOTH = 2


@dataclass
class Place:
    """One metering point of the proposal; `devices` are those that have served it, the present one last."""

    terms: Terms
    devices: list[bytes]
    overrides: dict[int, Bands] = field(default_factory=dict)  # by pass of the schedule
    sealed: dict[int, bytes] = field(default_factory=dict)  # sealed ones by pass: ciphertext and nonce
    sequence: int = 0  # of the last signed renomination
    gaps: list[tuple[int, int | None]] = field(default_factory=list)  # neutral; None: to the end of the term

    @property
    def device(self) -> bytes:
        return self.devices[-1]

    def band_of(self, interval: int) -> Band:
        """(least, greatest) of an interval, with what was renominated."""
        pass_, slot = divmod(interval, len(self.terms.bands))
        return self.overrides.get(pass_, self.terms.bands)[slot]

    def stop(self, next_: int, end: int) -> int:
        """The first interval, from the next report on, that is in an overridden pass; the end if there is none."""
        if self.terms.seal:
            return 0  # no report goes the usual way of those that can be read
        slots = len(self.terms.bands)
        passes = [pass_ for pass_ in self.overrides if pass_ >= next_ // slots]
        return min(end, max(next_, min(passes) * slots)) if passes else end

    def neutral(self, kept: int) -> int:
        """How many intervals lie in gaps, of a term of so many."""
        return sum((kept if until is None else until) - since for since, until in self.gaps)

    def renominate(self, first: int, bands: Sequence[Band], by: By, kept: int, now: int) -> None:
        """Replace the slots of intervals from `first` on, in one pass; of the term `kept` intervals are left."""
        terms = self.terms
        pass_, slot = divmod(first, len(terms.bands))
        count, slots = len(bands), len(terms.bands)
        if not 1 <= count <= slots:
            raise Refused("BadLength", 4 * count, 4 * slots)
        self._must_be_ahead(first, count, first + count, kept, now)
        until = terms.instant(first) - terms.lead_seconds
        if by is By.CONSUMER and now > until:
            raise Refused("TooLate", until, now)
        for ahead, band in enumerate(bands):
            self._allow(slot + ahead, band, self.band_of(first + ahead), by)
        held = list(self.overrides.get(pass_, terms.bands))
        held[slot : slot + len(bands)] = bands
        self.overrides[pass_] = tuple(held)

    def renominate_sealed(self, first: int, packed: bytes, kept: int, now: int) -> None:
        """Replace the sealed bands of a pass, of which the first interval must lie in the term: by both parties."""
        slots = len(self.terms.bands)
        if len(packed) != len(self.terms.packed_bands):
            raise Refused("BadLength", len(packed), len(self.terms.packed_bands))
        self._must_be_ahead(first, slots, first + 1, kept, now)
        self.sealed[first // slots] = packed

    def _must_be_ahead(self, first: int, count: int, end: int, kept: int, now: int) -> None:
        """Refuse what crosses a pass, or has begun; up to `end` it must lie in the term."""
        slots = len(self.terms.bands)
        if first % slots + count > slots:
            raise Refused("BeyondSchedule", slots - first % slots, count)
        if end > kept:
            raise Refused("OutsideTerm", kept, end)
        if self.terms.instant(first) <= now:
            raise Refused("AlreadyStarted", self.terms.instant(first), now)

    def _allow(self, slot: int, band: Band, held: Band, by: By) -> None:
        """Refuse a slot's band that its author may not set; `held` is what holds now."""
        terms, (least, greatest) = self.terms, band
        if not least <= greatest <= terms.capacity_units:
            raise Refused("UnsoundBand", slot, least, greatest)
        if by is By.CONSUMER:
            base_least, base_greatest = terms.bands[slot]
            if greatest - least > base_greatest - base_least:
                raise Refused("BandTooWide", slot, base_greatest - base_least, greatest - least)
            highest = min(base_greatest + terms.raise_units, terms.capacity_units)
            if greatest > highest:
                raise Refused("BandTooHigh", slot, highest, greatest)
        if by is By.OPERATOR and not (least <= held[0] and held[1] <= greatest):
            raise Refused("BandNarrowed", slot, *held)
        dearest = bill.dearest_truth(band, terms)
        if terms.missing_penalty < dearest:
            raise Refused("SilenceTooCheap", slot, dearest, terms.missing_penalty)
