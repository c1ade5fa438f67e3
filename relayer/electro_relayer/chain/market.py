# SPDX-License-Identifier: Apache-2.0
"""Ask what gas costs now, in the chain's own way: EIP-1559, legacy, or nothing; and decide what to offer for it.

An offer is under a cap, and one that replaces another is enough more for any node to take it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from electro_relayer.chain.rpc import Rpc, RpcError, understood

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_relayer.settings import Settings

BUMP_PERMILLE = 1125  # geth and Besu ask 10% more for a replacement, some nodes 12.5%
BASE_FEE_HEADROOM = 2  # survives six full blocks in a row: the base fee rises by 1/8 a block at most
QUOTE_LIVES_S = 1.0  # where fees matter, blocks don't come faster
DEFAULT_TIP_WEI = 10**9  # where the node knows no eth_maxPriorityFeePerGas and gas is not free


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


class Market:
    def __init__(self, node: Rpc, settings: Settings, clock: Callable[[], float]) -> None:
        self._node, self._clock = node, clock
        self._mode, self._cap_wei = settings.fees, settings.fee_cap_wei
        self._quote: tuple[float, Fees] | None = None

    async def quote(self) -> Fees:
        """Return what to offer, under the cap; raises RpcError or NodeUnreachable."""
        if self._quote is not None and self._clock() - self._quote[0] < QUOTE_LIVES_S:
            return self._quote[1]
        header, tip, price = await self._node.batch(
            [
                ("eth_getBlockByNumber", ["latest", False]),
                ("eth_maxPriorityFeePerGas", []),
                ("eth_gasPrice", []),
            ]
        )
        if isinstance(header, RpcError):
            raise header
        with understood(self._node):
            base_fee = header.get("baseFeePerGas")
            if self._mode == "legacy" or (self._mode == "auto" and base_fee is None):
                if isinstance(price, RpcError):
                    raise price
                fees = legacy_offer(int(price, 16), self._cap_wei)
            else:
                base_fee_wei = int(base_fee or "0x0", 16)
                free = base_fee_wei == 0 and (isinstance(price, RpcError) or int(price, 16) == 0)
                tip_wei = DEFAULT_TIP_WEI if isinstance(tip, RpcError) else int(tip, 16)
                # anvil suggests a tip even where gas costs nothing
                fees = dynamic_offer(base_fee_wei, 0 if free else tip_wei, self._cap_wei)
        self._quote = (self._clock(), fees)
        return fees
