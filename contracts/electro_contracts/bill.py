# SPDX-License-Identifier: Apache-2.0
"""The bill of one point, a meter at a place: what its intervals and its outages cost. Every price is worked out here.

- An interval below its band costs the flat penalty and, for each unit that is missing, the rate for under-use.
- An interval above its band costs the flat penalty and, for each unit too much, the rate for over-use.
- An interrupted interval pays for an excess, not for a shortfall. It needs an outage on record that has ended and that
  touches it; without one it costs, once the agreement is closed, the missing penalty too.
- An interval without data costs the missing penalty; so does, once closed, one that was never reported.
- An outage with a penalised cause costs the outage penalty if it began in the term, in an interrupted interval that
  no earlier outage has touched, and the minute penalty for each full minute of it in such intervals. So an interval
  pays for one outage at most.
- Silence is never cheaper than the truth: the missing penalty is at least all that an interval can cost otherwise.
- Where readings are sealed, the meter has judged them: what it told of each interval is priced as a reading would be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from electro_protocol import judging
from electro_protocol.messages import CAUSE_CONSUMER, CAUSE_UNKNOWN
from electro_protocol.readings import NO_DATA, is_interrupted, units

if TYPE_CHECKING:
    from collections.abc import Iterable

    from electro_protocol.messages import OutageReport

    from .terms import Bands, Terms

Band = tuple[int, int]
Deviation = tuple[int, int]  # kind and units, as the meter tells them
BandOf = Callable[[int], Band]  # of an interval, with what was renominated


@dataclass
class Bill:
    """What one point's intervals and outages come to: counts, units, minutes, and the money in all."""

    intervals: int = 0
    under: int = 0
    over: int = 0
    under_units: int = 0
    over_units: int = 0
    interrupted: int = 0
    no_data: int = 0
    unexplained: int = 0  # interrupted, and no outage on record explains it
    missing: int = 0  # never reported, and not neutral
    neutral: int = 0  # never reported, and looked back at by a fault
    outages: int = 0
    outage_minutes: int = 0
    penalised_outages: int = 0
    penalised_minutes: int = 0
    accrued: int = 0

    @property
    def violations(self) -> int:
        return self.under + self.over


@dataclass
class Point:
    """One meter's service at a place: a reading for each interval from its first on, outages in their order."""

    place: int
    end: int  # the first interval that does not count any more
    first: int = 0
    lanes: list[int] = field(default_factory=list)
    sealed: int = 0  # intervals that were reported without a reading for all to see
    deviations: dict[int, Deviation] = field(default_factory=dict)  # of those
    outages: list[OutageReport] = field(default_factory=list)  # those that have ended
    open_outage: OutageReport | None = None  # told, and not yet ended
    register_wh: int = 0
    replaced: bool = False
    overridden: bool = False  # some passes of its place got other sealed bands while it was not replaced
    looked_back: tuple[int, int] | None = None  # by a fault: intervals that are neutral if never reported

    @property
    def next(self) -> int:
        return self.first + len(self.lanes) + self.sealed

    def is_interrupted(self, interval: int) -> bool:
        """Whether it was reported as interrupted."""
        if interval in self.deviations:
            return self.deviations[interval][0] == judging.CUT_OFF
        return interval - self.first < len(self.lanes) and is_interrupted(self.lanes[interval - self.first])

    @property
    def last_ended_at(self) -> int:
        return self.outages[-1].ended_at if self.outages else 0

    @property
    def neutral(self) -> int:
        """How many intervals, never reported, are neutral."""
        since, until = self.looked_back or (0, 0)
        return max(0, until - max(since, self.next))


@dataclass(frozen=True)
class OutageCost:
    """What one outage comes to at a point."""

    explained: frozenset[int]
    event: bool
    seconds: int
    penalty: int


def of_point(point: Point, terms: Terms, band_of: BandOf, closed: bool) -> Bill:
    """Add up one point's bill; `closed` says that what is missing counts."""
    bill = Bill(missing=point.end - point.next - point.neutral, neutral=point.neutral)
    _judge(point.first, point.lanes, band_of, bill)
    bill.intervals += point.sealed
    for deviation in point.deviations.values():
        _tell(deviation, bill)
    penalties, explained = 0, set[int]()
    for outage, cost in zip(point.outages, of_outages(point, terms), strict=True):
        _count(outage, cost, terms, bill)
        penalties += cost.penalty
        explained |= cost.explained
    bill.unexplained = bill.interrupted - len(explained)
    return _priced(bill, terms, penalties, bill.missing + bill.unexplained if closed else 0)


def of_readings(first: int, lanes: Iterable[int], terms: Terms, band_of: BandOf) -> Bill:
    """Say what readings from an interval on would cost by themselves."""
    bill = Bill()
    _judge(first, lanes, band_of, bill)
    return _priced(bill, terms, 0, 0)


def of_outages(point: Point, terms: Terms) -> list[OutageCost]:
    """Say what each of a point's outages explains and costs, in their order."""
    costs, paid_until = [], point.first
    for outage in point.outages:
        since, until = touched(outage, terms)
        since, begins = max(since, paid_until), since
        until = min(until, point.end)
        explained = frozenset(i for i in range(since, until) if point.is_interrupted(i))
        seconds = sum(_overlap(outage, terms, interval) for interval in explained)
        event = outage.started_at >= terms.start and begins in explained
        costs.append(OutageCost(explained, event, seconds, _price(outage, event, seconds, terms)))
        paid_until = max(paid_until, until)
    return costs


def touched(outage: OutageReport, terms: Terms) -> tuple[int, int]:
    """The first interval that an outage touches, and the first behind it; both may lie beyond the term."""
    length = terms.interval_seconds
    since = max(0, outage.started_at - terms.start) // length
    return since, -(-max(0, outage.ended_at - terms.start) // length)


def is_penalised(cause: int, terms: Terms) -> bool:
    """The consumer's side always is, an unknown one as agreed, the grid's never."""
    return cause == CAUSE_CONSUMER or (cause == CAUSE_UNKNOWN and terms.penalised_causes & 1 == 1)


def dearest_truth(band: Band, terms: Terms) -> int:
    """The most that an interval in this band can cost if all is told: what silence must cost at least.

    Of a band that is sealed: in whichever band.
    """
    least, greatest = band if terms.seal is None else (terms.capacity_units, 0)
    outside = max((terms.capacity_units - greatest) * terms.over_rate, least * terms.under_rate)
    minutes = -(-terms.interval_seconds // 60)
    return terms.violation_penalty + outside + terms.outage_penalty + minutes * terms.outage_minute_penalty


def first_cheap_silence(bands: Bands, terms: Terms) -> tuple[int, int] | None:
    """Return the first slot in which silence would be cheaper than a truth, and what it must cost there."""
    for slot, band in enumerate(bands):
        least = dearest_truth(band, terms)
        if terms.missing_penalty < least:
            return slot, least
    return None


def neutral_share(bonus: int, neutral: int, terms: Terms, places: int) -> int:
    """What neutral intervals take from the bonus: their share of all intervals of all places."""
    return bonus * neutral // (terms.intervals * places)


def _judge(first: int, lanes: Iterable[int], band_of: BandOf, bill: Bill) -> None:
    """Compare each interval with its band."""
    for interval, lane in enumerate(lanes, first):
        bill.intervals += 1
        used = units(lane)
        if used is None:
            bill.no_data += lane == NO_DATA
            continue
        interrupted = is_interrupted(lane)
        bill.interrupted += interrupted
        least, greatest = band_of(interval)
        if used > greatest:
            bill.over += 1
            bill.over_units += used - greatest
        elif used < least and not interrupted:
            bill.under += 1
            bill.under_units += least - used


def _tell(deviation: Deviation, bill: Bill) -> None:
    """Count what the meter itself has judged."""
    kind, units_ = deviation
    bill.no_data += kind == judging.UNKNOWN
    bill.interrupted += kind == judging.CUT_OFF
    if kind == judging.UNDER:
        bill.under += 1
        bill.under_units += units_
    elif units_:
        bill.over += 1
        bill.over_units += units_


def _count(outage: OutageReport, cost: OutageCost, terms: Terms, bill: Bill) -> None:
    bill.outages += cost.event
    bill.outage_minutes += cost.seconds // 60
    if is_penalised(outage.cause, terms):
        bill.penalised_outages += cost.event
        bill.penalised_minutes += cost.seconds // 60


def _price(outage: OutageReport, event: bool, seconds: int, terms: Terms) -> int:
    if not is_penalised(outage.cause, terms):
        return 0
    return event * terms.outage_penalty + seconds // 60 * terms.outage_minute_penalty


def _priced(bill: Bill, terms: Terms, penalties: int, missing: int) -> Bill:
    """Put the money to the counts; `missing` intervals count as if they had been reported without data."""
    bill.accrued = (
        bill.violations * terms.violation_penalty
        + bill.under_units * terms.under_rate
        + bill.over_units * terms.over_rate
        + (bill.no_data + missing) * terms.missing_penalty
        + penalties
    )
    return bill


def _overlap(outage: OutageReport, terms: Terms, interval: int) -> int:
    """Seconds of an outage in an interval that it touches."""
    opens, closes = terms.instant(interval), terms.instant(interval + 1)
    return min(outage.ended_at, closes) - max(outage.started_at, opens)
