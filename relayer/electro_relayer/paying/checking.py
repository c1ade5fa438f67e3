# SPDX-License-Identifier: Apache-2.0
"""Ask the contract which messages it would take now; hold what it may take in a moment, and drop what it never will.

What a node does not manage in one question becomes less, and more again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from electro_relayer.chain.outages import ACCEPTABLE, reason_name
from electro_relayer.chain.rpc import TooMuchAtOnce
from electro_relayer.paying.blame import Blame, Stage
from electro_relayer.paying.foresight import FUTURE_PATIENCE_S, PASSING
from electro_relayer.paying.gas import MOST_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_relayer.chain.chain import Chain
    from electro_relayer.paying.batch import Queue
    from electro_relayer.paying.item import Item
    from electro_relayer.paying.nonces.spend import Spender

log = logging.getLogger(__name__)

LOOK_AGAIN_S, LOOK_LATER_S = 0.2, 2.0  # at messages whose time is about to come, and is overdue
# A chain whose latest block is so old, by its own time, and stays the latest for so long, makes none without a cause.
STALE_HEAD_S, UNMOVED_S = 30.0, 5.0


class Checking:
    """Knows how much a node manages at once; a check that takes less than `quick_s` may be twice as large."""

    def __init__(self, *, chain: Chain, queue: Queue, spender: Spender, blame: Blame, quick_s: float) -> None:
        self._chain, self._queue, self._spender, self._blame = chain, queue, spender, blame
        self._check_s = quick_s
        self.at_once = MOST_AT_ONCE

    async def check(self, items: list[Item], question: bytes) -> tuple[list[Item], int]:
        """Return which of these the contract would take now, and our next nonce; asks for less if that fails."""
        began = self._chain.clock()
        try:
            reasons, pending_nonce = await self._chain.check(question, len(items))
        except TooMuchAtOnce as error:
            self.at_once = max(1, len(items) // 2)
            log.warning("a check of %d messages failed: %.200s", len(items), error)
            if len(items) > 1:
                return [], 0
            self._blame.failed(items, Stage.CHECK, str(error), certain=False)
            raise
        if len(items) >= self.at_once and self._chain.clock() - began < self._check_s:
            self.at_once = min(MOST_AT_ONCE, 2 * self.at_once)
        self._blame.passed(Stage.CHECK)
        return await self._sort(items, reasons), pending_nonce

    async def _sort(self, items: Sequence[Item], reasons: Sequence[bytes]) -> list[Item]:
        """Return what would be accepted; hold what may be in a moment, drop the rest."""
        good: list[Item] = []
        early = False
        for item, reason in zip(items, reasons, strict=True):
            name = reason_name(reason)
            if reason == ACCEPTABLE:
                item.checked_at = self._chain.clock()
                good.append(item)
            elif name == "WrongSequence" and not self._queue.leads(item):
                self._queue.hold_behind(item)  # its predecessor is on the way and `pending` does not show it
            elif name in PASSING and self._may_wait(item):
                stuck = name == "FromTheFuture" and self._overdue(item)
                early |= stuck
                self._queue.hold(item, LOOK_LATER_S if stuck else self._look_again_s(item))
            else:
                log.info("dropped 0x%s: %s", item.verified.digest.hex(), name)
                self._blame.drop(item, name)
        if early and not good and self._chain.stands_still(STALE_HEAD_S, UNMOVED_S):
            await self._spender.nudge("no block for a while: one is made of a transfer of nothing")
        return good

    def _look_again_s(self, item: Item) -> float:
        """Return when to look at a message whose time has not come: later, the longer it waits already."""
        waited_s = self._chain.clock() - item.queued_at
        return min(LOOK_LATER_S, max(LOOK_AGAIN_S, waited_s / 8))

    def _may_wait(self, item: Item) -> bool:
        """Tell whether a message of the future has its time: blocks have not gone far since it came."""
        if item.early_at_s is None:
            item.early_at_s = self._chain.time_s
        return self._chain.time_s - item.early_at_s < FUTURE_PATIENCE_S

    def _overdue(self, item: Item) -> bool:
        """Tell whether a message of the chain's future is of the past by our clock: no block was made since."""
        return item.due_s < self._chain.wall_s()
