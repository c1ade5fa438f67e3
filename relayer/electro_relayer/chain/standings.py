# SPDX-License-Identifier: Apache-2.0
"""Remember for a while where each meter stands on the chain, and ask for many at once.

The rule that makes a cache safe here: a remembered state may accept a message, for the contract checks it
again before it is paid for; only a state read after the message came may refuse it.

What is remembered is bounded in number, and small: bounds of slots are told to who asks and not kept.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol

from electro_relayer.chain.gathering import Gathering
from electro_relayer.chain.standing import Agreement, Standing
from electro_relayer.chain.survey import Position
from electro_relayer.hashing import checksum

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from electro_contracts.calldata import MeterState
    from electro_relayer.chain.survey import Head, Question, Told

FRESH_S = 0.1  # as good as read now: keeps a meter that asks in a loop from making the node work
STRANGER_S = 2.0  # so long an address that was not enrolled is not asked for again
MAX_STRANGERS = 10_000  # remembered, 200 bytes each
MOST_AT_ONCE = 100  # meters in one request; some nodes take no more calls than that in a batch
# Forks of public chains are shorter; more is another chain, or a node that was left behind.
BACKWARDS_BLOCKS = 3


class Reader(Protocol):
    """Who asks the chain."""

    async def states(self, questions: Sequence[Question]) -> tuple[Head, list[Told]]: ...

    async def positions_at_final(self, devices: Sequence[bytes], head: Head) -> list[dict[int, Position]]: ...


class Standings:
    """Remembered standings, least recently used first; many are read in one request."""

    def __init__(
        self,
        chain: Reader,
        clock: Callable[[], float],
        *,
        limit: int,
        suspicious: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._chain = chain
        self._clock, self._limit = clock, limit
        self._suspicious = suspicious  # told when a meter's next interval has moved back
        self._remembered: OrderedDict[bytes, Standing] = OrderedDict()
        self._strangers: OrderedDict[bytes, Standing] = OrderedDict()
        self._highest = 0
        self._gathering: Gathering[Question, Standing] = Gathering(self._survey, most=MOST_AT_ONCE)

    def __len__(self) -> int:
        return len(self._remembered)

    def remembered(self, device: bytes) -> Standing | None:
        """Return the enrolled meter's standing as last read and moved on by receipts since."""
        standing = self._remembered.get(device)
        if standing is not None:
            self._remembered.move_to_end(device)
        return standing

    def is_stranger(self, device: bytes) -> bool:
        """Tell whether an address was not enrolled a moment ago."""
        standing = self._strangers.get(device)
        return standing is not None and self._clock() - standing.read_at < STRANGER_S

    async def read(self, device: bytes, ahead: int = 0, *, anew: bool = False) -> Standing:
        """Return a standing read just now, a stranger's read a moment ago; raises NodeUnreachable or RpcError.

        `anew` asks even if it was read a moment ago: something is known to have happened since.
        """
        if self.is_stranger(device):
            return self._strangers[device]
        standing = self._remembered.get(device)
        if not (ahead or anew) and standing is not None and self._clock() - standing.read_at < FRESH_S:
            return standing
        return await self._gathering.answer((device, ahead))

    async def _survey(self, questions: Sequence[Question]) -> list[Standing | Exception]:
        """Read many meters' standings at the latest block, and at the final one as far as that is not known."""
        read_at = self._clock()
        head, told = await self._chain.states(questions)
        if (
            head.latest + BACKWARDS_BLOCKS < self._highest
        ):  # another chain, maybe: what is final there is not known
            self._remembered.clear()
            self._highest = 0
        self._highest = max(self._highest, head.latest)
        asked = {
            device: None
            for (device, _), states in zip(questions, told, strict=True)
            if isinstance(states, list) and not self._knows_final(device, states, head)
        }
        if asked:
            answers = await self._chain.positions_at_final(list(asked), head)
            finals: dict[bytes, dict[int, Position]] = dict(zip(asked, answers, strict=True))
        else:
            finals = {}
        return [
            states
            if isinstance(states, Exception)
            else self._remember(device, states, finals.get(device), head, read_at)
            for (device, _), states in zip(questions, told, strict=True)
        ]

    def _knows_final(self, device: bytes, states: Sequence[MeterState], head: Head) -> bool:
        """Tell whether it is known where a meter stands at the final block, or follows from the latest.

        Its position only grows: it is final up to the latest if it was so at an earlier final block.
        """
        if head.final_at_once:
            return True
        known = self._remembered.get(device)
        if known is not None and known.final == head.final:
            return True
        return all(_position(s) == _final(known, s.agreement_id) for s in states)

    def _remember(
        self,
        device: bytes,
        states: Sequence[MeterState] | None,
        final: dict[int, Position] | None,
        head: Head,
        read_at: float,
    ) -> Standing:
        before = self._remembered.get(device)
        agreements = []
        for s in states or ():
            known = before.agreement(s.agreement_id) if before is not None else None
            if known is not None and s.next_interval < known.next_latest:
                self._suspicious(
                    f"the next interval of {checksum(device)} is {s.next_interval}, and {known.next_latest} was known"
                )
            if final is not None:
                at_final = final.get(s.agreement_id, _NOWHERE)
            else:
                at_final = _position(s) if head.final_at_once else _final(before, s.agreement_id)
            # min: the two answers are of two moments, and what is final can't be ahead of the latest
            final_interval = min(s.next_interval, at_final.interval)
            final_outage = min(s.next_outage, at_final.outage)
            agreements.append(Agreement(s, s.next_interval, final_interval, final_outage))
        standing = Standing(
            device, states is not None, tuple(agreements), head.latest, head.final, head.time_s, read_at
        )
        if standing.enrolled:
            _keep(self._remembered, device, standing.without_bounds(), self._limit)
        else:
            self._remembered.pop(device, None)
            _keep(self._strangers, device, standing, MAX_STRANGERS)
        return standing

    def advance(self, device: bytes, agreement_id: int, next_interval: int, *, final: bool) -> None:
        """Take over from a receipt what is on chain now, maybe for good; saves asking for it."""
        standing = self._remembered.get(device)
        agreement = standing.agreement(agreement_id) if standing is not None else None
        if agreement is not None:
            next_interval = min(next_interval, agreement.state.end)  # what is beyond is clipped
            agreement.next_latest = max(agreement.next_latest, next_interval)
            if final:
                agreement.next_final = max(agreement.next_final, next_interval)

    def forget(self, device: bytes) -> None:
        self._remembered.pop(device, None)

    def forget_all(self) -> None:
        """Forget what was read: the chain has taken back what it called final, or is another."""
        self._remembered.clear()
        self._strangers.clear()
        self._highest = 0


_NOWHERE = Position(0, 0)


def _position(state: MeterState) -> Position:
    return Position(state.next_interval, state.next_outage)


def _final(standing: Standing | None, agreement_id: int) -> Position:
    agreement = standing.agreement(agreement_id) if standing is not None else None
    return Position(agreement.next_final, agreement.outage_final) if agreement is not None else _NOWHERE


def _keep(kept: OrderedDict[bytes, Standing], device: bytes, standing: Standing, limit: int) -> None:
    kept[device] = standing
    kept.move_to_end(device)
    if len(kept) > limit:
        kept.popitem(last=False)
