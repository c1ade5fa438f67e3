# SPDX-License-Identifier: Apache-2.0
"""The bill of one meter: what its intervals and its outages cost.

- An interval below its band costs the flat penalty and, for each unit that is missing, the rate for under-use.
- An interval above its band costs the flat penalty and, for each unit too much, the rate for over-use.
- An estimate is judged like a measurement.
- An interval without data costs the missing penalty; so does, once reports are no longer taken, an interval that
  was never reported.
- An interval without supply costs nothing by itself, for an outage is not an under-use. But it needs an outage
  on record that has ended and that reaches it, or the interval before or behind it. If it has none when
  reports are no longer taken, it costs the missing penalty.
- An outage with a penalised cause costs the outage penalty if it began in the term, and the minute penalty for each
  full minute of it that lies in the term. What was reported last of an outage counts: its end and its cause.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from electro_protocol.readings import NO_DATA, NO_SUPPLY, units

if TYPE_CHECKING:
    from collections.abc import Iterable

    from electro_protocol.messages import OutageReport

    from .terms import Terms


@dataclass
class Bill:
    """What one meter's intervals and outages come to: counts, units, minutes, and the money in all."""

    intervals: int = 0
    under: int = 0
    over: int = 0
    under_units: int = 0
    over_units: int = 0
    estimates: int = 0
    no_data: int = 0
    no_supply: int = 0
    unexplained: int = 0  # without supply, and no outage on record explains it
    missing: int = 0  # never reported
    outages: int = 0
    outage_minutes: int = 0
    penalised_outages: int = 0
    penalised_minutes: int = 0
    accrued: int = 0

    @property
    def violations(self) -> int:
        return self.under + self.over


@dataclass
class Meter:
    """What one meter has on record: a reading for each interval from its first on, outages by their start."""

    end: int  # the first interval that does not count any more
    first: int = 0
    lanes: list[int] = field(default_factory=list)
    outages: dict[int, OutageReport] = field(default_factory=dict)
    register_wh: int = 0

    @property
    def next(self) -> int:
        return self.first + len(self.lanes)


def of_meter(meter: Meter, terms: Terms, closed: bool) -> Bill:
    """Add up one meter's bill; `closed` says that reports are no longer taken."""
    bill = Bill(missing=meter.end - meter.next)
    _judge(meter.first, meter.lanes, terms, bill)
    for outage in meter.outages.values():
        _count(outage, meter, terms, bill)
    bill.unexplained = sum(
        lane == NO_SUPPLY and not _is_explained(interval, meter, terms)
        for interval, lane in enumerate(meter.lanes, meter.first)
    )
    return _priced(bill, terms, bill.missing + bill.unexplained if closed else 0)


def of_readings(first: int, lanes: Iterable[int], terms: Terms) -> Bill:
    """Say what readings from an interval on would cost by themselves."""
    bill = Bill()
    _judge(first, lanes, terms, bill)
    return _priced(bill, terms, 0)


def _judge(first: int, lanes: Iterable[int], terms: Terms, bill: Bill) -> None:
    """Compare each interval with its band."""
    for interval, lane in enumerate(lanes, first):
        bill.intervals += 1
        used = units(lane)
        if used is None:
            bill.no_supply += lane == NO_SUPPLY
            bill.no_data += lane == NO_DATA
            continue
        bill.estimates += used != lane
        least, greatest = terms.bands[interval % len(terms.bands)]
        if used < least:
            bill.under += 1
            bill.under_units += least - used
        elif used > greatest:
            bill.over += 1
            bill.over_units += used - greatest


def _count(outage: OutageReport, meter: Meter, terms: Terms, bill: Bill) -> None:
    """Count an outage, and its full minutes once it has ended."""
    began_here = outage.started_at >= terms.start
    minutes = 0
    if outage.ended_at:
        start, end = _inside(outage, meter, terms)
        minutes = (end - start) // 60
    bill.outages += began_here
    bill.outage_minutes += minutes
    if terms.penalised_causes >> outage.cause & 1:
        bill.penalised_outages += began_here
        bill.penalised_minutes += minutes


def _priced(bill: Bill, terms: Terms, missing: int) -> Bill:
    """Put the money to the counts; `missing` intervals count as if they had been reported without data."""
    bill.accrued = (
        bill.violations * terms.violation_penalty
        + bill.under_units * terms.under_rate
        + bill.over_units * terms.over_rate
        + (bill.no_data + missing) * terms.missing_penalty
        + bill.penalised_outages * terms.outage_penalty
        + bill.penalised_minutes * terms.outage_minute_penalty
    )
    return bill


def _is_explained(interval: int, meter: Meter, terms: Terms) -> bool:
    """Whether an outage that has ended reaches the interval, widened by one interval at each side."""
    opens, closes = terms.instant(interval - 1), terms.instant(interval + 2)
    ended = (_inside(outage, meter, terms) for outage in meter.outages.values() if outage.ended_at)
    return any(start < closes and end > opens for start, end in ended)


def _inside(outage: OutageReport, meter: Meter, terms: Terms) -> tuple[int, int]:
    """The part of an ended outage that lies in what the meter's intervals cover."""
    return max(outage.started_at, terms.start), min(outage.ended_at, terms.instant(meter.end))
