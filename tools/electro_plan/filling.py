# SPDX-License-Identifier: Apache-2.0
"""Fill the gaps of a history, on request only; what is filled is an estimate from then on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from electro_plan.errors import PlanError
from electro_plan.history import Quality
from electro_plan.wording import instant, span

if TYPE_CHECKING:
    from electro_plan.history import LoadHistory

WAYS = {
    "week": "what the same time of the week had, the nearest weeks first",
    "line": "a straight line between the intervals beside the gap",
    "zero": "nothing",
}
_WEEK_S = 604_800
_MOST_WEEKS = 8  # beyond two months another season is copied


def fill(history: LoadHistory, way: str) -> LoadHistory:
    """Return a history without gaps.

    Raises:
        PlanError: there is no such way, or it does not reach some interval.
    """
    missing = history.missing
    if not missing.any():
        return history
    if way not in WAYS:
        raise PlanError(f"gaps can't be filled by {way[:40]!r}", f"ways are {', '.join(WAYS)}")
    energy = history.energy_wh.copy()
    if way == "zero":
        energy[missing] = 0.0
    elif way == "line":
        known = np.flatnonzero(~missing)
        energy[missing] = np.interp(np.flatnonzero(missing), known, energy[known])
    else:
        _copy_weeks(history, energy)
    quality = np.where(missing, np.uint8(Quality.ESTIMATED), history.quality).astype(np.uint8)
    return replace(history, energy_wh=energy, quality=quality)


def require_whole(history: LoadHistory) -> None:
    """Refuse a history with gaps.

    Raises:
        PlanError: naming the first gap.
    """
    gaps = history.gaps()
    if gaps:
        count = sum(gap.intervals for gap in gaps)
        raise PlanError(
            f"{history.source} has {count:,} missing interval{'s' * (count > 1)} of {span(history.interval_s)}, "
            f"the first from {instant(gaps[0].start_s, history.zone)} to {instant(gaps[0].end_s, history.zone)}",
            "fill them with --fill week, line or zero, or take a file without gaps",
        )


def _copy_weeks(history: LoadHistory, energy: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    """Fill by what clocks in the zone showed the same day of the week and time."""
    wall = history.wall_s
    present = ~history.missing
    known = dict(zip(wall[present].tolist(), history.energy_wh[present].tolist(), strict=True))
    for index in np.flatnonzero(history.missing):
        at = int(wall[index])
        near = (at + sign * weeks * _WEEK_S for weeks in range(1, _MOST_WEEKS + 1) for sign in (-1, 1))
        found = next((known[each] for each in near if each in known), None)
        if found is None:
            when = instant(int(history.starts_s[index]), history.zone)
            raise PlanError(
                f"{history.source}: no week within {_MOST_WEEKS} has data for {when}",
                "fill with --fill line or zero",
            )
        energy[index] = found
