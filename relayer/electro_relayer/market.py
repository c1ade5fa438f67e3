# SPDX-License-Identifier: Apache-2.0
"""Ask what gas costs now, in the chain's own way: EIP-1559, legacy, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_relayer.fees import Fees, dynamic_offer, legacy_offer
from electro_relayer.rpc import Rpc, RpcError, understood

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_relayer.settings import Settings

QUOTE_LIVES_S = 1.0  # where fees matter, blocks don't come faster
DEFAULT_TIP_WEI = 10**9  # where the node knows no eth_maxPriorityFeePerGas and gas is not free


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
