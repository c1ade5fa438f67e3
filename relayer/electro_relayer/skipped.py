# SPDX-License-Identifier: Apache-2.0
"""Read from a receipt's logs which items of a batch the contract left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from electro_relayer.keccak import keccak256

if TYPE_CHECKING:
    from collections.abc import Iterable

_SKIPPED = {
    "0x" + keccak256(signature).hex()
    for signature in (b"ReportSkipped(uint256,bytes4)", b"OutageSkipped(uint256,bytes4)")
}


def skipped_items(logs: Iterable[dict[str, Any]], contract: bytes) -> set[int]:
    """Return the indexes; the event's data is index and reason, a word each."""
    address = "0x" + contract.hex()
    return {
        int(entry["data"][2:66], 16)
        for entry in logs
        if entry["topics"] and entry["topics"][0] in _SKIPPED and entry["address"].lower() == address
    }
