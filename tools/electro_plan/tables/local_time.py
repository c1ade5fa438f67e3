# SPDX-License-Identifier: Apache-2.0
"""Local times without an offset to instants, over changes of the clock: hours that come twice, and that never come."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from electro_plan import zones
from electro_plan.errors import PlanError, Undecided
from electro_plan.history import DAY_S, runs
from electro_plan.sentence import counted, sentence
from electro_plan.text.times import wall_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from electro_plan.sentence import Sentence

    Seconds = NDArray[np.int64]

_HOUR_S = (
    3600  # by which nearly every clock is changed; Lord Howe's half hour is found with --zone all the same
)
_CHANGE_MONTHS = (3, 4, 9, 10, 11)  # in which the zones that still change their clocks do it
_CHANGE_HOURS = 4  # changes fall between midnight and four


def resolve(
    wall_s: Seconds,
    values: NDArray[np.float64],
    zone: str,
    end_of_s: int,
    where: Callable[[int], str],
    notes: list[Sentence],
) -> tuple[Seconds, NDArray[np.bool_]]:
    """Return the instants at which intervals begin, and which rows to keep.

    Args:
        wall_s: shape (n,): times as written, one meter's, in the order of the file.
        values: shape (n,): figures; in an hour that never comes they must be zero or missing, and such rows go.
        zone: whose clock it is.
        end_of_s: 0 if times are beginnings, else the length of the interval that they end.
        where: names a row in a sentence.
        notes: what was put right is said here.

    Raises:
        PlanError: there are figures at times that never come.
    """
    if not end_of_s:
        return _resolve(wall_s, values, zone, 1, where, notes)
    # "03:00" may be what the clock shows as the interval ends, or its beginning's time and its length
    shown_then, _ = _instants(wall_s, zone, end_of_s)
    counted, _ = _instants(wall_s - end_of_s, zone, end_of_s)
    never = zones.skipped(wall_s, zone) & zones.skipped(wall_s - 1, zone)
    faults = _faults(shown_then, values, never)
    faults_counted = _faults(counted, values, zones.skipped(wall_s - end_of_s, zone))
    if end_of_s < DAY_S and faults <= faults_counted:
        starts, keep = _resolve(wall_s, values, zone, end_of_s, where, notes, ends=True)
        return starts - end_of_s, keep
    return _resolve(wall_s - end_of_s, values, zone, end_of_s, where, notes)


def check_without_zone(wall_s: Seconds, values: NDArray[np.float64], interval_s: int, shown: str) -> None:
    """Refuse local times of no known zone whose hours look like those of a clock that changes.

    Raises:
        Undecided: an hour is absent or there twice where clocks change.
    """
    order = np.argsort(wall_s, kind="stable")
    ordered, figures = wall_s[order], values[order]
    steps = np.diff(ordered)
    if interval_s >= DAY_S:
        return
    for index in np.flatnonzero(steps == interval_s + _HOUR_S):
        begin = int(ordered[index]) + interval_s
        if _may_change(begin):
            raise Undecided(
                sentence(
                    "{0} has no times from {1} to {2}: a change to summer time, or a gap; its times have no offset",
                    shown,
                    wall_text(begin),
                    wall_text(begin + _HOUR_S)[11:],
                ),
                "--zone",
            )
    # equal figures are doubles of rows, unless they stand as close as the two hours of a change do
    close = np.abs(np.diff(order)) <= max(1, _HOUR_S // interval_s)
    again = ordered[1:][(steps == 0) & ((figures[1:] != figures[:-1]) | close)]
    if (
        len(again)
        and len(np.unique(again)) * interval_s in (_HOUR_S, _HOUR_S // 2)
        and _may_change(int(again[0]))
    ):
        raise Undecided(
            sentence(
                "{0} has {1} to {2} twice: a change from summer time, or two figures for one hour; "
                "its times have no offset",
                shown,
                wall_text(int(again[0])),
                wall_text(int(again[-1]) + interval_s)[11:],
            ),
            "--zone",
        )


def note_zero_hours(
    wall_s: Seconds, values: NDArray[np.float64], interval_s: int, notes: list[Sentence]
) -> None:
    """Name hours of zeros where clocks are set forward: some sources fill the hour that never comes."""
    if interval_s > _HOUR_S:
        return
    for begin, end in runs(values == 0):
        inner = begin > 0 and end < len(values)
        if inner and (end - begin) * interval_s == _HOUR_S:
            wall = int(wall_s[begin])
            if _may_change(wall) and datetime.fromtimestamp(wall, UTC).weekday() == 6:
                notes.append(
                    sentence(
                        "It is zero from {0} to {1}, a Sunday on which clocks may be set forward: is that hour one "
                        "that never came? Then name the zone.",
                        wall_text(wall),
                        wall_text(wall + _HOUR_S)[11:],
                    )
                )


def _may_change(wall_s: int) -> bool:
    moment = datetime.fromtimestamp(wall_s, UTC)
    return moment.month in _CHANGE_MONTHS and moment.hour < _CHANGE_HOURS


def _faults(instants: Seconds, values: NDArray[np.float64], never: NDArray[np.bool_]) -> tuple[int, int]:
    """Return how many rows can't be right, and how many are at times that never come."""
    kept = instants[~never]
    doubles = len(kept) - len(np.unique(kept))
    return doubles + int(np.sum(never & _has_load(values))), int(never.sum())


def _has_load(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.not_equal(values, 0) & ~np.isnan(values)


def _resolve(
    wall_s: Seconds,
    values: NDArray[np.float64],
    zone: str,
    interval_s: int,
    where: Callable[[int], str],
    notes: list[Sentence],
    *,
    ends: bool = False,
) -> tuple[Seconds, NDArray[np.bool_]]:
    never = zones.skipped(wall_s, zone)
    if ends:
        never &= zones.skipped(wall_s - 1, zone)  # an interval may end as the hour is skipped
    if never.any():
        filled = never & _has_load(values)
        row = int(np.flatnonzero(filled if filled.any() else never)[0])
        if filled.any():
            offset = zones.to_instants(wall_s[row : row + 1] - 2 * _HOUR_S, zone)
            hours = (int(wall_s[row]) - 2 * _HOUR_S - int(offset[0])) / _HOUR_S
            raise PlanError(
                sentence(
                    "{0}: a clock in {1} never shows {2}, and there is a figure",
                    where(row),
                    zone,
                    wall_text(int(wall_s[row])),
                ),
                f"if the file's clock is not changed in summer, say so: --zone UTC{hours:+03.0f}:00",
            )
        notes.append(
            counted(
                "{0} row without load at a time that never comes, {1}, is left out: the clock is set forward then.",
                "{0} rows without load at times that never come, from {1} on, are left out: the clock is set forward "
                "then.",
                int(never.sum()),
                wall_text(int(wall_s[row])),
            )
        )
    instants, once = _instants(wall_s, zone, interval_s)
    notes.extend(
        sentence(
            "The hour that comes twice on {0} is there once, and is taken for the first; the second has no data.",
            wall_text(wall)[:10],
        )
        for wall in once
    )
    return instants, ~never


def _check_order(wall_s: Seconds, twice: NDArray[np.bool_], zone: str) -> None:
    """Refuse an hour that is there twice in rows without order: which is the first and which the second?"""
    others, rows = np.diff(wall_s[~twice]), np.flatnonzero(twice)
    if np.all(others >= 0) or np.all(others <= 0):
        return
    for day in np.unique(wall_s[rows] // DAY_S):
        at = rows[wall_s[rows] // DAY_S == day]
        if len(np.unique(wall_s[at])) < len(at) <= at[-1] - at[0]:
            raise PlanError(
                sentence(
                    "{0} comes twice in {1}, and the rows are in no order that says which is the first",
                    wall_text(int(wall_s[at].min())),
                    zone,
                ),
                "put the rows in order of time, or write times with their offsets",
            )


def _instants(wall_s: Seconds, zone: str, interval_s: int) -> tuple[Seconds, list[int]]:
    """Return instants, and the first times of hours that should come twice and are there once."""
    twice = zones.repeated(wall_s, zone)
    if not twice.any():
        return zones.to_instants(wall_s, zone), []
    second = np.zeros(len(wall_s), np.bool_)
    falling = bool(np.all(np.diff(wall_s) <= 0)) or int(wall_s[0]) > int(wall_s[-1])
    rows = np.flatnonzero(twice)
    if falling:
        rows = rows[::-1]
    _check_order(wall_s, twice, zone)
    seen: dict[int, int] = {}
    for row in rows:
        wall = int(wall_s[row])
        seen[wall] = seen.get(wall, 0) + 1
        second[row] = seen[wall] > 1
    alone: list[int] = []
    present = set(wall_s.tolist())
    for change in sorted({wall // DAY_S for wall, count in seen.items() if count == 1}):
        walls = sorted(wall for wall, count in seen.items() if count == 1 and wall // DAY_S == change)
        if any(count > 1 for wall, count in seen.items() if wall // DAY_S == change):
            continue  # a part is there twice: what is there once is a gap of its own
        if walls[0] - interval_s in present:
            if walls[-1] + interval_s in present and interval_s > 1:
                alone.append(walls[0])
        elif walls[-1] + interval_s in present:
            second[np.isin(wall_s, walls)] = True
    return zones.to_instants(wall_s, zone, second=second), alone
