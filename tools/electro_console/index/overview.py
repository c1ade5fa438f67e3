# SPDX-License-Identifier: Apache-2.0
"""What needs somebody now, over all agreements."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import sqlalchemy as sa

from . import schema
from .fleet import SERVING, count_meters, meters_page
from .lists import outages_of, rotations_of, row_of
from .records import Deadline, Overview, Phase, State
from .waiting import deadlines_of, may_be_due, redemptions_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Select

    from .records import Rotation
    from .standing import Standing


def overview_of(
    connection: Connection,
    find: Callable[[Select[tuple[int]]], list[Standing]],
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
        find: the agreements that a query names. Only those are asked for that something can come of: of a grid
            company's thousands most are over, or offers that nobody took.
        now: unix seconds.
        behind_s: what counts as behind.
        silent_s: what counts as silent.
        deadlines_s: how far to look ahead.
        most: entries of each list.
    """
    phases = _over_or_offered(connection, now)
    deadlines = list[Deadline]()
    for standing in find(may_be_due(now, now + deadlines_s)):
        if standing.state in SERVING:
            phases[standing.phase(now)] += 1
        deadlines += deadlines_of(standing, now, now + deadlines_s)
    deadlines.sort(key=lambda each: each.at)
    offers = find(_offers(now).order_by(schema.terms.c.start, schema.agreements.c.id).limit(most))
    behind = meters_page(connection, now, behind_s=behind_s, size=most)
    silent = meters_page(connection, now, silent_s=silent_s, size=most)
    disagreeing = meters_page(connection, now, disagreeing=True, size=most)
    redemptions = redemptions_page(connection, None, unacknowledged=True, page=0, size=most)
    return Overview(
        agreements={phase: count for phase, count in phases.items() if count},
        meters=count_meters(connection),
        behind=behind.total,
        behind_meters=behind.items,
        silent=silent.total,
        silent_meters=silent.items,
        open_outages=outages_of(connection, open_only=True, most=most),
        disagreeing=disagreeing.total,
        disagreeing_meters=disagreeing.items,
        offers=phases[Phase.OPEN],
        offers_waiting=tuple(row_of(each, now) for each in offers),
        rotations_waiting=_rotations(connection, most),
        unacknowledged=redemptions.total,
        unacknowledged_redemptions=redemptions.items,
        deadlines=tuple(deadlines[:most]),
    )


def _offers(now: int) -> Select[tuple[int]]:
    agreements, terms = schema.agreements, schema.terms
    return (
        sa.select(agreements.c.id)
        .join(terms, terms.c.agreement == agreements.c.id)
        .where((agreements.c.state == State.PROPOSED) & (terms.c.start > now))
    )


def _over_or_offered(connection: Connection, now: int) -> Counter[str]:
    """Count agreements by their phase, where it follows from two columns: all but those whose reports are to come."""
    agreements, terms = schema.agreements, schema.terms
    passed = sa.case(
        (agreements.c.state == State.PROPOSED, terms.c.start <= now),
        else_=agreements.c.settled_at + terms.c.discount_expiry < now,
    ).label("passed")
    query = (
        sa.select(agreements.c.state, passed, sa.func.count())
        .join(terms, terms.c.agreement == agreements.c.id)
        .where(agreements.c.state.not_in(SERVING))
        .group_by(agreements.c.state, sa.text("passed"))
    )
    found: Counter[str] = Counter()
    for state, is_passed, count in connection.execute(query):
        if state == State.CANCELLED:
            found[Phase.CANCELLED] += count
        elif state == State.PROPOSED:
            found[Phase.LAPSED if is_passed else Phase.OPEN] += count
        else:
            found[Phase.EXPIRED if is_passed else Phase.REDEEMABLE] += count
    return found


def _rotations(connection: Connection, most: int) -> tuple[Rotation, ...]:
    rotations, agreements = schema.rotations, schema.agreements
    serving = sa.select(agreements.c.id).where(agreements.c.state.in_(SERVING))
    return rotations_of(
        connection, rotations.c.accepted_at.is_(None) & rotations.c.agreement.in_(serving), most
    )
