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
from electro_contracts.terms import HEADER_BYTES
from electro_plan.quantities import instant_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from electro_console.refusals import Say, When
    from electro_contracts.bill import Band
    from electro_contracts.terms import Bands, Terms


BY_BOTH = (
    "electro agreement draft --viewing-key FILE, sign-renomination by the consumer, and submit --together"
)
"""What to do for other bands where they are sealed."""


def replaced_in(code: bytes, terms: Terms) -> bytes:
    """Return the packed bands, sealed ones with their nonce, in the code that has replaced those of the terms."""
    return code[1 + HEADER_BYTES :][: len(terms.packed_bands)]


def whole_pass(terms: Terms, first: int, rows: Bands, held: Bands, kept: int) -> Bands:
    """Return the bands of a whole pass with some new ones among them: sealed ones are replaced all at once.

    Args:
        terms: the agreement's.
        first: the interval of the first new band.
        rows: new bands.
        held: what holds now, of the whole pass.
        kept: intervals of the term that are left.

    Raises:
        Refused: the new bands are not all of one pass, or not of the term.
    """
    slots = len(terms.bands)
    slot = first % slots
    if slot + len(rows) > slots:
        raise Refused("BeyondSchedule", slots - slot, len(rows))
    if first + len(rows) > kept:
        raise Refused("OutsideTerm", kept, first + len(rows))
    return *held[:slot], *rows, *held[slot + len(rows) :]


@dataclass(frozen=True)
class Nomination:
    """New bands at a place; of a sealed agreement those of a whole pass, in the clear.

    Args:
        terms: the agreement's, as they were agreed: sealed ones with their seal.
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
        """The last interval that changes: a sealed pass may reach beyond the term, and changes nothing there."""
        end = self.first + len(self.bands)
        return (end if self.terms.seal is None else min(end, max(self.kept, self.first + 1))) - 1

    @property
    def begins(self) -> int:
        return self.terms.instant(self.first)

    def before(self) -> Bands:
        """What holds now, of the intervals that change, as far as they lie in the pass."""
        slot = self.first % len(self.terms.bands)
        return self.held[slot : slot + len(self.after())]

    def after(self) -> Bands:
        """What would hold then, of the intervals that change."""
        return self.bands[: self.last + 1 - self.first]

    def refusal(
        self, by: By, now: int, when: When = instant_text, say: Say = str
    ) -> tuple[str, str | None] | None:
        """Return why these bands would not be taken from them, and what to do; None if they would."""
        pass_, slot = divmod(self.first, len(self.terms.bands))
        place = Place(self.terms, [], {pass_: self.held})
        if self.terms.seal is not None and by is not By.BOTH:
            return say("sealed bands are replaced by both parties together alone"), BY_BOTH
        try:  # of sealed bands that begin within a pass all count: then they end beyond it
            place.renominate(self.first, self.bands if slot else self.after(), by, self.kept, now)
        except Refused as refused:
            hint = refusals.HINTS.get(refused.reason)
            return refusals.tell(refused.reason, refused.numbers, when, say) or refused.reason, hint
        return None

    def saves(self) -> int:
        """What the new bands allow, at most, and would cost under what holds now."""
        return self._worth(self.after(), self.before())

    def costs(self) -> int:
        """What is allowed now, at most, and would cost under the new bands."""
        return self._worth(self.before(), self.after())

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
        rows = zip(itertools.count(self.first), self.before(), self.after(), strict=False)
        for (was, becomes), group in itertools.groupby(rows, lambda row: row[1:]):
            indices = [row[0] for row in group]
            yield indices[0], indices[-1], was, becomes
