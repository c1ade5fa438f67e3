# SPDX-License-Identifier: Apache-2.0
"""What waits for somebody: deadlines that come, redemptions that nobody has acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from . import schema
from .fleet import SERVING
from .records import Deadline, Page, Redemption, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Select

    from .standing import Standing


def deadlines_of(standing: Standing, since: int, until: int) -> Iterator[Deadline]:
    """Yield an agreement's deadlines from an instant to before another."""
    dates, state, row = standing.dates, standing.state, standing.row
    moments: list[tuple[str, int | None]] = []
    if state is State.PROPOSED:
        moments = [("accept", dates.start)]
    elif state is State.SETTLED:
        redeemed = row["redeemed"] >= row["discount"]
        moments = [] if redeemed else [("redeem", dates.redeemable_until)]
    elif state is not State.CANCELLED:
        moments = [("start", dates.start)]
        if state is State.ACCEPTED:
            moments.append(("notice", dates.notice_until))
        moments += [
            ("end", dates.end),
            ("reports", dates.reports_until),
            ("closes", dates.closes_at),
            ("settles", dates.settles_at),
        ]
    for kind, at in moments:
        if at is not None and since <= at < until:
            yield Deadline(at, row["id"], kind, row["consumer"])


def may_be_due(since: int, until: int) -> Select[tuple[int]]:
    """Return a query for the agreements that may have deadlines from an instant to before another.

    Those whose reports are still to come it names all; of the many that are over or not accepted, only those whose
    one deadline it is.
    """
    agreements, terms = schema.agreements, schema.terms
    expiry = agreements.c.settled_at + terms.c.discount_expiry
    return (
        sa.select(agreements.c.id)
        .join(terms, terms.c.agreement == agreements.c.id)
        .where(
            agreements.c.state.in_(SERVING)
            | ((agreements.c.state == State.PROPOSED) & terms.c.start.between(since, until - 1))
            | ((agreements.c.state == State.SETTLED) & expiry.between(since, until - 1))
        )
    )


def redemptions_page(
    connection: Connection, agreement: int | None, *, unacknowledged: bool, page: int, size: int
) -> Page[Redemption]:
    """Return redemptions, the oldest first."""
    redemptions, agreements = schema.redemptions, schema.agreements
    query = sa.select(redemptions, agreements.c.consumer).join(
        agreements, agreements.c.id == redemptions.c.agreement
    )
    if agreement is not None:
        query = query.where(redemptions.c.agreement == agreement)
    if unacknowledged:
        query = query.where(redemptions.c.acknowledged_at.is_(None))
    total = connection.scalar(sa.select(sa.func.count()).select_from(query.subquery()))
    ordered = query.order_by(redemptions.c.redeemed_at, redemptions.c.invoice).limit(size).offset(page * size)
    items = tuple(Redemption(**row) for row in connection.execute(ordered).mappings())
    return Page(items, total or 0, page, size)
