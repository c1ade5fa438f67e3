# SPDX-License-Identifier: Apache-2.0
"""Hold what a node gave as the logs of a range against the headers of its blocks.

- The headers follow one another by their hashes, from the last block that was entered.
- A block whose bloom excludes the contract has no logs of it. In all others the receipts are asked for: their root must
  be the header's, and the contract's logs among them exactly what was given.
- Where the node knows no `eth_getBlockReceipts`, the logs of the block are asked for by its hash instead: that shows
  what a provider cuts from ranges, and no lie.

What remains is that all headers are the node's own: other nodes, where there are any, are asked for the hash of each
range's last block.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from electro_plan.sentence import sentence

from .decoding import TOPICS, digest, number
from .errors import Incomplete, NodeFailure, OtherChain, Refused
from .final import block_of
from .receipts import bits_of, encoded, may_hold, own_logs, root_of

if TYPE_CHECKING:
    from .decoding import Batch
    from .final import Block
    from .node import Nodes

log = logging.getLogger(__name__)

_AT_ONCE = 500  # headers kept at a time: a megabyte
_OWN = frozenset(TOPICS)


class Verifier:
    """Checks batches of one contract's logs.

    Args:
        nodes: whom to ask for headers and receipts.
        contract: 20 bytes.
    """

    def __init__(self, nodes: Nodes, contract: bytes) -> None:
        self._nodes = nodes
        self._contract = "0x" + contract.hex()
        self._bits = bits_of(contract)
        self._topics = [bits_of(bytes.fromhex(topic[2:])) for topic in TOPICS]
        self._gives_receipts = True

    def check(self, batch: Batch, first: int, last: int, parent: bytes | None) -> None:
        """Check the logs of the blocks from first to last.

        Args:
            batch: what the node gave.
            first: block.
            last: block.
            parent: the hash of the block before, if it is known.

        Raises:
            Incomplete: there are more logs, or others.
            NodeFailure: the headers do not fit together.
        """
        given = _by_block(batch)
        for begin in range(first, last + 1, _AT_ONCE):
            numbers = range(begin, min(last, begin + _AT_ONCE - 1) + 1)
            asked = [("eth_getBlockByNumber", [hex(each), False]) for each in numbers]
            for each, untrusted in zip(numbers, self._nodes.batch(asked), strict=True):
                parent = self._header(untrusted, each, parent, batch, given.get(each, set()))

    def compare(self, block: Block) -> None:
        """Ask the other nodes for a block that the one in use gave.

        Raises:
            OtherChain: one of them has another.
        """
        for node in self._nodes.others():
            try:
                untrusted = node.call("eth_getBlockByNumber", hex(block.number), False)
                theirs = None if untrusted is None else block_of(untrusted)
            except NodeFailure as failure:
                log.warning("%s; it is not compared", failure.sentence)
                continue
            if theirs is not None and theirs.hash != block.hash:
                raise OtherChain(
                    sentence(
                        "the nodes {0} and {1} have different blocks {2}",
                        self._nodes.shown,
                        node.shown,
                        block.number,
                    ),
                    sentence("one of them is on a fork, or lies: ask a third"),
                )

    def _header(
        self, untrusted: Any, wanted: int, parent: bytes | None, batch: Batch, given: set[int]
    ) -> bytes:
        """Check one block; return its hash."""
        if untrusted is None:
            raise NodeFailure(sentence("the node {0} does not know block {1}", self._nodes.shown, wanted))
        block = block_of(untrusted)
        if block.number != wanted or (parent is not None and block.parent != parent):
            raise NodeFailure(
                sentence(
                    "the node {0} has a block {1} that does not follow the one before",
                    self._nodes.shown,
                    wanted,
                )
            )
        if batch.hashes.get(wanted, block.hash) != block.hash:
            raise NodeFailure(sentence("the node {0} has two blocks {1}", self._nodes.shown, wanted))
        try:
            bloom = int(untrusted["logsBloom"], 16)
            root = digest(untrusted["receiptsRoot"])
        except (LookupError, TypeError, ValueError) as error:
            raise NodeFailure(
                sentence("the node {0} gave a block that can't be read", self._nodes.shown)
            ) from error
        if may_hold(bloom, self._bits) and any(may_hold(bloom, each) for each in self._topics):
            self._receipts(wanted, block.hash, root, given)
        elif given:
            raise NodeFailure(
                sentence(
                    "the node {0} gave logs of block {1} that its header excludes", self._nodes.shown, wanted
                )
            )
        return block.hash

    def _receipts(self, block: int, block_hash: bytes, root: bytes, given: set[int]) -> None:
        try:
            found = self._from_receipts(block, root) if self._gives_receipts else None
        except Refused:  # the node does not know the question
            self._gives_receipts, found = False, None
        if found is None:
            found = self._by_hash(block_hash)
        if found != given:
            raise Incomplete(
                sentence(
                    "block {0} has {1} logs of the contract, and {2} were given",
                    block,
                    len(found),
                    len(given),
                )
            )

    def _from_receipts(self, block: int, root: bytes) -> set[int]:
        untrusted = self._nodes.call("eth_getBlockReceipts", hex(block))
        try:
            packed = [encoded(receipt) for receipt in untrusted]
            found = {number(log["logIndex"]) for log in own_logs(untrusted, self._contract, _OWN)}
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise NodeFailure(
                sentence("the node {0} gave receipts that can't be read", self._nodes.shown)
            ) from error
        if root_of(packed) != root:
            raise NodeFailure(
                sentence(
                    "the node {0} gave receipts of block {1} that its header denies", self._nodes.shown, block
                )
            )
        return found

    def _by_hash(self, block_hash: bytes) -> set[int]:
        wanted = {"blockHash": "0x" + block_hash.hex(), "address": self._contract, "topics": [TOPICS]}
        untrusted = self._nodes.call("eth_getLogs", wanted)
        try:
            return {number(log["logIndex"]) for log in untrusted}
        except (LookupError, TypeError, ValueError) as error:
            raise NodeFailure(
                sentence("the node {0} gave a log that can't be read", self._nodes.shown)
            ) from error


def _by_block(batch: Batch) -> dict[int, set[int]]:
    """Return the positions of a batch's logs in each block."""
    found: dict[int, set[int]] = {}
    for block, position in batch.places():
        found.setdefault(block, set()).add(position)
    return found
