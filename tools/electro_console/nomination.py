# SPDX-License-Identifier: Apache-2.0
"""Other bands for intervals of one pass of the schedule: what they change, what that is worth, and who may order it.

The rules are those of `electro_contracts.places`, so that what the contract would refuse is known before anything is
signed or paid.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from electro_console import refusals
from electro_contracts.bill import of_readings
from electro_contracts.discount import Refused
from electro_contracts.places import By, Place
from electro_plan.quantities import instant_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from electro_console.refusals import Say, When
    from electro_contracts.bill import Band
    from electro_contracts.terms import Bands, Terms


@dataclass(frozen=True)
class Nomination:
    """New bands at a place.

    Args:
        terms: the agreement's.
        place: which metering point.
        first: the first interval that changes.
        bands: new (least, greatest) units of it and the intervals behind it.
        held: what holds now, of the whole pass.
        kept: intervals of the term that are left.
        sequence: of the place's last signed renomination.
    """

    terms: Terms
    place: int
    first: int
    bands: Bands
    held: Bands
    kept: int
    sequence: int

    @property
    def last(self) -> int:
        return self.first + len(self.bands) - 1

    @property
    def begins(self) -> int:
        return self.terms.instant(self.first)

    def before(self) -> Bands:
        """What holds now, of the intervals that change, as far as they lie in the pass."""
        slot = self.first % len(self.terms.bands)
        return self.held[slot : slot + len(self.bands)]

    def refusal(
        self, by: By, now: int, when: When = instant_text, say: Say = str
    ) -> tuple[str, str | None] | None:
        """Return why these bands would not be taken from them, and what to do; None if they would."""
        pass_ = self.first // len(self.terms.bands)
        place = Place(self.terms, [], {pass_: self.held})
        try:
            place.renominate(self.first, self.bands, by, self.kept, now)
        except Refused as refused:
            hint = refusals.HINTS.get(refused.reason)
            return refusals.tell(refused.reason, refused.numbers, when, say) or refused.reason, hint
        return None

    def saves(self) -> int:
        """What the new bands allow, at most, and would cost under what holds now."""
        return self._worth(self.bands, self.before())

    def costs(self) -> int:
        """What is allowed now, at most, and would cost under the new bands."""
        return self._worth(self.before(), self.bands)

    def _worth(self, allowed: Bands, judged_by: Bands) -> int:
        """What the dearest use that is allowed would cost in each interval, under other bands."""
        return sum(
            max(self._cost(least, band), self._cost(greatest, band))
            for (least, greatest), band in zip(allowed, judged_by, strict=False)
        )

    def _cost(self, units: int, band: Band) -> int:
        return of_readings(0, (units,), self.terms, lambda _: band).accrued

    def stretches(self) -> Iterator[tuple[int, int, Band, Band]]:
        """Yield (first, last, what held, what is new) of neighbours that change alike."""
        rows = zip(itertools.count(self.first), self.before(), self.bands, strict=False)
        for (was, becomes), group in itertools.groupby(rows, lambda row: row[1:]):
            indices = [row[0] for row in group]
            yield indices[0], indices[-1], was, becomes
