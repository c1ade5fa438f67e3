# SPDX-License-Identifier: Apache-2.0
"""Read what became of a transaction from its receipt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from electro_relayer.chain.rpc import hex_data, read_quantity, read_wei
from electro_relayer.hashing import keccak256

if TYPE_CHECKING:
    from collections.abc import Iterable

_SKIPPED = {
    hex_data(keccak256(signature))
    for signature in (b"ReportSkipped(uint256,bytes4)", b"OutageSkipped(uint256,bytes4)")
}


@dataclass(frozen=True, slots=True)
class Receipt:
    succeeded: bool
    block: int
    block_hash: str
    gas_used: int
    gas_price_wei: int
    skipped: frozenset[int]  # which items of the batch the contract left out


def read_receipt(answer: Any, digest: bytes, contract: bytes) -> Receipt | None:
    """Return a transaction's receipt from an answer; None where there is none yet. Raises what `understood` takes.

    All of it is read here: who settles messages by it must not fail halfway.
    """
    if not isinstance(answer, dict) or answer.get("blockNumber") is None:  # unknown, or seen but not mined
        return None
    if answer["transactionHash"] != hex_data(digest):
        raise ValueError("a receipt of another transaction")
    return Receipt(
        succeeded=read_quantity(answer["status"]) == 1,
        block=read_quantity(answer["blockNumber"]),
        block_hash=str(answer.get("blockHash")),
        gas_used=read_quantity(answer["gasUsed"]),
        gas_price_wei=read_wei(answer.get("effectiveGasPrice") or "0x0"),
        skipped=frozenset(skipped_items(answer["logs"], contract)),
    )


def skipped_items(logs: Iterable[dict[str, Any]], contract: bytes) -> set[int]:
    """Return which items of a batch the contract left out; the event's data is index and reason, a word each."""
    address = hex_data(contract)
    return {
        read_quantity(entry["data"][:66])
        for entry in logs
        if entry["topics"] and entry["topics"][0] in _SKIPPED and entry["address"].lower() == address
    }
