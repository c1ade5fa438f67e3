# SPDX-License-Identifier: Apache-2.0
"""Decide whether messages can be carried now, and say why not; what has not been ready for long takes nothing new.

A refusal here is no verdict on a message: its meter keeps it, and another relayer may be able to carry it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from electro_relayer.chain.nodewords import Verdict
from electro_relayer.chain.rpc import NodeUnreachable, RpcError
from electro_relayer.errors import (
    ChainHalted,
    Draining,
    NodeBehind,
    NodeDown,
    NoMoney,
    NothingMined,
    Refusal,
    SenderNotAllowed,
)

if TYPE_CHECKING:
    from electro_relayer.chain.chain import Chain
    from electro_relayer.chain.upkeep import Upkeep
    from electro_relayer.paying.batch import Queue
    from electro_relayer.paying.nonces.spend import Spender
    from electro_relayer.paying.nonces.unmined import Unmined

ASKED_EVERY_S = 1.0  # proxies and strangers may ask as often as they like


class Readiness:
    """Looks at what the others know; `draining` is set when the service goes down."""

    def __init__(
        self,
        *,
        chain: Chain,
        upkeep: Upkeep,
        queue: Queue,
        unmined: Unmined,
        spender: Spender,
        stalled_s: float,
    ) -> None:
        self._spender = spender
        self._chain, self._upkeep, self._queue, self._unmined = chain, upkeep, queue, unmined
        self._stalled_s = stalled_s
        self._asking = asyncio.Lock()
        self._asked_at = -ASKED_EVERY_S
        self._block: int | None = None  # the latest, where the node answered
        self._poor_since: float | None = None
        self.draining = False

    def trouble(self) -> Refusal | None:
        """Return why messages can't be carried now, as far as that is known without asking."""
        trouble = self._trouble()
        if not isinstance(trouble, NoMoney | SenderNotAllowed):
            self._poor_since = None
        elif self._poor_since is None:
            self._poor_since = self._chain.clock()
        return trouble

    def _trouble(self) -> Refusal | None:
        if self.draining:
            return Draining("This relayer is going down; send to another one, or again later.")
        if self._upkeep.cannot_pay:
            return NoMoney("The relayer's key has no money for gas; its operator has to send some.")
        if len(self._queue) and self._spender.hindrance is Verdict.NOT_ALLOWED:
            return SenderNotAllowed(
                "The chain takes no transactions from the relayer's key; its operator has to be allowed."
            )
        return self._behind() or self._standstill()

    def _behind(self) -> Refusal | None:
        pulse = self._upkeep.pulse
        if pulse.is_behind(self._stalled_s):
            return NodeBehind(f"The node is fetching blocks, and its latest is {pulse.age_s:.0f} s old.")
        return None

    def _standstill(self) -> Refusal | None:
        pulse, still_s = self._upkeep.pulse, self._queue.still_s()
        stalled = still_s > self._stalled_s  # where nothing happens a block may be old when a message comes
        if pulse.has_halted(self._stalled_s, awaited=stalled and bool(self._unmined)):
            return ChainHalted(f"The chain has made no block for {pulse.still_s:.0f} s.")
        if stalled:
            return NothingMined(
                f"Messages wait, and for {still_s:.0f} s none was mined; see the relayer's log."
            )
        return None

    def refuse_behind(self) -> None:
        """Raise a Refusal if the node knows too little of the chain to judge any message by it."""
        trouble = self._behind()
        if trouble is not None:
            raise trouble

    def refuse_new(self) -> None:
        """Raise a Refusal if nothing new is to be taken: where the key can't pay only when that has lasted."""
        trouble = self.trouble()
        if trouble is None:
            return
        if self._poor_since is not None and self._chain.clock() - self._poor_since <= self._stalled_s:
            return  # somebody may be sending some; meanwhile messages wait in memory
        raise trouble

    def warnings(self) -> list[str]:
        """Return the codes of what somebody should look at, though messages are carried."""
        return ["KEY_SHARED"] if self._unmined.foreign else []

    def reasons(self) -> dict[str, float]:
        """Return for each code whether it is why the service is not ready, as gauges."""
        trouble = self.trouble()
        return {
            kind.code: float(type(trouble) is kind)
            for kind in (Draining, NoMoney, SenderNotAllowed, NodeBehind, ChainHalted, NothingMined)
        }

    async def ask(self) -> int:
        """Return the latest block's number if messages can be carried now; raises a Refusal."""
        trouble = self.trouble()
        if trouble is not None:
            raise trouble
        async with self._asking:  # who waited meanwhile gets the same answer
            if self._chain.clock() - self._asked_at >= ASKED_EVERY_S:
                try:
                    self._block = await self._chain.ready()
                except (NodeUnreachable, RpcError):
                    self._block = None
                self._asked_at = self._chain.clock()
        if self._block is None:
            raise NodeDown("The chain can't be asked right now.")
        return self._block
