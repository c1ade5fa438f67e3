# SPDX-License-Identifier: Apache-2.0
"""A place's readings as a history, with bands and money beside it: what exports are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from electro_plan.history import LoadHistory, Quality
from electro_protocol import address
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_console.agreement.intervals import Interval
    from electro_console.agreement.paper import Paper

    from .about import About


def is_hidden(paper: Paper) -> bool:
    """Return whether bands and readings are sealed, and no viewing key was given."""
    return paper.sealed is not None and paper.viewing is None


def history_at(
    paper: Paper, place: int, about: About
) -> tuple[LoadHistory, dict[str, Sequence[float | int | str | None]]]:
    """Return all intervals of a place, whichever meters served it, and the columns beside them.

    Args:
        paper: the agreement.
        place: which metering point.
        about: zone, and currency of the penalties.

    Raises:
        ToolError: there is no such place, or no meter has served it.
    """
    model, terms = paper.model, paper.terms
    assert model is not None  # whoever asks has seen that it binds
    devices = [device for device, point in model.points.items() if point.place == place]
    if not devices:
        raise ToolError(
            f"agreement {paper.agreement_id} has no place {place}; it has 0 to {len(model.places) - 1}"
        )
    by_index: dict[int, tuple[str, Interval]] = {}
    for device in devices:
        for each in paper.intervals(device):
            if each.index not in by_index or each.used is not None:
                by_index[each.index] = (address.checksum(device), each)
    last = max(by_index, default=-1)
    if last < 0:
        raise ToolError(f"no meter has served place {place}")
    rows = [by_index.get(index) for index in range(last + 1)]
    used = np.array(
        [np.nan if row is None or row[1].used is None else row[1].used for row in rows], np.float64
    )
    quality = np.where(np.isnan(used), np.uint8(Quality.MISSING), np.uint8(Quality.OK)).astype(np.uint8)
    starts = terms.start + terms.interval_seconds * np.arange(last + 1, dtype=np.int64)
    history = LoadHistory(
        starts,
        terms.interval_seconds,
        used * terms.unit_wh,
        quality,
        about.zone or "UTC",
        f"agreement {paper.agreement_id}",
        address.checksum(devices[-1]),
    )
    bands = [
        paper.band_of(place, index) if row is None else (row[1].least, row[1].greatest)
        for index, row in enumerate(rows)
    ]
    kwh = terms.unit_wh / 1000
    scale = 10**about.currency.decimals
    money = f"penalty_{about.currency.name}" if about.currency.name else "penalty_minor_units"
    penalties = [0 if row is None else row[1].penalty for row in rows]
    hidden = is_hidden(paper)
    columns: dict[str, Sequence[float | int | str | None]] = {
        "least_kwh": [None if hidden else each[0] * kwh for each in bands],
        "greatest_kwh": [None if hidden else each[1] * kwh for each in bands],
        "kind": ["" if row is None else row[1].kind for row in rows],
        money: [each / scale if about.currency.decimals else each for each in penalties],
        "meter_address": ["" if row is None else row[0] for row in rows],
    }
    return history, columns
