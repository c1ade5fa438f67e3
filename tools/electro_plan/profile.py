# SPDX-License-Identifier: Apache-2.0
"""What a plant may draw, by kind of day and time of day: a distribution learned from its history.

A slot of a week has been seen once a week, too seldom for quantiles of its own. So it also learns, with less weight,
from the intervals beside it, from like days (Monday to Friday), a little from all other days, since a Sunday may
be worked and a Wednesday may fall idle, and less from what is long ago. What was seen is smoothed by a share of the
slot's own spread. The weights below were chosen by rolling back-tests (`python tests/bench/plan.py` prints the table
beside the bands that people make by hand), not by taste.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from electro_plan.calendar import KINDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORKDAYS = 5

_CELLS = 160  # of the grid of energies: 0.8% of the greatest, far below any band's width
_HEADROOM = 1.25  # of the grid above the greatest energy seen, for what smoothing puts there
_LIKE_DAYS = 0.5  # weight of another working day, beside 1 for the same weekday
_NEIGHBOURS = (0.6, 1.0, 0.6)  # weight of the interval before, the interval itself, the one behind
_HALF_OF_NORMAL = 1.349  # width of the middle half of a normal distribution, in standard deviations
_TINY = 1e-9
_LEAST_SPREAD = 0.3  # the same in cells: a load that never changed is known to no more than that


@dataclass(frozen=True)
class Manner:
    """How a plant is learned.

    Args:
        half_life_days: age at which what was seen counts half.
        other_days: weight of days of other kinds, beside 1 for the same weekday.
        smoothing: standard deviation of the kernel, as a share of the spread of the middle half.
    """

    half_life_days: float
    other_days: float
    smoothing: float


MANNERS = (
    Manner(60.0, 0.02, 0.4),
    Manner(30.0, 0.005, 0.3),  # regular, with a season
    Manner(300.0, 0.005, 0.3),  # regular, without one
    Manner(45.0, 0.05, 0.5),  # irregular: a Sunday may be worked, a Wednesday idle
    Manner(300.0, 1.0, 0.1),  # no week at all: it runs or stands still when it must
)
"""The manners that `learning` chooses from, the usual one first, the one that takes least for granted last."""


@dataclass(frozen=True)
class Profile:
    """Distributions over energy for each kind of day and slot of the day.

    Args:
        energies_wh: shape (cells,): the grid.
        weights: shape (KINDS, slots of a day, cells): probabilities, each slot's sum is 1.
        least_wh: shape (KINDS, slots of a day): the least that was seen on a day of the kind; NaN: none was.
        greatest_wh: the same for the greatest.
    """

    energies_wh: NDArray[np.float64]
    weights: NDArray[np.float64]
    least_wh: NDArray[np.float64]
    greatest_wh: NDArray[np.float64]


def learn(
    energy_wh: NDArray[np.float64],
    kinds: NDArray[np.int64],
    slots: NDArray[np.int64],
    ages: NDArray[np.float64],
    day_slots: int,
    manner: Manner = MANNERS[0],
) -> Profile:
    """Learn a profile.

    Args:
        energy_wh: shape (n,): energy of an interval; NaN where nothing is known.
        kinds: shape (n,): the kind of the day that it lies in, 0 to 6.
        slots: shape (n,): its slot of the day by the clock on the wall.
        ages: shape (n,): days before the end of the history.
        day_slots: slots of a day.
        manner: of learning.

    Raises:
        ValueError: nothing is known.
    """
    known = np.isfinite(energy_wh)
    if not known.any():
        raise ValueError("the history holds no measured interval")
    energy, kind, slot = energy_wh[known], kinds[known], slots[known]
    grid = np.linspace(0.0, max(float(energy.max()), 1.0) * _HEADROOM, _CELLS)
    place = kind * day_slots + slot
    least, greatest = _extremes(energy, place, day_slots)
    seen = _histogram(energy / grid[1], place, 0.5 ** (ages[known] / manner.half_life_days), day_slots)
    return Profile(grid, _smoothed(_pooled(seen, manner.other_days), manner.smoothing), least, greatest)


def _extremes(
    energy: NDArray[np.float64], place: NDArray[np.int64], day_slots: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    least = np.full(KINDS * day_slots, np.inf)
    greatest = np.full(KINDS * day_slots, -np.inf)
    np.minimum.at(least, place, energy)
    np.maximum.at(greatest, place, energy)
    least[~np.isfinite(least)] = np.nan
    greatest[~np.isfinite(greatest)] = np.nan
    return least.reshape(KINDS, day_slots), greatest.reshape(KINDS, day_slots)


def _histogram(
    cells: NDArray[np.float64], place: NDArray[np.int64], weight: NDArray[np.float64], day_slots: int
) -> NDArray[np.float64]:
    """Return shape (KINDS, day_slots, cells): the weight of what was seen, shared by the two cells beside it."""
    below = np.floor(cells).astype(np.int64)
    share = cells - below
    size = KINDS * day_slots * _CELLS
    seen = np.bincount(place * _CELLS + below, weight * (1 - share), size).astype(np.float64)
    seen += np.bincount(place * _CELLS + np.minimum(below + 1, _CELLS - 1), weight * share, size)
    return seen.reshape(KINDS, day_slots, _CELLS)


def _pooled(seen: NDArray[np.float64], other_days: float) -> NDArray[np.float64]:
    """Let each slot learn from its neighbours, around midnight within the kind of day, and from other days."""
    before, itself, behind = _NEIGHBOURS
    near = before * np.roll(seen, 1, axis=1) + itself * seen + behind * np.roll(seen, -1, axis=1)
    mixing = np.full((KINDS, KINDS), other_days)
    mixing[:_WORKDAYS, :_WORKDAYS] = _LIKE_DAYS
    np.fill_diagonal(mixing, 1.0)
    pooled = np.tensordot(mixing, near, axes=1)
    total = pooled.sum(axis=2, keepdims=True)
    # a slot of the day that no day has shown learns from all slots
    everywhere = pooled.sum(axis=(0, 1))
    return np.where(total > 0, pooled / np.where(total > 0, total, 1.0), everywhere / everywhere.sum())


def _smoothed(weights: NDArray[np.float64], smoothing: float) -> NDArray[np.float64]:
    """Convolve each slot with a Gaussian of a share of its spread; what lies outside the grid stays at its ends."""
    kinds, day_slots, cells = weights.shape
    flat = weights.reshape(-1, cells)
    sigma = np.maximum(smoothing * _spread(flat), _LEAST_SPREAD)
    distance = np.arange(-cells + 1, cells)
    kernel = np.exp(-0.5 * (distance / sigma[:, None]) ** 2)
    kernel /= kernel.sum(axis=1, keepdims=True)
    size = 4 * cells  # so that the convolution, which is 3 cells long, does not wrap around
    wide = np.fft.irfft(np.fft.rfft(flat, size) * np.fft.rfft(kernel, size), size)
    inside = np.maximum(wide[:, cells - 1 : 2 * cells - 1], 0.0)
    inside[:, 0] += np.maximum(wide[:, : cells - 1], 0.0).sum(axis=1)
    inside[:, -1] += np.maximum(wide[:, 2 * cells - 1 : 3 * cells], 0.0).sum(axis=1)
    smoothed: NDArray[np.float64] = inside / inside.sum(axis=1, keepdims=True)
    return smoothed.reshape(kinds, day_slots, cells)


def _spread(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a standard deviation in cells for each row, of the half that lies closest together.

    A plant that works or stands still has two clusters, and each is known better than their distance tells.
    """
    rows, cells = weights.shape
    within = np.cumsum(weights, axis=1) + 2.0 * np.arange(rows)[:, None]  # so that rows follow each other
    before = within - weights
    ends = np.searchsorted(within.ravel(), (before + 0.5 - _TINY).ravel()).reshape(rows, cells)
    ends -= cells * np.arange(rows)[:, None]
    widths = np.where(ends < cells, ends - np.arange(cells), cells)
    spread: NDArray[np.float64] = widths.min(axis=1) / _HALF_OF_NORMAL
    return spread
