# SPDX-License-Identifier: Apache-2.0
"""Bring batches onto the chain in one ordered lane: check, pack, let the spender sign and send.

What keeps readings from being lost or gas from being burnt, at whatever instruction the process dies: nothing is
sent that the contract's check on `pending` refuses, save that a report which continues one in flight, of a track
checked within ten seconds, is sent without asking again; and `spend` keeps the rules of nonces. Messages that
died with the process, meters send again.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from electro_contracts import calldata
from electro_protocol.messages import EnergyReport
from electro_relayer.chain.chain import ACCEPTABLE, Chain, reason_name
from electro_relayer.chain.rpc import NodeUnreachable, RpcError
from electro_relayer.paying import gas
from electro_relayer.paying.admission import FUTURE_PATIENCE_S
from electro_relayer.paying.batch import Place
from electro_relayer.paying.spend import Rejected, Spender
from electro_relayer.paying.transaction import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_relayer.paying.batch import Item, Queue, Track
    from electro_relayer.paying.unmined import Unmined

log = logging.getLogger(__name__)

FIRST_BACKOFF_S, LAST_BACKOFF_S = 0.25, 2.0
LOOK_AGAIN_S = 0.2  # at messages that may be acceptable in a moment
CHECKED_BATCHES = 8  # in one check: anvil takes 3.4 ms for each, and all wait for the last
RIDE_S = 10.0  # so long a check vouches for the reports of its track that follow in sequence


class Lane:
    """From the queue to the spender, one group of messages after the other."""

    def __init__(
        self, *, chain: Chain, queue: Queue, unmined: Unmined, spender: Spender, batch_gas: int
    ) -> None:
        self._chain, self._queue, self._unmined, self._spender = chain, queue, unmined, spender
        self._batch_gas = batch_gas

    async def run(self) -> None:
        """Send batches until cancelled."""
        backoff_s = 0.0
        while True:
            await self._unmined.room()
            items = await self._queue.take(max(1, min(CHECKED_BATCHES, self._unmined.free)))
            try:
                await self._submit(items)
            except (NodeUnreachable, RpcError, Rejected) as error:
                log.debug("a batch waits: %s", error)
            except Exception:  # a fault of ours must not stop the lane
                log.exception("a batch failed")
                self._spender.count_try(items)
            else:
                backoff_s = 0.0
                continue
            self._queue.put_back(items)
            backoff_s = min(LAST_BACKOFF_S, max(FIRST_BACKOFF_S, 2 * backoff_s))
            await asyncio.sleep(backoff_s)

    async def _submit(self, items: list[Item]) -> None:
        """Check messages of one kind in one call, and send what the contract would take."""
        if items[0].verified.kind is EnergyReport:
            await self._submit_reports(items)
        else:
            await self._submit_outages(items)

    async def _submit_reports(self, items: list[Item]) -> None:
        fees = await self._chain.quote()
        riding = self._riding(items)
        if riding:  # no await between looking and signing: what they follow is in flight
            await self._spender.offer(self._cut(riding), 0, fees)
        asked = [item for item in items if item.place is Place.TAKEN]
        if asked:
            question = calldata.check([item.verified.signed for item in asked])
            reasons, pending_nonce = await self._chain.check(question, len(asked))
            good = self._sort(asked, reasons)
            if good:
                await self._spender.offer(self._cut(good), pending_nonce, fees)

    def _riding(self, items: Sequence[Item]) -> list[Item]:
        """Return those reports that need no check of their own: they go on where one in flight ends.

        The contract took that one for acceptable a moment ago. What it would ask of the next (sequence, term,
        schedule, time) the agreement has told, and admission has compared; a check would tell nothing new.
        """
        now, known_s = self._chain.clock(), self._chain.time_s
        since: dict[Track, float | None] = {}
        riding = []
        for item in items:
            if item.track not in since:
                before = item.previous
                in_flight = before is not None and before.place is Place.SENT
                since[item.track] = before.checked_at if before is not None and in_flight else None
            checked_at = since[item.track]
            if checked_at is None or now - checked_at > RIDE_S or item.ends_at_s > known_s or item.tries:
                since[item.track] = None
            else:
                item.checked_at = checked_at
                riding.append(item)
        return riding

    def _cut(self, items: Sequence[Item]) -> list[tuple[Call, list[Item]]]:
        return [(self._call(batch), batch) for batch in self._queue.split(items)]

    def _call(self, batch: list[Item]) -> Call:
        data = calldata.submit_batch([item.verified.signed for item in batch])
        limit = gas.of_batch(item.verified for item in batch)
        return Call(self._chain.chain_id, self._chain.contract, data, limit)

    async def _submit_outages(self, items: list[Item]) -> None:
        question = calldata.check_outages([item.verified.signed for item in items])
        reasons, pending_nonce = await self._chain.check(question, len(items))
        good = self._sort(items, reasons)
        if not good:
            return
        fees = await self._chain.quote()
        while True:
            data = calldata.submit_outage_batch([item.verified.signed for item in good])
            limit = await self._chain.estimate_gas(data) * gas.ESTIMATE_PERCENT // 100
            if limit <= self._batch_gas or len(good) == 1:
                break
            self._queue.put_back(good[len(good) // 2 :])  # long outages: half of them, and the rest later
            good = good[: len(good) // 2]
        call = Call(self._chain.chain_id, self._chain.contract, data, limit)
        await self._spender.offer([(call, good)], pending_nonce, fees)

    def _sort(self, items: Sequence[Item], reasons: Sequence[bytes]) -> list[Item]:
        """Return what would be accepted; hold what may be in a moment, drop the rest."""
        good: list[Item] = []
        for item, reason in zip(items, reasons, strict=True):
            name = reason_name(reason)
            if reason == ACCEPTABLE:
                item.checked_at = self._chain.clock()
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
                self._spender.drop(item, name)
        return good

    def _look_again_soon(self) -> None:
        asyncio.get_running_loop().call_later(LOOK_AGAIN_S, self._queue.unhold)
