# SPDX-License-Identifier: Apache-2.0
"""Bring batches onto the chain in one ordered lane: check, sign, know the hash, send.

What keeps readings from being lost or gas from being burnt, at whatever instruction the process dies:
- nothing is sent that the contract's check on `pending` refuses; a report that continues one in flight, of a
  track checked within ten seconds, is sent without asking again;
- a transaction that may have been sent is sent again only as the same bytes, or dearer on the same nonce;
- messages whose transaction did not come to be are checked again before they get a new nonce;
- a nonce that was given up while later ones are in flight is used again before any other;
- after a start the next nonce is that of `pending`. Messages that died with the process, meters send again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from electro_contracts import calldata
from electro_protocol.messages import EnergyReport
from electro_relayer import gas
from electro_relayer.admission import FUTURE_PATIENCE_S
from electro_relayer.batch import Place
from electro_relayer.chain import ACCEPTABLE, Chain, reason_name
from electro_relayer.errors import shout
from electro_relayer.fees import Fees, replacement
from electro_relayer.nodewords import Verdict
from electro_relayer.packed import PackedReports
from electro_relayer.rpc import NodeUnreachable, RpcError
from electro_relayer.transaction import Call, sign
from electro_relayer.unmined import Sent, Unmined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_relayer.batch import Item, Queue, Track
    from electro_relayer.key import Key
    from electro_relayer.metrics import Metrics
    from electro_relayer.refusals import Refusals
    from electro_relayer.settings import Settings
    from electro_relayer.standing import Standings

log = logging.getLogger(__name__)

FIRST_BACKOFF_S, LAST_BACKOFF_S = 0.25, 2.0
MAX_TRIES = 5  # of an item whose transactions are refused or reverted though the check said yes
OFFERS = 4  # fee offers for one nonce before the batch waits again
LOOK_AGAIN_S = 0.2  # at messages that may be acceptable in a moment
CHECKED_BATCHES = 8  # in one check, which looks for predecessors in its list: its gas grows with the square
TRANSFER_GAS = 21_000
RIDE_S = 10.0  # so long a check vouches for the reports of its track that follow in sequence


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
        refusals: Refusals,
        unmined: Unmined,
        metrics: Metrics,
        settings: Settings,
    ) -> None:
        self._metrics = metrics
        self._chain, self._key, self._queue, self._standings = chain, key, queue, standings
        self._refusals, self._unmined = refusals, unmined
        self._fee_cap_wei, self._batch_gas = settings.fee_cap_wei, settings.batch_gas

    async def run(self) -> None:
        """Send batches until cancelled."""
        backoff_s = 0.0
        while True:
            await self._unmined.room()
            items = await self._queue.take(min(CHECKED_BATCHES, self._unmined.free))
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
        """Check messages of one kind in one call, and send what the contract would take."""
        if items[0].verified.kind is EnergyReport:
            await self._submit_reports(items)
        else:
            await self._submit_outages(items)

    async def _submit_reports(self, items: list[Item]) -> None:
        packed = PackedReports([item.verified.signed for item in items])
        places = {id(item): place for place, item in enumerate(items)}
        fees = await self._chain.quote()
        riding = self._riding(items)
        if riding:  # no await between looking and signing: what they follow is in flight
            await self._offer(self._cut(packed, places, riding), 0, fees)
        asked = [item for item in items if item.place is Place.TAKEN]
        if asked:
            question = packed.check([places[id(item)] for item in asked])
            reasons, pending_nonce = await self._chain.check(question, len(asked))
            good = self._sort(asked, reasons)
            if good:
                await self._offer(self._cut(packed, places, good), pending_nonce, fees)

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

    def _cut(
        self, packed: PackedReports, places: dict[int, int], items: Sequence[Item]
    ) -> list[tuple[Call, list[Item]]]:
        return [
            (self._call(packed.submit_batch([places[id(item)] for item in batch]), batch), batch)
            for batch in self._queue.split(items)
        ]

    def _call(self, data: bytes, batch: list[Item]) -> Call:
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
        await self._offer([(call, good)], pending_nonce, fees)

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
                self._drop(item, name)
        return good

    def _look_again_soon(self) -> None:
        asyncio.get_running_loop().call_later(LOOK_AGAIN_S, self._queue.unhold)

    async def _offer(
        self, batches: Sequence[tuple[Call, list[Item]]], pending_nonce: int, fees: Fees
    ) -> None:
        """Send each on a nonce, raising fees while the node asks for more; raises Rejected."""
        now = self._chain.clock()
        offered: dict[int, Sent] = {}
        for call, items in batches:
            nonce = self._unmined.next_nonce(pending_nonce)
            sent = offered[nonce] = Sent(call, items, sent_at=now, offered_at=now, healed_at=now)
            self._sign(nonce, sent, fees)
        rejected: list[Verdict] = []
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
                self._reject(nonce, sent, verdict)
                rejected.append(verdict)
            offered = again
            if not offered:
                break
        if rejected:
            raise Rejected(rejected[0].value)

    def _sign(self, nonce: int, sent: Sent, fees: Fees) -> None:
        sent.attempts.append(sign(self._key, sent.call, nonce, fees))
        self._unmined.keep(nonce, sent)

    def _reject(self, nonce: int, sent: Sent, verdict: Verdict) -> None:
        if verdict is Verdict.REFUSED:
            self.count_try(sent.items)
        self.give_up(nonce, sent)

    async def fill_hole(self) -> None:
        """Put a transfer of nothing to ourselves on a nonce given up, if no message is left to fill it."""
        fees = await self._chain.quote()
        if not self._unmined.holes or self._queue.waiting():
            return
        call = Call(self._chain.chain_id, self._chain.sender, b"", TRANSFER_GAS)
        with contextlib.suppress(Rejected):
            await self._offer([(call, [])], min(self._unmined.holes), fees)

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
                self._drop(item, "Refused")

    def _drop(self, item: Item, reason: str) -> None:
        self._refusals.remember(item.verified, reason)
        self._metrics.count("refused_total", code=shout(reason))
        self._queue.release(item)
        self._queue.unhold()
        self._standings.forget(item.verified.device)
