# SPDX-License-Identifier: Apache-2.0
"""Bands: the least and the greatest energy of each slot of an agreement's schedule, from a plant's profile.

A slot of the schedule comes round many times in a term, and not always at the same hour by the clock on the wall: the
schedule turns in elapsed time, so that a change to or from summer time shifts it. A slot's distribution is that of all its
occurrences together.

At margin 0 the bands hold everything the history shows, and with as much width again placed where it is likeliest to
serve, since another year shows what this one did not. A margin above 0 adds that share of their width. Below 0 the bands give
up that share of the mean width, where it costs least: a band ends where the next unit of width would save less, in expected
penalties, than width costs, and the price of width is the same for all slots.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from electro_contracts.terms import MAX_BOUND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .profile import Profile

_ROUNDING = 1e-9  # of a unit: below it a quotient of two floats is taken for a whole number
_HALVINGS = 16  # of the search for a price of width: six decades to 0.02%
_CHEAPEST = 1e-6  # price of width where the search begins, as a share of the dearest


@dataclass(frozen=True)
class Prices:
    """What leaving a band costs, in minor units: an interval outside it, and each Wh under and over."""

    violation: float
    under_per_wh: float
    over_per_wh: float


@dataclass(frozen=True)
class Expectation:
    """What each slot may draw, over all its occurrences.

    Args:
        energies_wh: shape (cells,): the grid.
        weights: shape (slots, cells): probabilities.
        least_wh: shape (slots,): the least that the history shows; NaN: it shows nothing.
        greatest_wh: the same for the greatest.
    """

    energies_wh: NDArray[np.float64]
    weights: NDArray[np.float64]
    least_wh: NDArray[np.float64]
    greatest_wh: NDArray[np.float64]


Bounds = tuple["NDArray[np.float64]", "NDArray[np.float64]"]
"""Least and greatest Wh of each slot."""


def expect(profile: Profile, counts: NDArray[np.float64]) -> Expectation:
    """Join what a profile knows of all occurrences of each slot.

    Args:
        profile: of the plant.
        counts: shape (slots, kinds of day, slots of a day): how often a slot occurs there, as `schedule.occurrences` counts.
    """
    flat = counts.reshape(len(counts), -1)
    weights = flat @ profile.weights.reshape(flat.shape[1], -1)
    occurs = flat > 0
    least = np.where(occurs & np.isfinite(profile.least_wh.ravel()), profile.least_wh.ravel(), np.inf).min(1)
    greatest = np.where(occurs & np.isfinite(profile.greatest_wh.ravel()), profile.greatest_wh.ravel(), -np.inf)
    return Expectation(
        profile.energies_wh,
        weights / weights.sum(1, keepdims=True),
        np.where(np.isfinite(least), least, np.nan),
        np.where(np.isfinite(greatest.max(1)), greatest.max(1), np.nan),
    )


class Trade:
    """What bands save and what they cost: expected penalties against width.

    Args:
        expected: what each slot may draw.
        prices: of leaving the band.
    """

    def __init__(self, expected: Expectation, prices: Prices) -> None:
        grid, weights = expected.energies_wh, expected.weights
        within = np.cumsum(weights, axis=1)
        moment = np.cumsum(weights * grid, axis=1)
        above, below = 1.0 - within, within - weights
        over_wh = moment[:, -1:] - moment - above * grid
        under_wh = below * grid - (moment - weights * grid)
        self._grid = grid
        self._above = prices.violation * above + prices.over_per_wh * over_wh
        self._below = prices.violation * below + prices.under_per_wh * under_wh
        self._middle = (self._above + self._below).argmin(1)
        # at this price of width even a certain violation is worth one cell less
        self._dearest = float((self._above[:, 0] + self._below[:, -1]).max() / grid[1])
        least, greatest = _envelope(expected)
        likely_least, likely_greatest = self._of_width(float((greatest - least).mean()))
        self._whole = np.minimum(least, likely_least), np.maximum(greatest, likely_greatest)

    def priced(self, width_price: float) -> Bounds:
        """Return the bands of the least expected penalties plus width.

        Args:
            width_price: minor units for each Wh of width, in each interval.
        """
        greatest = (self._above + width_price * self._grid).argmin(1)
        least = (self._below - width_price * self._grid).argmin(1)
        crossed = least > greatest  # width costs more than any penalty
        return (
            self._grid[np.where(crossed, self._middle, least)],
            self._grid[np.where(crossed, self._middle, greatest)],
        )

    def at_margin(self, margin: float) -> Bounds:
        """Return the bands at a margin: 0 holds all of the history, 0.2 a fifth more width, -0.2 a fifth less."""
        least, greatest = self._whole
        if margin >= 0:
            room = margin / 2 * (greatest - least)
            return np.maximum(least - room, 0.0), greatest + room
        return self._of_width((1 + margin) * float((greatest - least).mean()))

    def _of_width(self, wanted_wh: float) -> Bounds:
        """Return the bands of the least expected penalties whose mean width is the wanted one, or little less."""
        cheap, dear = self._dearest * _CHEAPEST, self._dearest
        for _ in range(_HALVINGS):
            price = float(np.sqrt(cheap * dear))
            least, greatest = self.priced(price)
            if float((greatest - least).mean()) > wanted_wh:
                cheap = price
            else:
                dear = price
        return self.priced(dear)


def in_units(bounds: Bounds, unit_wh: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return bands in whole units, the least rounded down and the greatest up, no more than a reading holds."""
    least = np.floor(bounds[0] / unit_wh + _ROUNDING).astype(np.int64)
    greatest = np.ceil(bounds[1] / unit_wh - _ROUNDING).astype(np.int64)
    return np.clip(least, 0, MAX_BOUND), np.clip(greatest, 0, MAX_BOUND)


def shifted(wanted: Bounds, base: Bounds) -> Bounds:
    """Return what comes nearest to wanted bands and is no wider and no higher than the base's: what a consumer may renominate.

    It plans less, or elsewhere within its band. What may be raised by agreement is not used here.
    """
    least, greatest = wanted
    base_least, base_greatest = base
    highest = np.minimum(greatest, base_greatest)
    return np.maximum(np.minimum(least, highest), highest - (base_greatest - base_least)), highest


def _envelope(expected: Expectation) -> Bounds:
    """Return what the history shows of each slot; a slot of which it shows nothing gets what it shows of any."""
    least, greatest = expected.least_wh, expected.greatest_wh
    return (
        np.where(np.isnan(least), np.nanmin(least), least),
        np.where(np.isnan(greatest), np.nanmax(greatest), greatest),
    )
