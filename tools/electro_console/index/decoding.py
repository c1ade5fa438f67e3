# SPDX-License-Identifier: Apache-2.0
"""From a node's logs to rows: everything that a node can say wrongly of a log is found here.

A report is one row, whatever it holds; nothing is made for a single interval, so that a backlog of years comes in at
millions of intervals a second.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from electro_contracts import events
from electro_contracts.terms import MAX_INTERVALS, MAX_SLOTS
from electro_plan.sentence import sentence
from electro_protocol.judging import read
from electro_protocol.sealing import AROUND

from .errors import NodeFailure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# What a batch's submitter, or a meter, can make the contract say at its own cost, of no agreement: it changes no money.
# Whether a meter holds a viewing key is asked of the contract.
_IDLE = ("ReportSkipped", "OutageSkipped", "ViewingKeyHeld")
TOPICS = ["0x" + topic.hex() for name, topic in events.TOPICS.items() if name not in _IDLE]
"""Topic 0 of every event that the index keeps."""
_NAMES = {"0x" + topic.hex(): name for name, topic in events.TOPICS.items() if name not in _IDLE}
_REPORTED = "0x" + events.TOPICS["EnergyReported"].hex()
_SEALED = "0x" + events.TOPICS["SealedReported"].hex()
_VIOLATIONS = "0x" + events.TOPICS["Violations"].hex()
_INDEXED = {
    entry["name"]: sum(each["indexed"] for each in entry["inputs"]) for entry in events.entries()
}  # of each event: how many topics stand behind topic 0
_WORDS = {entry["name"]: sum(not each["indexed"] for each in entry["inputs"]) for entry in events.entries()}
_HEX = re.compile(r"0x(?:[0-9a-fA-F]{2})*\Z")
_NUMBER = re.compile(r"0x[0-9a-fA-F]{1,15}\Z")  # below 2**60: of databases' 63 bits nothing is lost
_HASH = re.compile(r"0x[0-9a-fA-F]{64}\Z")
_ZEROS = "0" * 24


class Report(NamedTuple):
    """A report, where it stands: `position` in the block, `transaction` as index into the batch's.

    Of a sealed one `readings` is ciphertext, and `deviations` is what its meter says of it.
    """

    block: int
    position: int
    transaction: int
    agreement: int
    device: bytes
    first: int
    register_wh: int
    readings: bytes
    deviations: bytes | None = None

    @property
    def intervals(self) -> int:
        return (len(self.readings) - (0 if self.deviations is None else AROUND)) // 2


class Cost(NamedTuple):
    """Violations, where it stands."""

    block: int
    position: int
    transaction: int
    agreement: int
    device: bytes
    first: int
    figures: tuple[int, ...]  # under, over, no_data, under_units, over_units, penalty


class Act(NamedTuple):
    """Any other event, as the log has it, and decoded."""

    block: int
    position: int
    transaction: int
    event: events.Event
    topics: bytes
    data: bytes


@dataclass
class Batch:
    """What the contract said in a range of blocks, in the chain's order."""

    reports: list[Report] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    transactions: list[tuple[int, bytes]] = field(default_factory=list)  # block and hash
    hashes: dict[int, bytes] = field(default_factory=dict)  # of the blocks with logs
    times: dict[int, int] = field(default_factory=dict)  # of those whose time the node said with the log
    senders: dict[int, tuple[bytes, bytes | None]] = field(default_factory=dict)
    """From and to of a transaction, by its place: of those that propose."""

    @property
    def logs(self) -> int:
        return len(self.reports) + len(self.costs) + len(self.acts)

    def places(self) -> Iterator[tuple[int, int]]:
        """Yield block and position of each log."""
        for rows in (self.reports, self.costs, self.acts):
            for row in rows:
                yield row[0], row[1]


def decode(untrusted_logs: Any, contract: str, first: int, last: int) -> Batch:
    """Return the rows of a node's answer for a range of blocks.

    Args:
        untrusted_logs: what `eth_getLogs` answered.
        contract: its address, as lower-case text.
        first: block.
        last: block.

    Raises:
        NodeFailure: that is no answer to what was asked.
    """
    if not isinstance(untrusted_logs, list):
        raise NodeFailure(sentence("the node's answer for logs is no list"))
    decoder = _Decoder(contract)
    try:
        for log in untrusted_logs:
            decoder.enter(log)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        what = f"{type(error).__name__} {error}"[:150]
        raise NodeFailure(sentence("the node gave a log that can't be read: {0}", what)) from error
    batch = decoder.batch
    if batch.hashes and not first <= min(batch.hashes) <= max(batch.hashes) <= last:
        raise NodeFailure(sentence("the node gave logs of other blocks than {0} to {1}", first, last))
    for rows in (batch.reports, batch.costs, batch.acts):
        rows.sort(key=_order)  # nodes give them in order; nothing hangs on it
    return batch


def _order(row: Report | Cost | Act) -> tuple[int, int]:
    return row[0], row[1]


class _Decoder:
    """Reads log after log; what it has met before it does not read again."""

    def __init__(self, contract: str) -> None:
        self.batch = Batch()
        self._contract = contract
        self._sent: dict[str, int] = {}  # places of transactions in the batch, by their hash as text
        self._blocks: dict[str, tuple[int, str]] = {}  # number and hash as text, by their number as text
        self._seen: set[tuple[int, int]] = set()

    def enter(self, untrusted: dict[str, Any]) -> None:
        """Read a log. Raises ValueError and its like: it is none, or not what was asked for."""
        topics: Sequence[str] = untrusted["topics"]
        kind = topics[0]
        if untrusted["address"].lower() != self._contract or kind not in _NAMES or untrusted.get("removed"):
            raise ValueError("it is not what was asked for")
        block = self._block(untrusted)
        position = number(untrusted["logIndex"])
        if (block, position) in self._seen:
            raise ValueError(f"log {position} of block {block} is given twice")
        self._seen.add((block, position))
        transaction = self._transaction(untrusted["transactionHash"], block)
        if kind == _REPORTED:
            self.batch.reports.append(_report(untrusted["data"], topics, block, position, transaction))
        elif kind == _SEALED:
            self.batch.reports.append(_sealed(untrusted["data"], topics, block, position, transaction))
        elif kind == _VIOLATIONS:
            self.batch.costs.append(_cost(untrusted["data"], topics, block, position, transaction))
        else:
            self.batch.acts.append(_act(untrusted["data"], topics, block, position, transaction))

    def _block(self, untrusted: dict[str, Any]) -> int:
        said, named = untrusted["blockNumber"], untrusted["blockHash"]
        known = self._blocks.get(said)
        if known is None:
            block = number(said)
            self._blocks[said] = block, named
            if self.batch.hashes.setdefault(block, digest(named)) != digest(named):
                raise ValueError(f"block {block} has two hashes")
            if untrusted.get("blockTimestamp") is not None:
                self.batch.times[block] = number(untrusted["blockTimestamp"])
            return block
        if known[1] != named:
            raise ValueError(f"block {known[0]} has two hashes")
        return known[0]

    def _transaction(self, named: str, block: int) -> int:
        known = self._sent.get(named)
        if known is None:
            known = self._sent[named] = len(self.batch.transactions)
            self.batch.transactions.append((block, digest(named)))
        return known


def _report(untrusted: str, topics: Sequence[str], block: int, position: int, transaction: int) -> Report:
    agreement, device = _whose(topics)
    data = bytes.fromhex(untrusted[2:])
    first, wh = int.from_bytes(data[:32], "big"), int.from_bytes(data[32:64], "big")
    size = int.from_bytes(data[96:128], "big")
    readings = data[128 : 128 + size]
    if (
        len(readings) != size
        or not 2 <= size <= 2 * MAX_SLOTS
        or size % 2
        or wh >> 64
        or first > MAX_INTERVALS
    ):
        raise ValueError("it is no report")
    return Report(block, position, transaction, agreement, device, first, wh, readings)


def _sealed(untrusted: str, topics: Sequence[str], block: int, position: int, transaction: int) -> Report:
    agreement, device = _whose(topics)
    event = events.decode([digest(each) for each in topics], bytes.fromhex(untrusted[2:]))
    assert isinstance(event, events.SealedReported)  # its topic is
    report = Report(
        block,
        position,
        transaction,
        agreement,
        device,
        event.first_interval,
        0,
        event.sealed,
        event.deviations,
    )
    if (
        not 1 <= report.intervals <= MAX_SLOTS
        or len(event.sealed) % 2
        or event.first_interval > MAX_INTERVALS
    ):
        raise ValueError("it is no sealed report")
    read(event.deviations, report.intervals)
    return report


def _cost(untrusted: str, topics: Sequence[str], block: int, position: int, transaction: int) -> Cost:
    agreement, device = _whose(topics)
    data = bytes.fromhex(untrusted[2:])
    first, *figures = (int.from_bytes(data[at : at + 32], "big") for at in range(0, 224, 32))
    if (
        len(data) != 224
        or first > MAX_INTERVALS
        or max(figures[:3]) > MAX_SLOTS
        or max(figures[3:5]) >> 31
        or figures[5] >> 128
    ):
        raise ValueError("it is no cost of a report")
    return Cost(block, position, transaction, agreement, device, first, tuple(figures))


def _whose(topics: Sequence[str]) -> tuple[int, bytes]:
    """Return agreement and device of an event that names them so."""
    _, agreement, device = topics
    if len(device) != 66 or device[2:26] != _ZEROS or len(agreement) != 66:
        raise ValueError("its topics are too long")
    return _identity(int(agreement, 16)), bytes.fromhex(device[26:])


def _identity(agreement: int) -> int:
    """Return an agreement's number: the contract counts from 1, so that none comes near to 2**63."""
    if not 0 < agreement < 1 << 47:
        raise ValueError("no agreement has such a number")
    return agreement


def _act(untrusted: str, named: Sequence[str], block: int, position: int, transaction: int) -> Act:
    topics = [digest(each) for each in named]
    if not _HEX.match(untrusted):
        raise ValueError("its data is not in hex")
    data = bytes.fromhex(untrusted[2:])
    name = _NAMES["0x" + topics[0].hex()]
    if len(topics) != 1 + _INDEXED[name] or len(data) < 32 * _WORDS[name]:
        raise ValueError(f"it is no {name}")
    event = events.decode(topics, data)
    assert event is not None  # its topic is one of ours
    if hasattr(event, "agreement_id"):
        _identity(event.agreement_id)
    return Act(block, position, transaction, event, b"".join(topics), data)


def number(untrusted: Any) -> int:
    """Return a quantity of JSON-RPC, below 2**60.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(untrusted, str) or not _NUMBER.match(untrusted):
        raise ValueError(f"{str(untrusted)[:40]!r} is no number")
    return int(untrusted, 16)


def digest(untrusted: Any) -> bytes:
    """Return a hash of 32 bytes.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(untrusted, str) or not _HASH.match(untrusted):
        raise ValueError(f"{str(untrusted)[:80]!r} is no hash")
    return bytes.fromhex(untrusted[2:])


def topics_of(packed: bytes) -> Iterable[bytes]:
    """Return the topics that an act keeps one after the other."""
    return [packed[at : at + 32] for at in range(0, len(packed), 32)]
