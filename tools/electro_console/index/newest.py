# SPDX-License-Identifier: Apache-2.0
"""What the contract said of one agreement, straight from a node: what is not final yet, or all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_console.agreement.said import Said
from electro_contracts import events

from .final import header
from .logs import Logs
from .ranges import Ranges

if TYPE_CHECKING:
    from collections.abc import Callable

    from .decoding import Batch
    from .node import Nodes
    from .reading import Index

_OF_NO_AGREEMENT = (
    "DeviceEnrolled",
    "ProposalsPause",
    "ReportSkipped",
    "OutageSkipped",
    "ViewingKeyHeld",
    "EscrowChosen",
    "Collected",
    "DeviceRevoked",
)
OF_AGREEMENTS = ["0x" + topic.hex() for name, topic in events.TOPICS.items() if name not in _OF_NO_AGREEMENT]
_REVOKED = "0x" + events.TOPICS["DeviceRevoked"].hex()


def said_of(
    nodes: Nodes,
    contract: bytes,
    agreement: int,
    first: int,
    last: int,
    tell: Callable[[int, int], object] = lambda _done, _all: None,
) -> list[Said]:
    """Return the events of an agreement, and all revocations, in the blocks from first to last.

    Args:
        nodes: the one in use is asked.
        contract: 20 bytes.
        agreement: its number.
        first: block.
        last: block.
        tell: called with the blocks done and all blocks.

    Raises:
        NodeFailure: the node does not answer as it should.
    """
    logs = Logs(nodes, contract, [[OF_AGREEMENTS, f"0x{agreement:064x}"], [[_REVOKED]]])
    ranges, found, at = Ranges(), list[Said](), first

    def attempt(until: int) -> int:
        batch, _ = logs.fetch(at, until)
        found.extend(events_of(batch))
        return batch.logs

    while at <= last:
        at = ranges.take(at, last, attempt) + 1
        tell(at - first, last + 1 - first)
    return found


def newest(index: Index, nodes: Nodes, agreement: int) -> list[Said]:
    """Return what was said of an agreement behind the index's last block: not final, or not entered yet."""
    status = index.status()
    return said_of(nodes, status.contract, agreement, status.block + 1, header(nodes, "latest").number)


def events_of(batch: Batch) -> list[Said]:
    """Return a batch event by event, in the chain's order."""
    placed: list[tuple[int, int, events.Event, int]] = []
    for report in batch.reports:
        whose = report.agreement, report.device, report.first
        made = (
            events.EnergyReported(*whose, report.register_wh, report.readings)
            if report.deviations is None
            else events.SealedReported(*whose, report.readings, report.deviations)
        )
        placed.append((report.block, report.position, made, report.transaction))
    for cost in batch.costs:
        charged = events.Violations(cost.agreement, cost.device, cost.first, *cost.figures)
        placed.append((cost.block, cost.position, charged, cost.transaction))
    placed += [(act.block, act.position, act.event, act.transaction) for act in batch.acts]
    placed.sort(key=lambda each: each[:2])
    return [
        Said(block, batch.times[block], "0x" + batch.transactions[sent][1].hex(), event)
        for block, _, event, sent in placed
    ]
