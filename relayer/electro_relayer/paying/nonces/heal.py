# SPDX-License-Identifier: Apache-2.0
"""Heal what is not mined: the same bytes again, a higher fee where blocks pass without it, another for a lost nonce."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from electro_relayer.chain.nodewords import Verdict, demanded_wei
from electro_relayer.paying.transaction import sign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_relayer.chain.chain import Chain
    from electro_relayer.metrics import Metrics
    from electro_relayer.paying.key import Key
    from electro_relayer.paying.nonces.spend import Spender
    from electro_relayer.paying.nonces.unmined import Sent, Unmined
    from electro_relayer.settings import Settings

log = logging.getLogger(__name__)

REFUSED_FOR_GOOD = 3  # refusals in a row of the same bytes, a healing time apart
HEALED_AT_ONCE = 16  # transactions sent again in one request: the oldest must come first anyway
# Blocks without a transaction that is next say that its price is too low: a proposer in three may be slow or odd.
BLOCKS_WITHOUT = 3


class Healer:
    """Looks at what the watch has not found mined."""

    def __init__(
        self,
        *,
        chain: Chain,
        key: Key,
        unmined: Unmined,
        spender: Spender,
        metrics: Metrics,
        settings: Settings,
    ) -> None:
        self._chain, self._key, self._unmined, self._spender = chain, key, unmined, spender
        self._metrics, self._settings = metrics, settings
        self._used = 0  # nonces of ours that the chain has
        self._fork_from, self._fork_at = -1, 0.0  # our nonce that the chain took back first
        self._fork_healed = False
        self._strange: tuple[int, float, int] | None = None  # nonce, since when, and since which block

    async def heal(self, used: int) -> None:
        """Send the same bytes again when nothing was mined for long; raise the fee of what blocks pass by."""
        self._used = used
        if not self._unmined.forked(used):
            self._fork_from = -1
        nonces = self._unmined.nonces()
        oldest = self._unmined.get(nonces[0]) if nonces else None
        if oldest is None:
            return
        self._claim_what_is_stuck(used)
        now = self._chain.clock()
        if used == nonces[0] and self._passed_by(oldest) and await self._raise_fee(nonces[0], oldest):
            return
        overdue = now - oldest.healed_at > self._settings.heal_s
        healed = self._fork_healed and self._fork_from == used
        if overdue or (not healed and self._unmined.forked(used)):
            undone = await self._undone(nonces[0])
            waiting = [(n, sent) for n in nonces if (sent := self._unmined.get(n)) is not None]
            if waiting and (overdue or undone):
                for _, sent in waiting:
                    sent.healed_at = now
                await self._send_again(undone, waiting[:HEALED_AT_ONCE])
            if overdue and self._unmined.holes:
                await self._spender.fill_hole()

    def _passed_by(self, sent: Sent) -> bool:
        """Tell whether blocks were made without a transaction that was next to be mined."""
        if sent.offered_block is None:
            sent.offered_block = self._chain.highest
        waited_s = self._chain.clock() - sent.offered_at
        return waited_s > self._settings.bump_s and self._chain.highest - sent.offered_block >= BLOCKS_WITHOUT

    def _claim_what_is_stuck(self, used: int) -> None:
        """Claim the nonce of an earlier process' transaction that blocks are made without."""
        if used not in self._unmined.strange(used):
            self._strange = None
            return
        now, block = self._chain.clock(), self._chain.highest
        if self._strange is None or self._strange[0] != used:
            self._strange = (used, now, block)
            return
        _, since, since_block = self._strange
        if now - since > self._settings.bump_s and block - since_block >= BLOCKS_WITHOUT:
            log.warning("nonce %d, of an earlier process, is not mined; another takes its place", used)
            self._unmined.claim(used)
            self._strange = None

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
        # `pending`: what a process before this one has sent may be waiting in the pool, and is not missing
        undone = self._unmined.undone(await self._chain.pending_nonce())
        if undone and not self._fork_healed:
            log.warning("a fork has undone transactions from nonce %d on; sending them again", self._used)
            self._fork_healed = True
        return undone

    async def _send_again(self, undone: Sequence[bytes], waiting: Sequence[tuple[int, Sent]]) -> None:
        """Send the same bytes again, those that a fork has undone first; give up what is refused for good."""
        self._metrics.count("healed_total", len(undone) + len(waiting))
        for start in range(0, len(undone), HEALED_AT_ONCE):
            await self._chain.send_again(undone[start : start + HEALED_AT_ONCE])
        verdicts = await self._chain.send_again([sent.attempts[-1].raw for _, sent in waiting])
        for (nonce, sent), (verdict, words) in zip(waiting, verdicts, strict=True):
            if self._unmined.get(nonce) is not sent:
                continue
            if verdict is Verdict.UNDERPRICED:
                self._chain.market.refused(sent.attempts[-1].fees, demanded_wei(words))
            if verdict is Verdict.BASE_FEE:
                self._chain.market.moved()
            if verdict in (Verdict.UNDERPRICED, Verdict.BASE_FEE, Verdict.REPLACEMENT):
                await self._raise_fee(nonce, sent)
            unfit = verdict in (Verdict.REFUSED, Verdict.UNKNOWN, Verdict.GAS_LOW)
            sent.refusals = sent.refusals + 1 if unfit else 0
            if sent.refusals >= REFUSED_FOR_GOOD:
                log.error(
                    "nonce %d is refused for good (%.200r); its messages are checked again", nonce, words
                )
                self._spender.give_up(nonce, sent, verdict, words)

    async def _raise_fee(self, nonce: int, sent: Sent) -> bool:
        sent.offered_at, sent.offered_block = self._chain.clock(), None
        raised = await self._chain.market.replacement(sent.attempts[-1].fees)
        if raised is None or self._unmined.get(nonce) is not sent:
            return False
        self._metrics.count("replaced_total")
        log.info("raising the fee of nonce %d to %d wei", nonce, raised.max_fee_wei)
        transaction = sign(self._key, sent.call, nonce, raised)
        sent.attempts.append(transaction)
        sent.healed_at = self._chain.clock()
        await self._chain.send_again([transaction.raw])
        return True
