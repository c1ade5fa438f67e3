# SPDX-License-Identifier: Apache-2.0
"""Check the demo's outcome: the contract against an independent model, the meters against the load curve.

The model is fed with what the meters signed, heard from the meters themselves: neither the relayer nor the
chain has a say in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from electro_contracts.model import Agreement

from electro_contracts import events
from electro_protocol import address
from electro_protocol.messages import EnergyReport

if TYPE_CHECKING:
    from .world import Metered, Outcome

MAX_METERING_ERROR_PERCENT = 1.0  # class 1 (IEC 62053-21) is ±1.0% in its main range; the demo's promise


@dataclass(frozen=True)
class Money:
    """What an agreement came to, in minor units."""

    accrued: int
    remaining: int
    discount: int


@dataclass(frozen=True)
class Verdict:
    """One metering point, judged twice.

    Args:
        intervals: metered intervals on chain.
        violations: intervals outside their band.
        outage_s: seconds of outage on chain.
        contract: what the contract settled.
        model: what the independent model says.
        metered_wh: the meter's register in its last report on chain.
        truth_wh: what the load curve says.
    """

    metered: Metered
    intervals: int
    violations: int
    outage_s: int
    contract: Money
    model: Money
    metered_wh: int
    truth_wh: float

    @property
    def error_percent(self) -> float:
        return 100 * (self.metered_wh / self.truth_wh - 1)

    @property
    def holds(self) -> bool:
        """Whether the contract agrees with the model to the unit, and the meter with the load curve."""
        return self.contract == self.model and abs(self.error_percent) < MAX_METERING_ERROR_PERCENT


@dataclass(frozen=True)
class Gas:
    """Gas that the relayer paid for, and what it bought."""

    used: int
    transactions: int
    intervals: int
    setup: int

    @property
    def per_interval(self) -> float:
        return self.used / self.intervals


def judge(outcome: Outcome) -> tuple[list[Verdict], Gas]:
    """Return a verdict for each meter, and the gas."""
    verdicts = [_verdict(outcome, metered) for metered in outcome.meters]
    return verdicts, _gas(outcome, sum(verdict.intervals for verdict in verdicts))


def _verdict(outcome: Outcome, metered: Metered) -> Verdict:
    logs = outcome.web3.eth.get_logs(
        {"fromBlock": 0, "toBlock": "latest", "address": outcome.contract.address}
    )
    device = address.parse(metered.device)
    intervals = violations = register_wh = 0
    outages: dict[int, int] = {}  # end by start: a later report of an outage replaces the first
    settled = Money(0, 0, 0)
    for log in logs:
        event = events.decode([bytes(topic) for topic in log["topics"]], bytes(log["data"]))
        match event:
            case events.EnergyReported(device=it) if it == device:
                intervals += len(event.readings) // 2
                register_wh = event.register_wh
            case events.Violations(device=it) if it == device:
                violations += event.under + event.over
            case events.OutageReported(device=it, started_at=start, ended_at=end) if it == device:
                outages[start] = end
            case events.Settled(agreement_id=it) if it == metered.agreement_id:
                settled = Money(event.accrued, event.remaining, event.discount)
    return Verdict(
        metered=metered,
        intervals=intervals,
        violations=violations,
        outage_s=sum(end - start for start, end in outages.items() if end),
        contract=settled,
        model=_model(metered, device),
        metered_wh=register_wh,
        truth_wh=metered.plan.truth_wh,
    )


def _model(metered: Metered, device: bytes) -> Money:
    plan = metered.plan
    model = Agreement(plan.terms, [device], plan.bonus)
    for signed in metered.signed:
        if isinstance(signed.message, EnergyReport):
            model.report(device, signed.message)
        else:
            model.outage(device, signed.message)
    settlement = model.settle()
    return Money(settlement.accrued, settlement.remaining, settlement.discount)


def _gas(outcome: Outcome, intervals: int) -> Gas:
    """Add up what the relayer's transactions used, block by block."""
    used = transactions = setup = 0
    for number in range(1, outcome.web3.eth.block_number + 1):
        for transaction in outcome.web3.eth.get_block(number, full_transactions=True)["transactions"]:
            assert not isinstance(transaction, bytes)
            gas = outcome.web3.eth.get_transaction_receipt(transaction["hash"])["gasUsed"]
            if transaction["from"] == outcome.relayer_address:
                used += gas
                transactions += 1
            elif number <= outcome.first_report_block:
                setup += gas
    return Gas(used, transactions, intervals, setup)
