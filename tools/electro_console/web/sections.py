# SPDX-License-Identifier: Apache-2.0
"""Sections of the network on a page: what agreements allow there against what they can take, hour by hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from electro_plan import zones
from electro_plan.sections import plan_sections
from electro_protocol import address

if TYPE_CHECKING:
    from electro_plan.sections import Planned

    from .questions import Questions

_DAY_S = 86_400
_HOUR_S = 3600
_HOURS = 24


async def planned(questions: Questions, first_s: int, end_s: int, now: int) -> list[Planned]:
    """Return what is allowed in each section, from one instant to another."""
    devices = {address.parse(meter) for section in questions.sections for meter in section.meters}
    commitments = await questions.ask(questions.index.commitments, devices, first_s, end_s, now)
    return plan_sections(questions.sections, commitments, first_s, end_s)


async def overloaded_ahead(questions: Questions, first_s: int, now_s: int, zone: str) -> list[dict[str, Any]]:
    """Return the sections in which more is allowed than they can take on the day of an instant, by the zone's clock."""
    if not questions.sections:
        return []
    day = zones.to_wall(np.array([now_s], np.int64), zone)[0] // _DAY_S * _DAY_S
    begins = int(now_s - (zones.to_wall(np.array([now_s], np.int64), zone)[0] - day))
    found = await planned(questions, begins, begins + _DAY_S, first_s)
    return [_overload(each) for each in found if each.overloaded.any()]


def _overload(of: Planned) -> dict[str, Any]:
    worst = int(np.argmax(of.greatest_w))
    return {
        "section": of.section.name,
        "capacity_w": of.section.capacity_w,
        "greatest_w": float(of.greatest_w[worst]),
        "worst_at": int(of.starts_s[worst]),
        "hours": of.hours(of.overloaded),
    }


def facts(of: Planned, zone: str) -> dict[str, Any]:
    """Return a section: what is allowed in it, W, and by hours of the zone's clock as shares of its capacity."""
    room = of.room(zone)
    return {
        "name": of.section.name,
        "parent": of.section.parent,
        "capacity_w": of.section.capacity_w,
        "idle_share": of.section.idle_share,
        "least_w": float(of.least_w.min(initial=0.0)),
        "greatest_w": float(of.greatest_w.max(initial=0.0)),
        "actual_w": None if np.isnan(of.actual_w).all() else float(np.nanmax(of.actual_w)),
        "overloaded_hours": of.hours(of.overloaded),
        "idle_hours": of.hours(of.idle),
        "meters": int(of.meters.max(initial=0)),
        "of_meters": of.of_meters,
        "room": {
            "always_w": room.always_w,
            "window_w": room.window_w,
            "from_hour": room.from_hour,
            "to_hour": room.to_hour,
        },
        "days": _days(of, zone),
    }


def _days(of: Planned, zone: str) -> list[dict[str, Any]]:
    """Return for each day its beginning and 24 shares of the capacity, the greatest of each hour; None: none."""
    hours = zones.to_wall(of.starts_s, zone) // _HOUR_S
    first = int(hours[0]) // _HOURS
    count = int(hours[-1]) // _HOURS - first + 1
    shares = np.full((count, _HOURS), np.nan)
    rows, columns = hours // _HOURS - first, hours % _HOURS
    np.fmax.at(shares, (rows, columns), of.greatest_w / of.section.capacity_w)
    begins = [int(of.starts_s[np.argmax(rows == row)]) for row in range(count)]
    return [
        {"at": at, "shares": [None if np.isnan(each) else round(float(each), 4) for each in row]}
        for at, row in zip(begins, shares, strict=True)
    ]
