# SPDX-License-Identifier: Apache-2.0
"""Ask a node for all that the contract said in a range of blocks, with the times of those blocks.

Nodes limit how much they give: by blocks, by logs, by bytes, by time. Who follows makes its ranges smaller when one is
refused, and larger again. Some nodes say nothing and cut: an answer of a suspiciously round number of logs is asked
for again in halves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from electro_contracts import events
from electro_plan.sentence import sentence

from .decoding import Batch, decode, digest
from .errors import Incomplete, NodeFailure
from .final import block_of, header

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .final import Block
    from .node import Nodes

# What providers are known to cut at; honest answers of such a length cost one more question.
_ROUND = 1000


class Logs:
    """The logs of one contract.

    Args:
        nodes: whom to ask.
        contract: 20 bytes.
        topics: as `eth_getLogs` takes them; more than one: each is asked for by itself.
    """

    def __init__(self, nodes: Nodes, contract: bytes, topics: Sequence[list[Any]]) -> None:
        self._nodes = nodes
        self._address = "0x" + contract.hex()
        self._contract = contract
        self._topics = topics

    def fetch(self, first: int, last: int) -> tuple[Batch, Block]:
        """Return what was said in the blocks from first to last, and the last one's header.

        Raises:
            Refused: of fewer blocks the node may give the logs.
            Incomplete: it has given fewer than there are.
            NodeFailure: it does not answer as it should.
        """
        untrusted: list[Any] = []
        for topics in self._topics:
            untrusted += self._ask(topics, first, last)
        batch = decode(untrusted, self._address, first, last)
        end = header(self._nodes, last)
        self._date(batch, end)
        self._name_senders(batch)
        return batch, end

    def _ask(self, topics: list[Any], first: int, last: int) -> list[Any]:
        wanted = {"fromBlock": hex(first), "toBlock": hex(last), "address": self._address, "topics": topics}
        untrusted = self._nodes.call("eth_getLogs", wanted)
        if not isinstance(untrusted, list):
            raise NodeFailure(
                sentence("the node {0} gives no logs for blocks {1} to {2}", self._nodes.shown, first, last)
            )
        if not untrusted or len(untrusted) % _ROUND or first == last:
            return untrusted
        middle = (first + last) // 2
        halves = self._ask(topics, first, middle) + self._ask(topics, middle + 1, last)
        if len(halves) < len(untrusted):
            raise Incomplete(
                sentence(
                    "the node {0} gives {1} logs, and in two parts {2}",
                    self._nodes.shown,
                    len(untrusted),
                    len(halves),
                )
            )
        return halves

    def _date(self, batch: Batch, end: Block) -> None:
        """Give each block of a batch its time: what nodes do not say with the log is asked for."""
        if end.number in batch.hashes and batch.hashes[end.number] != end.hash:
            raise NodeFailure(sentence("the node {0} has two blocks {1}", self._nodes.shown, end.number))
        batch.times[end.number] = end.time
        wanted = sorted(set(batch.hashes) - set(batch.times))
        if not wanted:
            return
        answers = self._nodes.batch([("eth_getBlockByNumber", [hex(block), False]) for block in wanted])
        for block, untrusted in zip(wanted, answers, strict=True):
            if untrusted is None:
                raise NodeFailure(sentence("the node {0} does not know block {1}", self._nodes.shown, block))
            found = block_of(untrusted)
            if (found.number, found.hash) != (block, batch.hashes[block]):
                raise NodeFailure(sentence("the node {0} has two blocks {1}", self._nodes.shown, block))
            batch.times[block] = found.time

    def _name_senders(self, batch: Batch) -> None:
        """Ask who proposed: in escrow that account funds the agreement, and no event names it."""
        proposing = [act.transaction for act in batch.acts if isinstance(act.event, events.AgreementProposed)]
        wanted = sorted(set(proposing))
        hashes = ["0x" + batch.transactions[each][1].hex() for each in wanted]
        answers = self._nodes.batch([("eth_getTransactionByHash", [each]) for each in hashes])
        for each, untrusted in zip(wanted, answers, strict=True):
            batch.senders[each] = _parties(untrusted)


def _parties(untrusted: Any) -> tuple[bytes, bytes | None]:
    try:
        to = untrusted.get("to")
        return _address(untrusted["from"]), None if to is None else _address(to)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NodeFailure(sentence("the node does not know a transaction whose logs it gave")) from error


def _address(untrusted: Any) -> bytes:
    return digest("0x" + "0" * 24 + untrusted.removeprefix("0x"))[12:]
