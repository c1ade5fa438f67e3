# SPDX-License-Identifier: Apache-2.0
"""Watch transactions in flight until they are mined; heal those that are not: same bytes, or a higher fee."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from electro_relayer.chain.market import replacement
from electro_relayer.chain.nodewords import Verdict
from electro_relayer.chain.rpc import NodeUnreachable, RpcError
from electro_relayer.hashing import keccak256
from electro_relayer.paying.transaction import sign

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from electro_relayer.chain.chain import Chain, Receipt
    from electro_relayer.chain.standing import Standings
    from electro_relayer.chain.upkeep import Upkeep
    from electro_relayer.metrics import Metrics
    from electro_relayer.paying.batch import Queue
    from electro_relayer.paying.key import Key
    from electro_relayer.paying.spend import Spender
    from electro_relayer.paying.unmined import Sent, Unmined
    from electro_relayer.settings import Settings

log = logging.getLogger(__name__)

FIRST_POLL_S = 0.005  # an automining chain has the receipt at once
LAST_POLL_S = 0.25
REFUSED_FOR_GOOD = 3  # refusals in a row of the same bytes, a healing time apart
HEALED_AT_ONCE = 16  # transactions sent again in one request: the oldest must come first anyway
SETTLED_AT_ONCE = 8  # receipts of fifty reports each in one answer: more would keep senders waiting
FOREIGN_AFTER_S = 3.0  # a nonce is used but no receipt is ours: nodes behind one address may lag so long

_SKIPPED = {
    "0x" + keccak256(signature).hex()
    for signature in (b"ReportSkipped(uint256,bytes4)", b"OutageSkipped(uint256,bytes4)")
}


class Watch:
    """Settles what the lane has sent."""

    def __init__(
        self,
        *,
        chain: Chain,
        key: Key,
        queue: Queue,
        standings: Standings,
        unmined: Unmined,
        spender: Spender,
        upkeep: Upkeep,
        metrics: Metrics,
        settings: Settings,
    ) -> None:
        self._chain, self._key, self._queue, self._standings = chain, key, queue, standings
        self._unmined, self._spender, self._upkeep, self._metrics = unmined, spender, upkeep, metrics
        self._settings = settings
        self._usual_wait_s = 0.0  # between sending and mining, as lately seen
        self._used = 0  # nonces of ours that the chain has, as lately seen
        self._fork_from, self._fork_at, self._fork_healed = (
            -1,
            0.0,
            False,
        )  # our nonce that it took back first

    async def run(self) -> None:
        """Watch until cancelled."""
        poll_s = FIRST_POLL_S
        while True:
            if not self._unmined:
                await self._unmined.any()
                poll_s = self._first_poll_s()
            try:
                if await self._look():
                    poll_s = self._first_poll_s()
                    continue
                await self._heal()
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

    async def _look(self) -> bool:
        """Settle what has been mined; return whether anything was."""
        nonces = self._unmined.nonces()
        used = await self._settle_mined(nonces[:1])
        self._used = used
        if not self._unmined.forked(used):
            self._fork_from = -1
        self._unmined.passed(used)
        more = [nonce for nonce in nonces[1:] if nonce < used]
        for start in range(0, len(more), SETTLED_AT_ONCE):
            await self._settle_mined(more[start : start + SETTLED_AT_ONCE])
        return any(self._unmined.get(nonce) is None for nonce in nonces)

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
        if not receipt.succeeded:
            self._metrics.count("reverted_total")
            log.error("a batch of %d messages reverted in block %d", len(sent.items), receipt.block)
            self._unmined.mined(nonce, sent.attempts[-1].raw)
            self._spender.count_try(sent.items)
            self._spender.wait_again(sent.items)
            return
        raws = {attempt.hash: attempt.raw for attempt in sent.attempts}
        self._unmined.mined(nonce, raws[digest])
        skipped = skipped_items(receipt.logs, self._chain.contract)
        for index, item in enumerate(sent.items):
            verified = item.verified
            self._queue.release(item)
            if index in skipped:  # another relayer came first, or the chain moved between check and block
                self._standings.forget(verified.device)
            else:
                self._standings.advance(
                    verified.device, verified.agreement_id, verified.end, final=self._chain.final_at_once
                )
            if index not in skipped:
                self._upkeep.landed(receipt.block, item.queued_at)
        landed = len(sent.items) - len(skipped)
        self._metrics.batch_size.observe(len(sent.items))
        self._metrics.count("landed_total", landed)
        self._metrics.count("skipped_total", len(skipped))
        log.info(
            "block %d: %d of %d messages, gas %d", receipt.block, landed, len(sent.items), receipt.gas_used
        )
        self._queue.unhold()

    def _suspect(self, nonce: int, sent: Sent) -> None:
        """Give a nonce up that is used, though for a while no receipt is ours."""
        now = self._chain.clock()
        if sent.used_at is None:
            sent.used_at = now
        elif now - sent.used_at > FOREIGN_AFTER_S:
            log.error("nonce %d was used by a foreign transaction: does someone else hold this key?", nonce)
            self._unmined.note_foreign()
            self._spender.give_up(nonce, sent)

    async def _heal(self) -> None:
        """Send the same bytes again when nothing was mined for long; then raise the oldest's fee."""
        nonces = self._unmined.nonces()
        oldest = self._unmined.get(nonces[0]) if nonces else None
        if oldest is None:
            return
        now = self._chain.clock()
        if now - oldest.offered_at > self._settings.bump_s and await self._raise_fee(nonces[0], oldest):
            return
        overdue = now - oldest.healed_at > self._settings.heal_s
        healed = self._fork_healed and self._fork_from == self._used
        if overdue or (not healed and self._unmined.forked(self._used)):
            undone = await self._undone(nonces[0])
            waiting = [(n, sent) for n in nonces if (sent := self._unmined.get(n)) is not None]
            if waiting and (overdue or undone):
                for _, sent in waiting:
                    sent.healed_at = now
                await self._send_again(undone, waiting[:HEALED_AT_ONCE])
            if overdue and self._unmined.holes:
                await self._spender.fill_hole()

    async def _undone(self, oldest: int) -> list[bytes]:
        """Return the bytes that a fork has undone and the node does not have any more.

        What was sent again and is not mined for long makes place for something else.
        """
        if self._used >= oldest:
            return []
        if self._unmined.forked(self._used):
            now = self._chain.clock()
            if self._fork_from != self._used:
                self._fork_from, self._fork_at, self._fork_healed = self._used, now, False
            elif now - self._fork_at > self._settings.bump_s:
                log.warning(
                    "nonce %d, undone by a fork, is not mined again; another takes its place", self._used
                )
                self._unmined.abandon(self._used)
        # `pending`: what a process before this one has sent may be waiting in the pool, and is not to be touched
        undone = self._unmined.undone(await self._chain.pending_nonce())
        if undone and not self._fork_healed:
            log.warning("a fork has undone transactions from nonce %d on; sending them again", self._used)
            self._fork_healed = True
        return undone

    async def _send_again(self, undone: Sequence[bytes], waiting: Sequence[tuple[int, Sent]]) -> None:
        """Send the same bytes again, those that a fork has undone first; give up what is refused for good."""
        self._metrics.count("healed_total", len(undone) + len(waiting))
        for start in range(0, len(undone), HEALED_AT_ONCE):
            await self._chain.send(undone[start : start + HEALED_AT_ONCE])
        verdicts = await self._chain.send([sent.attempts[-1].raw for _, sent in waiting])
        for (nonce, sent), (verdict, words) in zip(waiting, verdicts, strict=True):
            if self._unmined.get(nonce) is not sent:
                continue
            if verdict is Verdict.UNDERPRICED:
                await self._raise_fee(nonce, sent)
            sent.refusals = sent.refusals + 1 if verdict is Verdict.REFUSED else 0
            if sent.refusals >= REFUSED_FOR_GOOD:
                log.error("nonce %d is refused for good (%s); its messages are checked again", nonce, words)
                self._spender.count_try(sent.items)
                self._spender.give_up(nonce, sent)

    async def _raise_fee(self, nonce: int, sent: Sent) -> bool:
        sent.offered_at = self._chain.clock()
        quote = await self._chain.quote()
        raised = replacement(sent.attempts[-1].fees, quote, self._settings.fee_cap_wei)
        if raised is None or self._unmined.get(nonce) is not sent:
            return False
        self._metrics.count("replaced_total")
        log.info("raising the fee of nonce %d to %d wei", nonce, raised.max_fee_wei)
        transaction = sign(self._key, sent.call, nonce, raised)
        sent.attempts.append(transaction)
        sent.healed_at = self._chain.clock()
        await self._chain.send([transaction.raw])
        return True


def skipped_items(logs: Iterable[dict[str, Any]], contract: bytes) -> set[int]:
    """Return which items of a batch the contract left out; the event's data is index and reason, a word each."""
    address = "0x" + contract.hex()
    return {
        int(entry["data"][2:66], 16)
        for entry in logs
        if entry["topics"] and entry["topics"][0] in _SKIPPED and entry["address"].lower() == address
    }
