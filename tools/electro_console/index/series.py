# SPDX-License-Identifier: Apache-2.0
"""A place's intervals as arrays: what was read, in which band, at what cost.

The prices are those of electro_contracts.bill, for a whole stretch at once; a test holds the two equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa

from electro_contracts import bill
from electro_contracts.terms import MAX_BOUND, MAX_SLOTS, unpack_bands
from electro_plan.sentence import sentence
from electro_protocol.messages import OutageReport
from electro_protocol.readings import INTERRUPTED, MAX_UNITS, NO_DATA

from . import schema
from .deviating import deviations_of, seen_of
from .errors import Unknown
from .records import Kind, Override, Readings

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from electro_console.agreement.sealed_bands import SealedBands
    from electro_contracts.terms import Terms

    from .standing import Standing


def readings_at(
    connection: Connection,
    standing: Standing,
    place: int,
    now: int,
    first: int = 0,
    count: int | None = None,
    sealed: SealedBands | None = None,
) -> Readings:
    """Return a stretch of a place's intervals, as far as notice has left the term.

    sealed: the bands of a sealed agreement, for who has its key.

    Raises:
        Unknown: there is no such place.
    """
    terms, row = standing.terms, standing.row
    if not 0 <= place < row["places"]:
        raise Unknown(
            sentence("agreement {0} has no place {1}; it has 0 to {2}", row["id"], place, row["places"] - 1)
        )
    first = min(max(0, first), row["kept"])
    end = row["kept"] if count is None else min(row["kept"], first + max(0, count))
    own = [each for each in standing.points if each["place"] == place] if standing.state.binds else []
    lanes, told, meter = _lanes(connection, own, first, end)
    least, greatest, overridden = bands_at(connection, standing, place, first, end, sealed)
    reported = meter >= 0
    kind = _kinds(standing, place, own, lanes, reported, first, now)
    explained = _explained(connection, own, terms, kind, first)
    seen = reported & (lanes != NO_DATA) & (terms.seal is None)
    units = np.where(seen, lanes.astype(np.int32) & MAX_UNITS, -1)
    deviation = told if terms.seal else deviations(units, kind, least, greatest)
    penalty = costs(deviation, kind, terms)
    silent = (kind == Kind.MISSING) | ((kind == Kind.INTERRUPTED) & ~explained)
    closed = standing.state.binds and standing.counted.is_closed(now)
    return Readings(
        agreement=row["id"],
        place=place,
        first=first,
        start_s=terms.instant(first),
        interval_s=terms.interval_seconds,
        unit_wh=terms.unit_wh,
        units=units,
        kind=kind,
        explained=explained,
        least=least,
        greatest=greatest,
        overridden=overridden,
        deviation=deviation,
        penalty=penalty,
        silence=silent.astype(penalty.dtype) * terms.missing_penalty,
        closed=closed,
        meter=meter,
        meters=tuple(each["device"] for each in own),
    )


def deviations(
    units: NDArray[np.int32], kind: NDArray[np.uint8], least: NDArray[np.int32], greatest: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Return by how many units each interval is out of its band; an interrupted one has no shortfall."""
    read = units >= 0
    over = np.where(read & (units > greatest), units - greatest, 0)
    under = np.where(read & (kind == Kind.MEASURED) & (units < least), units - least, 0)
    return (over + under).astype(np.int32)


def costs(
    deviation: NDArray[np.int32], kind: NDArray[np.uint8], terms: Terms
) -> NDArray[np.int64 | np.object_]:
    """Return what each reading costs by itself."""
    worst = (
        terms.violation_penalty + MAX_BOUND * max(terms.over_rate, terms.under_rate) + terms.missing_penalty
    )
    dtype: Any = np.int64 if worst < 1 << 62 else object
    over, under = np.maximum(deviation, 0).astype(dtype), np.maximum(-deviation, 0).astype(dtype)
    cost: Any = (deviation != 0).astype(dtype) * terms.violation_penalty
    cost = cost + over * terms.over_rate + under * terms.under_rate
    return cost + (kind == Kind.NO_DATA).astype(dtype) * terms.missing_penalty  # type: ignore[no-any-return]


def bands_at(
    connection: Connection,
    standing: Standing,
    place: int,
    first: int,
    end: int,
    sealed: SealedBands | None = None,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_]]:
    """Return least and greatest of each interval, and whether they are others than those of the terms.

    Of sealed bands that nobody here opens: what the connection can take.
    """
    terms = standing.terms
    slots = np.arange(first, end) % len(terms.bands)
    overrides = overrides_of(connection, standing.row["id"], place)
    if terms.seal:
        return _sealed_at(terms, place, first, end, overrides, sealed)
    held = np.array(terms.bands, np.int32)[slots]
    overridden = np.zeros(end - first, np.bool_)
    for override in overrides:
        bands = unpack_bands(override.packed)
        since, until = max(first, override.first), min(end, override.first + len(bands))
        if since < until:
            inside = slice(since - first, until - first)
            held[inside] = bands[since - override.first : until - override.first]
            overridden[inside] = (held[inside] != np.array(terms.bands, np.int32)[slots[inside]]).any(axis=1)
    return held[:, 0].copy(), held[:, 1].copy(), overridden


def _sealed_at(
    terms: Terms,
    place: int,
    first: int,
    end: int,
    overrides: tuple[Override, ...],
    sealed: SealedBands | None,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_]]:
    """Return `bands_at` of a sealed agreement: a pass that was renominated has other bands, as far as anybody sees."""
    slots = len(terms.bands)
    replaced = {each.first // slots: each.packed for each in overrides}
    held = np.full((end - first, 2), (0, terms.capacity_units), np.int32)
    overridden = np.zeros(end - first, np.bool_)
    for pass_ in range(first // slots, -(-end // slots)):
        since, until = max(first, pass_ * slots), min(end, (pass_ + 1) * slots)
        inside = slice(since - first, until - first)
        overridden[inside] = pass_ in replaced
        bands = None if sealed is None else sealed.found(place, pass_, replaced.get(pass_))
        if sealed is not None and bands is not None:
            within = slice(since - pass_ * slots, until - pass_ * slots)
            held[inside] = bands[within]
            overridden[inside] = (held[inside] != np.array(sealed.agreed[within], np.int32)).any(axis=1)
    return held[:, 0].copy(), held[:, 1].copy(), overridden


def overrides_of(connection: Connection, agreement: int, place: int | None = None) -> tuple[Override, ...]:
    """Return an agreement's renominations, in the order in which they came: later ones hold."""
    overrides = schema.overrides
    query = sa.select(overrides).where(overrides.c.agreement == agreement)
    if place is not None:
        query = query.where(overrides.c.place == place)
    rows = connection.execute(query.order_by(overrides.c.block, overrides.c.position)).mappings()
    return tuple(
        Override(row["place"], row["first"], row["bands"], row["by"], row["sequence"], row["at"])
        for row in rows
    )


def _lanes(
    connection: Connection, points: list[Any], first: int, end: int
) -> tuple[NDArray[np.uint16], NDArray[np.int32], NDArray[np.int16]]:
    """Return what was reported of each interval, by how much it deviates if sealed, and by which point; -1: by none."""
    lanes = np.full(end - first, NO_DATA, np.uint16)
    told = np.zeros(end - first, np.int32)
    meter = np.full(end - first, -1, np.int16)
    reports = schema.reports
    for ordinal, point in enumerate(points):
        query = sa.select(reports.c.first, reports.c.readings, reports.c.deviations).where(
            reports.c.point == point["id"], reports.c.first < end, reports.c.first > first - MAX_SLOTS
        )
        for begins, readings, words in connection.execute(query):
            read = np.frombuffer(seen_of(readings, words), ">u2")
            since, until = (
                max(first, begins),
                min(end, begins + len(read), point["next"]),
            )  # behind a cut none counts
            if since < until:
                lanes[since - first : until - first] = read[since - begins : until - begins]
                meter[since - first : until - first] = ordinal
                if words:
                    found = deviations_of(words, len(read))
                    told[since - first : until - first] = found[since - begins : until - begins]
    return lanes, told, meter


def lanes_of(connection: Connection, point: Any) -> NDArray[np.uint16]:
    """Return all that a point has reported, from its first interval on."""
    lanes, _, _ = _lanes(connection, [point], point["first"], point["next"])
    return lanes


def _kinds(
    standing: Standing,
    place: int,
    points: list[Any],
    lanes: NDArray[np.uint16],
    reported: NDArray[np.bool_],
    first: int,
    now: int,
) -> NDArray[np.uint8]:
    count, terms = len(lanes), standing.terms
    kind = np.full(count, Kind.UNSERVED if standing.state.binds else Kind.AHEAD, np.uint8)

    def mark(since: int, until: int, what: Kind) -> None:
        kind[max(0, since - first) : max(0, until - first)] = what

    for point in points:
        mark(point["next"], point["end"], Kind.MISSING)
    for since, until in standing.counted.places[place].gaps:
        mark(since, first + count if until is None else until, Kind.NEUTRAL)
    for point in points:
        if point["look_from"] is not None:
            mark(max(point["look_from"], point["next"]), point["look_to"], Kind.NEUTRAL)
    ended = max(0, (now - terms.start) // terms.interval_seconds)
    kind[max(0, ended - first) :][kind[max(0, ended - first) :] == Kind.MISSING] = Kind.AHEAD
    read = np.where(
        lanes == NO_DATA, Kind.NO_DATA, np.where(lanes >= INTERRUPTED, Kind.INTERRUPTED, Kind.MEASURED)
    )
    return np.where(reported, read, kind).astype(np.uint8)


def _explained(
    connection: Connection, points: list[Any], terms: Terms, kind: NDArray[np.uint8], first: int
) -> NDArray[np.bool_]:
    """Say of which intervals no interruption is unexplained: an ended outage of the same meter touches it."""
    explained: NDArray[np.bool_] = kind != Kind.INTERRUPTED
    if explained.all():
        return explained
    outages = schema.outages
    for point in points:
        query = sa.select(outages).where(outages.c.point == point["id"], outages.c.ended_at > 0)
        for row in connection.execute(query).mappings():
            outage = OutageReport(
                point["agreement"], row["number"], row["started_at"], row["ended_at"], row["cause"]
            )
            since, until = bill.touched(outage, terms)
            since, until = max(since, point["first"]), min(until, point["end"])
            explained[max(0, since - first) : max(0, until - first)] = True
    return explained
