# SPDX-License-Identifier: Apache-2.0
"""All that was said of one agreement, event by event, out of the tables again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from electro_console.agreement.said import Said
from electro_contracts import events

from . import schema
from .decoding import topics_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

_Placed = tuple[int, int, Said]


def history_of(connection: Connection, agreement: int) -> list[Said]:
    """Return the events of an agreement in the chain's order, with its meters' revocations."""
    found = [*_acts(connection, agreement), *_reports(connection, agreement), *_costs(connection, agreement)]
    found.sort(key=lambda each: each[:2])
    return [said for _, _, said in found]


def _acts(connection: Connection, agreement: int) -> Iterator[_Placed]:
    acts, points = schema.acts, schema.points
    served = sa.select(points.c.device).where(points.c.agreement == agreement)
    revoked = (acts.c.event == "DeviceRevoked") & acts.c.device.in_(served)
    query = (
        sa.select(
            acts.c.block,
            acts.c.position,
            schema.blocks.c.time,
            schema.transactions.c.hash,
            acts.c.topics,
            acts.c.data,
        )
        .join(schema.blocks, schema.blocks.c.number == acts.c.block)
        .join(schema.transactions, schema.transactions.c.id == acts.c.transaction)
        .where((acts.c.agreement == agreement) | revoked)
    )
    for block, position, time, digest, topics, data in connection.execute(query):
        event = events.decode(list(topics_of(topics)), data)
        assert event is not None  # only ours are entered
        yield block, position, Said(block, time, "0x" + digest.hex(), event)


def _reports(connection: Connection, agreement: int) -> Iterator[_Placed]:
    points, reports, sent = schema.points, schema.reports, schema.transactions
    query = (
        sa.select(
            sent.c.block,
            reports.c.position,
            schema.blocks.c.time,
            sent.c.hash,
            points.c.device,
            reports.c.first,
            reports.c.register_wh,
            reports.c.readings,
            reports.c.deviations,
        )
        .join(points, points.c.id == reports.c.point)
        .join(sent, sent.c.id == reports.c.transaction)
        .join(schema.blocks, schema.blocks.c.number == sent.c.block)
        .where(points.c.agreement == agreement)
    )
    for block, position, time, digest, device, first, register_wh, readings, words in connection.execute(
        query
    ):
        event = (
            events.EnergyReported(agreement, device, first, register_wh, readings)
            if words is None
            else events.SealedReported(agreement, device, first, readings, words)
        )
        yield block, position, Said(block, time, "0x" + digest.hex(), event)


def _costs(connection: Connection, agreement: int) -> Iterator[_Placed]:
    points, reports, costs, sent = schema.points, schema.reports, schema.violations, schema.transactions
    query = (
        sa.select(
            sent.c.block,
            costs.c.position,
            schema.blocks.c.time,
            sent.c.hash,
            points.c.device,
            costs.c.first,
            costs.c.under,
            costs.c.over,
            costs.c.no_data,
            costs.c.under_units,
            costs.c.over_units,
            costs.c.penalty,
        )
        .join(points, points.c.id == costs.c.point)
        .join(reports, (reports.c.point == costs.c.point) & (reports.c.first == costs.c.first))
        .join(sent, sent.c.id == reports.c.transaction)
        .join(schema.blocks, schema.blocks.c.number == sent.c.block)
        .where(points.c.agreement == agreement)
    )
    for block, position, time, digest, device, first, *figures in connection.execute(query):
        event = events.Violations(agreement, device, first, *figures)
        yield block, position, Said(block, time, "0x" + digest.hex(), event)
