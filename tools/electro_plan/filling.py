# SPDX-License-Identifier: Apache-2.0
"""Fill the gaps of a history, on request only; what is filled is an estimate from then on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from electro_plan.errors import PlanError
from electro_plan.history import Quality
from electro_plan.sentence import counted, sentence
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
        raise PlanError(sentence("gaps can't be filled by {0!r}", way[:40]), f"ways are {', '.join(WAYS)}")
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
            counted(
                "{1} has {0:,} missing interval of {2}, the first from {3} to {4}",
                "{1} has {0:,} missing intervals of {2}, the first from {3} to {4}",
                count,
                history.source,
                span(history.interval_s),
                instant(gaps[0].start_s, history.zone),
                instant(gaps[0].end_s, history.zone),
            ),
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
                sentence("{0}: no week within {1} has data for {2}", history.source, _MOST_WEEKS, when),
                "fill with --fill line or zero",
            )
        energy[index] = found
