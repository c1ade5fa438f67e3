# SPDX-License-Identifier: Apache-2.0
"""What the parties do, entered into the tables: one method for each event but reports, costs and outages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from electro_contracts import events
from electro_plan.sentence import sentence

from . import schema
from .errors import Incomplete
from .records import State
from .terms_rows import row_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from .decoding import Act, Batch
    from .points import Points

_NOBODY = bytes(20)
_GATHERED = (events.AgreementProposed, events.AgreementAccepted)


class Acts:
    """Enters acts.

    Args:
        points: those that they change.
        contract: the agreements' address.
        partial: agreements that were proposed before the index begins are passed over.
    """

    def __init__(self, points: Points, contract: bytes, *, partial: bool) -> None:
        self._points = points
        self._contract = contract
        self._partial = partial
        self._enter: dict[type, Callable[[Connection, Any, Act, int], None]] = {
            events.DeviceEnrolled: self._enrolled,
            events.AgreementProposed: self._proposed,
            events.AgreementAccepted: self._accepted,
            events.AgreementRenewed: self._renewed,
            events.RotationProposed: self._rotation,
            events.DeviceRotated: self._rotated,
            events.ProposalsPause: self._paused,
            events.Granted: self._granted,
            events.Waived: self._waived,
            events.Cancelled: self._cancelled,
            events.Terminated: self._terminated,
            events.DeviceRevoked: self._revoked,
            events.Settled: self._settled,
            events.DiscountRedeemed: self._redeemed,
            events.RedemptionAcknowledged: self._acknowledged,
            events.EscrowChosen: self._escrow,
            events.Credited: self._credited,
            events.Collected: self._collected,
            events.FaultDeclared: self._fault,
            events.Renominated: self._renominated,
            events.SuccessorOffered: self._offered,
            events.ConsumerChanged: self._changed,
        }
        self._senders: dict[int, tuple[bytes, bytes | None]] = {}
        self._proposals: dict[str, list[dict[str, Any]]] = {}
        self._acceptances: list[dict[str, Any]] = []

    @property
    def kinds(self) -> frozenset[type]:
        """The events that it enters."""
        return frozenset(self._enter)

    def enter(self, connection: Connection, acts: Sequence[Act], batch: Batch) -> None:
        """Enter acts in their order.

        Raises:
            Incomplete: one is of an agreement that was never proposed.
        """
        if not acts:
            return
        self._senders = batch.senders
        self._proposals, self._acceptances = {}, []
        met = {act.event.agreement_id for act in acts if hasattr(act.event, "agreement_id")}
        self._points.fetch(connection, met)
        query = sa.select(schema.agreements.c.id).where(schema.agreements.c.id.in_(sorted(met)))
        known = (
            set(connection.scalars(query))
            if len(met) < 500
            else set(connection.scalars(sa.select(schema.agreements.c.id)))
        )
        newest = connection.scalar(sa.select(sa.func.max(schema.agreements.c.id)))
        for act in acts:
            agreement = getattr(act.event, "agreement_id", None)
            if isinstance(act.event, events.AgreementProposed):
                newest = self._following(act.event.agreement_id, newest)
                known.add(newest)
            elif agreement is not None and agreement not in known:
                if self._partial:
                    continue
                raise Incomplete(
                    sentence(
                        "block {0}: agreement {1} was never proposed, by the logs before",
                        act.block,
                        agreement,
                    )
                )
            if type(act.event) not in _GATHERED:
                self._flush(connection)
            self._enter[type(act.event)](connection, act.event, act, batch.times[act.block])
        self._flush(connection)

    def _following(self, agreement: int, newest: int | None) -> int:
        """Return the number of a proposal: they are counted from 1, without gaps."""
        if agreement != (newest or 0) + 1 and not (newest is None and self._partial):
            raise Incomplete(
                sentence("agreement {0} is proposed, and the one before was {1}", agreement, newest or 0)
            )
        return agreement

    def _flush(self, connection: Connection) -> None:
        """Write proposals and acceptances that were gathered: there may be thousands in a range."""
        for table in (schema.terms, schema.agreements, schema.places):
            if rows := self._proposals.pop(table.name, None):
                connection.execute(sa.insert(table), rows)
        if self._acceptances:
            agreements = schema.agreements
            accept = (
                sa.update(agreements)
                .where(agreements.c.id == sa.bindparam("accepted"))
                .values(state=State.ACCEPTED, consumer=sa.bindparam("by"), accepted_at=sa.bindparam("at"))
            )
            connection.execute(accept, self._acceptances)
            self._acceptances = []

    # -- Meters

    def _enrolled(self, connection: Connection, event: events.DeviceEnrolled, _: Act, at: int) -> None:
        row = {
            "device": event.device,
            "hardware_id": event.hardware_id,
            "base_seconds": event.base_seconds,
            "enrolled_at": at,
        }
        connection.execute(sa.insert(schema.devices), [row])

    def _revoked(self, connection: Connection, event: events.DeviceRevoked, _: Act, __: int) -> None:
        devices, points, agreements, terms = schema.devices, schema.points, schema.agreements, schema.terms
        of_device = devices.c.device == event.device
        changed = connection.execute(sa.update(devices).where(of_device).values(revoked_at=event.revoked_at))
        if not changed.rowcount:  # enrolled before the index begins
            connection.execute(sa.insert(devices), [{"device": event.device, "revoked_at": event.revoked_at}])
        self._points.flush(connection)
        query = (
            sa.select(points.c.agreement, terms.c.start, terms.c.interval_seconds)
            .join(terms, terms.c.agreement == points.c.agreement)
            .join(agreements, agreements.c.id == points.c.agreement)
            .where(points.c.device == event.device, agreements.c.state.in_(BINDING))
        )
        served = connection.execute(query).all()
        self._points.fetch(connection, [agreement for agreement, _, _ in served])
        for agreement, start, interval_s in served:
            point = self._points.find(agreement, event.device)
            assert point is not None  # it was found a moment ago
            point.cut(0 if event.revoked_at < start else (event.revoked_at - start) // interval_s + 1)

    def _rotation(self, connection: Connection, event: events.RotationProposed, _: Act, at: int) -> None:
        key = {"agreement": event.agreement_id, "old": event.old, "new": event.new}
        rotations = schema.rotations
        connection.execute(
            sa.delete(rotations).where(*(rotations.c[name] == value for name, value in key.items()))
        )
        connection.execute(sa.insert(rotations), [{**key, "proposed_at": at}])

    def _rotated(self, connection: Connection, event: events.DeviceRotated, _: Act, at: int) -> None:
        agreement, first = event.agreement_id, event.first_interval
        old = self._points.find(agreement, event.old)
        if old is None:
            raise Incomplete(sentence("agreement {0}: a meter is replaced that never served", agreement))
        old.cut(first)
        old.replaced = True
        unit_wh = self._points.unit_wh(agreement)
        kept = connection.scalar(
            sa.select(schema.agreements.c.kept).where(schema.agreements.c.id == agreement)
        )
        ordinal = len(self._points.of(agreement))
        self._points.add(agreement, ordinal, event.place, event.new, first, int(kept or 0), unit_wh)
        gaps, rotations = schema.gaps, schema.rotations
        connection.execute(
            sa.update(gaps)
            .where(gaps.c.agreement == agreement, gaps.c.place == event.place, gaps.c.until.is_(None))
            .values(until=first)
        )
        connection.execute(
            sa.update(rotations)
            .where(
                rotations.c.agreement == agreement, rotations.c.old == event.old, rotations.c.new == event.new
            )
            .values(accepted_at=at)
        )

    def _fault(self, connection: Connection, event: events.FaultDeclared, _: Act, __: int) -> None:
        point = self._points.find(event.agreement_id, event.device)
        if point is None:
            raise Incomplete(
                sentence("agreement {0}: a meter is called faulty that never served", event.agreement_id)
            )
        point.look_from, point.look_to = event.look_from, event.look_to
        point.cut(event.end)
        if event.decides:
            row = {"agreement": event.agreement_id, "place": event.place, "since": event.end}
            connection.execute(sa.insert(schema.gaps), [row])

    # -- The life of an agreement

    def _proposed(self, _: Connection, event: events.AgreementProposed, act: Act, at: int) -> None:
        agreement = event.agreement_id
        sender, to = self._senders.get(act.transaction, (None, None))
        self._proposals.setdefault("terms", []).append(row_of(agreement, event.terms))
        row = {
            "id": agreement,
            "state": State.PROPOSED,
            "consumer": event.consumer,
            "first_consumer": event.consumer,
            "funder": sender if to == self._contract else None,
            "places": len(event.devices),
            "bonus": event.bonus,
            "grants": 0,
            "waived": 0,
            "forfeited": 0,
            "kept": event.terms.intervals,
            "proposed_at": at,
            "redeemed": 0,
        }
        self._proposals.setdefault("agreements", []).append(row)
        self._proposals.setdefault("places", []).extend(
            {"agreement": agreement, "place": place, "sequence": 0} for place in range(len(event.devices))
        )
        for place, device in enumerate(event.devices):
            self._points.add(agreement, place, place, device, 0, event.terms.intervals, event.terms.unit_wh)

    def _accepted(self, _: Connection, event: events.AgreementAccepted, __: Act, at: int) -> None:
        self._acceptances.append({"accepted": event.agreement_id, "by": event.consumer, "at": at})

    def _renewed(self, connection: Connection, event: events.AgreementRenewed, _: Act, __: int) -> None:
        _set(connection, event.agreement_id, earlier=event.earlier)

    def _cancelled(self, connection: Connection, event: events.Cancelled, _: Act, at: int) -> None:
        _set(connection, event.agreement_id, state=State.CANCELLED, cancelled_at=at)

    def _terminated(self, connection: Connection, event: events.Terminated, act: Act, at: int) -> None:
        _set(
            connection,
            event.agreement_id,
            state=State.TERMINATED,
            kept=event.intervals,
            forfeited=event.forfeited,
            ended_at=at,
            ended_by=event.by,
        )
        for point in self._points.of(event.agreement_id):
            point.cut(event.intervals)
        if event.forfeited:
            _move(connection, act, at, event.agreement_id, "forfeited", event.forfeited)

    def _offered(self, connection: Connection, event: events.SuccessorOffered, _: Act, __: int) -> None:
        _set(
            connection, event.agreement_id, successor=None if event.successor == _NOBODY else event.successor
        )

    def _changed(self, connection: Connection, event: events.ConsumerChanged, _: Act, __: int) -> None:
        _set(connection, event.agreement_id, consumer=event.new, successor=None)

    def _renominated(self, connection: Connection, event: events.Renominated, act: Act, at: int) -> None:
        row = {
            "agreement": event.agreement_id,
            "place": event.place,
            "block": act.block,
            "position": act.position,
            "first": event.first_interval,
            "sequence": event.sequence,
            "by": event.by,
            "bands": event.bands,
            "at": at,
        }
        connection.execute(sa.insert(schema.overrides), [row])
        places = schema.places
        connection.execute(
            sa.update(places)
            .where(places.c.agreement == event.agreement_id, places.c.place == event.place)
            .values(sequence=event.sequence)
        )

    # -- Money

    def _granted(self, connection: Connection, event: events.Granted, act: Act, at: int) -> None:
        _add(connection, event.agreement_id, "grants", event.amount)
        _move(connection, act, at, event.agreement_id, "granted", event.amount)

    def _waived(self, connection: Connection, event: events.Waived, act: Act, at: int) -> None:
        _add(connection, event.agreement_id, "waived", event.amount)
        _move(connection, act, at, event.agreement_id, "waived", event.amount)

    def _settled(self, connection: Connection, event: events.Settled, act: Act, at: int) -> None:
        figures = {"accrued": event.accrued, "remaining": event.remaining, "discount": event.discount}
        _set(connection, event.agreement_id, state=State.SETTLED, settled_at=at, **figures)
        _move(connection, act, at, event.agreement_id, "settled", event.discount)

    def _redeemed(self, connection: Connection, event: events.DiscountRedeemed, act: Act, at: int) -> None:
        key = {"agreement": event.agreement_id, "invoice": event.invoice}
        connection.execute(
            sa.insert(schema.redemptions), [{**key, "amount": event.amount, "redeemed_at": at}]
        )
        _add(connection, event.agreement_id, "redeemed", event.amount)
        _move(connection, act, at, event.agreement_id, "redeemed", event.amount, invoice=event.invoice)

    def _acknowledged(
        self, connection: Connection, event: events.RedemptionAcknowledged, act: Act, at: int
    ) -> None:
        redemptions = schema.redemptions
        connection.execute(
            sa.update(redemptions)
            .where(redemptions.c.agreement == event.agreement_id, redemptions.c.invoice == event.invoice)
            .values(acknowledged_at=at)
        )
        _move(connection, act, at, event.agreement_id, "acknowledged", event.amount, invoice=event.invoice)

    def _credited(self, connection: Connection, event: events.Credited, act: Act, at: int) -> None:
        _move(connection, act, at, event.agreement_id, "credited", event.amount, account=event.account)

    def _collected(self, connection: Connection, event: events.Collected, act: Act, at: int) -> None:
        _move(connection, act, at, None, "collected", event.amount, account=event.account, to=event.to)

    # -- The contract

    def _escrow(self, connection: Connection, event: events.EscrowChosen, _: Act, __: int) -> None:
        _note(connection, "currency", event.token.hex())

    def _paused(self, connection: Connection, event: events.ProposalsPause, _: Act, __: int) -> None:
        _note(connection, "paused", str(int(event.paused)))


BINDING = (State.ACCEPTED, State.SETTLED, State.TERMINATED)


def _set(connection: Connection, agreement: int, **values: Any) -> None:
    agreements = schema.agreements
    connection.execute(sa.update(agreements).where(agreements.c.id == agreement).values(**values))


def _add(connection: Connection, agreement: int, column: str, amount: int) -> None:
    """Add to a sum of money, which SQLite keeps as text."""
    agreements = schema.agreements
    held = connection.scalar(sa.select(agreements.c[column]).where(agreements.c.id == agreement))
    _set(connection, agreement, **{column: (held or 0) + amount})


def _move(
    connection: Connection, act: Act, at: int, agreement: int | None, kind: str, amount: int, **of: bytes
) -> None:
    row = {
        "block": act.block,
        "position": act.position,
        "agreement": agreement,
        "kind": kind,
        "amount": amount,
        "at": at,
        **of,
    }
    connection.execute(sa.insert(schema.movements), [row])


def _note(connection: Connection, name: str, value: str) -> None:
    connection.execute(sa.delete(schema.facts).where(schema.facts.c.name == name))
    connection.execute(sa.insert(schema.facts), [{"name": name, "value": value}])
