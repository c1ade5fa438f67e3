# SPDX-License-Identifier: Apache-2.0
"""Decide what to offer for gas: by the chain's blocks, under a cap, enough to replace an earlier offer."""

from __future__ import annotations

from dataclasses import dataclass

BUMP_PERMILLE = 1125  # geth and Besu ask 10% more for a replacement, some nodes 12.5%
BASE_FEE_HEADROOM = 2  # survives six full blocks in a row: the base fee rises by 1/8 a block at most


@dataclass(frozen=True, slots=True)
class Fees:
    """An offer for a unit of gas; in a legacy offer both figures are the gas price."""

    max_fee_wei: int
    priority_fee_wei: int
    legacy: bool = False


def dynamic_offer(base_fee_wei: int, tip_wei: int, cap_wei: int) -> Fees:
    """Offer base fee and tip with headroom; zero on a chain whose gas costs nothing."""
    max_fee_wei = min(base_fee_wei * BASE_FEE_HEADROOM + tip_wei, cap_wei)
    return Fees(max_fee_wei, min(tip_wei, max_fee_wei))


def legacy_offer(gas_price_wei: int, cap_wei: int) -> Fees:
    price_wei = min(gas_price_wei, cap_wei)
    return Fees(price_wei, price_wei, legacy=True)


def replacement(old: Fees, quote: Fees, cap_wei: int) -> Fees | None:
    """Raise an offer so that any node takes it on the same nonce; None where cap or a free chain forbid."""
    if old.max_fee_wei == 0 and quote.max_fee_wei == 0:
        return None
    max_fee_wei = max(_bumped(old.max_fee_wei), quote.max_fee_wei)
    priority_fee_wei = max(_bumped(old.priority_fee_wei), quote.priority_fee_wei)
    if max_fee_wei > cap_wei:
        return None
    return Fees(max_fee_wei, min(priority_fee_wei, max_fee_wei), old.legacy)


def _bumped(fee_wei: int) -> int:
    return fee_wei * BUMP_PERMILLE // 1000 + 1
