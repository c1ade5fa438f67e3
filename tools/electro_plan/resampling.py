# SPDX-License-Identifier: Apache-2.0
"""Put the intervals of a history together to longer ones, on the clock of its zone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from electro_plan import zones
from electro_plan.errors import PlanError
from electro_plan.history import DAY_S, Quality
from electro_plan.sentence import sentence
from electro_plan.wording import span

if TYPE_CHECKING:
    from electro_plan.history import LoadHistory

_HOUR_S = 3600


def aggregate(history: LoadHistory, interval_s: int) -> LoadHistory:
    """Return a history in longer intervals; those at its ends that it does not cover whole are left out.

    Args:
        history: with intervals of which the longer ones are made up.
        interval_s: up to an hour, or a day of the zone, of 23 or 25 hours when its clock changes.

    Raises:
        PlanError: it can't be made up, or nothing is left.
    """
    if interval_s == history.interval_s:
        return history
    if (
        interval_s % history.interval_s
        or (interval_s > _HOUR_S and interval_s != DAY_S)
        or DAY_S % interval_s
    ):
        raise PlanError(
            sentence(
                "intervals of {0} can't be put together to {1}", span(history.interval_s), span(interval_s)
            )
        )
    wall = history.wall_s
    if interval_s == DAY_S:
        days = wall // DAY_S * DAY_S
        begins = zones.to_instants(days, history.zone or "UTC")
        ends = zones.to_instants(days + DAY_S, history.zone or "UTC")
    else:
        begins = history.starts_s - wall % interval_s
        ends = begins + interval_s
    starts, first, index, counts = np.unique(
        begins, return_index=True, return_inverse=True, return_counts=True
    )
    whole = counts * history.interval_s == (ends - begins)[first]
    quality = np.zeros(len(starts), np.uint8)
    np.maximum.at(quality, index, history.quality)
    energy = np.zeros(len(starts))
    np.add.at(energy, index, np.nan_to_num(history.energy_wh))
    energy[quality == Quality.MISSING] = np.nan
    kept = slice(0 if whole[0] else 1, len(starts) if whole[-1] else len(starts) - 1)
    if not len(starts[kept]):
        raise PlanError(sentence("{0} does not cover {1}", history.source, span(interval_s)))
    return replace(
        history, starts_s=starts[kept], interval_s=interval_s, energy_wh=energy[kept], quality=quality[kept]
    )
