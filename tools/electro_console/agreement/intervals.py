# SPDX-License-Identifier: Apache-2.0
"""One interval after the other: what was read, what was promised, what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from electro_contracts.bill import of_readings
from electro_protocol.readings import NO_DATA, is_interrupted, units

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from electro_contracts.bill import Band
    from electro_contracts.terms import Terms

MEASURED, INTERRUPTED, SILENT, MISSING = "measured", "interrupted", "no data", "missing"
SEALED = "sealed"  # measured, and nobody without the viewing key sees how much


@dataclass(frozen=True)
class Interval:
    """One interval of one meter; `deviation` is in units, below the band negative; None where nothing was read.

    `penalty` is what the reading costs: missing intervals and unexplained outages are charged at the settlement.
    """

    index: int
    start: int
    kind: str
    used: int | None
    least: int
    greatest: int
    deviation: int
    penalty: int


def judge(terms: Terms, index: int, lane: int | None, band: Band) -> Interval:
    """Return what one reading means under the terms, in the band that held; None: it was never reported."""
    least, greatest = band
    used = None if lane is None else units(lane)
    cost = of_readings(index, () if lane is None else (lane,), terms, lambda _: band)
    start = terms.start + index * terms.interval_seconds
    deviation = cost.over_units - cost.under_units
    return Interval(index, start, _kind(lane), used, least, greatest, deviation, cost.accrued)


def _kind(lane: int | None) -> str:
    if lane is None:
        return MISSING
    if lane == NO_DATA:
        return SILENT
    return INTERRUPTED if is_interrupted(lane) else MEASURED


def spans(intervals: Iterable[Interval], kind: str) -> list[tuple[int, int]]:
    """Return the stretches of intervals of a kind, as (first, last)."""
    found: list[tuple[int, int]] = []
    for each in intervals:
        if each.kind != kind:
            continue
        if found and found[-1][1] == each.index - 1:
            found[-1] = (found[-1][0], each.index)
        else:
            found.append((each.index, each.index))
    return found


def spans_text(stretches: Sequence[tuple[int, int]]) -> str:
    """Return stretches as "4, 7 to 9"."""
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in stretches)
