# SPDX-License-Identifier: Apache-2.0
"""The rolling back-test: what bands would have cost, had they been made this way again and again in the past.

A period's bands are made from what lies before it alone, and judged by the period. On a day off the plant is
taken to have renominated ahead, as the rules of the agreement let it alone: the day's bands, no wider and no
higher, moved to where a Sunday needs them. An interval without data is not judged.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from electro_plan.bands import Trade, expect, in_units
from electro_plan.calendar import date_of, weekdays
from electro_plan.errors import TooShort
from electro_plan.learning import Learner
from electro_plan.readings import metered
from electro_plan.schedule import DAY_S, day_counts, occurrences, resampled
from electro_plan.sentence import sentence

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
        TooShort: the history is.
        PlanError: its intervals do not fit.
    """
    starts, energy = resampled(history, shape)
    count = period_s // shape.interval_s
    begins = [
        begin
        for begin in range(len(starts) - count, 0, -count)
        if starts[begin] - starts[0] >= LEARN_S and np.isfinite(energy[:begin]).any()
    ][:most_periods][::-1]
    if not begins:
        raise TooShort(
            sentence(
                "{0} holds {1:.0f} days, too few to try bands on the past",
                history.source,
                len(starts) * shape.interval_s / DAY_S,
            ),
            f"it takes {(LEARN_S + period_s) / DAY_S:.0f} days: eight weeks to learn from and a period to judge",
        )
    units = metered(energy, unit_wh)
    learner = Learner(starts, energy, shape, calendar, prices)
    tallies = [_Tally() for _ in margins]
    for done, begin in enumerate(begins, 1):
        term = dataclasses.replace(shape, start_s=int(starts[begin]), intervals=count)
        period = Period.of(
            term, learner.calendar(begin), learner.profile(begin), prices, units[begin : begin + count]
        )
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


@dataclass(frozen=True)
class Period:
    """One period: what could be expected of it, and what came.

    Args:
        trade: bands against penalties for each slot of the schedule, from what lay before.
        special: the same for each slot of the day, of each judged day that was or might have been a day off.
        slots: shape (n,): the slot of the schedule of each judged interval.
        day_slots: shape (n,): its slot of the day.
        days: shape (n,): its day, since 1970-01-01 on the zone's clock.
        units: shape (n,): what was drawn.
    """

    trade: Trade
    special: dict[int, Trade]
    slots: NDArray[np.int64]
    day_slots: NDArray[np.int64]
    days: NDArray[np.int64]
    units: NDArray[np.int64]

    @classmethod
    def of(
        cls, term: Term, calendar: Calendar, profile: Profile, prices: Prices, units: NDArray[np.int64]
    ) -> Period:
        judged = units >= 0
        starts = term.starts_s[judged]
        days = calendar.days(starts)
        return cls(
            Trade(expect(profile, occurrences(term, calendar)), prices),
            {
                day: day_trade(profile, calendar, day, term.interval_s, prices)
                for day in np.unique(days[calendar.is_special(starts)]).tolist()
            },
            (np.arange(term.intervals) % term.slots)[judged],
            calendar.places(starts, term.interval_s)[1],
            days,
            units[judged],
        )

    def bounds(self, base: Bounds) -> Bounds:
        """Return the bands of each judged interval, Wh, days off renominated.

        Args:
            base: of the schedule.
        """
        least, greatest = (side[self.slots] for side in base)
        for day, trade in self.special.items():
            chosen = self.days == day
            least[chosen], greatest[chosen] = trade.placed(
                (least[chosen], greatest[chosen]), greatest[chosen], self.day_slots[chosen]
            )
        return least, greatest


def day_trade(profile: Profile, calendar: Calendar, day: int, interval_s: int, prices: Prices) -> Trade:
    """Return bands against penalties for each slot of one day.

    Args:
        profile: of the plant.
        calendar: says whether the day is off.
        day: since 1970-01-01.
        interval_s: length of an interval.
        prices: of leaving a band.
    """
    kind = int(weekdays(np.array([day]))[0])
    return Trade(expect(profile, day_counts(kind, calendar.chance_off(date_of(day)), interval_s)), prices)


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

    def add(self, period: Period, margin: float, prices: Prices, unit_wh: int) -> None:
        least, greatest = in_units(period.bounds(period.trade.at_margin(margin)), unit_wh)
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
