# SPDX-License-Identifier: Apache-2.0
"""Bound by formula the gas a batch can need: a node's estimate takes 58 ms, its check only 3.

The bound is the worst case (first touch of a storage slot, every interval violates its band), so that no
batch runs out of gas; what is not used is not paid. A test holds it to the contract.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from electro_relayer.intake import Verified

TRANSACTION = 21_000
BATCH = 30_000  # dispatch, array header, event overhead
REPORT = 75_000  # ecrecover, cold slot written from zero, terms read as code, event
INTERVAL = 900  # slow path of a violating lane, its share of calldata, event data and decoding
CALLDATA_WORDS = 9  # a report's fixed fields and offsets
CALLDATA_BYTE = 40  # EIP-7623: floor price of a byte that is not zero
SKIP = 15_000  # a stale item, which another relayer's transaction has overtaken, still logs its reason


def of_message(verified: Verified) -> int:
    """Bound what one message adds to a batch."""
    intervals = verified.end - verified.first
    return REPORT + SKIP + INTERVAL * intervals + CALLDATA_BYTE * (32 * CALLDATA_WORDS + 2 * intervals + 32)


def of_batch(messages: Iterable[Verified]) -> int:
    return TRANSACTION + BATCH + sum(of_message(message) for message in messages)
