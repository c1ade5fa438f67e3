# SPDX-License-Identifier: Apache-2.0
"""Bring batches onto the chain in one ordered lane: check, sign, know the hash, send.

What keeps readings from being lost or gas from being burnt, at whatever instruction the process dies:
- nothing is sent that the contract's check on `pending` refuses;
- a transaction that may have been sent is sent again only as the same bytes, or dearer on the same nonce;
- messages whose transaction did not come to be are checked again before they get a new nonce;
- after a start the next nonce is that of `pending`. Messages that died with the process, meters send again.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from electro_contracts import calldata
from electro_protocol.messages import EnergyReport
from electro_relayer import gas
from electro_relayer.admission import FUTURE_PATIENCE_S
from electro_relayer.batch import Place
from electro_relayer.chain import ACCEPTABLE, Chain, reason_name
from electro_relayer.fees import Fees, replacement
from electro_relayer.nodewords import Verdict
from electro_relayer.rpc import NodeUnreachable, RpcError
from electro_relayer.transaction import Call, sign
from electro_relayer.unmined import Sent, Unmined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_relayer.batch import Item, Queue
    from electro_relayer.key import Key
    from electro_relayer.settings import Settings
    from electro_relayer.standing import Standings

log = logging.getLogger(__name__)

FIRST_BACKOFF_S, LAST_BACKOFF_S = 0.25, 2.0
MAX_TRIES = 5  # of an item whose transactions are refused or reverted though the check said yes
OFFERS = 4  # fee offers for one nonce before the batch waits again
LOOK_AGAIN_S = 0.2  # at messages that may be acceptable in a moment


class Rejected(Exception):  # noqa: N818 - what became of a transaction
    """The node did not take a transaction, for sure; its messages wait again."""


class Lane:
    """The one place that spends the key's nonces."""

    def __init__(
        self,
        *,
        chain: Chain,
        key: Key,
        queue: Queue,
        standings: Standings,
        unmined: Unmined,
        settings: Settings,
    ) -> None:
        self._chain, self._key, self._queue, self._standings = chain, key, queue, standings
        self._unmined = unmined
        self._fee_cap_wei, self._batch_gas = settings.fee_cap_wei, settings.batch_gas

    async def run(self) -> None:
        """Send batches until cancelled."""
        backoff_s = 0.0
        while True:
            await self._unmined.room()
            items = await self._queue.take()
            try:
                await self._submit(items)
            except (NodeUnreachable, RpcError, Rejected) as error:
                log.debug("a batch waits: %s", error)
            except Exception:  # a fault of ours must not stop the lane
                log.exception("a batch failed")
                self.count_try(items)
            else:
                backoff_s = 0.0
                continue
            self._queue.put_back(items)
            backoff_s = min(LAST_BACKOFF_S, max(FIRST_BACKOFF_S, 2 * backoff_s))
            await asyncio.sleep(backoff_s)

    async def _submit(self, items: list[Item]) -> None:
        """Check a batch of one kind and send what the contract would take."""
        kind = items[0].verified.kind
        check, pack = (
            (calldata.check, calldata.submit_batch)
            if kind is EnergyReport
            else (calldata.check_outages, calldata.submit_outage_batch)
        )
        question = check([item.verified.signed for item in items])
        reasons, pending_nonce = await self._chain.check(question, len(items))
        good = self._sort(items, reasons)
        if not good:
            return
        fees = await self._chain.quote()
        data, limit = pack([item.verified.signed for item in good]), gas.of_batch(i.verified for i in good)
        if kind is not EnergyReport:
            limit = await self._chain.estimate_gas(data) * gas.ESTIMATE_PERCENT // 100
            while limit > self._batch_gas and len(good) > 1:  # long outages: half of them, and the rest later
                self._queue.put_back(good[len(good) // 2 :])
                good = good[: len(good) // 2]
                data = pack([item.verified.signed for item in good])
                limit = await self._chain.estimate_gas(data) * gas.ESTIMATE_PERCENT // 100
        call = Call(self._chain.chain_id, self._chain.contract, data, limit)
        await self._offer(call, good, self._unmined.next_nonce(pending_nonce), fees)

    def _sort(self, items: Sequence[Item], reasons: Sequence[bytes]) -> list[Item]:
        """Return what would be accepted; hold what may be in a moment, drop the rest."""
        good: list[Item] = []
        for item, reason in zip(items, reasons, strict=True):
            name = reason_name(reason)
            if reason == ACCEPTABLE:
                good.append(item)
            elif name == "WrongSequence" and not self._queue.leads(item):
                self._queue.hold(item)  # its predecessor is on the way and `pending` does not show it
                if not self._unmined:
                    self._look_again_soon()
            elif name == "FromTheFuture" and self._chain.clock() - item.queued_at < FUTURE_PATIENCE_S:
                self._queue.hold(item)
                self._look_again_soon()
            else:
                log.info("dropped 0x%s: %s", item.verified.digest.hex(), name)
                self._drop(item)
        return good

    def _look_again_soon(self) -> None:
        asyncio.get_running_loop().call_later(LOOK_AGAIN_S, self._queue.unhold)

    async def _offer(self, call: Call, items: list[Item], nonce: int, fees: Fees) -> None:
        """Send on this nonce, raising the fee while the node asks for more; raises Rejected."""
        now = self._chain.clock()
        sent = Sent(call, items, sent_at=now, offered_at=now, healed_at=now)
        for _ in range(OFFERS):
            transaction = sign(self._key, call, nonce, fees)
            sent.attempts.append(transaction)
            self._unmined.keep(nonce, sent)
            try:
                [(verdict, words)] = await self._chain.send([transaction.raw])
            except NodeUnreachable:
                return  # taken or not, nobody knows: the watch looks for it and sends the same bytes again
            if verdict in (Verdict.TAKEN, Verdict.KNOWN):
                return
            raised = replacement(fees, fees, self._fee_cap_wei)
            if verdict is not Verdict.UNDERPRICED or raised is None:
                break
            fees = raised
        log.warning("nonce %d was not taken: %s (%s)", nonce, verdict.value, words)
        self.give_up(nonce, sent)
        if verdict is Verdict.REFUSED:
            self.count_try(items)
        raise Rejected(verdict.value)

    def give_up(self, nonce: int, sent: Sent) -> None:
        """Let the messages of a transaction that can't be mined any more wait again."""
        self._unmined.forget(nonce)
        self._queue.unhold()
        for item in sent.items:
            item.place = Place.TAKEN
        self._queue.put_back(sent.items)

    def count_try(self, items: Sequence[Item]) -> None:
        """Drop what failed too often, so that one message can't block the lane."""
        for item in items:
            item.tries += 1
            if item.tries >= MAX_TRIES:
                log.error("dropped 0x%s after %d tries", item.verified.digest.hex(), item.tries)
                self._drop(item)

    def _drop(self, item: Item) -> None:
        self._queue.release(item)
        self._queue.unhold()
        self._standings.forget(item.verified.device)
