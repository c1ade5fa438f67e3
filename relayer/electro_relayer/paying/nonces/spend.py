# SPDX-License-Identifier: Apache-2.0
"""Offer transactions on the key's nonces, in the one place that does; give up what the node will not take."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from electro_relayer.chain.nodewords import Verdict, demanded_wei
from electro_relayer.chain.rpc import NodeUnreachable, RpcError
from electro_relayer.paying.blame import Stage
from electro_relayer.paying.item import Place
from electro_relayer.paying.nonces.unmined import Sent, Unmined
from electro_relayer.paying.transaction import Call, sign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_relayer.chain.chain import Chain
    from electro_relayer.chain.market import Fees
    from electro_relayer.metrics import Metrics
    from electro_relayer.paying.batch import Queue
    from electro_relayer.paying.blame import Blame
    from electro_relayer.paying.gas import GasLimits
    from electro_relayer.paying.item import Item
    from electro_relayer.paying.key import Key

log = logging.getLogger(__name__)

OFFERS = 6  # for one nonce before the batch waits again
TRANSFER_GAS = 21_000
DEAR_TRANSFER_GAS = 10 * TRANSFER_GAS  # where data costs gas; what is not used is not paid
# Each costs a transfer's gas.
NUDGE_EVERY_S = 30.0

_TAKEN = (Verdict.TAKEN, Verdict.KNOWN)
_OF_THE_MESSAGES = (Verdict.REFUSED, Verdict.UNKNOWN, Verdict.GAS_LOW)  # or may be


class Rejected(Exception):  # noqa: N818 - what became of a transaction
    """The node did not take a transaction, for sure and for a reason of the relayer's; its messages wait."""


class Spender:
    """Owns the nonces; lane, watch and healing tell it what to do with them."""

    def __init__(
        self,
        *,
        chain: Chain,
        key: Key,
        queue: Queue,
        unmined: Unmined,
        blame: Blame,
        gas: GasLimits,
        metrics: Metrics,
    ) -> None:
        self._chain, self._key, self._queue, self._unmined = chain, key, queue, unmined
        self._blame, self._gas, self._metrics = blame, gas, metrics
        self._outbid: dict[int, Fees] = {}  # what did not suffice to take a nonce from another transaction
        self._nudged_at = -NUDGE_EVERY_S
        self.hindrance: Verdict | None = None  # why nothing can be sent now, as far as the node says

    async def offer(self, batches: Sequence[tuple[Call, list[Item]]], pending_nonce: int, fees: Fees) -> None:
        """Send each on a nonce, raising fees while the node asks for more; raises Rejected.

        No await before all are signed: what riding messages follow must still be in flight.
        """
        now = self._chain.clock()
        offered: dict[int, Sent] = {}
        for call, items in batches:
            nonce = self._unmined.next_nonce(pending_nonce)
            sent = offered[nonce] = Sent(call, items, sent_at=now, offered_at=now, healed_at=now)
            self._sign(nonce, sent, self._outbid.get(nonce, fees))
        rejected: list[tuple[int, Sent, Verdict, str]] = []
        for left in reversed(range(OFFERS)):
            try:
                verdicts = await self._chain.send([sent.attempts[-1].raw for sent in offered.values()])
            except NodeUnreachable:
                break  # taken or not, nobody knows: the healing sends the same bytes again
            again: dict[int, Sent] = {}
            for (nonce, sent), (verdict, words) in zip(offered.items(), verdicts, strict=True):
                if verdict in _TAKEN:
                    self._taken(nonce, sent)
                elif left and await self._dearer(nonce, sent, verdict, words):
                    again[nonce] = sent
                else:
                    rejected.append((nonce, sent, verdict, words))
            offered = again
            if not offered:
                break
        self._reject(rejected)

    def _taken(self, nonce: int, sent: Sent) -> None:
        self._outbid.pop(nonce, None)
        if self.hindrance is not None:
            log.info("transactions are taken again")
            self.hindrance = None
        self._blame.passed(Stage.SEND)
        self._queue.wake(sent.items)

    async def _dearer(self, nonce: int, sent: Sent, verdict: Verdict, words: str) -> bool:
        """Sign a dearer offer, if the node asks for one and there may be one."""
        offer, market = sent.attempts[-1].fees, self._chain.market
        try:
            if verdict is Verdict.UNDERPRICED:
                market.refused(offer, demanded_wei(words))
                fees: Fees | None = await market.quote()
            elif verdict is Verdict.BASE_FEE:
                market.moved()
                fees = await market.quote()
            elif verdict is Verdict.REPLACEMENT:
                fees = await market.replacement(offer)
                if fees is not None:
                    self._outbid[nonce] = fees
            else:
                return False
        except (NodeUnreachable, RpcError):
            return False
        dearer = fees is not None and (
            fees.max_fee_wei > offer.max_fee_wei or fees.priority_fee_wei > offer.priority_fee_wei
        )
        if fees is None or not dearer or self._unmined.get(nonce) is not sent:
            return False
        self._sign(nonce, sent, fees)
        return True

    def _reject(self, rejected: list[tuple[int, Sent, Verdict, str]]) -> None:
        """Give up what was not taken; raises Rejected if the reason lies not with the messages."""
        ours = None
        for nonce, sent, verdict, words in sorted(
            rejected, key=lambda each: -each[0]
        ):  # the first waits first
            if self._unmined.get(nonce) is not sent:
                continue
            level = logging.DEBUG if verdict is self.hindrance else logging.WARNING  # once while it lasts
            log.log(level, "nonce %d was not taken: %s (%.200r)", nonce, verdict.value, words)
            if verdict is not Verdict.REFUSED:
                self.hindrance = verdict
            self.give_up(nonce, sent, verdict, words)
            if verdict not in _OF_THE_MESSAGES:
                ours = verdict
        if ours is not None:
            raise Rejected(ours.value)

    def _sign(self, nonce: int, sent: Sent, fees: Fees) -> None:
        sent.attempts.append(sign(self._key, sent.call, nonce, fees))
        self._unmined.keep(nonce, sent)

    async def fill_hole(self) -> None:
        """Put a transfer of nothing to ourselves on a nonce given up that no message has filled."""
        fees = await self._chain.market.quote()
        if self._unmined.holes:
            await self._transfer_nothing(min(self._unmined.holes), fees)

    async def nudge(self, why: str) -> None:
        """Send a transfer of nothing, if nothing is in flight: it has a block made, and shows what the node takes."""
        now = self._chain.clock()
        if self._unmined or now - self._nudged_at < NUDGE_EVERY_S:
            return
        self._nudged_at = now
        pending, fees = await self._chain.pending_nonce(), await self._chain.market.quote()
        if not self._unmined:
            log.info("%s", why)
            await self._transfer_nothing(pending, fees)

    async def _transfer_nothing(self, nonce: int, fees: Fees) -> None:
        gas = TRANSFER_GAS if self._gas.formula_holds else DEAR_TRANSFER_GAS
        call = Call(self._chain.chain_id, self._chain.sender, b"", gas)
        with contextlib.suppress(Rejected):
            await self.offer([(call, [])], nonce, fees)

    def give_up(self, nonce: int, sent: Sent, verdict: Verdict | None = None, words: str = "") -> None:
        """Let a transaction go that can't be mined any more; its messages are checked again."""
        self._unmined.give_up(nonce)
        self._metrics.count("given_up_total")
        if verdict is Verdict.GAS_LOW and self._gas.formula_holds:
            log.warning("the formula's gas is too little here: the node is asked for each batch")
            self._gas.fell_short()
            verdict = None
        failed = verdict in _OF_THE_MESSAGES
        self.wait_again(sent.items, words if failed else None, certain=verdict is Verdict.REFUSED)

    def wait_again(self, items: Sequence[Item], failure: str | None, *, certain: bool = False) -> None:
        """Let sent messages wait to be checked again, before all others; `failure` may be their own."""
        for item in items:
            if item.place is Place.SENT:
                item.place = Place.TAKEN
        if failure is not None:
            self._blame.failed(items, Stage.SEND, failure, certain=certain)
        self._queue.put_back(items)
        self._queue.wake(items)
