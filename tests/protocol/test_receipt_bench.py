# SPDX-License-Identifier: Apache-2.0
"""A receipt costs a meter no more than it may, in signatures and in heap, as tests/bench/receipt.py measures it."""

from tests.bench import receipt


def test_a_receipt_takes_less_than_forty_signatures_and_24_kilobytes() -> None:
    result = receipt.measure()
    assert result["receipt_signatures"] <= receipt.MUST_SIGNATURES
    assert result["heap_bytes"] <= receipt.MUST_BYTES
    assert result["heap_frozen_bytes"] <= receipt.GOAL_BYTES
