# SPDX-License-Identifier: Apache-2.0
"""Where an agreement stands, from its rows: the model itself, with the counts of its points in place of their readings.

What anything costs, when it closes and what is left is the model's to say; here it is only told how many intervals were
under, over, without data, interrupted and explained, so that a list of a thousand agreements needs none of their
readings.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from electro_contracts import model
from electro_contracts.bill import Bill
from electro_contracts.places import Place

from . import schema
from .records import Dates, Meter, Money, Phase, State
from .terms_rows import terms_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from electro_contracts.terms import Terms

_AT_ONCE = 500  # below every database's limit of parameters
_MOST_TERMS = 20_000  # of 10 kB each


class _Point(model.Point):
    """A point of which only how many intervals it has reported is known."""

    def __init__(self, row: Any) -> None:
        super().__init__(row["place"], row["end"], row["first"], replaced=row["replaced"])
        if row["look_from"] is not None:
            self.looked_back = row["look_from"], row["look_to"]
        self._next = row["next"]

    @property
    def next(self) -> int:
        return int(self._next)


class Counted(model.Agreement):
    """An accepted agreement as the model has it, by counts."""

    def __init__(self, row: Any, terms: Terms, points: Sequence[Any], gaps: Sequence[Any]) -> None:
        super().__init__(row["id"], terms, (), row["bonus"], bytes(32))
        self.grants, self.waived, self.forfeited = row["grants"], row["waived"], row["forfeited"]
        self.intervals = row["kept"]
        self.places = [
            Place(terms, [each["device"] for each in points if each["place"] == place])
            for place in range(row["places"])
        ]
        for gap in gaps:
            self.places[gap["place"]].gaps.append((gap["since"], gap["until"]))
        self.points = {each["device"]: _Point(each) for each in points}
        self._rows = {each["device"]: each for each in points}

    def bill_of(self, device: bytes, closed: bool) -> Bill:
        """Return a point's bill from its counts."""
        row, point = self._rows[device], self.points[device]
        bill = Bill(
            intervals=point.next - point.first,
            under=row["under"],
            over=row["over"],
            under_units=row["under_units"],
            over_units=row["over_units"],
            interrupted=row["interrupted"],
            no_data=row["no_data"],
            unexplained=row["interrupted"] - row["explained"],
            missing=point.end - point.next - point.neutral,
            neutral=point.neutral,
        )
        uncounted = bill.missing + bill.unexplained if closed else 0
        bill.accrued = row["reading_penalty"] + row["outage_penalty"] + uncounted * self.terms.missing_penalty
        return bill


@dataclass(frozen=True)
class Standing:
    """An agreement's rows, and the model of them."""

    row: Any
    terms: Terms
    points: Sequence[Any]
    counted: Counted

    @property
    def state(self) -> State:
        return State(self.row["state"])

    @property
    def end(self) -> int:
        """The first instant behind the term, as far as notice has left it."""
        return self.terms.instant(self.row["kept"])

    @functools.cached_property
    def dates(self) -> Dates:
        """Its instants, by what is known."""
        terms, counted = self.terms, self.counted
        settled_at = self.row["settled_at"]
        return Dates(
            start=terms.start,
            end=self.end,
            notice_until=terms.end - terms.notice,
            reports_until=terms.reports_until,
            closes_at=counted.closes_at,
            settles_at=counted.settles_at,
            redeemable_until=None if settled_at is None else settled_at + terms.discount_expiry,
        )

    def phase(self, now: int) -> Phase:
        """Return where it stands at an instant."""
        terms, dates = self.terms, self.dates
        if self.state is State.CANCELLED:
            return Phase.CANCELLED
        if self.state is State.PROPOSED:
            return Phase.OPEN if now < terms.start else Phase.LAPSED
        if dates.redeemable_until is not None:
            return Phase.REDEEMABLE if now <= dates.redeemable_until else Phase.EXPIRED
        steps = (
            (dates.start, Phase.WAITING),
            (dates.end, Phase.RUNNING),
            (dates.closes_at, Phase.GRACE),
            (dates.settles_at, Phase.DISPUTE),
        )
        return next((phase for until, phase in steps if now < until), Phase.DUE)

    def money(self, now: int) -> Money:
        """Return what it comes to at an instant."""
        terms, counted, row = self.terms, self.counted, self.row
        now = self._counting(now)
        binds = self.state.binds
        bills = [counted.bill(device, now) for device in counted.points] if binds else []
        closed = binds and counted.is_closed(now)
        under, over = sum(each.under for each in bills), sum(each.over for each in bills)
        accrued = counted.accrued(now) if binds else 0
        remaining = counted.remaining(now) if binds else row["bonus"] * (self.state is State.PROPOSED)
        return Money(
            bonus=row["bonus"],
            grants=row["grants"],
            waived=row["waived"],
            accrued=accrued,
            under=under * terms.violation_penalty
            + sum(each.under_units for each in bills) * terms.under_rate,
            over=over * terms.violation_penalty + sum(each.over_units for each in bills) * terms.over_rate,
            no_data=sum(each.no_data for each in bills) * terms.missing_penalty,
            missing=closed * sum(each.missing for each in bills) * terms.missing_penalty,
            unexplained=closed * sum(each.unexplained for each in bills) * terms.missing_penalty,
            outages=sum(each["outage_penalty"] for each in self.points) if binds else 0,
            forfeited=row["forfeited"],
            neutral=counted.neutral_share() if closed else 0,
            remaining=remaining,
            discount=row["discount"],
            foreseen_discount=counted.discount_of(remaining),
            redeemed=row["redeemed"],
        )

    def _counting(self, now: int) -> int:
        """What was settled stays as it was then."""
        settled_at = self.row["settled_at"]
        return now if settled_at is None else int(settled_at)

    def meters(self, now: int, revoked: frozenset[bytes] = frozenset()) -> tuple[Meter, ...]:
        """Return where its meters stand."""
        now = now if self.state.binds else self.terms.start  # of an offer nothing is due
        return tuple(meter_of(row, self.terms, now, row["device"] in revoked) for row in self.points)

    def behind(self, now: int) -> int:
        """How many intervals have ended and are not on chain."""
        return sum(meter.behind for meter in self.meters(now))


def meter_of(row: Any, terms: Any, now: int, revoked: bool) -> Meter:
    """Return where a meter stands; `terms` has start and interval_seconds."""
    ended = max(0, now - terms.start) // terms.interval_seconds
    since = terms.start + row["first"] * terms.interval_seconds
    return Meter(
        agreement=row["agreement"],
        place=row["place"],
        device=row["device"],
        first=row["first"],
        next=row["next"],
        end=row["end"],
        behind=max(0, min(ended, row["end"]) - row["next"]),
        silent_s=max(0, now - max(since, row["reported_at"] or 0)),
        reported_at=row["reported_at"],
        register_wh=row["register_wh"],
        disagreements=row["disagreements"],
        under=row["under"],
        over=row["over"],
        no_data=row["no_data"],
        interrupted=row["interrupted"],
        unexplained=row["interrupted"] - row["explained"],
        outages=row["next_outage"],
        outage_open=row["outage_open"],
        accrued=row["reading_penalty"] + row["outage_penalty"],
        replaced=row["replaced"],
        faulted=row["look_from"] is not None,
        revoked=revoked,
    )


def standings(
    connection: Connection, agreements: Sequence[int], known: dict[int, Terms] | None = None
) -> dict[int, Standing]:
    """Return where agreements stand, of those that there are; `known` keeps terms from one question to the next."""
    found: dict[int, Standing] = {}
    held = {} if known is None else known
    for at in range(0, len(agreements), _AT_ONCE):
        some = agreements[at : at + _AT_ONCE]
        rows = connection.execute(
            sa.select(schema.agreements).where(schema.agreements.c.id.in_(some))
        ).mappings()
        if len(held) > _MOST_TERMS:
            held.clear()
        held.update(terms_of(connection, [each for each in some if each not in held]))
        points, gaps = (
            _of(connection, schema.points, some, "place", "first"),
            _of(connection, schema.gaps, some, "since"),
        )
        for row in rows:
            id_ = row["id"]
            own = points.get(id_, [])
            found[id_] = Standing(row, held[id_], own, Counted(row, held[id_], own, gaps.get(id_, [])))
    return found


def _of(
    connection: Connection, table: sa.Table, agreements: Sequence[int], *order: str
) -> dict[int, list[Any]]:
    """Return a table's rows by agreement."""
    found: dict[int, list[Any]] = {}
    query = (
        sa.select(table).where(table.c.agreement.in_(agreements)).order_by(*(table.c[each] for each in order))
    )
    for row in connection.execute(query).mappings():
        found.setdefault(row["agreement"], []).append(row)
    return found
