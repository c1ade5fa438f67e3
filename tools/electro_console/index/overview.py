# SPDX-License-Identifier: Apache-2.0
"""What needs somebody now, over all agreements."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import sqlalchemy as sa

from . import schema
from .fleet import SERVING, count_meters, meters_page
from .lists import outages_of, rotations_of, row_of
from .records import Deadline, Overview, Phase
from .standing import Standing
from .waiting import deadlines_of, redemptions_page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from .records import Rotation


def overview_of(
    connection: Connection,
    every: Iterable[Standing],
    now: int,
    *,
    behind_s: int,
    silent_s: int,
    deadlines_s: int,
    most: int,
) -> Overview:
    """Return the overview.

    Args:
        connection: of the index.
        every: agreement.
        now: unix seconds.
        behind_s: what counts as behind.
        silent_s: what counts as silent.
        deadlines_s: how far to look ahead.
        most: entries of each list.
    """
    phases: Counter[str] = Counter()
    offers, deadlines = list[Standing](), list[Deadline]()
    for standing in every:
        phase = standing.phase(now)
        phases[phase] += 1
        if phase is Phase.OPEN:
            offers.append(standing)
        deadlines += deadlines_of(standing, now, now + deadlines_s)
    offers.sort(key=lambda each: each.terms.start)
    deadlines.sort(key=lambda each: each.at)
    behind = meters_page(connection, now, behind_s=behind_s, size=most)
    silent = meters_page(connection, now, silent_s=silent_s, size=most)
    disagreeing = meters_page(connection, now, disagreeing=True, size=most)
    redemptions = redemptions_page(connection, None, unacknowledged=True, page=0, size=most)
    return Overview(
        agreements=dict(phases),
        meters=count_meters(connection),
        behind=behind.total,
        behind_meters=behind.items,
        silent=silent.total,
        silent_meters=silent.items,
        open_outages=outages_of(connection, open_only=True, most=most),
        disagreeing=disagreeing.total,
        disagreeing_meters=disagreeing.items,
        offers=len(offers),
        offers_waiting=tuple(row_of(each, now) for each in offers[:most]),
        rotations_waiting=_rotations(connection, most),
        unacknowledged=redemptions.total,
        unacknowledged_redemptions=redemptions.items,
        deadlines=tuple(deadlines[:most]),
    )


def _rotations(connection: Connection, most: int) -> tuple[Rotation, ...]:
    rotations, agreements = schema.rotations, schema.agreements
    serving = sa.select(agreements.c.id).where(agreements.c.state.in_(SERVING))
    return rotations_of(
        connection, rotations.c.accepted_at.is_(None) & rotations.c.agreement.in_(serving), most
    )
