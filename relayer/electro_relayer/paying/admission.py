# SPDX-License-Identifier: Apache-2.0
"""Judge a verified message against the chain and what is already on its way, before anything is paid.

Work is charged to who causes it. What is queued is its meter's: a token, and gas. What repeats a message that is known
costs its meter nothing: whatever is on chain anyone can send again. A signer nobody knows is charged to who sends it.
"""

from __future__ import annotations

import enum
import logging
from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING

from electro_contracts import calldata
from electro_protocol.messages import OutageReport
from electro_relayer.chain.nodewords import Verdict, understand
from electro_relayer.chain.outages import ACCEPTABLE, reason_name
from electro_relayer.chain.proofs import Crowded, NoProof
from electro_relayer.chain.rpc import NodeUnreachable, RpcError, TooMuchAtOnce
from electro_relayer.errors import (
    NodeDown,
    NoReceipt,
    NotServed,
    Refusal,
    RefusedByContract,
    TooManyReceipts,
    UnknownDevice,
    WrongSequence,
)
from electro_relayer.hashing import checksum
from electro_relayer.paying import gas
from electro_relayer.paying.foresight import PASSING, refuse_what_never_passes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from electro_relayer.chain.chain import Chain
    from electro_relayer.chain.schedules import Schedule
    from electro_relayer.chain.standing import Standing
    from electro_relayer.chain.standings import Standings
    from electro_relayer.incoming.intake import Verified
    from electro_relayer.metrics import Metrics
    from electro_relayer.paying.batch import Queue
    from electro_relayer.paying.limits import Buckets, Budgets
    from electro_relayer.paying.readiness import Readiness
    from electro_relayer.paying.refusals import Refusals

log = logging.getLogger(__name__)

MINED_KNOWN_FOR_S = 1.0  # how old a remembered "mined, not yet final" may be before it is asked again
FINAL_KNOWN_FOR_S = 10.0  # the same of "final": a chain may be reset, which is looked for every few seconds
# Of an outage's estimate: what costs a node as much as the check of a report, three milliseconds.
ESTIMATED_GAS_A_TOKEN = 250_000
MOST_TOKENS = gas.TRANSACTION_MOST // ESTIMATED_GAS_A_TOKEN  # of what a node could not finish
MAX_OUTAGES_KNOWN = 4096  # of which it is remembered that they are on chain


class Outcome(enum.Enum):
    """What a sender is told: we have it in memory or on chain, or it can't be taken back any more."""

    ACCEPTED = "accepted"
    FINAL = "final"


class Admission:
    def __init__(
        self,
        *,
        chain: Chain,
        queue: Queue,
        standings: Standings,
        refusals: Refusals,
        buckets: Buckets,
        budgets: Budgets,
        senders: Buckets,
        receipts: Buckets,
        readiness: Readiness,
        metrics: Metrics,
    ) -> None:
        self._chain, self._queue, self._standings = chain, queue, standings
        self._refusals, self._buckets, self._budgets = refusals, buckets, budgets
        self._senders, self._receipts = senders, receipts
        self._readiness, self._metrics = readiness, metrics
        self._outages: OrderedDict[tuple[bytes, bytes], tuple[Outcome, float]] = OrderedDict()

    async def admit(self, verified: Verified, sender: Callable[[], str]) -> Outcome:
        """Queue a message that is due, and say what became of one that was; raises a Refusal."""
        if self._queue.holds(verified):
            return Outcome.ACCEPTED
        self._readiness.refuse_behind()
        refusal = self._refusals.of(verified)
        if refusal is not None:
            raise refusal
        standing = self._standings.remembered(verified.device)
        if not verified.is_report:
            if standing is None:
                await self.read(verified.device, sender)
            return await self._admit_outage(verified)
        if standing is not None:
            try:
                outcome = self._place(verified, standing)
                known_for_s = FINAL_KNOWN_FOR_S if outcome is Outcome.FINAL else MINED_KNOWN_FOR_S
                if self._queue.holds(verified) or self._chain.clock() - standing.read_at < known_for_s:
                    return outcome
            except (NotServed, WrongSequence, RefusedByContract):
                pass  # remembered states don't refuse: ask
        standing = await self.read(verified.device, sender)
        return self._place(verified, standing)

    async def read(self, device: bytes, sender: Callable[[], str], ahead: int = 0) -> Standing:
        """Return an enrolled meter's standing, read just now; raises UnknownDevice, TooManyStrangers or NodeDown.

        Who sends is charged for addresses that turn out to be nobody's; those of a moment ago cost nothing.
        """
        charged = None
        if self._standings.remembered(device) is None and not self._standings.is_stranger(device):
            charged = sender()
            self._senders.take(charged)
        with _node_trouble():
            standing = await self._standings.read(device, ahead)
        if not standing.enrolled:
            raise UnknownDevice(checksum(device))
        if charged is not None:
            self._senders.give_back(charged)
        return standing

    async def terms(self, account: bytes, sender: Callable[[], str]) -> bytes | None:
        """Return the terms at an account, None if there are none; raises TooManyStrangers or NodeDown.

        Who sends is charged for accounts that turn out to hold no terms.
        """
        known = self._chain.terms.known(account)
        if known is not None:
            return known
        charged = sender()
        self._senders.take(charged)
        with _node_trouble():
            code = await self._chain.terms.code(account)
        if code is not None:
            self._senders.give_back(charged)
        return code

    async def schedule(
        self, device: bytes, agreement_id: int, interval: int, sender: Callable[[], str]
    ) -> tuple[int, Schedule]:
        """Return a meter's place in an agreement, and what bands hold there in the pass with an interval.

        Raises what `read` does, and NotServed for an agreement that is not the meter's, or has no such interval.
        """
        agreement = (await self.read(device, sender)).agreement(agreement_id)
        if agreement is None or interval >= agreement.state.intervals:
            raise NotServed(agreement_id)
        place = agreement.state.place
        with _node_trouble():
            return place, await self._chain.schedules.of((agreement_id, place, interval))

    async def receipt(self, device: bytes, sender: Callable[[], str]) -> bytes:
        """Return the proof of an enrolled meter's standing; raises what `read` does, NoReceipt or TooManyReceipts.

        Who sends is charged for each that has to be made: anyone may ask for all meters' there are.
        """
        if self._standings.remembered(device) is None:
            await self.read(device, sender)
        if not self._chain.proofs.has(device):
            self._receipts.take(sender())
        with _node_trouble():
            try:
                return await self._chain.proofs.receipt(device)
            except NoProof as error:
                raise NoReceipt(f"No receipt can be made now: {error}.") from error
            except Crowded:
                raise TooManyReceipts("Many meters ask for receipts; ask again later.") from None
            except RpcError as error:
                raise NoReceipt(f"No receipt can be made now: the node gives no proofs ({error}).") from error

    def _place(self, verified: Verified, standing: Standing) -> Outcome:
        """Queue a report if it is the next one. No await in here: judging and queueing are one step."""
        agreement = standing.agreement(verified.agreement_id)
        if agreement is None:
            raise NotServed(verified.agreement_id)
        end = min(verified.end, agreement.state.end)  # what is beyond is clipped
        if verified.first < end <= agreement.next_final:
            return Outcome.FINAL
        if verified.first < end <= agreement.next_latest or self._queue.holds(verified):
            return Outcome.ACCEPTED
        expected = self._queue.expected((verified.device, verified.agreement_id), agreement.next_latest)
        if verified.first != expected:
            raise WrongSequence(expected=expected, got=verified.first)
        now_s = max(self._chain.time_s, self._chain.wall_s())
        due_s = refuse_what_never_passes(verified, agreement, now_s)
        self._put(verified, gas.of_report(verified), due_s)
        return Outcome.ACCEPTED

    async def _admit_outage(self, verified: Verified) -> Outcome:
        known = self._outages.get(verified.identity)
        if known is not None and self._chain.clock() < known[1]:
            return known[0]
        self._buckets.take(verified.device)  # for the question; given back if the outage is known
        with _node_trouble():
            latest, final = await self._chain.outages.reasons(verified)
        name = reason_name(latest)
        outcome = await self._outage_on_chain(verified) if name == "WrongOutage" else None
        if name == "KnownOutage":
            outcome = Outcome.FINAL if reason_name(final) == name else Outcome.ACCEPTED
        if outcome is not None or self._queue.holds(verified):
            self._buckets.give_back(verified.device)
            return self._note_outage(verified, outcome or Outcome.ACCEPTED)
        if latest != ACCEPTABLE and name not in PASSING:
            raise self._refusals.remember(verified, name)
        needed = await self._gas_of_outage(verified)
        self._buckets.give_back(verified.device)
        if self._queue.holds(verified):
            return Outcome.ACCEPTED
        message = verified.message
        assert isinstance(message, OutageReport)
        try:
            self._put(verified, needed, max(message.started_at, message.ended_at))
        finally:  # the node's work grows with the outage, and is the meter's whatever comes of it
            self._buckets.charge(verified.device, needed // ESTIMATED_GAS_A_TOKEN)
        return Outcome.ACCEPTED

    async def _outage_on_chain(self, verified: Verified) -> Outcome | None:
        """Say whether the meter's outage of this number is on chain already; None if it is not."""
        message = verified.message
        assert isinstance(message, OutageReport)
        with (
            _node_trouble()
        ):  # anew: what was read before it was mined would have it queued, and waited for, once more
            standing = await self._standings.read(verified.device, anew=True)
        agreement = standing.agreement(verified.agreement_id)
        if agreement is None or message.number >= agreement.state.next_outage:
            return None
        return Outcome.FINAL if message.number < agreement.outage_final else Outcome.ACCEPTED

    async def _gas_of_outage(self, verified: Verified) -> int:
        """Return what the node thinks that an outage takes: it grows with its length. Raises FitsNoBlock."""
        try:
            estimate = await self._chain.estimate_gas(calldata.submit_outage_batch([verified.signed]))
        except NodeUnreachable as error:
            if isinstance(error, TooMuchAtOnce):
                self._buckets.charge(verified.device, MOST_TOKENS)
            raise NodeDown("The chain can't be asked right now; send again later.") from error
        except RpcError as error:
            if understand(error).certain or understand(error) is Verdict.SLOW:
                self._buckets.charge(verified.device, MOST_TOKENS)
            if understand(error).certain:
                raise self._refusals.remember(verified, "FitsNoBlock") from error
            if understand(error) is Verdict.TROUBLE:
                raise NodeDown("The chain can't be asked right now; send again later.") from error
            log.warning(
                "the node estimates no gas (%.200r): an outage is taken for a short one", error.message
            )
            return gas.of_report(verified)
        block_gas = self._chain.block_gas
        if block_gas and estimate > block_gas:
            self._buckets.charge(verified.device, estimate // ESTIMATED_GAS_A_TOKEN)
            raise self._refusals.remember(verified, "FitsNoBlock")
        return max(estimate, gas.of_report(verified))  # of one that is early, little is estimated

    def forget_all(self) -> None:
        """Forget which outages are on chain: it has taken back what was final."""
        self._outages.clear()

    def _note_outage(self, verified: Verified, outcome: Outcome) -> Outcome:
        """Remember for a while that an outage is on chain: anyone may send it again, as often as he likes."""
        known_for_s = FINAL_KNOWN_FOR_S if outcome is Outcome.FINAL else MINED_KNOWN_FOR_S
        self._outages[verified.identity] = (outcome, self._chain.clock() + known_for_s)
        self._outages.move_to_end(verified.identity)
        if len(self._outages) > MAX_OUTAGES_KNOWN:
            self._outages.popitem(last=False)
        return outcome

    def _put(self, verified: Verified, needed_gas: int, due_s: int) -> None:
        """Queue a message, at its meter's cost; raises a Refusal, and then it cost nothing."""
        self._readiness.refuse_new()
        self._buckets.take(verified.device)
        try:
            self._budgets.promise(verified.device, needed_gas)
            try:
                self._queue.put(verified, needed_gas, due_s)
            except Refusal:
                self._budgets.give_back(verified.device, needed_gas)
                raise
        except Refusal:
            self._buckets.give_back(verified.device)
            raise
        self._metrics.count("accepted_total", kind=verified.kind.__name__)


@contextmanager
def _node_trouble() -> Iterator[None]:
    try:
        yield
    except (NodeUnreachable, RpcError) as error:
        raise NodeDown("The chain can't be asked right now; send again later.") from error
