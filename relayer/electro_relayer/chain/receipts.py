# SPDX-License-Identifier: Apache-2.0
"""Read what became of a transaction from its receipt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Receipt:
    succeeded: bool
    block: int
    block_hash: str
    gas_used: int
    gas_price_wei: int
    logs: tuple[dict[str, Any], ...]


def read_receipt(answer: Any) -> Receipt | None:
    """Return the receipt in an answer; None where there is none yet."""
    if not isinstance(answer, dict) or answer.get("blockNumber") is None:  # unknown, or seen but not mined
        return None
    return Receipt(
        succeeded=int(answer["status"], 16) == 1,
        block=int(answer["blockNumber"], 16),
        block_hash=str(answer.get("blockHash")),
        gas_used=int(answer["gasUsed"], 16),
        gas_price_wei=int(answer.get("effectiveGasPrice") or "0x0", 16),
        logs=tuple(answer["logs"]),
    )
