# SPDX-License-Identifier: Apache-2.0
"""The rolling back-test: what bands would have cost, had they been made as they are made now, again and again in the past.

A period's bands are made from what lies before it alone, and judged by the period. On a day off the plant is taken to have
renominated ahead, as the rules of the agreement let it alone: a Sunday's bands, moved into the day's, never wider. An
interval without data is not judged.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from electro_plan import zones
from electro_plan.bands import Trade, expect, in_units, shifted
from electro_plan.calendar import KINDS, SUNDAY
from electro_plan.errors import PlanError
from electro_plan.profile import learn
from electro_plan.schedule import DAY_S, day_slots_of, occurrences, resampled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from electro_plan.bands import Bounds, Prices
    from electro_plan.calendar import Calendar
    from electro_plan.history import LoadHistory
    from electro_plan.profile import Profile
    from electro_plan.schedule import Term

LEARN_S = 56 * DAY_S  # eight times each day of the week: fewer say little of a spread
PERIOD_S = 28 * DAY_S
YEAR_OF_PERIODS = 13


@dataclass(frozen=True)
class Row:
    """What one margin would have cost.

    Args:
        margin: as `Trade.at_margin` takes it.
        mean_width_wh: of the bands, over all judged intervals.
        violations: intervals outside their band.
        under_wh: by how much below in all.
        over_wh: by how much above in all.
        penalty: minor units in all.
        worst_day: the day with the greatest penalty, as days since 1970-01-01 on the zone's clock.
        worst_day_penalty: minor units on it.
        worst_period_penalty: minor units in the dearest period.
    """

    margin: float
    mean_width_wh: float
    violations: int
    under_wh: int
    over_wh: int
    penalty: float
    worst_day: int
    worst_day_penalty: float
    worst_period_penalty: float


@dataclass(frozen=True)
class BackTest:
    """The rows, and what they stand on.

    Args:
        rows: one a margin, in the order asked for.
        periods: how many were played.
        intervals: how many were judged.
        first_s: unix seconds at which the first period began.
        end_s: and at which the last one ended.
    """

    rows: tuple[Row, ...]
    periods: int
    intervals: int
    first_s: int
    end_s: int


def back_test(
    history: LoadHistory,
    shape: Term,
    calendar: Calendar,
    prices: Prices,
    *,
    unit_wh: int,
    margins: Sequence[float],
    period_s: int = PERIOD_S,
    most_periods: int = YEAR_OF_PERIODS,
    progress: Callable[[int, int], None] | None = None,
) -> BackTest:
    """Play the past: for each period learn, make bands at every margin, judge.

    Args:
        history: eight weeks and a period, or more.
        shape: start, interval and slots of the agreement; the periods lie on its grid of instants.
        calendar: clock and days off.
        prices: of leaving a band.
        unit_wh: Wh of a unit, in which bands and readings are.
        margins: to be tried.
        period_s: length of a period.
        most_periods: the last so many.
        progress: told how many periods are done, of how many.

    Raises:
        PlanError: the history is too short, or its intervals do not fit.
    """
    starts, energy = resampled(history, shape)
    count = period_s // shape.interval_s
    begins = [
        begin
        for begin in range(len(starts) - count, 0, -count)
        if starts[begin] - starts[0] >= LEARN_S and np.isfinite(energy[:begin]).any()
    ][:most_periods][::-1]
    if not begins:
        raise PlanError(
            f"{history.source} holds {(len(starts) * shape.interval_s) / DAY_S:.0f} days, too few to try bands on the past",
            f"it takes {(LEARN_S + period_s) / DAY_S:.0f} days: eight weeks to learn from and a period to judge",
        )
    tallies = [_Tally() for _ in margins]
    for done, begin in enumerate(begins, 1):
        profile = learn_before(starts, energy, begin, shape.interval_s, calendar)
        term = dataclasses.replace(shape, start_s=int(starts[begin]), intervals=count)
        period = _Period.of(term, calendar, profile, prices, _units(energy[begin : begin + count], unit_wh))
        for tally, margin in zip(tallies, margins, strict=True):
            tally.add(period, margin, prices, unit_wh)
        if progress is not None:
            progress(done, len(begins))
    return BackTest(
        tuple(tally.row(margin, unit_wh) for tally, margin in zip(tallies, margins, strict=True)),
        len(begins),
        tallies[0].intervals,
        int(starts[begins[0]]),
        int(starts[begins[-1]]) + period_s,
    )


def learn_before(
    starts_s: NDArray[np.int64], energy_wh: NDArray[np.float64], end: int, interval_s: int, calendar: Calendar
) -> Profile:
    """Learn a profile from the first `end` intervals."""
    kinds, day_slots = calendar.places(starts_s[:end], interval_s)
    ages = (starts_s[end - 1] - starts_s[:end]) / DAY_S
    return learn(energy_wh[:end], kinds, day_slots, ages, day_slots_of(interval_s))


def _units(energy_wh: NDArray[np.float64], unit_wh: int) -> NDArray[np.int64]:
    """Return readings as a meter makes them, rounded down with the rest carried on; -1 without data."""
    register = np.cumsum(np.nan_to_num(energy_wh)) / unit_wh
    units = np.diff(np.floor(register + 1e-9), prepend=0.0).astype(np.int64)
    return np.where(np.isfinite(energy_wh), units, -1)


@dataclass(frozen=True)
class _Period:
    """One period: what could be expected of it, and what came.

    Args:
        trade: bands against penalties for each slot of the schedule, from what lay before.
        day_off: the same for each slot of a day off.
        slots: shape (n,): the slot of the schedule of each judged interval.
        day_slots: shape (n,): its slot of the day.
        off: shape (n,): whether it lies on a day off.
        days: shape (n,): its day, since 1970-01-01 on the zone's clock.
        units: shape (n,): what was drawn.
    """

    trade: Trade
    day_off: Trade
    slots: NDArray[np.int64]
    day_slots: NDArray[np.int64]
    off: NDArray[np.bool_]
    days: NDArray[np.int64]
    units: NDArray[np.int64]

    @classmethod
    def of(
        cls, term: Term, calendar: Calendar, profile: Profile, prices: Prices, units: NDArray[np.int64]
    ) -> _Period:
        judged = units >= 0
        starts = term.starts_s[judged]
        return cls(
            Trade(expect(profile, occurrences(term, calendar)), prices),
            Trade(expect(profile, _sundays(day_slots_of(term.interval_s))), prices),
            (np.arange(term.intervals) % term.slots)[judged],
            calendar.places(starts, term.interval_s)[1],
            calendar.is_off(starts),
            zones.to_wall(starts, calendar.zone) // DAY_S,
            units[judged],
        )

    def bounds(self, margin: float) -> Bounds:
        """Return the bands of each judged interval, Wh."""
        least, greatest = (side[self.slots] for side in self.trade.at_margin(margin))
        if not self.off.any():
            return least, greatest
        sunday = self.day_off.at_margin(margin)
        moved = shifted((sunday[0][self.day_slots], sunday[1][self.day_slots]), (least, greatest))
        return np.where(self.off, moved[0], least), np.where(self.off, moved[1], greatest)


def _sundays(day_slots: int) -> NDArray[np.float64]:
    """Return the occurrences of a schedule of one day that is always a Sunday."""
    counts = np.zeros((day_slots, KINDS, day_slots))
    counts[np.arange(day_slots), SUNDAY, np.arange(day_slots)] = 1.0
    return counts


@dataclass
class _Tally:
    """What a margin has cost so far."""

    intervals: int = 0
    width: int = 0
    violations: int = 0
    under: int = 0
    over: int = 0
    penalties: list[float] = field(default_factory=list)
    by_day: dict[int, float] = field(default_factory=dict)

    def add(self, period: _Period, margin: float, prices: Prices, unit_wh: int) -> None:
        least, greatest = in_units(period.bounds(margin), unit_wh)
        under = np.maximum(least - period.units, 0)
        over = np.maximum(period.units - greatest, 0)
        outside = (under > 0) | (over > 0)
        penalties = (
            prices.violation * outside
            + prices.under_per_wh * unit_wh * under
            + prices.over_per_wh * unit_wh * over
        )
        self.intervals += len(under)
        self.width += int((greatest - least).sum())
        self.violations += int(outside.sum())
        self.under += int(under.sum())
        self.over += int(over.sum())
        self.penalties.append(float(penalties.sum()))
        days, place = np.unique(period.days, return_inverse=True)
        for day, penalty in zip(days.tolist(), np.bincount(place, penalties).tolist(), strict=True):
            self.by_day[day] = self.by_day.get(day, 0.0) + penalty

    def row(self, margin: float, unit_wh: int) -> Row:
        worst = max(self.by_day, key=lambda day: self.by_day[day])
        return Row(
            margin=margin,
            mean_width_wh=self.width * unit_wh / self.intervals,
            violations=self.violations,
            under_wh=self.under * unit_wh,
            over_wh=self.over * unit_wh,
            penalty=sum(self.penalties),
            worst_day=worst,
            worst_day_penalty=self.by_day[worst],
            worst_period_penalty=max(self.penalties),
        )
