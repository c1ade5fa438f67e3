# SPDX-License-Identifier: Apache-2.0
"""Sealed readings with their viewing key: what was used, in which band; kinds and costs stay those of the chain."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from electro_console.agreement.intervals import INTERRUPTED, MEASURED

from .series import readings_at

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from electro_console.agreement.paper import Paper
    from electro_console.agreement.sealed_bands import SealedBands

    from .records import Readings
    from .standing import Standing


@dataclass(frozen=True)
class Opened:
    """A sealed agreement for who has its key: its bands, and its paper, in which its reports are read."""

    bands: SealedBands
    paper: Paper


def readings_of(
    connection: Connection,
    standing: Standing,
    place: int,
    now: int,
    first: int = 0,
    count: int | None = None,
    opened: Opened | None = None,
) -> Readings:
    """Return a place's intervals, of a sealed agreement as who has the key sees them; see `readings_at`."""
    bands = None if opened is None else opened.bands
    found = readings_at(connection, standing, place, now, first, count, bands)
    return found if opened is None else _with_units(found, opened.paper)


def _with_units(sealed: Readings, paper: Paper) -> Readings:
    """Return intervals with what was used."""
    units = sealed.units.copy()
    for ordinal, meter in enumerate(sealed.meters):
        for each in paper.intervals(meter):
            at = each.index - sealed.first
            if each.used is None or each.kind not in (MEASURED, INTERRUPTED):
                continue
            if 0 <= at < len(sealed) and sealed.meter[at] == ordinal:
                units[at] = each.used
    return dataclasses.replace(sealed, units=units)
