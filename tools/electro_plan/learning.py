# SPDX-License-Identifier: Apache-2.0
"""Learn a plant in the manner that would have served it best lately: plants differ in how regular they are.

Each manner of learning is tried on the four weeks before, up to six times, always from what lay before these,
and judged by what its bands would have cost there at two widths. Nothing that comes later is used. Where a week
hardly shows, the manner without one is preferred: it has seen every hour of a rare state, the others one a week.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from electro_plan.bands import Trade, expect
from electro_plan.observance import observe
from electro_plan.profile import MANNERS, learn
from electro_plan.schedule import DAY_S, day_slots_of, occurrences

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from electro_plan.bands import Bounds, Prices
    from electro_plan.calendar import Calendar
    from electro_plan.profile import Manner, Profile
    from electro_plan.schedule import Term

_WINDOW_S = 28 * DAY_S
_WINDOWS = 6
_OLDER = 0.9  # weight of a window beside the one behind it
_PREFERENCE = (
    0.3  # logarithms of cost, both widths together: the last manner is taken unless another saves more
)
_NARROW = 0.6  # of what the history shows: the second width
_HANDICAPS = np.array([0.0] * (len(MANNERS) - 1) + [_PREFERENCE])
_KEPT = 10  # profiles in memory: those of one window and the next


class Learner:
    """What can be learned of a plant before any of its intervals.

    Args:
        starts_s: shape (n,): unix seconds at which its intervals begin.
        energy_wh: shape (n,): NaN where nothing is known.
        shape: of the agreement: interval and slots.
        calendar: clock and days off.
        prices: of leaving a band.
    """

    def __init__(
        self,
        starts_s: NDArray[np.int64],
        energy_wh: NDArray[np.float64],
        shape: Term,
        calendar: Calendar,
        prices: Prices,
    ) -> None:
        self._starts, self._energy, self._shape = starts_s, energy_wh, shape
        self._calendar, self._prices = calendar, prices
        self._calendars: dict[int, Calendar] = {}
        self._profiles: dict[tuple[int, Manner], Profile] = {}
        self._scores: dict[int, tuple[float, ...]] = {}

    def calendar(self, end: int) -> Calendar:
        """Return the calendar that the first `end` intervals tell."""
        if end not in self._calendars:
            found = observe(self._calendar, self._starts[:end], self._energy[:end], self._shape.interval_s)
            self._calendars[end] = found.calendar
        return self._calendars[end]

    def profile(self, end: int) -> Profile:
        """Return what the first `end` intervals tell, in the manner that served best before."""
        return self._learned(end, self.manner(end))

    def _learned(self, end: int, manner: Manner) -> Profile:
        key = end, manner
        if key not in self._profiles:
            interval_s = self._shape.interval_s
            kinds, day_slots = self.calendar(end).places(self._starts[:end], interval_s)
            ages = (self._starts[end - 1] - self._starts[:end]) / DAY_S
            while len(self._profiles) >= _KEPT:
                self._profiles.pop(next(iter(self._profiles)))
            self._profiles[key] = learn(
                self._energy[:end], kinds, day_slots, ages, day_slots_of(interval_s), manner
            )
        return self._profiles[key]

    def manner(self, end: int) -> Manner:
        """Return the manner that would have served best before the interval `end`."""
        count = _WINDOW_S // self._shape.interval_s
        totals = np.zeros(len(MANNERS))
        counted: list[float] = []
        for back in range(1, _WINDOWS + 1):
            begin = end - back * count
            if begin < count or not np.isfinite(self._energy[:begin]).any():
                break
            if begin not in self._scores:
                self._scores[begin] = tuple(self._score(begin, count, manner) for manner in MANNERS)
            totals += _OLDER ** (back - 1) * np.array(self._scores[begin])
            counted.append(_OLDER ** (back - 1))
        if len(counted) > 1:  # a single window proves no lack of a week
            totals -= sum(counted) * _HANDICAPS
        return MANNERS[int(totals.argmin())]

    def _score(self, begin: int, count: int, manner: Manner) -> float:
        """Return the logarithms of what a window would have cost, added up; the least is best."""
        term = dataclasses.replace(self._shape, start_s=int(self._starts[begin]), intervals=count)
        counts = occurrences(term, self.calendar(begin))
        trade = Trade(expect(self._learned(begin, manner), counts), self._prices)
        slots = np.arange(count) % term.slots
        came = self._energy[begin : begin + count]
        width = trade.shown_width_wh
        return sum(
            math.log(self._cost(trade.of_width(share * width), slots, came) + self._prices.violation + 1)
            for share in (_NARROW, 1.0)
        )

    def _cost(self, bounds: Bounds, slots: NDArray[np.int64], came: NDArray[np.float64]) -> float:
        least, greatest = (side[slots] for side in bounds)
        with np.errstate(invalid="ignore"):  # an interval without data is neither below nor above
            under, over = np.maximum(least - came, 0.0), np.maximum(came - greatest, 0.0)
            off = int(((under > 0) | (over > 0)).sum())
        prices = self._prices
        spent = prices.under_per_wh * np.nansum(under) + prices.over_per_wh * np.nansum(over)
        return float(prices.violation * off + spent)
