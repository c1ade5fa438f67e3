# SPDX-License-Identifier: Apache-2.0
"""Meters over all agreements: which are behind, silent or in disagreement with themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from . import schema
from .records import Meter, Page, State
from .standing import meter_of

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Select

SERVING = (State.ACCEPTED, State.TERMINATED)
"""States in which reports are still to come."""


def meters_page(
    connection: Connection,
    now: int,
    *,
    behind_s: int | None = None,
    silent_s: int | None = None,
    disagreeing: bool = False,
    device: bytes | None = None,
    agreement: int | None = None,
    page: int = 0,
    size: int = 50,
) -> Page[Meter]:
    """Return meters of agreements whose reports are still to come, those that are farthest behind first.

    Args:
        connection: of the index.
        now: unix seconds.
        behind_s: only those of which so much time or more has ended and is not on chain.
        silent_s: only those that are behind and have sent no report for so long.
        disagreeing: only those with reports whose register and readings tell different energies.
        device: only this one, in all its agreements, settled ones too.
        agreement: only this one's.
        page: from 0.
        size: of it.
    """
    points, agreements = schema.points, schema.agreements
    behind = _behind_s(now)
    query = _serving(
        sa.select(points, schema.terms.c.start, schema.terms.c.interval_seconds, schema.devices.c.revoked_at)
    )
    if device is not None:
        query = query.where(
            points.c.device == device, agreements.c.state.not_in((State.PROPOSED, State.CANCELLED))
        )
    else:
        query = query.where(agreements.c.state.in_(SERVING))
    if agreement is not None:
        query = query.where(points.c.agreement == agreement)
    if behind_s is not None:
        query = query.where(behind >= max(1, behind_s))
    if silent_s is not None:
        query = query.where(behind > 0, _heard() <= now - silent_s)
    if disagreeing:
        query = query.where(points.c.disagreements > 0)
    total = connection.scalar(sa.select(sa.func.count()).select_from(query.subquery()))
    ordered = query.order_by(behind.desc(), points.c.id).limit(size).offset(page * size)
    rows = connection.execute(ordered).mappings()
    items = tuple(
        meter_of(row, _Start(row["start"], row["interval_seconds"]), now, row["revoked_at"] is not None)
        for row in rows
    )
    return Page(items, total or 0, page, size)


def count_meters(connection: Connection) -> int:
    """Return how many meters' reports are still to come."""
    query = _serving(sa.select(sa.func.count(schema.points.c.id)))
    query = query.where(schema.agreements.c.state.in_(SERVING), schema.points.c.replaced.is_(False))
    return connection.scalar(query) or 0


class _Start:
    """Of the terms, what tells how many intervals have ended."""

    def __init__(self, start: int, interval_seconds: int) -> None:
        self.start, self.interval_seconds = start, interval_seconds


def _serving(query: Select[tuple[object, ...]] | Select[tuple[int]]) -> Select[tuple[object, ...]]:
    points = schema.points
    return (
        query.select_from(points)
        .join(schema.agreements, schema.agreements.c.id == points.c.agreement)
        .join(schema.terms, schema.terms.c.agreement == points.c.agreement)
        .outerjoin(schema.devices, schema.devices.c.device == points.c.device)
    )


def _behind_s(now: int) -> ColumnElement[int]:
    """Seconds of intervals that have ended and are not on chain, as SQL."""
    points, terms = schema.points, schema.terms
    ended = sa.case((terms.c.start >= now, 0), else_=(now - terms.c.start) // terms.c.interval_seconds)
    due = sa.case((ended < points.c.end, ended), else_=points.c.end)
    return sa.case((due > points.c.next, due - points.c.next), else_=0) * terms.c.interval_seconds


def _heard() -> ColumnElement[int]:
    """When a meter was last heard of, or began to serve, as SQL."""
    points, terms = schema.points, schema.terms
    since = terms.c.start + points.c.first * terms.c.interval_seconds
    heard = sa.func.coalesce(points.c.reported_at, 0)
    return sa.case((heard > since, heard), else_=since)
