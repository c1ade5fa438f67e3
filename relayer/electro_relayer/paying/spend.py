# SPDX-License-Identifier: Apache-2.0
"""Spend the key's nonces, in the one place that does: offer a transaction, raise its fee, give it up.

- a transaction that may have been sent is sent again only as the same bytes, or dearer on the same nonce;
- messages whose transaction did not come to be are checked again before they get a new nonce;
- a nonce that was given up while later ones are in flight is used again before any other;
- after a start the next nonce is that of `pending`.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from electro_relayer.chain.market import Fees, replacement
from electro_relayer.chain.nodewords import Verdict
from electro_relayer.chain.rpc import NodeUnreachable
from electro_relayer.errors import shout
from electro_relayer.paying.batch import Place
from electro_relayer.paying.transaction import Call, sign
from electro_relayer.paying.unmined import Sent, Unmined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_relayer.chain.chain import Chain
    from electro_relayer.chain.standing import Standings
    from electro_relayer.metrics import Metrics
    from electro_relayer.paying.batch import Item, Queue
    from electro_relayer.paying.key import Key
    from electro_relayer.paying.refusals import Refusals
    from electro_relayer.settings import Settings

log = logging.getLogger(__name__)

MAX_TRIES = 5  # of an item whose transactions are refused or reverted though the check said yes
OFFERS = 4  # fee offers for one nonce before the batch waits again
TRANSFER_GAS = 21_000


class Rejected(Exception):  # noqa: N818 - what became of a transaction
    """The node did not take a transaction, for sure; its messages wait again."""


class Spender:
    """Owns the nonces; lane and watch tell it what to do with them."""

    def __init__(
        self,
        *,
        chain: Chain,
        key: Key,
        queue: Queue,
        standings: Standings,
        refusals: Refusals,
        unmined: Unmined,
        metrics: Metrics,
        settings: Settings,
    ) -> None:
        self._chain, self._key, self._queue, self._standings = chain, key, queue, standings
        self._refusals, self._unmined, self._metrics = refusals, unmined, metrics
        self._fee_cap_wei = settings.fee_cap_wei

    async def offer(self, batches: Sequence[tuple[Call, list[Item]]], pending_nonce: int, fees: Fees) -> None:
        """Send each on a nonce, raising fees while the node asks for more; raises Rejected."""
        now = self._chain.clock()
        offered: dict[int, Sent] = {}
        for call, items in batches:
            nonce = self._unmined.next_nonce(pending_nonce)
            sent = offered[nonce] = Sent(call, items, sent_at=now, offered_at=now, healed_at=now)
            self._sign(nonce, sent, fees)
        rejected: list[tuple[int, Sent, Verdict]] = []
        for _ in range(OFFERS):
            try:
                verdicts = await self._chain.send([sent.attempts[-1].raw for sent in offered.values()])
            except NodeUnreachable:
                return  # taken or not, nobody knows: the watch looks for them and sends the same bytes again
            again: dict[int, Sent] = {}
            for (nonce, sent), (verdict, words) in zip(offered.items(), verdicts, strict=True):
                if verdict in (Verdict.TAKEN, Verdict.KNOWN) or self._unmined.get(nonce) is not sent:
                    continue
                raised = replacement(sent.attempts[-1].fees, fees, self._fee_cap_wei)
                if verdict is Verdict.UNDERPRICED and raised is not None and len(sent.attempts) < OFFERS:
                    self._sign(nonce, sent, raised)
                    again[nonce] = sent
                    continue
                log.warning("nonce %d was not taken: %s (%s)", nonce, verdict.value, words)
                rejected.append((nonce, sent, verdict))
            offered = again
            if not offered:
                break
        self._reject(rejected)

    def _reject(self, rejected: list[tuple[int, Sent, Verdict]]) -> None:
        """Give up what was not taken; raises Rejected if that is anything."""
        for nonce, sent, verdict in sorted(rejected, key=lambda each: -each[0]):  # the first waits first
            if verdict is Verdict.REFUSED:
                self.count_try(sent.items)
            self.give_up(nonce, sent)
        if rejected:
            raise Rejected(rejected[0][2].value)

    def _sign(self, nonce: int, sent: Sent, fees: Fees) -> None:
        sent.attempts.append(sign(self._key, sent.call, nonce, fees))
        self._unmined.keep(nonce, sent)

    async def fill_hole(self) -> None:
        """Put a transfer of nothing to ourselves on a nonce given up, if no message is left to fill it."""
        fees = await self._chain.quote()
        if not self._unmined.holes or self._queue.waiting():
            return
        call = Call(self._chain.chain_id, self._chain.sender, b"", TRANSFER_GAS)
        with contextlib.suppress(Rejected):
            await self.offer([(call, [])], min(self._unmined.holes), fees)

    def give_up(self, nonce: int, sent: Sent) -> None:
        """Let the messages of a transaction that can't be mined any more wait again."""
        self._unmined.give_up(nonce)
        self._metrics.count("given_up_total")
        self.wait_again(sent.items)

    def wait_again(self, items: Sequence[Item]) -> None:
        """Let sent messages wait to be checked again, before all others."""
        self._queue.unhold()
        for item in items:
            item.place = Place.TAKEN
        self._queue.put_back(items)

    def count_try(self, items: Sequence[Item]) -> None:
        """Drop what failed too often, so that one message can't block the lane."""
        for item in items:
            item.tries += 1
            if item.tries >= MAX_TRIES:
                log.error("dropped 0x%s after %d tries", item.verified.digest.hex(), item.tries)
                self.drop(item, "Refused")

    def drop(self, item: Item, reason: str) -> None:
        self._refusals.remember(item.verified, reason)
        self._metrics.count("refused_total", code=shout(reason))
        self._queue.release(item)
        self._queue.unhold()
        self._standings.forget(item.verified.device)
