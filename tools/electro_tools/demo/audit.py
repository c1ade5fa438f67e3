# SPDX-License-Identifier: Apache-2.0
"""Check the demo's outcome: the contract against an independent model, the meters against the load curve.

The model is fed with what the meters signed, heard from the meters themselves: neither the relayer nor the
chain has a say in it. The contract's side is what its own logs add up to, as in `electro agreement audit`.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from electro_console.agreement.paper import rebuild
from electro_console.index.newest import said_of
from electro_console.index.node import Nodes
from electro_contracts import events
from electro_contracts.model import Agreement, Refused
from electro_protocol import address
from electro_protocol.keccak import keccak256
from electro_protocol.messages import EnergyReport, OutageReport
from electro_protocol.readings import pack, unpack
from electro_tools.contract.logs import decode
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hexbytes import HexBytes

    from .world import Metered, Outcome

_CARRIED = (events.EnergyReported, events.OutageReported, events.ReportSkipped, events.OutageSkipped)
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
    def equal(self) -> bool:
        """Whether the contract settled what the model says, to the unit."""
        return self.contract == self.model

    @property
    def accurate(self) -> bool:
        return abs(self.error_percent) < MAX_METERING_ERROR_PERCENT


@dataclass(frozen=True)
class Gas:
    """Gas that the relayer paid for, and what it bought."""

    used: int
    transactions: int
    intervals: int

    @property
    def per_interval(self) -> float:
        return self.used / self.intervals


def judge(outcome: Outcome) -> tuple[list[Verdict], Gas]:
    """Return a verdict for each meter, and the gas.

    Raises:
        ToolError: the contract's own logs do not add up to what it says.
    """
    logs = outcome.web3.eth.get_logs(
        {"fromBlock": outcome.first_block, "toBlock": "latest", "address": outcome.contract.address}
    )
    verdicts = [_verdict(outcome, metered) for metered in outcome.meters]
    carried = {log["transactionHash"] for log in logs if isinstance(decode(log), _CARRIED)}
    return verdicts, _gas(outcome, carried, sum(verdict.intervals for verdict in verdicts))


def _verdict(outcome: Outcome, metered: Metered) -> Verdict:
    with contextlib.closing(Nodes([outcome.endpoint])) as nodes:
        contract, head = address.parse(outcome.contract.address), outcome.web3.eth.block_number
        history = said_of(nodes, contract, metered.agreement_id, outcome.first_block, head)
    paper = rebuild(metered.agreement_id, history)
    if paper.findings or paper.model is None or paper.settled is None:
        raise ToolError(f"{metered.plan.name}: the logs do not add up: {'; '.join(paper.findings)}")
    device, settled = address.parse(metered.device), paper.settled
    bill = paper.model.bill(device, metered.plan.terms.settles_at)
    outages = paper.model.points[device].outages
    return Verdict(
        metered=metered,
        intervals=bill.intervals,
        violations=bill.violations,
        outage_s=sum(outage.ended_at - outage.started_at for outage in outages),
        contract=Money(settled.accrued, settled.remaining, settled.discount),
        model=_model(metered, device),
        metered_wh=paper.registers[device].last_wh,
        truth_wh=metered.plan.truth_wh,
    )


def _model(metered: Metered, device: bytes) -> Money:
    """Return what the model makes of everything the meter signed, at the time of the settlement."""
    terms = metered.plan.terms
    code_hash = keccak256(terms.code(metered.consumer, [device]))
    model = Agreement(metered.agreement_id, terms, [device], metered.plan.bonus, code_hash)
    for report in _reports(metered):
        model.report(device, report, terms.reports_until)
    for signed in metered.signed:
        if isinstance(signed.message, OutageReport):
            with contextlib.suppress(Refused):  # a meter signs again what it does not yet see on the chain
                model.outage(device, signed.message, terms.reports_until)
    settled = model.settle(terms.settles_at)
    return Money(settled.accrued, settled.remaining, settled.discount)


def _reports(metered: Metered) -> Iterator[EnergyReport]:
    """Yield what the meter signed as one report for each pass of the schedule.

    A meter that did not hear of its last report in time signs a longer one over the same intervals, and either may
    land; what it says of an interval is the same in both.

    Raises:
        ToolError: the meter signed two different readings of one interval, or believed in two agreements.
    """
    lanes: dict[int, int] = {}
    beliefs: set[tuple[int, bytes]] = set()
    register_wh = 0
    for signed in metered.signed:
        report = signed.message
        if isinstance(report, EnergyReport):
            register_wh = max(register_wh, report.register_wh)
            beliefs.add((report.start, report.terms))
            for interval, lane in enumerate(unpack(report.readings), report.first_interval):
                if lanes.setdefault(interval, lane) != lane:
                    raise ToolError(
                        f"{metered.plan.name} signed two different readings of interval {interval}"
                    )
    if len(beliefs) > 1:
        raise ToolError(f"{metered.plan.name} believed in different terms of one agreement")
    slots = len(metered.plan.terms.bands)
    for start, terms in beliefs:
        for first in range(0, len(lanes), slots):
            readings = pack([lanes[interval] for interval in range(first, min(first + slots, len(lanes)))])
            yield EnergyReport(metered.agreement_id, start, terms, first, register_wh, readings)


def _gas(outcome: Outcome, carried: set[HexBytes], intervals: int) -> Gas:
    """Add up the gas of the relayer's transactions.

    Raises:
        ToolError: the relayer paid for a transaction that left no trace.
    """
    eth = outcome.web3.eth
    paid = eth.get_transaction_count(outcome.web3.to_checksum_address(outcome.relayer_address))
    if paid != len(carried):
        raise ToolError(f"the relayer paid for {paid} transactions, and {len(carried)} had an effect")
    return Gas(sum(eth.get_transaction_receipt(sent)["gasUsed"] for sent in carried), paid, intervals)
