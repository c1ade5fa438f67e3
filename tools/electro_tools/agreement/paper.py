# SPDX-License-Identifier: Apache-2.0
"""Rebuild an agreement from its logs alone, on the independent model, and note wherever the contract said otherwise.

A finding is a sentence: the contract took what the terms refuse, or named another figure than follows from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from electro_contracts import events
from electro_contracts.bill import of_readings
from electro_contracts.model import Agreement, Refused
from electro_contracts.terms import devices_hash
from electro_protocol import address
from electro_protocol.messages import EnergyReport, OutageReport
from electro_protocol.readings import unpack

from .continuity import Register
from .intervals import Interval, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from electro_contracts.terms import Terms
    from electro_tools.contract.history import Said


class Paper:
    """An agreement on paper: what was proposed, the model with all that followed, and what does not fit."""

    def __init__(self, agreement_id: int) -> None:
        self.agreement_id = agreement_id
        self.proposed: events.AgreementProposed | None = None
        self.model: Agreement | None = None
        self.settled: events.Settled | None = None
        self.cancelled = False
        self.registers: dict[bytes, Register] = {}
        self.findings: list[str] = []
        self._due: events.Violations | None = None  # what must follow the last report
        self.outage_penalties: dict[
            bytes, dict[int, int]
        ] = {}  # what the contract says, by device and beginning
        self._binding: dict[type, Callable[[Agreement, Any, Said], None]] = {
            events.EnergyReported: self._report,
            events.OutageReported: self._outage,
            events.Granted: lambda model, event, _: model.grant(event.amount),
            events.Waived: lambda model, event, said: model.waive(event.amount, said.time),
            events.Terminated: self._terminate,
            events.DeviceRevoked: self._revoke,
            events.DeviceRotated: self._rotate,
            events.Settled: self._settle,
            events.DiscountRedeemed: lambda model, event, said: model.redeem(
                event.invoice, event.amount, said.time
            ),
            events.RedemptionAcknowledged: lambda model, event, _: model.acknowledge(event.invoice),
            events.RedemptionWithdrawn: lambda model, event, said: model.withdraw(event.invoice, said.time),
        }

    @property
    def terms(self) -> Terms:
        assert self.proposed is not None  # whoever asks has seen that there is one
        return self.proposed.terms

    def intervals(self, device: bytes) -> list[Interval]:
        """Return every interval that counts for a meter, those never reported too."""
        assert self.model is not None  # whoever asks has seen that it binds
        meter = self.model.meters[device]
        lanes = [*meter.lanes, *[None] * (meter.end - meter.next)]
        return [judge(self.terms, index, lane) for index, lane in enumerate(lanes, meter.first)]

    def enter(self, said: Said) -> None:
        """Take the next event."""
        event = said.event
        self._must_fit(event)
        match event:
            case events.AgreementProposed():
                self.proposed = event
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
                f"block {said.block}: the contract took {name}, which the terms refuse: {refused}"
            )

    def close(self) -> None:
        """Note what the last report should have been followed by."""
        self._must_fit(None)

    def _accept(self, event: events.AgreementAccepted) -> None:
        proposed = self.proposed
        if proposed is None:
            self.findings.append(
                "it was accepted, and the logs have no proposal: do they begin early enough?"
            )
            return
        if (event.terms_hash, event.devices_hash) != (proposed.terms.hash, devices_hash(proposed.devices)):
            self.findings.append("what was accepted is not what was proposed: the hashes differ")
        self.model = Agreement(self.agreement_id, proposed.terms, proposed.devices, proposed.bonus)

    def _report(self, model: Agreement, event: events.EnergyReported, said: Said) -> None:
        report = EnergyReport(self.agreement_id, event.first_interval, event.register_wh, event.readings)
        model.report(event.device, report, said.time)
        lanes = unpack(event.readings)
        judged = [judge(self.terms, index, lane) for index, lane in enumerate(lanes, event.first_interval)]
        self.registers.setdefault(event.device, Register(self.terms.unit_wh)).add(judged, event.register_wh)
        bill = of_readings(event.first_interval, lanes, self.terms)
        if bill.accrued:
            counts = (bill.under, bill.over, bill.no_data, bill.under_units, bill.over_units, bill.accrued)
            self._due = events.Violations(self.agreement_id, event.device, event.first_interval, *counts)

    def _must_fit(self, event: events.Event | None) -> None:
        """A report that costs something is followed by what it costs, and one that does not is not."""
        due, self._due = self._due, None
        named = event if isinstance(event, events.Violations) and (due or event.penalty) else None
        if named != due:
            about = due or named
            assert about is not None  # two that differ are not both None
            where = f"{address.checksum(about.device)}, from interval {about.first_interval}"
            self.findings.append(f"{where}: the contract charges {_words(named)}; the terms {_words(due)}")

    def _outage(self, model: Agreement, event: events.OutageReported, said: Said) -> None:
        outage = OutageReport(self.agreement_id, event.started_at, event.ended_at, event.cause)
        model.outage(event.device, outage, said.time)
        penalties = self.outage_penalties.setdefault(event.device, {})
        penalties[event.started_at] = event.penalty
        what = f"all outages of {address.checksum(event.device)}"
        self._equal(said, what, sum(penalties.values()), outage_money(model, event.device, said.time))

    def _terminate(self, model: Agreement, event: events.Terminated, said: Said) -> None:
        assert self.proposed is not None  # or there were no model
        model.terminate(event.by == self.proposed.consumer, said.time)
        self._equal(said, "the intervals that remain", event.intervals, model.intervals)
        self._equal(said, "what the consumer gives up", event.forfeited, model.forfeited)

    def _revoke(self, model: Agreement, event: events.DeviceRevoked, _: Said) -> None:
        if event.device in model.meters:
            model.revoke(event.device, event.revoked_at)

    def _rotate(self, model: Agreement, event: events.DeviceRotated, said: Said) -> None:
        model.rotate(event.old, event.new, said.time)
        first = model.meters[event.new].first
        self._equal(said, "the first interval of the new meter", event.first_interval, first)

    def _settle(self, model: Agreement, event: events.Settled, said: Said) -> None:
        self.settled = event
        settled = model.settle(said.time)
        for what in ("accrued", "remaining", "discount"):
            self._equal(said, f"{what} at the settlement", getattr(event, what), getattr(settled, what))

    def _equal(self, said: Said, what: str, contract: int, model: int) -> None:
        if contract != model:
            self.findings.append(
                f"block {said.block}: {what}: the contract says {contract:,}, the model {model:,}"
            )


def rebuild(agreement_id: int, history: Iterable[Said]) -> Paper:
    """Return the agreement that the logs tell of."""
    paper = Paper(agreement_id)
    for said in history:
        paper.enter(said)
    paper.close()
    return paper


def outage_money(model: Agreement, device: bytes, now: int) -> int:
    """Return what a meter's outages cost."""
    bill, terms = model.bill(device, now), model.terms
    return (
        bill.penalised_outages * terms.outage_penalty + bill.penalised_minutes * terms.outage_minute_penalty
    )


def _words(cost: events.Violations | None) -> str:
    if cost is None:
        return "nothing"
    return (
        f"{cost.penalty:,} for {cost.under} under by {cost.under_units:,}, {cost.over} over by "
        f"{cost.over_units:,}, {cost.no_data} without data"
    )
