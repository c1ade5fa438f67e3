# SPDX-License-Identifier: Apache-2.0
"""Bands: the least and the greatest energy of each slot of an agreement's schedule, from a plant's profile.

A slot of the schedule comes round many times in a term, and not always at the same hour by the clock on the
wall: the schedule turns in elapsed time, so that a change to or from summer time shifts it. A slot's
distribution is that of all its occurrences together.

At margin 0 the bands hold everything the history shows, and with as much width again placed where it is
likeliest to serve, since another year shows what this one did not. A margin above 0 adds that share of their
width. Below 0 the bands give up that share of the mean width, where it costs least: a band ends where the next
unit of width would save less, in expected penalties, than width costs, and the price of width is the same for
all slots.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from electro_contracts.terms import MAX_BOUND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from electro_contracts.terms import Terms
    from electro_plan.profile import Profile

_ROUNDING = 1e-9  # of a unit: below it a quotient of two floats is taken for a whole number
_TRIALS = 12  # of the search for a price of width; four are usual
_CHEAPEST = 1e-6  # price of width where the search begins, as a share of the dearest
_LEAST_PRICE = 1e-9  # minor units for a Wh: where nothing costs anything, any width does
_NEAR_WIDTH = 0.005  # a band's grid is no finer
_NEAR_PRICES = 0.001  # logarithms: between such prices no other bands lie
_LEAST_STEP = 0.05  # of the way between two prices, so that each trial brings something


@dataclass(frozen=True)
class Prices:
    """What leaving a band costs, in minor units: an interval outside it, and each Wh under and over."""

    violation: float
    under_per_wh: float
    over_per_wh: float

    @classmethod
    def of(cls, terms: Terms) -> Prices:
        return cls(terms.violation_penalty, terms.under_rate / terms.unit_wh, terms.over_rate / terms.unit_wh)


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
        counts: shape (slots, kinds of day, slots of a day): how often a slot occurs there, as
            `schedule.occurrences` counts.
    """
    slots, places = np.nonzero(counts.reshape(len(counts), -1) > 0)
    begins = np.searchsorted(slots, np.arange(len(counts)))
    often = counts.reshape(len(counts), -1)[slots, places]
    cells = profile.weights.reshape(-1, len(profile.energies_wh))[places] * often[:, None]
    weights = np.add.reduceat(cells, begins, axis=0)
    least, greatest = profile.least_wh.ravel()[places], profile.greatest_wh.ravel()[places]
    least = np.minimum.reduceat(np.where(np.isnan(least), np.inf, least), begins)
    greatest = np.maximum.reduceat(np.where(np.isnan(greatest), -np.inf, greatest), begins)
    return Expectation(
        profile.energies_wh,
        weights / weights.sum(1, keepdims=True),
        np.where(np.isfinite(least), least, np.nan),
        np.where(np.isfinite(greatest), greatest, np.nan),
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
        dearest = float((self._above[:, 0] + self._below[:, -1]).max() / grid[1])
        self._tried = [
            (math.log(max(dearest, _LEAST_PRICE)), 0.0)
        ]  # logarithm of the price, mean width; by price
        self._tried.insert(0, (self._tried[0][0] + math.log(_CHEAPEST), float(grid[-1])))
        least, greatest = _envelope(expected)
        # what has never varied by more than the grid shows is kept: to give it up would save nothing
        self._shown, self._steady = (least, greatest), greatest - least <= grid[1]

    @cached_property
    def _whole(self) -> Bounds:
        """What the history shows, and with as much width again what is likeliest."""
        least, greatest = self.of_width(self.shown_width_wh)
        return np.minimum(self._shown[0], least), np.maximum(self._shown[1], greatest)

    @property
    def shown_width_wh(self) -> float:
        """Mean width of what the history shows."""
        return float((self._shown[1] - self._shown[0]).mean())

    def priced(self, width_price: float) -> Bounds:
        """Return the bands of the least expected penalties plus width.

        Args:
            width_price: minor units for each Wh of width, in each interval.
        """
        price = width_price * self._grid
        greatest = (self._above + price).argmin(1)
        least = (self._below - price).argmin(1)
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
        chosen = self.of_width((1 + margin) * float((greatest - least).mean()))
        return (
            np.where(self._steady, self._shown[0], chosen[0]),
            np.where(self._steady, self._shown[1], chosen[1]),
        )

    def of_width(self, wanted_wh: float) -> Bounds:
        """Return the bands of the least expected penalties whose mean width is the wanted one, or little less."""
        best: Bounds | None = None
        for trial in range(_TRIALS):
            at = bisect.bisect_left(self._tried, -wanted_wh, key=lambda tried: -tried[1])
            (cheap, wide), (dear, narrow) = (
                self._tried[max(at - 1, 0)],
                self._tried[min(at, len(self._tried) - 1)],
            )
            if wide <= wanted_wh or dear - cheap < _NEAR_PRICES:
                break
            # width falls about evenly with the logarithm of its price; every other trial halves, where it does not
            share = (wide - wanted_wh) / (wide - narrow) if trial % 2 == 0 else 0.5
            price = cheap + min(max(share, _LEAST_STEP), 1 - _LEAST_STEP) * (dear - cheap)
            found = self.priced(math.exp(price))
            width = float((found[1] - found[0]).mean())
            bisect.insort(self._tried, (price, min(max(width, narrow), wide)))
            if width <= wanted_wh:
                best = found
                if width >= wanted_wh * (1 - _NEAR_WIDTH):
                    break
        at = bisect.bisect_left(self._tried, -wanted_wh, key=lambda tried: -tried[1])
        return (
            best if best is not None else self.priced(math.exp(self._tried[min(at, len(self._tried) - 1)][0]))
        )

    def placed(self, base: Bounds, most_wh: NDArray[np.float64], slots: NDArray[np.int64]) -> Bounds:
        """Return bands as wide as the base's, moved to where penalties are least; the base's where nothing is won.

        Args:
            base: shape (n,) each: of the agreement.
            most_wh: shape (n,): how high a band may end.
            slots: shape (n,): which of this trade's each is.
        """
        least, greatest = base
        width = greatest - least
        tops = np.minimum(np.maximum(self._grid, width[:, None]), np.maximum(most_wh, greatest)[:, None])
        cost = self._costs(tops - width[:, None], tops, slots)
        rows = np.arange(len(width))
        best = cost.argmin(1)
        stays = self.expected(base, slots) <= cost[rows, best] * (1 + _ROUNDING) + _ROUNDING
        top = np.where(stays, greatest, tops[rows, best])
        return top - width, top

    def expected(self, bounds: Bounds, slots: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return shape (n,): expected penalties, minor units, of an interval with these bands in these slots."""
        return self._costs(bounds[0][:, None], bounds[1][:, None], slots)[:, 0]

    def _costs(
        self, least: NDArray[np.float64], greatest: NDArray[np.float64], slots: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        above = _between(self._above[slots], greatest / self._grid[1])
        return above + _between(self._below[slots], least / self._grid[1])


def _between(table: NDArray[np.float64], cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the table's values at fractions of cells, row by row; beyond its ends those at its ends."""
    held = np.clip(cells, 0.0, table.shape[1] - 1.0)
    low = np.minimum(held.astype(np.int64), table.shape[1] - 2)
    share = held - low
    between: NDArray[np.float64] = np.take_along_axis(table, low, 1) * (1 - share)
    between += np.take_along_axis(table, low + 1, 1) * share
    return between


def in_units(bounds: Bounds, unit_wh: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return bands in whole units, the least rounded down and the greatest up, no more than a reading holds."""
    least = np.floor(bounds[0] / unit_wh + _ROUNDING).astype(np.int64)
    greatest = np.ceil(bounds[1] / unit_wh - _ROUNDING).astype(np.int64)
    return np.clip(least, 0, MAX_BOUND), np.clip(greatest, 0, MAX_BOUND)


def in_wh(bounds: tuple[NDArray[np.int64], NDArray[np.int64]], unit_wh: int) -> Bounds:
    """Return bands of whole units in Wh."""
    return bounds[0].astype(np.float64) * unit_wh, bounds[1].astype(np.float64) * unit_wh


def _envelope(expected: Expectation) -> Bounds:
    """Return what the history shows of each slot; a slot of which it shows nothing gets what it shows of any."""
    least, greatest = expected.least_wh, expected.greatest_wh
    return (
        np.where(np.isnan(least), np.nanmin(least), least),
        np.where(np.isnan(greatest), np.nanmax(greatest), greatest),
    )
