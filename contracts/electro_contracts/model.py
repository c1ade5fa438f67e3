# SPDX-License-Identifier: Apache-2.0
"""The agreement on paper: what it costs, worked out from what the meters signed, interval by interval.

This is the specification of the money. It keeps every reading and every outage and adds up the bill from them, in
the words of the agreement; the contract keeps neither and must come to the same unit.

- What a meter's intervals and outages cost is in `bill.py`.
- Grants add to the bonus. Waivers take off penalties, once nothing can change them any more.
- Notice cuts the term short, at the end of the interval that runs when the notice is over; a revocation cuts short what
  one meter measures, at the end of the running interval; what it measured until then is taken as long as that of
  other meters. A consumer that gives notice is charged the share of the bonus for the intervals that are left out,
  rounded down; an operator's notice costs the consumer nothing.
- What is left at the settlement, times the discount rate, is the discount. What becomes of it is in `discount.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_protocol.messages import EnergyReport, OutageReport
from electro_protocol.readings import unpack

from . import bill
from .bill import Bill, Meter
from .discount import Discounted, Refused, Settlement
from .terms import MAX_SLOTS, PPM

if TYPE_CHECKING:
    from collections.abc import Iterable

    from electro_protocol.eip712 import Domain
    from electro_protocol.signed import SignedMessage

    from .terms import Terms

__all__ = ["Agreement", "Bill", "Meter", "Refused", "Settlement"]


class Agreement(Discounted):
    """One accepted agreement; `now` is the chain's time at which something happens or is asked."""

    def __init__(self, agreement_id: int, terms: Terms, devices: Iterable[bytes], bonus: int) -> None:
        super().__init__(terms, bonus)
        self.agreement_id = agreement_id
        self.waived = 0
        self.forfeited = 0
        self.intervals = terms.intervals
        self.meters = {device: Meter(terms.intervals) for device in devices}
        self.revoked: set[bytes] = set()

    @property
    def reports_until(self) -> int:
        """The last instant at which a report of any meter is taken."""
        return self.terms.instant(self.intervals) + self.terms.grace

    @property
    def settles_at(self) -> int:
        return self.reports_until + self.terms.dispute_window + 1

    def _begun(self, instant: int) -> int:
        """How many intervals have begun, the running one included."""
        if instant < self.terms.start:
            return 0
        return (instant - self.terms.start) // self.terms.interval_seconds + 1

    # -- What comes in

    def take(self, signed: SignedMessage, domain: Domain, now: int) -> None:
        """Take a signed message. Raises Refused; SignatureError if nobody can have signed it."""
        device = signed.signer(domain)
        if isinstance(signed.message, EnergyReport):
            self.report(device, signed.message, now)
        elif isinstance(signed.message, OutageReport):
            self.outage(device, signed.message, now)
        else:
            raise TypeError("meters send reports and outages")

    def report(self, device: bytes, report: EnergyReport, now: int) -> None:
        """Enter the readings of a report that `device` signed."""
        meter = self._meter(device, report.agreement_id)
        terms = self.terms
        if report.first_interval != meter.next:
            raise Refused("WrongSequence")
        slot = report.first_interval % len(terms.bands)
        if slot + report.intervals > len(terms.bands):
            raise Refused("BeyondSchedule")
        end = report.first_interval + report.intervals
        if end > meter.end:
            raise Refused("OutsideTerm")
        if self.terms.instant(end) > now:
            raise Refused("FromTheFuture")
        if now > self.reports_until:
            raise Refused("TooLate")
        meter.lanes += unpack(report.readings)
        meter.register_wh = report.register_wh

    def outage(self, device: bytes, outage: OutageReport, now: int) -> None:
        """Enter an outage, or the end of one that is on record as open."""
        meter = self._meter(device, outage.agreement_id)
        known = meter.outages.get(outage.started_at)
        if known is not None and (known.ended_at or not outage.ended_at):
            raise Refused("KnownOutage")
        if max(outage.started_at, outage.ended_at) > now:
            raise Refused("FromTheFuture")
        ended_before = outage.ended_at != 0 and outage.ended_at <= self.terms.start
        if outage.started_at >= self.terms.instant(meter.end) or ended_before:
            raise Refused("OutsideTerm")
        if now > self.reports_until:
            raise Refused("TooLate")
        meter.outages[outage.started_at] = outage

    def _meter(self, device: bytes, agreement_id: int) -> Meter:
        if agreement_id != self.agreement_id or device not in self.meters:
            raise Refused("UnknownDevice")
        return self.meters[device]

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
        if now <= self.reports_until:
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
        kept = self._begun(now + self.terms.notice)
        if kept >= self.intervals:
            raise Refused("NoticeTooLong")
        if by_consumer:
            self.forfeited = self.bonus * (self.intervals - kept) // self.intervals
        self.intervals = kept
        for meter in self.meters.values():
            meter.end = min(meter.end, kept)

    def revoke(self, device: bytes, now: int) -> None:
        """End what one meter measures."""
        if device in self.revoked:
            raise Refused("RevokedDevice")
        self.revoked.add(device)
        if device in self.meters:
            meter = self.meters[device]
            meter.end = min(meter.end, self._begun(now))

    def rotate(self, old: bytes, new: bytes, now: int) -> None:
        """Let another meter measure on in the place of one."""
        self._must_run()
        first = self._begun(now)
        if now < self.terms.start:
            raise Refused("TooEarly")
        if first >= self.intervals:
            raise Refused("OutsideTerm")
        self.meters[old].end = min(self.meters[old].end, first)
        self.meters[new] = Meter(self.intervals, first)

    def _must_run(self) -> None:
        if self.settlement is not None:
            raise Refused("WrongState")

    # -- What it comes to

    def bill(self, device: bytes, now: int) -> Bill:
        """Add up one meter's bill as it stands at `now`."""
        return bill.of_meter(self.meters[device], self.terms, closed=now > self.reports_until)

    def quote(self, first_interval: int, lanes: list[int]) -> Bill:
        """Say what readings would cost if a meter reported them, whatever the time; outages aside."""
        slots = len(self.terms.bands)
        if not lanes or len(lanes) > MAX_SLOTS:
            raise Refused("BadLength")
        if first_interval % slots + len(lanes) > slots:
            raise Refused("BeyondSchedule")
        if first_interval + len(lanes) > self.terms.intervals:
            raise Refused("OutsideTerm")
        return bill.of_readings(first_interval, lanes, self.terms)

    def accrued(self, now: int) -> int:
        """All meters' penalties, and what the consumer gave up."""
        return sum(self.bill(device, now).accrued for device in self.meters) + self.forfeited

    def remaining(self, now: int) -> int:
        """What penalties have left of bonus and grants."""
        return max(0, self.bonus + self.grants - (self.accrued(now) - self.waived))

    def settle(self, now: int) -> Settlement:
        """Close the agreement."""
        self._must_run()
        if now < self.settles_at:
            raise Refused("TooEarly")
        remaining = self.remaining(now)
        discount = remaining * self.terms.discount_rate_ppm // PPM
        self.settlement = Settlement(self.accrued(now), remaining, discount)
        self.redeemable_until = now + self.terms.discount_expiry
        return self.settlement
