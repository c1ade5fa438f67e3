# SPDX-License-Identifier: Apache-2.0
"""Judge a verified message against the chain and what is already on its way, before anything is paid."""

from __future__ import annotations

import enum
from contextlib import contextmanager
from typing import TYPE_CHECKING

from electro_protocol.messages import EnergyReport
from electro_relayer.chain.chain import ACCEPTABLE, Chain, reason_name
from electro_relayer.chain.rpc import NodeUnreachable, RpcError
from electro_relayer.errors import (
    Draining,
    NodeDown,
    NotServed,
    RefusedByContract,
    UnknownDevice,
    WrongSequence,
)
from electro_relayer.hashing import checksum
from electro_relayer.paying import gas
from electro_relayer.paying.refusals import refusal_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from electro_relayer.chain.standing import Agreement, Standing, Standings
    from electro_relayer.errors import Refusal
    from electro_relayer.incoming.intake import Verified
    from electro_relayer.metrics import Metrics
    from electro_relayer.paying.batch import Queue
    from electro_relayer.paying.limits import Buckets, Budgets
    from electro_relayer.paying.refusals import Refusals

FUTURE_PATIENCE_S = 60.0  # a meter's clock may run ahead of the chain's blocks: its messages wait so long
FINAL_KNOWN_FOR_S = 1.0  # how old a remembered "mined, not yet final" may be before it is asked again


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
        metrics: Metrics,
    ) -> None:
        self._chain, self._queue, self._standings = chain, queue, standings
        self._refusals, self._buckets, self._budgets = refusals, buckets, budgets
        self._metrics = metrics
        self.draining = False

    async def admit(self, verified: Verified) -> Outcome:
        """Queue a message that is due, and say what became of one that was; raises a Refusal."""
        self._buckets.take(verified.device)
        if self._queue.holds(verified):
            return Outcome.ACCEPTED
        if self.draining:
            raise Draining("This relayer is going down; send to another one, or again later.")
        refusal = self._refusals.of(verified)
        if refusal is not None:
            raise refusal
        if verified.kind is EnergyReport:
            return await self._admit_report(verified)
        return await self._admit_outage(verified)

    async def _admit_report(self, verified: Verified) -> Outcome:
        standing = self._standings.remembered(verified.device)
        if standing is not None:
            try:
                outcome = self._place(verified, standing, chain_time_s=None)
                if outcome is Outcome.FINAL or self._queue.holds(verified):
                    return outcome
                if self._chain.clock() - standing.read_at < FINAL_KNOWN_FOR_S:
                    return outcome
            except (UnknownDevice, NotServed, WrongSequence, RefusedByContract):
                pass  # remembered states don't refuse: ask
        with _node_trouble():
            standing = await self._standings.read(verified.device)
        return self._place(verified, standing, chain_time_s=standing.chain_time_s)

    def _place(self, verified: Verified, standing: Standing, *, chain_time_s: int | None) -> Outcome:
        """Queue a report if it is the next one. No await in here: judging and queueing are one step."""
        if not standing.enrolled:
            raise UnknownDevice(checksum(verified.device))
        agreement = standing.agreement(verified.agreement_id)
        if agreement is None:
            raise NotServed(verified.agreement_id)
        if verified.end <= agreement.next_final:
            return Outcome.FINAL
        if verified.end <= agreement.next_latest or self._queue.holds(verified):
            return Outcome.ACCEPTED
        expected = self._queue.expected((verified.device, verified.agreement_id), agreement.next_latest)
        if verified.first != expected:
            raise WrongSequence(expected=expected, got=verified.first)
        ends_at_s = _refuse_what_never_passes(verified, agreement, chain_time_s)
        self._put(verified, ends_at_s)
        return Outcome.ACCEPTED

    async def _admit_outage(self, verified: Verified) -> Outcome:
        """Ask the contract itself: outage reports have no sequence, and are rare."""
        with _node_trouble():
            latest, final = await self._chain.outage_reasons(verified)
        if reason_name(final) == "KnownOutage":
            return Outcome.FINAL
        name = reason_name(latest)
        if name == "KnownOutage" or self._queue.holds(verified):
            return Outcome.ACCEPTED
        # a meter's clock may be a block ahead of the chain's: the lane waits a while for the future
        if latest != ACCEPTABLE and name != "FromTheFuture":
            raise await self._refusal(name, verified)
        self._put(verified)
        return Outcome.ACCEPTED

    def _put(self, verified: Verified, ends_at_s: int = 0) -> None:
        self._budgets.promise(verified.device, gas.of_message(verified))
        self._queue.put(verified, ends_at_s)
        self._metrics.count("accepted_total", kind=verified.kind.__name__)

    async def _refusal(self, name: str, verified: Verified) -> Refusal:
        if name == "UnknownDevice":
            with _node_trouble():
                standing = await self._standings.read(verified.device)
            if not standing.enrolled:
                return UnknownDevice(checksum(verified.device))
        return refusal_of(name, verified)


def _refuse_what_never_passes(verified: Verified, agreement: Agreement, chain_time_s: int | None) -> int:
    """Foresee the contract's refusals that the agreement and the chain's time, if known, explain.

    Returns the chain time from which on the contract takes the report.
    """
    state = agreement.state
    if verified.end > state.intervals:
        raise RefusedByContract(
            "OutsideTerm", f"The agreement has {state.intervals} intervals, not {verified.end}."
        )
    left = state.slots - verified.first % state.slots
    if verified.end - verified.first > left:
        raise RefusedByContract("BeyondSchedule", f"This pass of the schedule has {left} slots left.")
    end_s = state.start + verified.end * state.interval_seconds
    if chain_time_s is not None and end_s > chain_time_s + FUTURE_PATIENCE_S:
        raise RefusedByContract("FromTheFuture", f"The report ends after the chain's time, {chain_time_s}.")
    return end_s


@contextmanager
def _node_trouble() -> Iterator[None]:
    try:
        yield
    except (NodeUnreachable, RpcError) as error:
        raise NodeDown("The chain can't be asked right now; send again later.") from error
