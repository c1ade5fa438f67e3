# SPDX-License-Identifier: Apache-2.0
"""Zones: whole columns of wall-clock times to instants and back, by the time zone database.

A wall-clock time is an int64 of seconds since 1970-01-01 00:00 on that clock. Changes of a clock are found once a zone
and kept; a column is then converted by a binary search.
"""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from electro_plan.errors import PlanError
from electro_plan.sentence import sentence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Seconds = NDArray[np.int64]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_YEAR, _LAST_YEAR = 1971, 2100  # beyond any load history; before 1971 clocks had odd offsets
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])([01]?\d)(?::?([0-5]\d))?$", re.IGNORECASE)


def clock(zone: str) -> tzinfo:
    """Return the clock of "Europe/Moscow", "UTC", "UTC+03:00" or "+0300".

    Raises:
        PlanError: there is no such zone.
    """
    offset = _OFFSET.match(zone.strip())
    if offset:
        sign, hours, minutes = offset.groups()
        if int(hours) <= 14:  # Kiribati's, the greatest in use
            span = timedelta(hours=int(hours), minutes=int(minutes or 0))
            return timezone(-span if sign == "-" else span)
    if zone.strip().upper() in ("UTC", "Z", "GMT"):
        return UTC
    try:
        return ZoneInfo(zone.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PlanError(
            sentence("there is no time zone {0!r}", zone[:60]),
            "name one such as Europe/Moscow, or an offset such as UTC+03:00",
        ) from None


def name(zone: str) -> str:
    """Return a zone as it is kept: an IANA name, "UTC", or "UTC+03:00" for an offset.

    Raises:
        PlanError: there is no such zone.
    """
    found = clock(zone)
    return str(found)


@functools.lru_cache(maxsize=64)
def changes(zone: str) -> tuple[Seconds, Seconds]:
    """Return the instants at which a zone's clock changes, and its offsets: one more, the first holds before all.

    Both are int64, s.
    """
    where = clock(zone)
    if not isinstance(where, ZoneInfo):
        return np.empty(0, np.int64), np.array([_offset_s(where, 0)], np.int64)
    begin = int((datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())
    end = int((datetime(_LAST_YEAR, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())
    at: list[int] = []
    offsets = [_offset_s(where, begin)]
    step = 7 * 86_400  # no zone in the database changes there and back within a week since 1971
    for low in range(begin, end, step):
        high = low + step
        if _offset_s(where, high) == offsets[-1]:
            continue
        left = low
        while high - left > 1:
            middle = (left + high) // 2
            if _offset_s(where, middle) == offsets[-1]:
                left = middle
            else:
                high = middle
        at.append(high)
        offsets.append(_offset_s(where, high))
    return np.array(at, np.int64), np.array(offsets, np.int64)


def to_wall(instants_s: Seconds, zone: str) -> Seconds:
    """Return what a clock in the zone shows at each instant."""
    at, offsets = changes(zone)
    return instants_s + offsets[np.searchsorted(at, instants_s, side="right")]


def to_instants(wall_s: Seconds, zone: str, *, second: NDArray[np.bool_] | None = None) -> Seconds:
    """Return the instant at which a clock in the zone shows each time.

    A time that comes twice is the first one, where `second` is set the second. A time that a clock skips is as far
    behind the change as it says: 02:30 where 02:00 becomes 03:00 is the instant of 03:30.
    """
    at, offsets = changes(zone)
    before, after = offsets[:-1], offsets[1:]
    # each change moves the wall clock from at + before to at + after; what lies between is skipped, or comes twice
    turned = np.searchsorted(at + np.maximum(before, after), wall_s, side="right")
    started = np.searchsorted(at + np.minimum(before, after), wall_s, side="right")
    within = started > turned  # between the two: skipped or twice
    index = turned.copy()
    if second is not None:
        twice = within & (offsets[turned] > offsets[np.minimum(turned + 1, len(offsets) - 1)])
        index[twice & second] += 1
    return wall_s - offsets[index]


def skipped(wall_s: Seconds, zone: str) -> NDArray[np.bool_]:
    """Return which wall-clock times never come, because the clock is set forward over them."""
    return _within(wall_s, zone, forward=True)


def repeated(wall_s: Seconds, zone: str) -> NDArray[np.bool_]:
    """Return which wall-clock times come twice, because the clock is set back over them."""
    return _within(wall_s, zone, forward=False)


def changes_between(first_s: int, end_s: int, zone: str) -> list[tuple[int, int]]:
    """Return (instant, seconds by which the clock is set forward) of each change after first and before end."""
    at, offsets = changes(zone)
    chosen = np.flatnonzero((at > first_s) & (at < end_s))
    return [(int(at[i]), int(offsets[i + 1] - offsets[i])) for i in chosen]


def _within(wall_s: Seconds, zone: str, *, forward: bool) -> NDArray[np.bool_]:
    at, offsets = changes(zone)
    before, after = offsets[:-1], offsets[1:]
    low, high = at + np.minimum(before, after), at + np.maximum(before, after)
    kind = (after > before) if forward else (after < before)
    low, high = low[kind], high[kind]
    if not len(low):
        return np.zeros(len(wall_s), np.bool_)
    index = np.searchsorted(low, wall_s, side="right") - 1
    return (index >= 0) & (wall_s < high[np.maximum(index, 0)])


def _offset_s(where: tzinfo, unix_s: int) -> int:
    offset = (_EPOCH + timedelta(seconds=unix_s)).astimezone(where).utcoffset()
    assert offset is not None  # an aware time has one
    return int(offset.total_seconds())
