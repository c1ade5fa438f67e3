# SPDX-License-Identifier: Apache-2.0
"""Understand what nodes say about a transaction they were sent; each node has its own words and codes.

Sources: geth core/txpool/errors.go and core/error.go; Besu's RpcErrorType, and a Besu 25.12 that was asked;
anvil 1.7; py-evm's validation messages.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from electro_relayer.chain.rpc import RpcError


class Verdict(enum.Enum):
    TAKEN = "taken"
    KNOWN = "already known"
    NONCE_LOW = "nonce too low"
    NONCE_HIGH = "nonce too high"
    UNDERPRICED = "fee too low"
    POOR = "not enough money for gas"
    FULL = "the node's pool is full"
    REFUSED = "refused"


_WORDS = (
    ("already known", Verdict.KNOWN),
    ("known transaction", Verdict.KNOWN),
    ("already imported", Verdict.KNOWN),
    ("nonce too low", Verdict.NONCE_LOW),
    ("nonce too high", Verdict.NONCE_HIGH),
    ("nonce is too distant", Verdict.NONCE_HIGH),  # Besu: more than the pool takes of one account
    ("transaction with a lower nonce", Verdict.NONCE_HIGH),  # Besu: one before it in the pool is invalid
    ("underpriced", Verdict.UNDERPRICED),
    ("less than block base fee", Verdict.UNDERPRICED),
    ("gas price too low", Verdict.UNDERPRICED),
    ("gas price below", Verdict.UNDERPRICED),
    ("insufficient funds", Verdict.POOR),
    ("upfront cost exceeds", Verdict.POOR),
    ("sender account balance", Verdict.POOR),
    ("pool is full", Verdict.FULL),
    ("exceeds the configured cap", Verdict.REFUSED),
)
_CODES = {
    -32001: Verdict.NONCE_LOW,  # Besu
    -32006: Verdict.NONCE_HIGH,  # Besu
    -32009: Verdict.UNDERPRICED,  # Besu
}


def understand(error: RpcError) -> Verdict:
    """Name what an error of eth_sendRawTransaction means for the transaction."""
    words = error.message.lower()
    for phrase, verdict in _WORDS:
        if phrase in words:
            return verdict
    if "nonce" in words and "expected" in words:  # py-evm: "Invalid transaction nonce: Expected 5, but got 4"
        numbers = [int(digits) for digits in "".join(c if c.isdigit() else " " for c in words).split()]
        return Verdict.NONCE_HIGH if len(numbers) == 2 and numbers[1] > numbers[0] else Verdict.NONCE_LOW
    return _CODES.get(error.code, Verdict.REFUSED)
