# SPDX-License-Identifier: Apache-2.0
"""Look now and then at what no message asks for: the newest block, the key's balance, what has become final."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING

from electro_relayer.chain.pulse import Pulse
from electro_relayer.chain.rpc import NodeUnreachable, RpcError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from electro_relayer.chain.chain import Chain
    from electro_relayer.metrics import Metrics

log = logging.getLogger(__name__)

HEAD_EVERY_S = 5.0  # less than any chain's blocks need to be missed
REVIEW_EVERY_S = 60.0  # of what the chain calls final, where a node's first answer settles nothing
BEHIND_S = 60.0  # a node that is fetching blocks, and whose newest is so old, is left for another
BALANCE_EVERY_S, POOR_EVERY_S = 30.0, 5.0  # the second while somebody may be sending money
# Of a transaction with one report: what it may need at the present price, the key must have to send anything.
LEAST_GAS = 70_000
LOOKS_SHORT = 3  # a node behind the same address that is so far behind would be noticed otherwise
FINAL_EVERY_S = 0.5  # where finality is so many blocks; a call of a few bytes
FINALIZED_EVERY_S = 5.0  # where the chain says it: it moves in minutes
MAX_WAITING = 10_000  # messages whose finality is timed at once; more are not timed


class Upkeep:
    """Runs beside the lane; `taken_back` is called when the chain no longer has what it called final."""

    def __init__(self, chain: Chain, metrics: Metrics, taken_back: Callable[[], None]) -> None:
        self._chain, self._metrics, self._taken_back = chain, metrics, taken_back
        self._waiting: deque[tuple[int, float]] = deque()  # block of a message, when it was accepted
        self._any = asyncio.Event()
        self.balance_wei: int | None = None
        self._final: int | None = None
        self._mark: tuple[int, str] | None = None  # number and hash of a block that was final
        self._looks_short = 0  # times in a row that the chain did not reach to it
        self.cannot_pay = False  # not even for the smallest transaction
        self.pulse = Pulse(chain.clock, steady=chain.profile.empty_blocks is True)

    def landed(self, block: int, block_hash: str, queued_at: Sequence[float]) -> None:
        """Note the messages of a transaction that was mined; they are final at once where every block is."""
        now = self._chain.clock()
        waits_s = [now - at for at in queued_at]
        self._metrics.mined_s.observe(waits_s)
        if self._chain.final.at_once:
            self._mark = (block, block_hash)
            self._metrics.final_s.observe(waits_s)
        elif queued_at and len(self._waiting) < MAX_WAITING:
            self._waiting.extend((block, at) for at in queued_at)
            self._any.set()

    def final_lag(self) -> int | None:
        """Return how many blocks the final one is behind the newest; None until both are known."""
        if self._final is None or self.pulse.number is None:
            return None
        return max(0, self.pulse.number - self._final)

    async def run(self) -> None:
        """Look until cancelled."""
        await asyncio.gather(
            self._follow_head(), self._review(), self._follow_balance(), self._follow_finality()
        )

    async def _follow_head(self) -> None:
        while True:
            try:
                number, time_s, empty, syncing = await self._chain.latest_block()
                self.pulse.note(number, time_s, empty=empty, syncing=syncing)
                if self.pulse.is_behind(BEHIND_S):
                    await self._chain.leave_node(
                        f"it is fetching blocks, its latest is {self.pulse.age_s:.0f} s old"
                    )
                await self._look_at_final()
            except (NodeUnreachable, RpcError) as error:
                log.debug("the newest block is unknown: %s", error)
            except Exception:  # a fault of ours must not end it
                log.exception("asking for the newest block failed")
            await asyncio.sleep(HEAD_EVERY_S)

    async def _look_at_final(self) -> None:
        known = self._mark
        if known is not None and await self._is_gone(*known):
            log.error(
                "block %d was final and is not on the chain any more: what was final is asked for anew",
                known[0],
            )
            self._metrics.count("finality_broken_total")
            self._chain.final.forget()
            self._taken_back()
            self._mark = known = None
        mark = await self._chain.final.mark()
        self._final = mark[0]
        if self._mark is known and not self._looks_short:  # none landed meanwhile
            self._mark = mark if mark[1] else None

    async def _is_gone(self, number: int, digest: str) -> bool:
        """Tell whether a block that was final is not on the chain; that a node lags, for a moment, is no proof."""
        still = await self._chain.final.still_has(number, digest)
        self._looks_short = self._looks_short + 1 if still is None else 0
        gone = still is False or self._looks_short >= LOOKS_SHORT
        if gone:
            self._looks_short = 0
        return gone

    async def _review(self) -> None:
        while True:
            await asyncio.sleep(REVIEW_EVERY_S)
            try:
                await self._chain.final.review()
            except (NodeUnreachable, RpcError) as error:
                log.debug("finality can't be looked at: %s", error)
            except Exception:
                log.exception("looking at finality failed")

    async def _follow_balance(self) -> None:
        while True:
            try:
                await self._look_at_balance()
            except (NodeUnreachable, RpcError) as error:
                log.debug("the balance is unknown: %s", error)
            except Exception:
                log.exception("asking for the balance failed")
            await asyncio.sleep(POOR_EVERY_S if self.cannot_pay else BALANCE_EVERY_S)

    async def _look_at_balance(self) -> None:
        self.balance_wei = await self._chain.balance()
        fees = await self._chain.quote()
        needed_wei = LEAST_GAS * fees.max_fee_wei  # nothing on a chain whose gas is free
        if (self.balance_wei < needed_wei) != self.cannot_pay:
            self.cannot_pay = not self.cannot_pay
            if self.cannot_pay:
                log.error(
                    "%d wei are too little for a transaction, which needs %d", self.balance_wei, needed_wei
                )
            else:
                log.info("the key can pay again")

    async def _follow_finality(self) -> None:
        while True:
            await self._any.wait()
            try:
                self._observe(await self._chain.final.number())
            except (NodeUnreachable, RpcError) as error:
                log.debug("the final block is unknown: %s", error)
            except Exception:
                log.exception("asking for the final block failed")
            if not self._waiting:
                self._any.clear()
            await asyncio.sleep(FINAL_EVERY_S if self._chain.final.rule.tag is None else FINALIZED_EVERY_S)

    def _observe(self, final: int) -> None:
        now = self._chain.clock()
        waits_s = []
        while self._waiting and self._waiting[0][0] <= final:
            _, queued_at = self._waiting.popleft()
            waits_s.append(now - queued_at)
        self._metrics.final_s.observe(waits_s)
