# SPDX-License-Identifier: Apache-2.0
"""The agreement on paper: what it costs, worked out from what the meters signed, interval by interval.

This is the specification of the money. It keeps every reading and every outage and adds up the bill from them, in
the words of the agreement; the contract keeps neither and must come to the same unit.

- What a point's intervals and outages cost is in `bill.py`; places, bands and neutral intervals are in `places.py`.
- Who ends a place bears it. After a revocation by the operator nothing is missing there until another meter serves the
  place. After a fault that the consumer declared the intervals without a meter are neutral. Always the running interval
  is the last; what was measured is taken until the grace after the whole term is over.
- A notice ends the term sooner. A consumer that leaves gives up the share of the bonus for the intervals left out,
  rounded down; an operator's notice costs the consumer nothing. Settled by the new dates is only what is complete.
- What is left at the settlement, times the discount rate, is the discount. What becomes of it is in `discount.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_protocol.judging import read
from electro_protocol.keccak import keccak256
from electro_protocol.messages import EnergyReport, OutageReport, SealedReport
from electro_protocol.readings import unpack

from . import bill
from .bill import Bill, Point
from .discount import Discounted, Refused, Settlement
from .places import By, Place
from .terms import MAX_SLOTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from electro_protocol.eip712 import Domain
    from electro_protocol.signed import SignedMessage

    from .bill import Band
    from .terms import Terms

__all__ = ["Agreement", "Bill", "By", "Place", "Point", "Refused", "Settlement"]


class Agreement(Discounted):
    """One accepted agreement; `now` is the chain's time at which something happens or is asked."""

    def __init__(
        self, agreement_id: int, terms: Terms, devices: Iterable[bytes], bonus: int, code_hash: bytes
    ) -> None:
        """`code_hash`: of the account that holds the terms, 32 bytes."""
        super().__init__(terms, bonus)
        self.agreement_id = agreement_id
        self.code_hash = code_hash
        self.waived = 0
        self.forfeited = 0
        self.intervals = terms.intervals
        self.places = [Place(terms, [device]) for device in devices]
        self.points = {place.device: Point(i, terms.intervals) for i, place in enumerate(self.places)}
        self.revoked: set[bytes] = set()
        self._schedules: dict[bytes, bytes] = {}  # hashes of code, by the sealed bands in it

    @property
    def reports_until(self) -> int:
        """The last instant at which a message of any meter is taken; nobody shortens it."""
        return self.terms.reports_until

    @property
    def is_complete(self) -> bool:
        """Whether everything is reported and explained, so that an early end is settled by its own dates."""
        return all(
            point.next == point.end and not self.bill_of(device, closed=False).unexplained
            for device, point in self.points.items()
        )

    @property
    def closes_at(self) -> int:
        """The first instant at which what is missing counts."""
        return self.closing(self.is_complete)

    def closing(self, complete: bool) -> int:
        """That instant, for one who knows whether the agreement is complete."""
        intervals = self.intervals if complete else self.terms.intervals
        return self.terms.instant(intervals) + self.terms.grace + 1

    @property
    def settles_at(self) -> int:
        return self.closes_at + self.terms.dispute_window

    def begun(self, instant: int) -> int:
        """How many intervals have begun, the running one included."""
        if instant < self.terms.start:
            return 0
        return (instant - self.terms.start) // self.terms.interval_seconds + 1

    # -- What comes in

    def take(self, signed: SignedMessage, domain: Domain, now: int) -> None:
        """Take a signed message. Raises Refused; SignatureError if nobody can have signed it."""
        device = signed.signer(domain)
        if isinstance(signed.message, EnergyReport | SealedReport):
            self.report(device, signed.message, now)
        elif isinstance(signed.message, OutageReport):
            self.outage(device, signed.message, now)
        else:
            raise TypeError("meters send reports and outages")

    def report(self, device: bytes, report: EnergyReport | SealedReport, now: int) -> None:
        """Enter what `device` signed of consecutive intervals, up to the end of its point."""
        point = self._point(device, report.agreement_id)
        if isinstance(report, SealedReport) != (self.terms.seal is not None):
            raise Refused("OtherForm")
        self._admit(point, report, now)
        count = min(report.intervals, point.end - report.first_interval)
        if isinstance(report, EnergyReport):
            point.lanes += unpack(report.readings)[:count]
            point.register_wh = report.register_wh
            return
        for offset, kind, units in read(report.deviations, report.intervals):
            if offset < count:
                point.deviations[report.first_interval + offset] = kind, units
        point.sealed += count

    def _admit(self, point: Point, report: EnergyReport | SealedReport, now: int) -> None:
        """Refuse a report that the point does not take now."""
        terms = self.terms
        if report.start != terms.start:
            raise Refused("OtherStart")
        believed = report.terms if isinstance(report, EnergyReport) else report.schedule
        if believed != self.believed(point, report.first_interval)[:16]:
            raise Refused("OtherTerms")
        if report.first_interval != point.next:
            raise Refused("WrongSequence")
        slot = report.first_interval % len(terms.bands)
        if slot + report.intervals > len(terms.bands):
            raise Refused("BeyondSchedule")
        if report.first_interval >= point.end:
            raise Refused("OutsideTerm")
        if terms.instant(report.first_interval + report.intervals) > now:
            raise Refused("FromTheFuture")
        if now > self.reports_until:
            raise Refused("TooLate")

    def schedule_hash(self, place: int, interval: int) -> bytes:
        """Return the hash that a report names: of the terms' code, or of that with sealed bands in their place."""
        packed = self.places[place].sealed.get(interval // len(self.terms.bands))
        if packed is None:
            return self.code_hash
        # A week's bands take 20 ms to hash, and each report of the pass asks.
        if packed not in self._schedules:
            self._schedules[packed] = keccak256(self.terms.override_code(packed, len(self.places)))
        return self._schedules[packed]

    def believed(self, point: Point, interval: int) -> bytes:
        """Return the hash that a point's reports must name; bands replaced after its meter are not looked up."""
        return self.schedule_hash(point.place, interval) if point.overridden else self.code_hash

    def outage(self, device: bytes, outage: OutageReport, now: int) -> None:
        """Enter an outage that has ended, or the news of one that goes on."""
        point = self._point(device, outage.agreement_id)
        if outage.number != len(point.outages):
            raise Refused("WrongOutage")
        if not outage.ended_at and point.open_outage is not None:
            raise Refused("KnownOutage")
        if outage.started_at < point.last_ended_at:
            raise Refused("OverlappingOutage")
        if max(outage.started_at, outage.ended_at) > now:
            raise Refused("FromTheFuture")
        if outage.ended_at:
            since, until = bill.touched(outage, self.terms)
            until = min(until, point.end)
            if max(since, self._paid_until(point)) < until and point.next < until:
                raise Refused("AheadOfReports")
        if now > self.reports_until:
            raise Refused("TooLate")
        if outage.ended_at:
            point.outages.append(outage)
            point.open_outage = None
        else:
            point.open_outage = outage

    def _paid_until(self, point: Point) -> int:
        """The first interval that no outage on record has touched, nor belongs to an earlier meter."""
        ends = [min(bill.touched(outage, self.terms)[1], point.end) for outage in point.outages]
        return max([point.first, *ends])

    def _point(self, device: bytes, agreement_id: int) -> Point:
        if agreement_id != self.agreement_id or device not in self.points:
            raise Refused("UnknownDevice")
        return self.points[device]

    # -- What the parties do

    def grant(self, amount: int) -> None:
        """Add to the bonus."""
        self._must_run()
        if amount < 1:
            raise Refused("BadAmount")
        self.grants += amount

    def waive(self, amount: int, now: int) -> None:
        """Take off penalties."""
        self._must_run()
        if not self.is_closed(now):
            raise Refused("TooEarly")
        if not 1 <= amount <= self.accrued(now) - self.waived:
            raise Refused("BadAmount")
        self.waived += amount

    def terminate(self, by_consumer: bool, now: int) -> None:
        """Give notice."""
        self._must_run()
        if self.intervals != self.terms.intervals:
            raise Refused("WrongState")
        if now < self.terms.start:
            raise Refused("TooEarly")
        kept = self.begun(now + self.terms.notice)
        if kept >= self.intervals:
            raise Refused("NoticeTooLong")
        if by_consumer:
            self.forfeited = self.bonus * (self.intervals - kept) // self.intervals
        self.intervals = kept
        for point in self.points.values():
            point.end = min(point.end, kept)

    def revoke(self, device: bytes, now: int) -> None:
        """End what one meter measures, by the operator."""
        if device in self.revoked:
            raise Refused("RevokedDevice")
        self.revoked.add(device)
        if device in self.points:
            self._cut(self.points[device], now)

    def fault(self, place: int, now: int) -> None:
        """End what a place's meter measures, by the consumer."""
        at = self.place(place)
        point = self.points[at.device]
        if now < self.terms.start:
            raise Refused("TooEarly")
        if now > self.reports_until:
            raise Refused("TooLate")
        if point.looked_back is not None:
            raise Refused("AlreadyFaulted")
        begun, end = self.begun(now), point.end
        length = self.terms.interval_seconds
        since = -(-max(0, now - self.terms.fault_lookback - self.terms.start) // length)
        point.looked_back = since, min(begun - 1, end)
        self._cut(point, now)
        if begun < end:  # else an earlier cut decides
            at.gaps.append((begun, None))

    def rotate(self, old: bytes, new: bytes, now: int) -> None:
        """Let another meter measure on in the place of one."""
        self._must_run()
        first = self.begun(now)
        if first >= self.intervals:
            raise Refused("OutsideTerm")
        point = self.points[old]
        at = self.places[point.place]
        self._cut(point, now)
        point.replaced = True
        at.devices.append(new)
        at.gaps = [(since, first if until is None else until) for since, until in at.gaps]
        self.points[new] = Point(point.place, self.intervals, first, overridden=bool(at.sealed))

    def renominate(
        self,
        place: int,
        first: int,
        bands: Sequence[Band],
        by: By,
        now: int,
        sequence: int = 0,
    ) -> None:
        """Give one pass of the schedule other bands at one place; the operator alone needs no sequence."""
        at = self.place(place)
        if self.terms.seal:
            raise Refused("OtherForm")
        if by is not By.OPERATOR and sequence <= at.sequence:
            raise Refused("StaleRenomination")
        at.renominate(first, bands, by, self.intervals, now)
        if by is not By.OPERATOR:
            at.sequence = sequence

    def renominate_sealed(self, place: int, first: int, packed: bytes, now: int, sequence: int) -> None:
        """Give one pass other sealed bands at one place, by both parties; packed: ciphertext and nonce."""
        at = self.place(place)
        if not self.terms.seal:
            raise Refused("OtherForm")
        if sequence <= at.sequence:
            raise Refused("StaleRenomination")
        at.renominate_sealed(first, packed, self.intervals, now)
        self.points[at.device].overridden = True
        at.sequence = sequence

    def place(self, number: int) -> Place:
        """Return a place of an agreement that runs; raise Refused."""
        self._must_run()
        if number >= len(self.places):
            raise Refused("NoSuchPlace")
        return self.places[number]

    def _cut(self, point: Point, now: int) -> None:
        """Let the running interval be a point's last."""
        point.end = min(point.end, self.begun(now))

    def _must_run(self) -> None:
        if self.settlement is not None:
            raise Refused("WrongState")

    # -- What it comes to

    def is_closed(self, now: int) -> bool:
        """Whether what is missing counts."""
        return now >= self.closes_at

    def bill(self, device: bytes, now: int) -> Bill:
        """Add up one meter's bill as it stands at `now`."""
        return self.bill_of(device, self.is_closed(now))

    def bill_of(self, device: bytes, closed: bool) -> Bill:
        point = self.points[device]
        return bill.of_point(point, self.terms, self.places[point.place].band_of, closed)

    def quote(self, place: int, first_interval: int, lanes: list[int]) -> Bill:
        """Say what readings would cost if a meter reported them there, whatever the time; outages aside."""
        slots = len(self.terms.bands)
        if place >= len(self.places):
            raise Refused("NoSuchPlace")
        if self.terms.seal:
            raise Refused("OtherForm")
        if not lanes or len(lanes) > MAX_SLOTS:
            raise Refused("BadLength")
        if first_interval % slots + len(lanes) > slots:
            raise Refused("BeyondSchedule")
        if first_interval + len(lanes) > self.terms.intervals:
            raise Refused("OutsideTerm")
        return bill.of_readings(first_interval, lanes, self.terms, self.places[place].band_of)

    def neutral(self) -> int:
        """How many intervals are neutral, at all places."""
        gaps = sum(place.neutral(self.intervals) for place in self.places)
        return gaps + sum(point.neutral for point in self.points.values())

    def neutral_share(self) -> int:
        """What neutral intervals take from the bonus, rounded down once."""
        return bill.neutral_share(self.bonus, self.neutral(), self.terms, len(self.places))

    def accrued(self, now: int) -> int:
        """All points' penalties, what the consumer gave up and, once closed, the share of neutral intervals."""
        closed = self.is_closed(now)
        penalties = sum(self.bill_of(device, closed).accrued for device in self.points)
        return penalties + self.forfeited + (self.neutral_share() if closed else 0)

    def remaining(self, now: int) -> int:
        """What penalties have left of bonus and grants."""
        return max(0, self.bonus + self.grants - (self.accrued(now) - self.waived))

    def settle(self, now: int) -> Settlement:
        """Close the agreement."""
        self._must_run()
        if now < self.settles_at:
            raise Refused("TooEarly")
        remaining = self.remaining(now)
        self.settlement = Settlement(self.accrued(now), remaining, self.discount_of(remaining))
        self.redeemable_until = now + self.terms.discount_expiry
        return self.settlement
