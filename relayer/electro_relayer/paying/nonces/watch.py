# SPDX-License-Identifier: Apache-2.0
"""Watch transactions in flight until they are mined, and settle their messages by the receipts."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from electro_relayer.chain.rpc import NodeUnreachable, RpcError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_relayer.chain.chain import Chain
    from electro_relayer.chain.receipts import Receipt
    from electro_relayer.chain.standings import Standings
    from electro_relayer.chain.upkeep import Upkeep
    from electro_relayer.metrics import Metrics
    from electro_relayer.paying.batch import Queue
    from electro_relayer.paying.gas import GasLimits
    from electro_relayer.paying.nonces.heal import Healer
    from electro_relayer.paying.nonces.spend import Spender
    from electro_relayer.paying.nonces.unmined import Sent, Unmined

log = logging.getLogger(__name__)

FIRST_POLL_S = 0.005  # an automining chain has the receipt at once
LAST_POLL_S = 0.25
SETTLED_AT_ONCE = 8  # receipts of fifty reports each in one answer: more would keep senders waiting
FOREIGN_AFTER_S = 3.0  # a nonce is used but no receipt is ours: nodes behind one address may lag so long


class Watch:
    """Settles what the lane has sent."""

    def __init__(
        self,
        *,
        chain: Chain,
        queue: Queue,
        standings: Standings,
        unmined: Unmined,
        spender: Spender,
        healer: Healer,
        gas: GasLimits,
        upkeep: Upkeep,
        metrics: Metrics,
    ) -> None:
        self._chain, self._queue, self._standings = chain, queue, standings
        self._unmined, self._spender, self._healer = unmined, spender, healer
        self._gas, self._upkeep, self._metrics = gas, upkeep, metrics
        self._usual_wait_s = 0.0  # between sending and mining, as lately seen

    async def run(self) -> None:
        """Watch until cancelled."""
        poll_s = FIRST_POLL_S
        while True:
            if not self._unmined:
                await self._unmined.any()
                poll_s = self._first_poll_s()
            try:
                used, settled = await self._look()
                if settled:
                    poll_s = self._first_poll_s()
                    continue
                await self._healer.heal(used)
            except (NodeUnreachable, RpcError) as error:
                log.debug("can't watch: %s", error)
                poll_s = LAST_POLL_S
            except Exception:  # a fault of ours must not blind the watch
                log.exception("watching failed")
                poll_s = LAST_POLL_S
            await asyncio.sleep(poll_s)
            poll_s = min(LAST_POLL_S, 1.5 * poll_s)

    def _first_poll_s(self) -> float:
        return min(LAST_POLL_S, max(FIRST_POLL_S, self._usual_wait_s / 8))

    async def _look(self) -> tuple[int, bool]:
        """Settle what has been mined; return our nonces that the chain has, and whether anything was settled."""
        nonces = self._unmined.nonces()
        used = await self._settle_mined(nonces[:1])
        self._unmined.passed(used)
        more = [nonce for nonce in nonces[1:] if nonce < used]
        for start in range(0, len(more), SETTLED_AT_ONCE):
            await self._settle_mined(more[start : start + SETTLED_AT_ONCE])
        return used, any(self._unmined.get(nonce) is None for nonce in nonces)

    async def _settle_mined(self, nonces: Sequence[int]) -> int:
        """Settle those of these nonces that have a receipt; return how many nonces the chain has used."""
        watched = [(nonce, sent) for nonce in nonces if (sent := self._unmined.get(nonce)) is not None]
        attempts = [(nonce, sent, attempt.hash) for nonce, sent in watched for attempt in sent.attempts]
        used, receipts = await self._chain.mined([digest for _, _, digest in attempts])
        for (nonce, sent, digest), receipt in zip(attempts, receipts, strict=True):
            if receipt is not None and self._unmined.get(nonce) is sent:
                self._settle(nonce, sent, digest, receipt)
                await asyncio.sleep(0)  # senders get their turn
        for nonce, sent in watched:
            if nonce < used and self._unmined.get(nonce) is sent:
                self._suspect(nonce, sent)
        return used

    def _settle(self, nonce: int, sent: Sent, digest: bytes, receipt: Receipt) -> None:
        self._usual_wait_s = self._chain.clock() - sent.sent_at
        self._metrics.count("transactions_total")
        self._metrics.count("gas_total", receipt.gas_used)
        self._metrics.count("fee_wei_total", receipt.gas_used * receipt.gas_price_wei)
        raws = {attempt.hash: attempt.raw for attempt in sent.attempts}
        self._unmined.mined(nonce, raws[digest])
        if not receipt.succeeded:
            self._reverted(sent, receipt)
            return
        skipped = receipt.skipped
        final = self._chain.final.at_once
        queued_at: list[float] = []  # of those that landed
        for index, item in enumerate(sent.items):
            verified = item.verified
            self._queue.release(item)
            if index in skipped:  # another relayer came first, or the chain moved between check and block
                self._standings.forget(verified.device)
            else:
                self._standings.advance(verified.device, verified.agreement_id, verified.end, final=final)
                queued_at.append(item.queued_at)
        landed = len(queued_at)
        self._upkeep.landed(receipt.block, receipt.block_hash, queued_at)
        self._metrics.batch_size.observe((len(sent.items),))
        self._metrics.count("landed_total", landed)
        self._metrics.count("skipped_total", len(skipped))
        log.info(
            "block %d: %d of %d messages, gas %d", receipt.block, landed, len(sent.items), receipt.gas_used
        )

    def _reverted(self, sent: Sent, receipt: Receipt) -> None:
        self._metrics.count("reverted_total")
        log.error("a batch of %d messages reverted in block %d", len(sent.items), receipt.block)
        out_of_gas = receipt.gas_used >= sent.call.gas * 63 // 64  # EIP-150: a 64th may be left
        if out_of_gas and self._gas.formula_holds:
            self._gas.fell_short()
            self._spender.wait_again(sent.items, None)
        else:
            self._spender.wait_again(sent.items, "its transaction reverted")

    def _suspect(self, nonce: int, sent: Sent) -> None:
        """Give a nonce up that is used, though for a while no receipt is ours."""
        now = self._chain.clock()
        if sent.used_at is None:
            sent.used_at = now
        elif now - sent.used_at > FOREIGN_AFTER_S:
            log.error("nonce %d was used by a foreign transaction: does someone else hold this key?", nonce)
            self._unmined.note_foreign()
            self._spender.give_up(nonce, sent)
