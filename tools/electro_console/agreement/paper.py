# SPDX-License-Identifier: Apache-2.0
"""Rebuild an agreement from its logs alone, on the independent model, and note wherever the contract said otherwise.

A finding is a sentence: the contract took what the terms refuse, or named another figure than follows from them. Of a
sealed agreement it is also that its meter has judged otherwise than whoever has the viewing key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from electro_contracts import events
from electro_contracts.bill import of_outages, of_readings
from electro_contracts.model import Agreement, By, Refused
from electro_contracts.terms import devices_hash, unpack_bands
from electro_plan.sentence import Sentence, foreign, sentence
from electro_protocol import address
from electro_protocol.keccak import keccak256
from electro_protocol.messages import EnergyReport, OutageReport, SealedReport
from electro_protocol.readings import unpack

from .continuity import Register
from .intervals import Interval, judge
from .sealed_paper import SealedPaper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from electro_console.agreement.said import Said
    from electro_contracts.bill import Band
    from electro_contracts.terms import Terms

    from .sealed_paper import Viewing


class Paper:
    """An agreement on paper: what was proposed, the model with all that followed, and what does not fit."""

    def __init__(self, agreement_id: int, viewing: Viewing | None = None) -> None:
        """viewing: for a sealed agreement, so that its readings are seen and its meter's judgement is checked."""
        self.agreement_id = agreement_id
        self.viewing = viewing
        self.sealed: SealedPaper | None = None
        self.proposed: events.AgreementProposed | None = None
        self.consumer = bytes(20)  # the present one
        self.model: Agreement | None = None
        self.settled: events.Settled | None = None
        self.cancelled = False
        self.registers: dict[bytes, Register] = {}
        self.findings: list[Sentence] = []
        self._due: events.Violations | None = None  # what must follow the last report
        # what the contract says, by device and number
        self.outage_penalties: dict[bytes, dict[int, int]] = {}
        self._binding: dict[type, Callable[[Agreement, Any, Said], None]] = {
            events.EnergyReported: self._report,
            events.SealedReported: self._sealed_report,
            events.OutageReported: self._outage,
            events.Granted: lambda model, event, _: model.grant(event.amount),
            events.Waived: lambda model, event, said: model.waive(event.amount, said.time),
            events.Terminated: self._terminate,
            events.DeviceRevoked: self._revoke,
            events.DeviceRotated: self._rotate,
            events.FaultDeclared: self._fault,
            events.Renominated: self._renominate,
            events.ConsumerChanged: self._succeed,
            events.Settled: self._settle,
            events.DiscountRedeemed: lambda model, event, said: model.redeem(
                event.invoice, event.amount, said.time
            ),
            events.RedemptionAcknowledged: lambda model, event, _: model.acknowledge(event.invoice),
        }

    @property
    def terms(self) -> Terms:
        """As they were proposed; with their bands opened, if they were sealed and there is the key."""
        assert self.proposed is not None  # whoever asks has seen that there is one
        if self.viewing is not None and self.proposed.terms.seal is not None:
            return self.viewing.terms(self.proposed.terms)
        return self.proposed.terms

    def intervals(self, device: bytes) -> list[Interval]:
        """Return every interval that counts for a meter, those never reported too."""
        assert self.model is not None  # whoever asks has seen that it binds
        point = self.model.points[device]
        if self.sealed is not None:
            return self.sealed.intervals(device)
        band_of = self.model.places[point.place].band_of
        lanes = [*point.lanes, *[None] * (point.end - point.next)]
        return [
            judge(self.terms, index, lane, band_of(index)) for index, lane in enumerate(lanes, point.first)
        ]

    def band_of(self, place: int, interval: int) -> Band:
        """Return an interval's band, reported or not; of one that is sealed see `SealedPaper`."""
        assert self.model is not None  # whoever asks has seen that it binds
        if self.sealed is not None:
            return self.sealed.band_of(place, interval)
        return self.model.places[place].band_of(interval)

    def enter(self, said: Said) -> None:
        """Take the next event."""
        event = said.event
        self._must_fit(event)
        match event:
            case events.AgreementProposed():
                self.proposed, self.consumer = event, event.consumer
            case events.AgreementAccepted():
                self._accept(event)
            case events.Cancelled():
                self.cancelled = True
        binding = self._binding.get(type(event))
        if self.model is None or binding is None:
            return
        try:
            binding(self.model, event, said)
        except Refused as refused:
            name = type(event).__name__
            self.findings.append(
                sentence(
                    "block {0}: the contract took {1}, which the terms refuse{2}",
                    said.block,
                    name,
                    foreign(refused),
                )
            )

    def close(self) -> None:
        """Note what the last report should have been followed by, and what of sealed bands does not open."""
        self._must_fit(None)
        if self.sealed is not None:
            self.sealed.close()

    def _accept(self, event: events.AgreementAccepted) -> None:
        proposed = self.proposed
        if proposed is None:
            self.findings.append(
                sentence("it was accepted, and the logs have no proposal: do they begin early enough?")
            )
            return
        if (event.terms_hash, event.devices_hash) != (proposed.terms.hash, devices_hash(proposed.devices)):
            self.findings.append(sentence("what was accepted is not what was proposed: the hashes differ"))
        # logs do not tell what a meter believed: the contract has compared that
        code_hash = keccak256(proposed.terms.code(proposed.consumer, proposed.devices))
        self.model = Agreement(self.agreement_id, proposed.terms, proposed.devices, proposed.bonus, code_hash)
        if proposed.terms.seal is not None:
            self.sealed = SealedPaper(self.model, self.viewing)

    def _report(self, model: Agreement, event: events.EnergyReported, said: Said) -> None:
        first, terms = event.first_interval, self.terms
        report = EnergyReport(
            self.agreement_id, terms.start, model.code_hash[:16], first, event.register_wh, event.readings
        )
        model.report(event.device, report, said.time)
        point = model.points[event.device]
        band_of = model.places[point.place].band_of
        lanes = unpack(event.readings)
        judged = [judge(terms, index, lane, band_of(index)) for index, lane in enumerate(lanes, first)]
        self.registers.setdefault(event.device, Register(terms.unit_wh)).add(judged, event.register_wh)
        bill = of_readings(
            first, lanes[: point.next - first], terms, band_of
        )  # what is behind a cut is clipped
        if bill.violations or bill.no_data:
            counts = (bill.under, bill.over, bill.no_data, bill.under_units, bill.over_units, bill.accrued)
            self._due = events.Violations(self.agreement_id, event.device, event.first_interval, *counts)

    def _sealed_report(self, model: Agreement, event: events.SealedReported, said: Said) -> None:
        assert self.sealed is not None  # the model refuses it otherwise
        place = model.points[event.device].place
        report = SealedReport(
            self.agreement_id,
            self.terms.start,
            model.schedule_hash(place, event.first_interval)[:16],
            event.first_interval,
            event.sealed,
            event.deviations,
        )
        before = model.bill_of(event.device, closed=False)
        model.report(event.device, report, said.time)
        after = model.bill_of(event.device, closed=False)
        counts = tuple(
            getattr(after, name) - getattr(before, name)
            for name in ("under", "over", "no_data", "under_units", "over_units", "accrued")
        )
        if any(counts[:3]):
            self._due = events.Violations(self.agreement_id, event.device, event.first_interval, *counts)
        read = self.sealed.enter(event, said)
        if read is not None:
            judged, register_wh = read
            self.registers.setdefault(event.device, Register(self.terms.unit_wh)).add(judged, register_wh)

    def _must_fit(self, event: events.Event | None) -> None:
        """A report that costs something is followed by what it costs, and one that does not is not."""
        due, self._due = self._due, None
        named = event if isinstance(event, events.Violations) else None
        if named != due:
            about = due or named
            assert about is not None  # two that differ are not both None
            self.findings.append(
                sentence(
                    "{0}, from interval {1}: the contract charges {2}; the terms {3}",
                    address.checksum(about.device),
                    about.first_interval,
                    _words(named),
                    _words(due),
                )
            )

    def _outage(self, model: Agreement, event: events.OutageReported, said: Said) -> None:
        outage = OutageReport(self.agreement_id, event.number, event.started_at, event.ended_at, event.cause)
        model.outage(event.device, outage, said.time)
        penalty = of_outages(model.points[event.device], self.terms)[-1].penalty if event.ended_at else 0
        self.outage_penalties.setdefault(event.device, {})[event.number] = event.penalty
        what = sentence("outage {0} of {1}", event.number, address.checksum(event.device))
        self._equal(said, what, event.penalty, penalty)

    def _fault(self, model: Agreement, event: events.FaultDeclared, said: Said) -> None:
        model.fault(event.place, said.time)
        point = model.points[event.device]
        self._equal(said, sentence("the end of what the faulty meter measures"), event.end, point.end)
        assert point.looked_back is not None  # the model has just done so
        for what, contract, paper in zip(
            (sentence("the first interval looked back at"), sentence("the last interval looked back at")),
            (event.look_from, event.look_to),
            point.looked_back,
            strict=True,
        ):
            self._equal(said, what, contract, paper)

    def _renominate(self, model: Agreement, event: events.Renominated, said: Said) -> None:
        by, place, first = By(event.by), event.place, event.first_interval
        if self.sealed is not None and by is By.BOTH:
            model.renominate_sealed(place, first, event.bands, said.time, event.sequence)
            self.sealed.renominated(event, said)
        else:
            model.renominate(place, first, unpack_bands(event.bands), by, said.time, event.sequence)
        self._equal(
            said, sentence("the place's sequence"), event.sequence, model.places[event.place].sequence
        )

    def _succeed(self, _: Agreement, event: events.ConsumerChanged, __: Said) -> None:
        self.consumer = event.new

    def _terminate(self, model: Agreement, event: events.Terminated, said: Said) -> None:
        model.terminate(event.by == self.consumer, said.time)
        self._equal(said, sentence("the intervals that remain"), event.intervals, model.intervals)
        self._equal(said, sentence("what the consumer gives up"), event.forfeited, model.forfeited)

    def _revoke(self, model: Agreement, event: events.DeviceRevoked, _: Said) -> None:
        if event.device in model.points:
            model.revoke(event.device, event.revoked_at)

    def _rotate(self, model: Agreement, event: events.DeviceRotated, said: Said) -> None:
        model.rotate(event.old, event.new, said.time)
        first = model.points[event.new].first
        self._equal(said, sentence("the first interval of the new meter"), event.first_interval, first)

    def _settle(self, model: Agreement, event: events.Settled, said: Said) -> None:
        self.settled = event
        settled = model.settle(said.time)
        self._equal(said, sentence("what was taken, at the settlement"), event.accrued, settled.accrued)
        self._equal(said, sentence("what remains, at the settlement"), event.remaining, settled.remaining)
        self._equal(said, sentence("the discount, at the settlement"), event.discount, settled.discount)

    def _equal(self, said: Said, what: Sentence, contract: int, model: int) -> None:
        if contract != model:
            self.findings.append(
                sentence(
                    "block {0}: {1}: the contract says {2:,}, the model {3:,}",
                    said.block,
                    what,
                    contract,
                    model,
                )
            )


def rebuild(agreement_id: int, history: Iterable[Said], viewing: Viewing | None = None) -> Paper:
    """Return the agreement that the logs tell of; raise SealError if the viewing key is another one's."""
    paper = Paper(agreement_id, viewing)
    for said in history:
        paper.enter(said)
    paper.close()
    if paper.sealed is not None:
        paper.findings += paper.sealed.all_findings
    return paper


def outage_money(model: Agreement, device: bytes) -> int:
    """Return what a meter's outages cost."""
    return sum(cost.penalty for cost in of_outages(model.points[device], model.terms))


def _words(cost: events.Violations | None) -> Sentence:
    if cost is None:
        return sentence("nothing")
    return sentence(
        "{0:,} for {1} under by {2:,}, {3} over by {4:,}, {5} without data",
        cost.penalty, cost.under, cost.under_units, cost.over, cost.over_units, cost.no_data,
    )  # fmt: skip
