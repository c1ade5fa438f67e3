# SPDX-License-Identifier: Apache-2.0
"""How far what is entered has been verified, and whether what a verified range says is what was entered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from electro_plan.sentence import sentence

from . import schema
from .errors import OtherChain

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from .decoding import Batch


def mark_verified(connection: Connection, before: int, last: int) -> None:
    """Note that a range is verified, if all before it is."""
    progress = schema.progress
    connection.execute(sa.update(progress).where(progress.c.verified == before).values(verified=last))


def must_have_entered(connection: Connection, batch: Batch, first: int, last: int) -> None:
    """The logs of a range are those that were entered.

    Raises:
        OtherChain: they are not.
    """
    entered = _entered(connection, first, last)
    said = set(batch.places())
    if entered != said:
        raise OtherChain(
            sentence(
                "of the blocks {0} to {1} {2} logs are in the index, and the chain has {3}",
                first,
                last,
                len(entered),
                len(said),
            ),
            sentence("electro index rebuild brings them in anew"),
        )


def _entered(connection: Connection, first: int, last: int) -> set[tuple[int, int]]:
    """Return block and position of each log that was entered."""
    sent, reports, costs, acts = schema.transactions, schema.reports, schema.violations, schema.acts
    within = sent.c.block.between(first, last)
    of_reports = sa.select(sent.c.block, reports.c.position).join(sent, sent.c.id == reports.c.transaction)
    of_costs = (
        sa.select(sent.c.block, costs.c.position)
        .join(reports, (reports.c.point == costs.c.point) & (reports.c.first == costs.c.first))
        .join(sent, sent.c.id == reports.c.transaction)
    )
    of_acts = sa.select(acts.c.block, acts.c.position).where(acts.c.block.between(first, last))
    queries = of_reports.where(within), of_costs.where(within), of_acts
    return {(block, position) for query in queries for block, position in connection.execute(query)}
