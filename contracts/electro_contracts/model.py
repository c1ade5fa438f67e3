# SPDX-License-Identifier: Apache-2.0
"""The agreement on paper: what it costs, worked out from what the meters signed, interval by interval.

This is the specification of the money. It keeps every reading and every outage and adds up the bill from them, in
the words of the agreement; the contract keeps neither and must come to the same unit.

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
- Grants add to the bonus. Waivers take off penalties, once nothing can change them any more.
- Notice cuts the term short, at the end of the interval that runs when the notice is over; a revocation cuts short what
  one meter measures, at the end of the running interval; what it measured until then is taken as long as that of
  other meters. A consumer that gives notice is charged the share of the bonus
  for the intervals that are left out, rounded down; an operator's notice costs the consumer nothing.
- When a meter is replaced, the running interval is the last of the old one and the next is the first of the new one.
- What is left of bonus and grants can't fall below zero. Its share by the discount rate, rounded down, is the discount.
- The discount is set against invoices, each once, until it is used up or expires.
- In escrow mode bonus and grants are paid in at once. At the settlement all but the discount is due to the operator; so
  is what it acknowledges on invoices, and what expires. What it does not acknowledge for as long as the dispute window
  the consumer may take.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from electro_protocol.messages import EnergyReport, OutageReport
from electro_protocol.readings import NO_DATA, NO_SUPPLY, units, unpack

from .terms import PPM

if TYPE_CHECKING:
    from collections.abc import Iterable

    from electro_protocol.eip712 import Domain
    from electro_protocol.signed import SignedMessage

    from .terms import Terms


class Refused(ValueError):  # noqa: N818 - the contract's word
    """The agreement does not take a message; `reason` is the name of the contract's error."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


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


@dataclass(frozen=True)
class Settlement:
    accrued: int
    remaining: int
    discount: int


class Agreement:
    """One accepted agreement; `now` is the chain's time at which something happens or is asked."""

    def __init__(self, agreement_id: int, terms: Terms, devices: Iterable[bytes], bonus: int) -> None:
        self.agreement_id = agreement_id
        self.terms = terms
        self.bonus = bonus
        self.grants = 0
        self.waived = 0
        self.forfeited = 0
        self.intervals = terms.intervals
        self.meters = {device: Meter(terms.intervals) for device in devices}
        self.revoked: set[bytes] = set()
        self.settlement: Settlement | None = None
        self.redeemable_until = 0
        self.redeemed: dict[bytes, int] = {}
        self.redeemed_at: dict[bytes, int] = {}
        self.withdrawn: set[bytes] = set()
        self.reclaimed = 0
        self.acknowledged: set[bytes] = set()

    @property
    def reports_until(self) -> int:
        """The last instant at which a report of any meter is taken."""
        return self._instant(self.intervals) + self.terms.grace

    @property
    def settles_at(self) -> int:
        return self.reports_until + self.terms.dispute_window + 1

    def _instant(self, interval: int) -> int:
        return self.terms.start + interval * self.terms.interval_seconds

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
        if self._instant(end) > now:
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
        if outage.started_at >= self._instant(meter.end) or ended_before:
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
        meter, terms = self.meters[device], self.terms
        bill = Bill(intervals=len(meter.lanes))
        for interval, lane in enumerate(meter.lanes, meter.first):
            self._judge(interval, lane, bill)
        bill.unexplained = sum(
            lane == NO_SUPPLY and not self._is_explained(interval, meter)
            for interval, lane in enumerate(meter.lanes, meter.first)
        )
        bill.missing = meter.end - meter.next
        for outage in meter.outages.values():
            self._count(outage, meter, bill)
        without_data = bill.no_data
        if now > self.reports_until:
            without_data += bill.missing + bill.unexplained
        bill.accrued = (
            bill.violations * terms.violation_penalty
            + bill.under_units * terms.under_rate
            + bill.over_units * terms.over_rate
            + without_data * terms.missing_penalty
            + bill.penalised_outages * terms.outage_penalty
            + bill.penalised_minutes * terms.outage_minute_penalty
        )
        return bill

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

    def redeem(self, invoice: bytes, amount: int, now: int) -> None:
        """Set a part of the discount against an invoice."""
        if self.settlement is None:
            raise Refused("WrongState")
        if now > self.redeemable_until:
            raise Refused("TooLate")
        if invoice in self.redeemed:
            raise Refused("InvoiceRedeemed")
        if not 1 <= amount <= self.settlement.discount - sum(self.redeemed.values()):
            raise Refused("BadAmount")
        self.redeemed[invoice] = amount
        self.redeemed_at[invoice] = now

    def acknowledge(self, invoice: bytes) -> None:
        """Confirm what was redeemed against an invoice."""
        if invoice not in self.redeemed or invoice in self.acknowledged | self.withdrawn:
            raise Refused("NothingToAcknowledge")
        self.acknowledged.add(invoice)

    # -- Where the money of an escrow is

    def withdraw(self, invoice: bytes, now: int) -> None:
        """Take what the operator has not acknowledged in time."""
        if invoice not in self.redeemed or invoice in self.acknowledged | self.withdrawn:
            raise Refused("NothingToTake")
        if now <= self.redeemed_at[invoice] + self.terms.dispute_window:
            raise Refused("TooEarly")
        self.withdrawn.add(invoice)

    def reclaim(self, now: int) -> None:
        """Give an expired discount back."""
        if self.settlement is None:
            raise Refused("WrongState")
        if now <= self.redeemable_until:
            raise Refused("TooEarly")
        rest = self.settlement.discount - sum(self.redeemed.values())
        if self.reclaimed or not rest:
            raise Refused("NothingToTake")
        self.reclaimed = rest

    @property
    def due_to_consumer(self) -> int:
        """All that the escrow has ever owed the consumer."""
        return sum(self.redeemed[invoice] for invoice in self.withdrawn)

    @property
    def due_to_operator(self) -> int:
        """All that the escrow has ever owed the operator."""
        if self.settlement is None:
            return 0
        unused = self.bonus + self.grants - self.settlement.discount
        return unused + sum(self.redeemed[invoice] for invoice in self.acknowledged) + self.reclaimed

    def _judge(self, interval: int, lane: int, bill: Bill) -> None:
        if lane == NO_SUPPLY:
            bill.no_supply += 1
            return
        if lane == NO_DATA:
            bill.no_data += 1
            return
        used = units(lane)
        assert used is not None
        bill.estimates += used != lane
        least, greatest = self.terms.bands[interval % len(self.terms.bands)]
        if used < least:
            bill.under += 1
            bill.under_units += least - used
        elif used > greatest:
            bill.over += 1
            bill.over_units += used - greatest

    def _is_explained(self, interval: int, meter: Meter) -> bool:
        """Whether an outage that has ended reaches the interval, widened by one interval at each side."""
        seconds = self.terms.interval_seconds
        opens = self.terms.start + (interval - 1) * seconds
        closes = self.terms.start + (interval + 2) * seconds
        return any(
            outage.ended_at
            and self._inside(outage, meter)[0] < closes
            and self._inside(outage, meter)[1] > opens
            for outage in meter.outages.values()
        )

    def _count(self, outage: OutageReport, meter: Meter, bill: Bill) -> None:
        began_here = outage.started_at >= self.terms.start
        minutes = 0
        if outage.ended_at:
            start, end = self._inside(outage, meter)
            minutes = (end - start) // 60
        bill.outages += began_here
        bill.outage_minutes += minutes
        if self.terms.penalised_causes >> outage.cause & 1:
            bill.penalised_outages += began_here
            bill.penalised_minutes += minutes

    def _inside(self, outage: OutageReport, meter: Meter) -> tuple[int, int]:
        """The part of an ended outage that lies in what the meter's intervals cover."""
        return max(outage.started_at, self.terms.start), min(outage.ended_at, self._instant(meter.end))
