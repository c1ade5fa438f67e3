# SPDX-License-Identifier: Apache-2.0
"""Bring batches onto the chain in one ordered lane: check, pack, let the spender sign and send.

What keeps readings from being lost or gas from being burnt, at whatever instruction the process dies: nothing is
sent that the contract's check on `pending` refuses, save that a report which continues one in flight, of a track
checked within ten seconds, is sent without asking again; and `nonces` keeps the rules of nonces. Messages that
died with the process, meters send again.

The lane moves on whatever fails. What was asked at once becomes less where a node does not manage it, and more again;
what fails for a reason that may lie with a message goes to `blame`; only the node's own trouble is waited out.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from electro_contracts import calldata
from electro_protocol.messages import SealedReport
from electro_relayer.chain.nodewords import Verdict, understand
from electro_relayer.chain.rpc import NodeUnreachable, RpcError, TooMuchAtOnce
from electro_relayer.paying import gas
from electro_relayer.paying.blame import Stage
from electro_relayer.paying.item import Place
from electro_relayer.paying.nonces.spend import Rejected, Spender
from electro_relayer.paying.transaction import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_relayer.chain.chain import Chain
    from electro_relayer.paying.batch import Queue
    from electro_relayer.paying.blame import Blame
    from electro_relayer.paying.checking import Checking
    from electro_relayer.paying.item import Item, Track
    from electro_relayer.paying.nonces.unmined import Unmined

log = logging.getLogger(__name__)

FIRST_BACKOFF_S, LAST_BACKOFF_S = 0.25, 2.0
CHECKED_BATCHES = 8  # in one check: anvil takes 3.4 ms for each, and all wait for the last
STANDSTILL_S = 30.0  # longer than the blocks of any chain that the relayer is for
RIDE_S = 10.0  # so long a check vouches for the reports of its track that follow in sequence


class Lane:
    """From the queue to the spender, one group of messages after the other."""

    def __init__(
        self,
        *,
        chain: Chain,
        queue: Queue,
        unmined: Unmined,
        spender: Spender,
        blame: Blame,
        gas_limits: gas.GasLimits,
        checking: Checking,
        batch_gas: int,
    ) -> None:
        self._chain, self._queue, self._unmined, self._spender = chain, queue, unmined, spender
        self._blame, self._gas, self._batch_gas = blame, gas_limits, batch_gas
        self._checking = checking
        self.trouble = ""  # why the last group waits, in words for the log

    async def run(self) -> None:
        """Send batches until cancelled."""
        backoff_s = 0.0
        while True:
            await self._unmined.room()
            items = self._together(await self._queue.take(max(1, min(CHECKED_BATCHES, self._unmined.free))))
            try:
                await self._submit(items)
            except (NodeUnreachable, RpcError, Rejected) as error:
                self.trouble = str(error) or type(error).__name__
                log.debug("a batch waits: %s", self.trouble)
            except Exception as error:  # a fault of ours must not stop the lane
                self.trouble = f"{error!r:.200}"
                log.exception("a batch failed")
                taken = [item for item in items if item.place is Place.TAKEN]
                self._blame.failed(taken, Stage.SEND, f"{error!r}", certain=False)
            else:
                self.trouble, backoff_s = "", 0.0
            self._queue.put_back(items)
            if self._blame.unproven is not None:
                await self._prove(self._blame.unproven)
            if self.trouble:
                backoff_s = min(LAST_BACKOFF_S, max(FIRST_BACKOFF_S, 2 * backoff_s))
                await asyncio.sleep(backoff_s)

    async def _prove(self, stage: Stage) -> None:
        """Ask the node for something harmless where a message fails and nothing else is there to pass."""
        self._blame.unproven = None
        try:
            if stage is Stage.CHECK:
                await self._chain.check(calldata.check([]), 0)
                self._blame.passed(stage)
            elif stage is Stage.ESTIMATE:
                await self._chain.estimate_gas(calldata.submit_outage_batch([]))
                self._blame.passed(stage)
            else:
                await self._spender.nudge("a message fails alone: would the node take anything?")
        except (NodeUnreachable, RpcError) as error:
            log.debug("nothing passes: %s", error)

    async def tell_of_standstill(self) -> None:
        """Say in the log, now and then until cancelled, that nothing moves though messages wait, and why."""
        while True:
            await asyncio.sleep(STANDSTILL_S)
            still_s = self._queue.still_s()
            if still_s < STANDSTILL_S:
                continue
            places = self._queue.places()
            hindrance = self._spender.hindrance
            log.warning(
                "no message was done with for %.0f s: %d wait, %d are held, %d are in flight in %d transactions; %s",
                still_s,
                places[Place.WAITING] + places[Place.TAKEN],
                places[Place.HELD],
                places[Place.SENT],
                len(self._unmined),
                self.trouble
                or (hindrance.value if hindrance is not None else "the chain has not mined them"),
            )

    def _together(self, items: list[Item]) -> list[Item]:
        """Return the first of these that may go together now, and put the others back."""
        most, count = self._checking.at_once, 0
        for item in items:
            most = min(most, item.company)
            if count >= most:
                break
            count += 1
        self._queue.put_back(items[count:])
        return items[:count]

    async def _submit(self, items: list[Item]) -> None:
        """Check messages of one kind in one call, and send what the contract would take."""
        if items[0].verified.is_report:
            await self._submit_reports(items)
        else:
            await self._submit_outages(items)

    async def _submit_reports(self, items: list[Item]) -> None:
        fees = await self._chain.quote()
        riding = self._riding(items) if self._gas.formula_holds else []
        if riding:  # no await between looking and signing: what they follow is in flight
            await self._spender.offer([self._call(batch) for batch in self._queue.split(riding)], 0, fees)
        asked = [item for item in items if item.place is Place.TAKEN]
        if not asked:
            return
        check = calldata.check_sealed if items[0].verified.kind is SealedReport else calldata.check
        good, pending_nonce = await self._checking.check(
            asked, check([item.verified.signed for item in asked])
        )
        if not good:
            return
        calls = [self._call(batch) for batch in self._queue.split(good)]
        first, batch = calls[0]
        await self._gas.compare(first.data, first.gas)
        if not self._gas.formula_holds:  # the others may follow the first, which the node does not know yet
            call = await self._allowed(first.data, batch, least=first.gas)
            calls = [(call, batch)] if call is not None else []
        await self._spender.offer(calls, pending_nonce, fees)

    def _riding(self, items: Sequence[Item]) -> list[Item]:
        """Return those reports that need no check of their own: they go on where one in flight ends.

        A sealed one always has its own check, for other bands may hold for it.

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
            if item.verified.kind is SealedReport:
                continue
            if checked_at is None or now - checked_at > RIDE_S or item.due_s > known_s or item.failed_at:
                since[item.track] = None
            else:
                item.checked_at = checked_at
                riding.append(item)
        return riding

    def _call(self, batch: list[Item]) -> tuple[Call, list[Item]]:
        sealed = batch[0].verified.kind is SealedReport
        submit = calldata.submit_sealed_batch if sealed else calldata.submit_batch
        data = submit([item.verified.signed for item in batch])
        limit = gas.BATCH + sum(item.gas for item in batch)
        return Call(self._chain.chain_id, self._chain.contract, data, limit), batch

    async def _submit_outages(self, items: list[Item]) -> None:
        good, pending_nonce = await self._checking.check(
            items, calldata.check_outages([item.verified.signed for item in items])
        )
        if not good:
            return
        fees = await self._chain.quote()
        batch = next(self._queue.split(good))
        call = await self._allowed(
            calldata.submit_outage_batch([item.verified.signed for item in batch]), batch
        )
        if call is None:
            return
        if call.gas > self._batch_gas and len(batch) > 1:
            for item in batch:  # dearer together than they were thought to be alone
                item.company = min(item.company, len(batch) // 2)
            return
        await self._spender.offer([(call, batch)], pending_nonce, fees)

    async def _allowed(self, data: bytes, batch: list[Item], least: int = 0) -> Call | None:
        """Return the call with a limit from the node's estimate; None if that failed because of the messages."""
        try:
            limit = await self._gas.estimated(data, least)
        except RpcError as error:
            verdict = understand(error)
            if verdict is Verdict.TROUBLE:
                raise
            self._blame.failed(
                batch, Stage.ESTIMATE, error.message, certain=verdict.certain, reason="FitsNoBlock"
            )
            return None
        except TooMuchAtOnce as error:
            self._blame.failed(batch, Stage.ESTIMATE, str(error), certain=False)
            return None
        self._blame.passed(Stage.ESTIMATE)
        return Call(self._chain.chain_id, self._chain.contract, data, limit)
