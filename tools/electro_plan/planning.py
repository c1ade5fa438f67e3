# SPDX-License-Identifier: Apache-2.0
"""Bands for a term to come, from a plant's whole history: its shape, its unit, its calendar, the bands themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from electro_contracts.terms import MAX_BOUND, MAX_SLOTS
from electro_plan.backtest import back_test, day_trade
from electro_plan.bands import Trade, expect, in_units, in_wh
from electro_plan.calendar import date_of
from electro_plan.errors import PlanError
from electro_plan.learning import Learner
from electro_plan.observance import observe
from electro_plan.readings import metered
from electro_plan.recommending import dearer
from electro_plan.schedule import DAY_S, occurrences, resampled
from electro_plan.sentence import sentence
from electro_plan.wording import span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from electro_plan.backtest import BackTest
    from electro_plan.bands import Prices
    from electro_plan.calendar import Calendar
    from electro_plan.history import LoadHistory
    from electro_plan.schedule import Term

_USUAL_INTERVAL_S = 900  # of most settlements; finer ones need more slots than a weekly schedule has
_UNITS_AT_PEAK = 2_500  # fine enough for a band, and coarse enough that a unit is worth a cent or more
MARGINS = (-0.6, -0.5, -0.4, -0.3, -0.25, -0.2, -0.15, -0.1, -0.05, 0.0, 0.1, 0.25)
"""Margins that a back-test tries, from narrow to wide."""

Units = tuple["NDArray[np.int64]", "NDArray[np.int64]"]
"""Least and greatest units of each slot."""


def unit_wh(peak_wh: float) -> int:
    """Return the smallest of 1, 2, 5, 10 … Wh in which the peak is a reading of at most _UNITS_AT_PEAK."""
    scale = 1
    while True:
        for step in (1, 2, 5):
            if peak_wh <= _UNITS_AT_PEAK * step * scale:
                return step * scale
        scale *= 10


def interval_for(history: LoadHistory) -> int:
    """Return the interval of an agreement that suits a history: its own, or a quarter of an hour if that is finer.

    Raises:
        PlanError: its intervals are longer than an hour or do not divide one.
    """
    own = history.interval_s
    if own > 3600 or 3600 % own:
        raise PlanError(
            sentence(
                "{0} has intervals of {1}: too coarse for the bands of an agreement",
                history.source,
                span(own),
            ),
            "take a file with intervals of which an hour has a whole number",
        )
    return own if own >= _USUAL_INTERVAL_S else next(s for s in range(900, 3601, 900) if s % own == 0)


def slots_of(interval_s: int, *, weekly: bool) -> int:
    """Return the slots of a schedule of a week or a day.

    Raises:
        PlanError: there are too many, or no whole number of them.
    """
    length = DAY_S * 7 if weekly else DAY_S
    slots, rest = divmod(length, interval_s)
    if rest or slots > MAX_SLOTS:
        raise PlanError(
            sentence(
                "a {0} has {1:.6g} intervals of {2}; a schedule has a whole number of slots, at most {3}",
                sentence("week") if weekly else sentence("day"),
                length / interval_s,
                span(interval_s),
                MAX_SLOTS,
            ),
            "choose longer intervals with --every, or --schedule day",
        )
    return slots


@dataclass(frozen=True)
class Planned:
    """Bands of a term, and what they stand on.

    Args:
        least: shape (slots,): units.
        greatest: shape (slots,): units.
        calendar: with the holidays that were found to be kept.
        capacity: of the connection, units an interval; without a word on it a quarter above the highest band.
        special: days of the term that are off, or may be: their bands are to be renominated.
        kept: past holidays that the plant kept.
        worked: past holidays on which it worked.
    """

    least: NDArray[np.int64]
    greatest: NDArray[np.int64]
    calendar: Calendar
    capacity: int
    special: tuple[date, ...]
    kept: tuple[date, ...]
    worked: tuple[date, ...]


def plan_bands(
    history: LoadHistory,
    term: Term,
    calendar: Calendar,
    prices: Prices,
    *,
    unit_wh: int,
    margin: float,
    most_kw: float | None = None,
) -> Planned:
    """Return the bands of a term at a margin, as `plan_margins` does."""
    planned = plan_margins(
        history, term, calendar, prices, unit_wh=unit_wh, margins=(margin,), most_kw=most_kw
    )
    return planned[0]


def plan_margins(
    history: LoadHistory,
    term: Term,
    calendar: Calendar,
    prices: Prices,
    *,
    unit_wh: int,
    margins: Sequence[float],
    most_kw: float | None = None,
) -> list[Planned]:
    """Return the bands of a term at each margin, from all that a history holds, which is learned once.

    None ends above what the connection takes.

    Raises:
        PlanError: the history's intervals do not fit the term's, nothing was measured, or the unit is too small.
    """
    starts, energy = resampled(history, term)
    if not np.isfinite(energy).any():
        raise PlanError(
            sentence("{0} has no whole interval of {1} with data", history.source, span(term.interval_s))
        )
    metered(energy, unit_wh)  # refuses a unit too small for a reading to hold the history
    found = observe(calendar, starts, energy, term.interval_s)
    profile = Learner(starts, energy, term, calendar, prices).profile(len(starts))
    trade = Trade(expect(profile, occurrences(term, found.calendar)), prices)
    days = np.unique(found.calendar.days(term.starts_s[found.calendar.is_special(term.starts_s)]))
    special = tuple(date_of(int(day)) for day in days)
    planned = []
    for margin in margins:
        least, greatest = in_units(trade.at_margin(margin), unit_wh)
        capacity = min(MAX_BOUND, int(greatest.max()) * 5 // 4 or 1)
        if most_kw is not None:
            capacity = min(MAX_BOUND, max(1, int(most_kw * term.interval_s / 3.6 // unit_wh)))
            least, greatest = np.minimum(least, capacity), np.minimum(greatest, capacity)
        planned.append(Planned(least, greatest, found.calendar, capacity, special, found.kept, found.worked))
    return planned


@dataclass(frozen=True)
class DayPlan:
    """Bands of one day, moved within what a consumer may renominate alone.

    Args:
        starts_s: shape (n,): of its intervals.
        base: units of each by the agreement.
        moved: units of each, no wider.
        base_penalty: expected penalties of the day with the base's bands, minor units.
        moved_penalty: the same with the moved ones.
    """

    starts_s: NDArray[np.int64]
    base: Units
    moved: Units
    base_penalty: float
    moved_penalty: float


def plan_day(
    history: LoadHistory,
    term: Term,
    calendar: Calendar,
    prices: Prices,
    *,
    day: int,
    intervals: NDArray[np.int64],
    base: Units,
    most_units: NDArray[np.int64],
    unit_wh: int,
) -> DayPlan:
    """Move a day's bands to where the plant will likely be, never wider.

    Args:
        history: up to now.
        term: of the agreement.
        calendar: says whether the day is off, or may be.
        prices: of leaving a band.
        day: since 1970-01-01 on the zone's clock.
        intervals: shape (n,): those to be renominated.
        base: shape (n,) each: their bands by the agreement.
        most_units: shape (n,): how high each may end.
        unit_wh: Wh of a unit.
    """
    starts, energy = resampled(history, term)
    found = observe(calendar, starts, energy, term.interval_s).calendar
    profile = Learner(starts, energy, term, calendar, prices).profile(len(starts))
    trade = day_trade(profile, found, day, term.interval_s, prices)
    begins = term.start_s + intervals * term.interval_s
    slots = found.places(begins, term.interval_s)[1]
    base_wh = in_wh(base, unit_wh)
    top_wh = trade.placed(base_wh, in_wh((most_units, most_units), unit_wh)[1], slots)[1]
    width = base[1] - base[0]
    top = np.clip(np.rint(top_wh / unit_wh).astype(np.int64), width, np.maximum(most_units, base[1]))
    moved = top - width, top
    moved_wh = in_wh(moved, unit_wh)
    return DayPlan(
        begins,
        base,
        moved,
        float(trade.expected(base_wh, slots).sum()),
        float(trade.expected(moved_wh, slots).sum()),
    )


def played(
    history: LoadHistory,
    term: Term,
    calendar: Calendar,
    prices: Prices,
    *,
    unit_wh: int,
    margins: Sequence[float] = MARGINS,
    period_s: int,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[BackTest, Calendar]:
    """Play the past with and without the public holidays, and return the cheaper way with its calendar."""

    def play(by: Calendar) -> BackTest:
        return back_test(
            history, term, by, prices, unit_wh=unit_wh, margins=margins, period_s=period_s, progress=progress
        )

    without = _without_public(calendar)
    plain = play(without)
    if not calendar.public:
        return plain, without
    observed = play(calendar)
    return (plain, without) if dearer(observed, plain) else (observed, calendar)


def _without_public(calendar: Calendar) -> Calendar:
    return type(calendar)(calendar.zone, calendar.days_off)
