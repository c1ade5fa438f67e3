# SPDX-License-Identifier: Apache-2.0
"""Everything that moved an agreement's money, from its logs, as the lines of a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_contracts.bill import of_outages
from electro_plan.quantities import duration_text
from electro_plan.statement.ledger import Line
from electro_protocol import address

from .intervals import INTERRUPTED, MISSING, SILENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from electro_contracts.bill import Point
    from electro_contracts.model import Agreement
    from electro_contracts.terms import Terms

    from .intervals import Interval
    from .paper import Paper


def lines_of(paper: Paper, now: int) -> tuple[Line, ...]:
    """Return the lines in the order of time; what has no moment comes last."""
    model = paper.model
    assert model is not None  # whoever asks has seen that it binds
    closed = model.is_closed(now)
    lines: list[Line] = []
    for device, point in model.points.items():
        lines += _of_point(paper.intervals(device), point, model, address.checksum(device), closed)
    lines.sort(key=lambda line: line.at_s or 0)
    if model.forfeited:
        lines.append(Line("forfeited", model.forfeited))
    if closed and model.neutral_share():
        lines.append(Line("neutral", model.neutral_share(), figures={"count": model.neutral()}))
    if model.grants:
        lines.append(Line("granted", -model.grants))
    if model.waived:
        lines.append(Line("waived", -model.waived))
    return tuple(lines)


def _of_point(
    intervals: Sequence[Interval], point: Point, model: Agreement, meter: str, closed: bool
) -> Iterator[Line]:
    terms = model.terms
    for each in intervals:
        if each.deviation:
            yield _violation(each, terms, meter)
    outages = of_outages(point, terms)
    explained = frozenset().union(*(outage.explained for outage in outages))
    looked_back = range(*point.looked_back) if point.looked_back else range(0)
    silent = [each.index for each in intervals if each.kind == SILENT]
    missing = [each.index for each in intervals if each.kind == MISSING and each.index not in looked_back]
    unexplained = [
        each.index for each in intervals if each.kind == INTERRUPTED and each.index not in explained
    ]
    for kind, indices in (
        ("no data", silent),
        *((("missing", missing), ("unexplained", unexplained)) if closed else ()),
    ):
        for first, last in _stretches(indices):
            count = last - first + 1
            stretch: dict[str, object] = {
                "first": first,
                "last": last,
                "count": count,
                "rate": terms.missing_penalty,
            }
            yield Line(kind, count * terms.missing_penalty, terms.instant(first), meter, stretch)
    for outage, cost in zip(point.outages, outages, strict=True):
        if cost.penalty:
            minutes = cost.seconds // 60
            figures: dict[str, object] = {
                "length": duration_text(outage.ended_at - outage.started_at),
                "cause": outage.cause,
                "event": cost.penalty - minutes * terms.outage_minute_penalty,
                "minutes": minutes,
                "rate": terms.outage_minute_penalty,
            }
            yield Line("outage", cost.penalty, outage.started_at, meter, figures)


def _violation(each: Interval, terms: Terms, meter: str) -> Line:
    kwh = terms.unit_wh / 1000
    rate = terms.over_rate if each.deviation > 0 else terms.under_rate
    figures: dict[str, object] = {
        "index": each.index,
        "used": f"{(each.used or 0) * kwh:,.10g}",
        "off": f"{abs(each.deviation) * kwh:,.10g}",
        "least": f"{each.least * kwh:,.10g}",
        "greatest": f"{each.greatest * kwh:,.10g}",
        "flat": terms.violation_penalty,
        "units": f"{abs(each.deviation):,}",
        "rate": rate,
    }
    kind = "over" if each.deviation > 0 else "under"
    cost = terms.violation_penalty + abs(each.deviation) * rate
    return Line(kind, cost, each.start, meter, figures)


def _stretches(indices: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield (first, last) of consecutive indices."""
    first = last = None
    for index in indices:
        if last is not None and first is not None and index != last + 1:
            yield first, last
            first = index
        first = index if first is None else first
        last = index
    if first is not None and last is not None:
        yield first, last
