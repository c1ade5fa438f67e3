# SPDX-License-Identifier: Apache-2.0
"""Rows of lists as records: agreements, outages, changes of meters, notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from . import schema
from .fleet import SERVING
from .records import AgreementRow, Note, Outage, Rotation

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from .standing import Standing


def row_of(standing: Standing, now: int) -> AgreementRow:
    """Return an agreement as the row of a list."""
    row, money, dates = standing.row, standing.money(now), standing.dates
    return AgreementRow(
        id=row["id"],
        state=standing.state,
        phase=standing.phase(now),
        consumer=row["consumer"],
        start=dates.start,
        end=dates.end,
        settles_at=dates.settles_at,
        interval_s=standing.terms.interval_seconds,
        places=row["places"],
        behind=standing.behind(now),
        bonus=row["bonus"],
        accrued=money.accrued,
        remaining=money.remaining,
        discount=row["discount"],
    )


def outages_of(
    connection: Connection, agreement: int | None = None, *, open_only: bool = False, most: int | None = None
) -> tuple[Outage, ...]:
    """Return outages, the latest first; open ones of agreements whose reports are still to come."""
    outages, points = schema.outages, schema.points
    query = sa.select(outages, points.c.agreement, points.c.place, points.c.device).join(
        points, points.c.id == outages.c.point
    )
    if agreement is not None:
        query = query.where(points.c.agreement == agreement)
    if open_only:
        serving = sa.select(schema.agreements.c.id).where(schema.agreements.c.state.in_(SERVING))
        query = query.where(outages.c.ended_at == 0, points.c.agreement.in_(serving))
    query = query.order_by(outages.c.started_at.desc(), points.c.id).limit(most)
    return tuple(
        Outage(
            agreement=row["agreement"],
            place=row["place"],
            device=row["device"],
            number=row["number"],
            started_at=row["started_at"],
            ended_at=row["ended_at"] or None,
            cause=row["cause"],
            told_at=row["told_at"],
            penalty=row["penalty"],
        )
        for row in connection.execute(query).mappings()
    )


def rotations_of(
    connection: Connection, which: ColumnElement[bool], most: int | None = None
) -> tuple[Rotation, ...]:
    """Return changes of meters, in the order in which they were proposed."""
    rotations = schema.rotations
    query = (
        sa.select(rotations).where(which).order_by(rotations.c.proposed_at, rotations.c.agreement).limit(most)
    )
    return tuple(Rotation(**row) for row in connection.execute(query).mappings())


def notes_of(connection: Connection, agreement: int) -> tuple[Note, ...]:
    """Return what people wrote beside an agreement, in the order in which they did."""
    notes = schema.notes
    query = sa.select(notes).where(notes.c.agreement == agreement).order_by(notes.c.id)
    return tuple(Note(**row) for row in connection.execute(query).mappings())
