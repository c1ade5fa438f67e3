# SPDX-License-Identifier: Apache-2.0
"""Look now and then at what no message asks for: the key's balance, and which blocks have become final."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING

from electro_relayer.rpc import NodeUnreachable, RpcError

if TYPE_CHECKING:
    from electro_relayer.chain import Chain
    from electro_relayer.metrics import Metrics

log = logging.getLogger(__name__)

EVERY_S = 5.0
BALANCE_EVERY = 6  # looks
MAX_WAITING = 10_000  # messages whose finality is timed at once; more are not timed


class Upkeep:
    def __init__(self, chain: Chain, metrics: Metrics) -> None:
        self._chain, self._metrics = chain, metrics
        self._waiting: deque[tuple[int, float]] = deque()  # block of a message, when it was accepted
        self.balance_wei: int | None = None

    def landed(self, block: int, queued_at: float) -> None:
        """Note a message that was mined; it is final at once where every block is."""
        now = self._chain.clock()
        self._metrics.mined_s.observe(now - queued_at)
        if self._chain.final_at_once:
            self._metrics.final_s.observe(now - queued_at)
        elif len(self._waiting) < MAX_WAITING:
            self._waiting.append((block, queued_at))

    async def run(self) -> None:
        """Look until cancelled."""
        looks = 0
        while True:
            try:
                if looks % BALANCE_EVERY == 0:
                    self.balance_wei = await self._chain.balance()
                if self._waiting:
                    self._observe(await self._chain.final_block())
            except (NodeUnreachable, RpcError) as error:
                log.debug("upkeep waits: %s", error)
            except Exception:  # a fault of ours must not end it
                log.exception("upkeep failed")
            looks += 1
            await asyncio.sleep(EVERY_S)

    def _observe(self, final: int) -> None:
        now = self._chain.clock()
        while self._waiting and self._waiting[0][0] <= final:
            _, queued_at = self._waiting.popleft()
            self._metrics.final_s.observe(now - queued_at)
