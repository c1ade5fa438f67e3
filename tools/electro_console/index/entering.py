# SPDX-License-Identifier: Apache-2.0
"""Bring a batch of what the contract said into the tables, whole or not at all.

Within a batch the acts come first, then reports, then outages. That order gives what the chain's own gives: an act
never cuts below what was reported before it, and an outage only ever touches what was.

The contract's own order shows most gaps in what a node gave: agreements, a meter's intervals and its outages are
numbered without any, and a cost follows its report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa

from electro_console.agreement.continuity import disagree
from electro_contracts import events
from electro_plan.sentence import sentence
from electro_protocol.readings import INTERRUPTED, MAX_UNITS, NO_DATA

from . import schema
from .acts import Acts
from .bulk import insert
from .deviating import marks_of
from .errors import Busy, Incomplete
from .outages import Outages
from .points import Points

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from .decoding import Act, Batch, Cost, Report
    from .points import Point

_REPORTS = ("point", "first", "transaction", "position", "register_wh", "readings", "deviations")
_VIOLATIONS = (
    "point",
    "first",
    "position",
    "under",
    "over",
    "no_data",
    "under_units",
    "over_units",
    "penalty",
)
_ACTS = ("block", "position", "transaction", "event", "agreement", "device", "topics", "data")


class Writer:
    """The one who writes; what it keeps between batches are the points it has met.

    Args:
        contract: the agreements' address.
        partial: the index begins after the contract: of agreements proposed before it knows nothing.
    """

    def __init__(self, contract: bytes, *, partial: bool) -> None:
        self._partial = partial
        self._points = Points()
        self._acts = Acts(self._points, contract, partial=partial)
        self._outages = Outages(self._points)

    def forget(self) -> None:
        """Keep nothing: a transaction has failed."""
        self._points.forget()

    def enter(
        self, connection: Connection, batch: Batch, before: int, last: tuple[int, bytes, int], final: int
    ) -> None:
        """Enter what was said in the blocks after `before` up to the last.

        Args:
            connection: of a transaction that is open.
            batch: in the chain's order, with the time of each of its blocks.
            before: the last block that is entered.
            last: number, hash and time of the last block of the range.
            final: the final block.

        Raises:
            Incomplete: something is missing that must have been said.
            Busy: another one has entered something meanwhile.
        """
        progress = schema.progress
        held = connection.scalar(sa.select(progress.c.block).with_for_update())
        if held != before:
            raise Busy(sentence("another process has written into the index meanwhile"))
        self._points.trim()
        offset = self._blocks(connection, batch, last)
        self._points.fetch(
            connection, {row.agreement for row in batch.reports} | {row.agreement for row in batch.costs}
        )
        insert(connection, schema.acts, _ACTS, [_act_row(act, offset) for act in batch.acts])
        told = [act for act in batch.acts if not isinstance(act.event, events.OutageReported)]
        self._acts.enter(connection, told, batch)
        self._reports(connection, batch, offset)
        self._costs(connection, batch)
        self._outages.enter(connection, batch, partial=self._partial)
        self._points.flush(connection)
        number, digest, time = last
        connection.execute(
            sa.update(progress).values(block=number, hash=digest, time=time, final=max(final, number))
        )

    def _blocks(self, connection: Connection, batch: Batch, last: tuple[int, bytes, int]) -> int:
        """Insert blocks and transactions; return the number of the batch's first transaction."""
        number, digest, time = last
        rows = [(each, batch.hashes[each], batch.times[each]) for each in sorted(batch.hashes)]
        if number not in batch.hashes:
            rows.append((number, digest, time))
        insert(connection, schema.blocks, ("number", "hash", "time"), rows)
        newest = connection.scalar(sa.select(sa.func.max(schema.transactions.c.id)))
        offset = 1 if newest is None else int(newest) + 1
        sent = [(at, block, digest) for at, (block, digest) in enumerate(batch.transactions, offset)]
        insert(connection, schema.transactions, ("id", "block", "hash"), sent)
        return offset

    def _reports(self, connection: Connection, batch: Batch, offset: int) -> None:
        reports = batch.reports
        if not reports:
            return
        shown = [marks_of(each) for each in reports]
        lanes = np.frombuffer(b"".join(shown), ">u2").astype(np.uint16)
        lengths = np.array([len(each) // 2 for each in shown])
        begins = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        interrupted = (lanes >= INTERRUPTED) & (lanes != NO_DATA)
        units = np.where(lanes == NO_DATA, 0, lanes & MAX_UNITS).astype(np.int64)
        rows = []
        for report, seen, used, count, length in zip(
            reports,
            shown,
            np.add.reduceat(units, begins).tolist(),
            np.add.reduceat(interrupted, begins, dtype=np.int64).tolist(),
            lengths.tolist(),
            strict=True,
        ):
            point = self._known(report)
            if point is None:
                continue
            if report.first != point.next:
                raise _gap(report, point)
            if report.deviations is None:
                _read(point, report, used, self._points.unit_wh(point.agreement))
            point.reported_at = batch.times[report.block]
            counted = min(
                length, max(0, point.end - report.first)
            )  # what lies behind a cut is signed for nothing
            point.next += counted
            point.interrupted += count if counted == length else _interrupted(seen[: 2 * counted])
            rows.append(
                (
                    point.id,
                    report.first,
                    offset + report.transaction,
                    report.position,
                    schema.signed64(report.register_wh),
                    report.readings,
                    report.deviations,
                )
            )
        insert(connection, schema.reports, _REPORTS, rows)

    def _costs(self, connection: Connection, batch: Batch) -> None:
        if not batch.costs:
            return
        said = {(each.block, each.position): each for each in batch.reports}
        as_text = connection.dialect.name == "sqlite"
        rows = []
        for cost in batch.costs:
            point = self._known(cost)
            if point is None:
                continue
            report = said.get((cost.block, cost.position - 1))
            if report is None or (report.agreement, report.device, report.first) != cost[3:6]:
                raise Incomplete(
                    sentence("block {0}: a report's cost has come without the report", cost.block)
                )
            under, over, no_data, under_units, over_units, penalty = cost.figures
            point.under += under
            point.over += over
            point.no_data += no_data
            point.under_units += under_units
            point.over_units += over_units
            point.reading_penalty += penalty
            *figures, money = cost.figures
            rows.append((point.id, cost.first, cost.position, *figures, str(money) if as_text else money))
        insert(connection, schema.violations, _VIOLATIONS, rows)

    def _known(self, row: Report | Cost) -> Point | None:
        point = self._points.find(row.agreement, row.device)
        if point is None and not self._partial:
            raise Incomplete(
                sentence(
                    "block {0}: a meter reports for agreement {1}, which has no such meter",
                    row.block,
                    row.agreement,
                )
            )
        return point


def _act_row(act: Act, offset: int) -> tuple[object, ...]:
    event = act.event
    return (
        act.block,
        act.position,
        offset + act.transaction,
        type(event).__name__,
        getattr(event, "agreement_id", None),
        getattr(event, "device", None),
        act.topics,
        act.data,
    )


def _read(point: Point, report: Report, units: int, unit_wh: int) -> None:
    """Hold the register against the readings, which anyone can read."""
    if point.register_wh is None:
        point.first_register_wh = report.register_wh
    else:
        counted_wh = report.register_wh - point.register_wh
        point.read_wh += units * unit_wh
        point.disagreements += disagree(counted_wh, units * unit_wh, unit_wh)
    point.register_wh = report.register_wh


def _interrupted(readings: bytes) -> int:
    lanes = np.frombuffer(readings, ">u2")
    return int(np.count_nonzero((lanes >= INTERRUPTED) & (lanes != NO_DATA)))


def _gap(report: Report, point: Point) -> Incomplete:
    return Incomplete(
        sentence(
            "block {0}: meter 0x{1} reports interval {2} of agreement {3}, and the one before was {4}",
            report.block,
            report.device.hex(),
            report.first,
            report.agreement,
            point.next - 1,
        )
    )
