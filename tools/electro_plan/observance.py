# SPDX-License-Identifier: Apache-2.0
"""Which public holidays a plant keeps: its history tells, since many plants work on most of them.

A past holiday is a day off if what was drawn on it is nearer to the plant's Sundays than to its usual days of
that weekday. A future one has a chance to be: high or low as the last holiday of its name was, and where the
history has none of that name, the share of those that it has.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from electro_plan.calendar import SUNDAY, number_of, weekdays

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from electro_plan.calendar import Calendar

_AGAIN = 0.9  # chance that a holiday is kept again which was kept the last time: one year says that much
_SEEN_SHARE = 0.5  # of a day's intervals that must be known for the day to say something


@dataclass(frozen=True)
class Observance:
    """A calendar with the past holidays that a plant kept among its days off and chances for those to come.

    Args:
        calendar: what to plan by.
        kept: past holidays that were like Sundays.
        worked: past holidays that were like their weekday.
    """

    calendar: Calendar
    kept: tuple[date, ...] = ()
    worked: tuple[date, ...] = ()


def observe(
    calendar: Calendar, starts_s: NDArray[np.int64], energy_wh: NDArray[np.float64], interval_s: int
) -> Observance:
    """Decide which public holidays are days off, from a history.

    Args:
        calendar: with public holidays.
        starts_s: shape (n,): unix seconds at which intervals begin.
        energy_wh: shape (n,): NaN where nothing is known.
        interval_s: their length.
    """
    if not calendar.public:
        return Observance(calendar)
    days = calendar.days(starts_s)
    first = int(days[0])
    _, slots = dataclasses.replace(calendar, public={}).places(starts_s, interval_s)
    table = np.full((int(days[-1]) - first + 1, -(-86_400 // interval_s)), np.nan)
    table[days - first, slots] = energy_wh
    usual = ~np.isin(
        np.arange(len(table)) + first,
        [number_of(day) for day in (*calendar.public, *calendar.days_off)],
    )
    kinds = weekdays(np.arange(len(table)) + first)
    kept: list[date] = []
    worked: list[date] = []
    for day in sorted(calendar.public):
        row = number_of(day) - first
        if 0 <= row < len(table) and kinds[row] != SUNDAY and day not in calendar.days_off:
            near = _is_like_sunday(table, usual, kinds, row)
            if near is not None:
                (kept if near else worked).append(day)
    last_of_name = {calendar.public[day]: day in kept for day in sorted([*kept, *worked])}
    share = (len(kept) + 1) / (len(kept) + len(worked) + 2)
    doubtful = {}
    for day, name in calendar.public.items():
        if number_of(day) > int(days[-1]) and day not in calendar.days_off:
            again = last_of_name.get(name)
            doubtful[day] = share if again is None else _AGAIN if again else 1 - _AGAIN
    off = calendar.days_off | set(kept)
    return Observance(
        dataclasses.replace(calendar, days_off=off, public={}, doubtful=doubtful), tuple(kept), tuple(worked)
    )


def _is_like_sunday(
    table: NDArray[np.float64], usual: NDArray[np.bool_], kinds: NDArray[np.int64], row: int
) -> bool | None:
    """Compare a day with the middle Sunday and the middle usual day of its weekday; None if too little is known."""
    distances = []
    for kind in (SUNDAY, int(kinds[row])):
        like = table[usual & (kinds == kind) & (np.arange(len(table)) != row)]
        known = np.isfinite(like).any(axis=0) & np.isfinite(table[row])
        if known.mean() < _SEEN_SHARE:
            return None
        distances.append(float(np.abs(table[row, known] - np.nanmedian(like[:, known], axis=0)).mean()))
    return distances[0] < distances[1]
