# SPDX-License-Identifier: Apache-2.0
"""The points that logs change, a meter's service at a place each: fetched when they are met, kept, and written back."""

from __future__ import annotations

import operator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from . import schema
from .bulk import insert, placeholder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

ORDINALS = 1 << 16  # more meters than could follow one another at an agreement's places
_MOST_KEPT = 200_000  # points of 400 bytes each: 80 MB
_AT_ONCE = 500  # agreements asked for in one query: below every database's limit of parameters


@dataclass(slots=True, eq=False)
class Point:
    """A row of `points` while it is changed; an agreement's points have numbers that follow one another."""

    id: int
    agreement: int
    place: int
    device: bytes
    first: int
    end: int
    next: int
    replaced: bool = False
    look_from: int | None = None
    look_to: int | None = None
    reported_at: int | None = None
    first_register_wh: int | None = None
    register_wh: int | None = None
    read_wh: int = 0
    disagreements: int = 0
    under: int = 0
    over: int = 0
    no_data: int = 0
    under_units: int = 0
    over_units: int = 0
    reading_penalty: int = 0
    interrupted: int = 0
    explained: int = 0
    next_outage: int = 0
    paid_until: int = 0
    outage_open: bool = False
    outage_penalty: int = 0

    def cut(self, end: int) -> None:
        """Let intervals from `end` on not count at this point."""
        self.end = min(self.end, end)


_COLUMNS = tuple(each.name for each in fields(Point))
_VALUES = operator.attrgetter(*_COLUMNS)
_WIDE = [at for at, name in enumerate(_COLUMNS) if isinstance(schema.points.c[name].type, schema.Wide)]
_WIDE64 = [at for at, name in enumerate(_COLUMNS) if isinstance(schema.points.c[name].type, schema.Wide64)]


class Points:
    """All that have been met, by agreement and device; use `forget` after a transaction that failed."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, bytes], Point] = {}
        self._units: dict[int, int] = {}  # Wh in a unit, by agreement
        self._fresh: dict[int, Point] = {}
        self._changed: dict[int, Point] = {}

    def forget(self) -> None:
        """Fetch all anew."""
        self._kept.clear()
        self._units.clear()
        self._fresh.clear()
        self._changed.clear()

    def trim(self) -> None:
        """Keep no more than memory has room for; between transactions only."""
        if len(self._kept) > _MOST_KEPT:
            self.forget()

    def fetch(self, connection: Connection, agreements: Iterable[int]) -> None:
        """Fetch the points of agreements that are not kept."""
        wanted = sorted(set(agreements) - self._units.keys())
        points, terms = schema.points, schema.terms
        for at in range(0, len(wanted), _AT_ONCE):
            some = wanted[at : at + _AT_ONCE]
            units = sa.select(terms.c.agreement, terms.c.unit_wh).where(terms.c.agreement.in_(some))
            self._units.update(connection.execute(units).all())
            query = sa.select(*(points.c[name] for name in _COLUMNS)).where(points.c.agreement.in_(some))
            for row in connection.execute(query):
                found = Point(*row)
                self._kept[found.agreement, found.device] = found

    def find(self, agreement: int, device: bytes) -> Point | None:
        """Return a point that is to be changed; None if there is none. Its agreement must have been fetched."""
        found = self._kept.get((agreement, device))
        if found is not None:
            self._changed[found.id] = found
        return found

    def of(self, agreement: int) -> list[Point]:
        """Return all points of an agreement that was fetched, to be changed."""
        found = [each for (id_, _), each in self._kept.items() if id_ == agreement]
        self._changed.update({each.id: each for each in found})
        return found

    def unit_wh(self, agreement: int) -> int:
        return self._units[agreement]

    def add(
        self, agreement: int, ordinal: int, place: int, device: bytes, first: int, end: int, unit_wh: int
    ) -> None:
        """Let a meter serve a place from an interval on."""
        made = Point(
            agreement * ORDINALS + ordinal, agreement, place, device, first, end, first, paid_until=first
        )
        self._kept[agreement, device] = self._fresh[made.id] = made
        self._units[agreement] = unit_wh

    def flush(self, connection: Connection) -> None:
        """Write what has changed."""
        dialect = connection.dialect.name
        if self._fresh:
            rows = [tuple(_values(each, dialect)) for each in self._fresh.values()]
            insert(connection, schema.points, _COLUMNS, rows)
        changed = [each for id_, each in self._changed.items() if id_ not in self._fresh]
        if changed:
            columns = (*_COLUMNS[4:], "id")  # the first four never change
            name = connection.dialect.identifier_preparer.quote
            mark = placeholder(connection)
            settings = ", ".join(f"{name(each)} = {mark}" for each in columns[:-1])
            connection.exec_driver_sql(
                f"UPDATE points SET {settings} WHERE id = {mark}",  # noqa: S608 - names are ours
                [(*_values(each, dialect)[4:], each.id) for each in changed],
            )
        self._fresh.clear()
        self._changed.clear()


def _values(point: Point, dialect: str) -> list[Any]:
    """Return a point's columns as the driver wants them."""
    values = list(_VALUES(point))
    if dialect == "sqlite":
        for at in _WIDE:
            values[at] = str(values[at])
    for at in _WIDE64:
        values[at] = None if values[at] is None else schema.signed64(values[at])
    return values
