# SPDX-License-Identifier: Apache-2.0
"""Outages that meters told, entered into the tables, with the interrupted intervals that each explains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa

from electro_contracts import bill, events
from electro_contracts.terms import MAX_SLOTS
from electro_plan.sentence import sentence
from electro_protocol.messages import OutageReport
from electro_protocol.readings import INTERRUPTED, NO_DATA

from . import schema
from .deviating import seen_of
from .errors import Incomplete
from .terms_rows import terms_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from electro_contracts.terms import Terms

    from .decoding import Batch
    from .points import Point, Points


class Outages:
    """Enters outages behind the reports of a batch."""

    def __init__(self, points: Points) -> None:
        self._points = points

    def enter(self, connection: Connection, batch: Batch, *, partial: bool) -> None:
        """Enter all outages of a batch in their order.

        Raises:
            Incomplete: one before it is missing, or its meter.
        """
        told = [(act, act.event) for act in batch.acts if isinstance(act.event, events.OutageReported)]
        if not told:
            return
        met = {event.agreement_id for _, event in told}
        self._points.fetch(connection, met)
        terms = terms_of(connection, sorted(met))
        for act, event in told:
            point = self._points.find(event.agreement_id, event.device)
            if point is None:
                if partial:
                    continue
                raise Incomplete(
                    sentence(
                        "block {0}: an outage of a meter that agreement {1} lacks",
                        act.block,
                        event.agreement_id,
                    )
                )
            if event.number != point.next_outage:
                raise Incomplete(
                    sentence(
                        "block {0}: meter 0x{1} tells outage {2} of agreement {3}, and the next would be {4}",
                        act.block,
                        event.device.hex(),
                        event.number,
                        event.agreement_id,
                        point.next_outage,
                    )
                )
            _write(connection, point, event, batch.times[act.block])
            if event.ended_at:
                _close(connection, point, event, terms[event.agreement_id])
            else:
                point.outage_open = True


def _write(connection: Connection, point: Point, event: events.OutageReported, at: int) -> None:
    outages = schema.outages
    connection.execute(
        sa.delete(outages).where(outages.c.point == point.id, outages.c.number == event.number)
    )
    row = {
        "point": point.id,
        "number": event.number,
        "started_at": event.started_at,
        "ended_at": event.ended_at,
        "cause": event.cause,
        "penalty": event.penalty,
        "told_at": at,
    }
    connection.execute(sa.insert(outages), [row])


def _close(connection: Connection, point: Point, event: events.OutageReported, terms: Terms) -> None:
    """Count what an outage that has ended explains: each interval belongs to the first that touches it."""
    outage = OutageReport(point.agreement, event.number, event.started_at, event.ended_at, event.cause)
    since, until = bill.touched(outage, terms)
    since, until = max(since, point.paid_until), min(until, point.end)
    point.explained += _interrupted(connection, point.id, since, until)
    point.next_outage += 1
    point.outage_open = False
    point.paid_until = max(point.paid_until, until)
    point.outage_penalty += event.penalty


def _interrupted(connection: Connection, point: int, since: int, until: int) -> int:
    """Count the interrupted intervals that a point has reported from `since` to before `until`."""
    if since >= until:
        return 0
    reports = schema.reports
    query = sa.select(reports.c.first, reports.c.readings, reports.c.deviations).where(
        reports.c.point == point, reports.c.first < until, reports.c.first > since - MAX_SLOTS
    )
    count = 0
    for first, readings, words in connection.execute(query):
        lanes = np.frombuffer(seen_of(readings, words), ">u2")[max(0, since - first) : max(0, until - first)]
        count += int(np.count_nonzero((lanes >= INTERRUPTED) & (lanes != NO_DATA)))
    return count
