# SPDX-License-Identifier: Apache-2.0
"""Everything that moved an agreement's money, with the figures from which it follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa

from electro_contracts import bill
from electro_contracts.model import Point
from electro_protocol.messages import OutageReport

from . import schema
from .opening import Opened, readings_of
from .records import BurnDown, Kind, Movement
from .series import lanes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from .records import Readings
    from .standing import Standing

_GIVEN = ("granted", "waived")
_LEFT = (
    "settled",
    "redeemed",
    "acknowledged",
    "credited",
)  # what becomes of the discount: the bonus stays as it is
_TAKING = ("under", "over", "no data", "missing", "unexplained", "outage", "forfeited", "neutral")


def movements_of(
    connection: Connection, standing: Standing, now: int, opened: Opened | None = None
) -> list[Movement]:
    """Return all movements up to an instant, in the order of time; `opened`: with the key of what is sealed."""
    found: list[Movement] = []
    if standing.state.binds:
        for place in range(standing.row["places"]):
            found += _of_readings(readings_of(connection, standing, place, now, opened=opened), standing)
        found += _of_outages(connection, standing)
        found += _neutral(standing, now)
    found += _of_parties(connection, standing)
    found.sort(key=lambda each: each.at or 0)
    return found


def _of_readings(readings: Readings, standing: Standing) -> Iterator[Movement]:
    terms = standing.terms

    def movement(kind: str, index: int, amount: int, charged: bool, figures: dict[str, int]) -> Movement:
        meter = int(readings.meter[index])
        device = readings.meters[meter] if meter >= 0 else None
        at = readings.start_s + index * readings.interval_s
        return Movement(kind, amount, at, charged, readings.place, device, figures)

    for index in np.flatnonzero(readings.deviation).tolist():
        off = int(readings.deviation[index])
        figures = {
            "first": readings.first + index,
            "used": int(readings.units[index]),
            "least": int(readings.least[index]),
            "greatest": int(readings.greatest[index]),
            "units": abs(off),
            "flat": terms.violation_penalty,
            "rate": terms.over_rate if off > 0 else terms.under_rate,
        }
        yield movement("over" if off > 0 else "under", index, int(readings.penalty[index]), True, figures)
    unexplained = (readings.kind == Kind.INTERRUPTED) & ~readings.explained
    for kind, mask in (
        ("no data", readings.kind == Kind.NO_DATA),
        ("missing", readings.kind == Kind.MISSING),
        ("unexplained", unexplained),
    ):
        charged = kind == "no data" or readings.closed
        for first, last in stretches(mask, readings.meter):
            count = last - first + 1
            figures = {
                "first": readings.first + first,
                "last": readings.first + last,
                "count": count,
                "rate": terms.missing_penalty,
            }
            yield movement(kind, first, count * terms.missing_penalty, charged, figures)


def stretches(mask: NDArray[np.bool_], meter: NDArray[np.int16]) -> list[tuple[int, int]]:
    """Return (first, last) of the runs in which the mask holds and the meter is the same."""
    if not mask.any():
        return []
    key = np.where(mask, meter.astype(np.int32) + 2, 0)
    edges = np.flatnonzero(np.diff(key)) + 1
    begins = np.concatenate([[0], edges])
    ends = np.concatenate([edges, [len(key)]]) - 1
    return [(int(a), int(b)) for a, b in zip(begins, ends, strict=True) if key[a]]


def _of_outages(connection: Connection, standing: Standing) -> Iterator[Movement]:
    terms, outages = standing.terms, schema.outages
    for point in standing.points:
        query = sa.select(outages).where(outages.c.point == point["id"], outages.c.ended_at > 0)
        rows = connection.execute(query.order_by(outages.c.number)).mappings().all()
        if not any(row["penalty"] for row in rows):
            continue
        measured = Point(point["place"], point["end"], point["first"])
        measured.lanes = lanes_of(connection, point)  # type: ignore[assignment] # asked for by index alone
        measured.outages = [
            OutageReport(point["agreement"], row["number"], row["started_at"], row["ended_at"], row["cause"])
            for row in rows
        ]
        for outage, cost in zip(measured.outages, bill.of_outages(measured, terms), strict=True):
            if not cost.penalty:
                continue
            figures = {
                "first": bill.touched(outage, terms)[0],
                "number": outage.number,
                "cause": outage.cause,
                "started_at": outage.started_at,
                "ended_at": outage.ended_at,
                "event": cost.event * terms.outage_penalty,
                "minutes": cost.seconds // 60,
                "rate": terms.outage_minute_penalty,
            }
            yield Movement(
                "outage", cost.penalty, outage.started_at, True, point["place"], point["device"], figures
            )


def _neutral(standing: Standing, now: int) -> Iterator[Movement]:
    counted = standing.counted
    share = counted.neutral_share()
    if share:
        figures = {"count": counted.neutral(), "of": standing.terms.intervals * len(counted.places)}
        yield Movement("neutral", share, counted.closes_at, counted.is_closed(now), None, None, figures)


def _of_parties(connection: Connection, standing: Standing) -> Iterator[Movement]:
    movements, row = schema.movements, standing.row
    query = sa.select(movements).where(movements.c.agreement == row["id"])
    for each in connection.execute(query.order_by(movements.c.block, movements.c.position)).mappings():
        kind, amount = each["kind"], each["amount"]
        figures: dict[str, int] = {}
        if kind == "forfeited":
            figures = {"intervals": standing.terms.intervals - row["kept"], "of": standing.terms.intervals}
        elif kind == "settled":
            figures = {name: row[name] for name in ("accrued", "remaining", "discount")}
        signed = -amount if kind in _GIVEN else 0 if kind in _LEFT else amount
        figures["amount"] = amount
        yield Movement(kind, signed, each["at"], True, None, None, figures, each["account"], each["invoice"])


def burn_down_of(connection: Connection, standing: Standing, now: int, samples: int) -> BurnDown:
    """Return what was left of the bonus over time, and what silence until the end of the grace would take more.

    A penalty for intervals counts from their end; what is charged at the closing, from there.
    """
    terms, counted, row = standing.terms, standing.counted, standing.row
    moved = [(_moment(each, standing), each) for each in movements_of(connection, standing, now)]
    until = min(now, max([standing.dates.closes_at, *(at for at, _ in moved)]))
    begin = min(terms.start, until)
    at = np.unique(np.linspace(begin, until, max(2, samples)).astype(np.int64))
    sums: dict[str, list[int]] = {kind: [0] * len(at) for kind in (*_TAKING, *_GIVEN)}
    for moment, movement in moved:
        if movement.kind in sums and (movement.charged or moment <= now):
            slot = int(np.searchsorted(at, moment))
            if slot < len(at):
                sums[movement.kind][slot] += abs(movement.amount)
    running = {kind: tuple(np.cumsum(np.array(values, object)).tolist()) for kind, values in sums.items()}
    remaining = tuple(
        max(
            0,
            row["bonus"]
            + running["granted"][i]
            + running["waived"][i]
            - sum(running[kind][i] for kind in _TAKING),
        )
        for i in range(len(at))
    )
    closed = not standing.state.binds or counted.is_closed(now)
    open_bills = [] if closed else [counted.bill_of(device, closed=False) for device in counted.points]
    silence = sum(each.missing + each.unexplained for each in open_bills) * terms.missing_penalty
    return BurnDown(at, remaining, {kind: running[kind] for kind in _TAKING}, silence)


def _moment(movement: Movement, standing: Standing) -> int:
    """Return when a movement counts."""
    if movement.kind in ("missing", "unexplained"):
        return standing.counted.closes_at
    moment = movement.at or 0
    if movement.kind in ("under", "over"):
        return moment + standing.terms.interval_seconds
    if movement.kind == "no data":
        return moment + movement.figures["count"] * standing.terms.interval_seconds
    return movement.figures["ended_at"] if movement.kind == "outage" else moment
