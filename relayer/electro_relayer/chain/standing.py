# SPDX-License-Identifier: Apache-2.0
"""Remember for a moment where each meter stands on the chain.

The rule that makes a cache safe here: a remembered state may accept a message, for the contract checks it
again before it is paid for; only a state read after the message came may refuse it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from electro_relayer.hashing import checksum

if TYPE_CHECKING:
    from electro_contracts.calldata import MeterState

MAX_REMEMBERED = 50_000  # meters; about 1 kB each
FRESH_S = 0.1  # as good as read now: keeps a meter that asks in a loop from making the node work


@dataclass(slots=True)
class Agreement:
    """An agreement as the contract tells it to one meter, with the meter's next interval at both blocks.

    Receipts move the two numbers on in place: that happens for every report that lands.
    """

    state: MeterState
    next_latest: int
    next_final: int


@dataclass(frozen=True, slots=True)
class Standing:
    device: bytes
    enrolled: bool
    agreements: tuple[Agreement, ...]
    latest: int
    final: int
    chain_time_s: int
    read_at: float

    def agreement(self, agreement_id: int) -> Agreement | None:
        for agreement in self.agreements:
            if agreement.state.agreement_id == agreement_id:
                return agreement
        return None

    def to_json(self, chain_id: int, contract: bytes) -> dict[str, Any]:
        return {
            "device": checksum(self.device),
            "chain_id": chain_id,
            "contract": checksum(contract),
            "time": self.chain_time_s,
            "block": {"latest": self.latest, "final": self.final},
            "agreements": [_agreement_json(a) for a in self.agreements],
        }


def _agreement_json(agreement: Agreement) -> dict[str, Any]:
    state = agreement.state
    return {
        "agreement_id": state.agreement_id,
        "state": state.state,
        "start": state.start,
        "interval_seconds": state.interval_seconds,
        "intervals": state.intervals,
        "slots": state.slots,
        "unit_wh": state.unit_wh,
        "next": {"latest": agreement.next_latest, "final": agreement.next_final},
        "remaining_bonus": str(state.remaining_bonus),
        "bounds": {
            "first_interval": state.bounds_from,
            "min": [least for least, _ in state.bounds],
            "max": [greatest for _, greatest in state.bounds],
        },
    }


Reader = Callable[[bytes, int], Awaitable[Standing]]


class Standings:
    """Cached standings, least recently used first; one read at a time for each meter."""

    def __init__(
        self, read: Reader, clock: Callable[[], float], suspicious: Callable[[str], None] = lambda _: None
    ) -> None:
        self._read = read
        self._clock = clock
        self._suspicious = suspicious  # told when a meter's next interval has moved back
        self._remembered: OrderedDict[bytes, Standing] = OrderedDict()
        self._reading: dict[tuple[bytes, int], asyncio.Task[Standing]] = {}

    def remembered(self, device: bytes) -> Standing | None:
        standing = self._remembered.get(device)
        if standing is not None:
            self._remembered.move_to_end(device)
        return standing

    async def read(self, device: bytes, ahead: int = 0) -> Standing:
        """Return a standing read just now; concurrent readers share one."""
        standing = self._remembered.get(device)
        if not ahead and standing is not None and self._clock() - standing.read_at < FRESH_S:
            return standing
        task = self._reading.get((device, ahead))
        if task is None:
            task = asyncio.create_task(self._read_and_remember(device, ahead))
            self._reading[device, ahead] = task
            task.add_done_callback(lambda _: self._reading.pop((device, ahead), None))
        return await asyncio.shield(task)  # one caller who leaves takes no answer from the others

    async def _read_and_remember(self, device: bytes, ahead: int) -> Standing:
        standing = await self._read(device, ahead)
        before = self._remembered.get(device)
        for known in before.agreements if before is not None else ():
            told = standing.agreement(known.state.agreement_id)
            if told is not None and told.next_latest < known.next_latest:
                self._suspicious(
                    f"the next interval of {checksum(device)} is {told.next_latest}, and {known.next_latest} was known"
                )
        self._remembered[device] = standing
        self._remembered.move_to_end(device)
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)
        return standing

    def advance(self, device: bytes, agreement_id: int, next_interval: int, *, final: bool) -> None:
        """Take over from a receipt what is on chain now, maybe for good; saves asking for it."""
        standing = self._remembered.get(device)
        agreement = standing.agreement(agreement_id) if standing is not None else None
        if agreement is not None:
            agreement.next_latest = max(agreement.next_latest, next_interval)
            if final:
                agreement.next_final = max(agreement.next_final, next_interval)

    def forget(self, device: bytes) -> None:
        self._remembered.pop(device, None)
