# SPDX-License-Identifier: Apache-2.0
"""The final block: the newest that no reorganisation takes back, by what the chain says or is told to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from electro_contracts.node.profiles import BY_CHAIN_ID, is_qbft
from electro_plan.sentence import sentence

from .decoding import digest, number
from .errors import NodeFailure, OtherChain, Refused

if TYPE_CHECKING:
    from .node import Nodes

# A chain without `finalized` and without QBFT is a proof-of-authority or test network; 12 blocks is what exchanges
# asked of Ethereum before it had finality. The relayer goes by the same.
DEFAULT_DEPTH = 12


@dataclass(frozen=True)
class Block:
    """A header, as far as it is looked at."""

    number: int
    hash: bytes
    parent: bytes
    time: int


def block_of(untrusted: Any) -> Block:
    """Return the header that a node gave.

    Raises:
        NodeFailure: it is none.
    """
    try:
        return Block(
            number(untrusted["number"]),
            digest(untrusted["hash"]),
            digest(untrusted["parentHash"]),
            number(untrusted["timestamp"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise NodeFailure(sentence("the node gave a block that can't be read")) from error


def header(nodes: Nodes, block: int | str) -> Block:
    """Return the header of a block by number or tag.

    Raises:
        NodeFailure: the node has none, or another one.
    """
    untrusted = nodes.call("eth_getBlockByNumber", block if isinstance(block, str) else hex(block), False)
    if untrusted is None:
        raise NodeFailure(sentence("the node {0} does not know block {1}", nodes.shown, block))
    found = block_of(untrusted)
    if isinstance(block, int) and found.number != block:
        raise NodeFailure(sentence("the node {0} gave block {1} for {2}", nodes.shown, found.number, block))
    return found


def final_block(nodes: Nodes, rule: str = "auto") -> Block | None:
    """Return the final block; None while the chain has none.

    Args:
        nodes: of the chain.
        rule: "auto", a tag of JSON-RPC's, or how many blocks deep is final.

    Raises:
        NodeFailure: the node does not say.
    """
    profile = BY_CHAIN_ID.get(nodes.chain_id)
    if rule == "auto" and profile is not None and profile.finality is not None:
        rule = profile.finality
    if rule.isdigit():
        return _deep(nodes, int(rule))
    if rule != "auto":
        return header(nodes, rule)
    try:
        untrusted = nodes.call("eth_getBlockByNumber", "finalized", False)
    except Refused:  # some clients refuse the word, others answer null
        untrusted = None
    if untrusted is not None:
        return block_of(untrusted)
    latest = nodes.call("eth_getBlockByNumber", "latest", False)
    return block_of(latest) if is_qbft(latest) else _deep(nodes, DEFAULT_DEPTH)


def birth_of(nodes: Nodes, contract: bytes) -> int:
    """Return the block that brought a contract's code; 0 if the node has forgotten its old states.

    Raises:
        NodeFailure: the node does not answer.
    """
    low, high = 0, header(nodes, "latest").number
    try:
        while low < high:
            middle = (low + high) // 2
            if _has_code(nodes, contract, hex(middle)):
                high = middle
            else:
                low = middle + 1
    except Refused:
        return 0
    return low


def must_be_there(nodes: Nodes, contract: bytes) -> None:
    """Refuse an address that has no code: an index of it would be empty, and look like one without agreements.

    Raises:
        NodeFailure: the node does not answer.
        OtherChain: there is no contract at this address.
    """
    if not _has_code(nodes, contract, "latest"):
        raise OtherChain(
            sentence("there is no contract at 0x{0} on chain {1}", contract.hex(), nodes.chain_id),
            sentence("look at the address, and at the chain that the node serves"),
        )


def _has_code(nodes: Nodes, contract: bytes, block: str) -> bool:
    code = nodes.call("eth_getCode", "0x" + contract.hex(), block)
    return isinstance(code, str) and len(code) > 2


def _deep(nodes: Nodes, depth: int) -> Block | None:
    newest = header(nodes, "latest")
    if depth == 0:
        return newest
    return header(nodes, newest.number - depth) if newest.number >= depth else None
