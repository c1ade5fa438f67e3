# SPDX-License-Identifier: Apache-2.0
"""Ask what gas costs now, in the chain's own way: EIP-1559, legacy, or nothing; and decide what to offer for it.

An offer is under a cap and never far above the market, whatever a node says. What a pool demands beyond the quote is
learnt from its refusals and kept for a while, so that the next offer begins there.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from electro_relayer.chain.rpc import Rpc, RpcError, read_quantity, read_wei, understood

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_relayer.settings import Settings

BUMP_PERMILLE = 1125  # geth and Besu ask 10% more for a replacement, some nodes 12.5%
# Where the offer is not below the market, only the tip can be too low: the smaller part, which may rise sooner.
TIP_BUMP_PERMILLE = 1500
BASE_FEE_HEADROOM = 2  # survives six full blocks in a row: the base fee rises by 1/8 a block at most
QUOTE_LIVES_S = 1.0  # where fees matter, blocks don't come faster
DEFAULT_TIP_WEI = 10**9  # where the node knows no eth_maxPriorityFeePerGas and gas is not free
FLOOR_LIVES_S = 600.0  # what a pool demanded may have fallen since: then the quote is tried again
FLOOR_STEP_WEI = 10**8  # the first guess where nothing was offered and something is demanded
# Polygon's 25 gwei is the highest floor known. A node that claims more may lie, or wants the operator's own word.
FLOOR_MOST_WEI = 100 * 10**9
ABOVE_MARKET = 10  # times the quote; what is not taken for that has another reason than its price

log = logging.getLogger(__name__)


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
    max_fee_wei = max(_bumped(old.max_fee_wei, BUMP_PERMILLE), quote.max_fee_wei)
    by_tip = not old.legacy and old.max_fee_wei >= quote.max_fee_wei
    tip_permille = TIP_BUMP_PERMILLE if by_tip else BUMP_PERMILLE
    priority_fee_wei = max(_bumped(old.priority_fee_wei, tip_permille), quote.priority_fee_wei)
    max_fee_wei = max(max_fee_wei, priority_fee_wei)
    if max_fee_wei > cap_wei:
        return None
    return Fees(max_fee_wei, priority_fee_wei, old.legacy)


def _bumped(fee_wei: int, permille: int) -> int:
    return fee_wei * permille // 1000 + 1


class Market:
    def __init__(
        self,
        node: Rpc,
        settings: Settings,
        clock: Callable[[], float],
        saw: Callable[[int, int], None],
    ) -> None:
        self._node, self._clock = node, clock
        self._saw = saw  # told number and time of the latest block
        self._mode, self._cap_wei = settings.fees, settings.fee_cap_wei
        self._quote: tuple[float, Fees] | None = None
        self._floor_wei, self._floor_at = 0, 0.0  # learnt, of the tip, or of a legacy price
        self.floor_wei = 0  # the same as the chain's profile says it, until more is learnt
        self.block_gas = 0  # the latest block's gas limit, once known

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
        floor_wei = self._floor()
        with understood(self._node):
            self._saw(read_quantity(header["number"]), read_quantity(header["timestamp"]))
            self.block_gas = read_quantity(header.get("gasLimit") or "0x0")
            base_fee = header.get("baseFeePerGas")
            if self._mode == "legacy" or (self._mode == "auto" and base_fee is None):
                if isinstance(price, RpcError):
                    raise price
                fees = legacy_offer(max(read_wei(price), floor_wei), self._cap_wei)
            else:
                base_fee_wei = read_wei(base_fee or "0x0")
                free = base_fee_wei == 0 and (isinstance(price, RpcError) or read_wei(price) == 0)
                tip_wei = DEFAULT_TIP_WEI if isinstance(tip, RpcError) else read_wei(tip)
                # anvil suggests a tip even where gas costs nothing
                fees = dynamic_offer(base_fee_wei, max(0 if free else tip_wei, floor_wei), self._cap_wei)
        self._quote = (self._clock(), fees)
        return fees

    async def replacement(self, old: Fees) -> Fees | None:
        """Return an offer that takes the place of another at what the market asks, if there may be one."""
        quote = await self.quote()
        cap_wei = min(self._cap_wei, ABOVE_MARKET * quote.max_fee_wei or self._cap_wei)
        return replacement(old, quote, cap_wei)

    def refused(self, offer: Fees, demanded_wei: int | None) -> None:
        """Learn from a pool that refused an offer as below its floor; `demanded_wei` if it named that."""
        guess_wei = max(2 * offer.priority_fee_wei, FLOOR_STEP_WEI)
        self._learn(guess_wei if demanded_wei is None else demanded_wei)

    def _learn(self, floor_wei: int) -> None:
        floor_wei = min(floor_wei, FLOOR_MOST_WEI, self._cap_wei)
        if floor_wei > self._floor():
            log.warning("offers begin at %d wei for the miner: less is not taken", floor_wei)
            self._floor_wei, self._floor_at = floor_wei, self._clock()
            self._quote = None

    def moved(self) -> None:
        """Forget the quote: a node says that the base fee has risen."""
        self._quote = None

    def _floor(self) -> int:
        learnt = self._clock() - self._floor_at < FLOOR_LIVES_S
        return max(self.floor_wei, self._floor_wei if learnt else 0)
