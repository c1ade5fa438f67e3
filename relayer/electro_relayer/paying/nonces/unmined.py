# SPDX-License-Identifier: Apache-2.0
"""Know which of our nonces are on their way, with all bytes sent for each, and whether there is room."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from electro_relayer.paying.item import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_relayer.paying.item import Item
    from electro_relayer.paying.transaction import Call, Transaction

FOREIGN_REMEMBERED_S = (
    300.0  # how long a use of our nonces by someone else keeps the service from being ready
)
MINED_REMEMBERED = 128  # transactions whose bytes heal a reorganisation; 13 kB each with fifty reports


@dataclass(slots=True, eq=False)
class Sent:
    """A nonce that is ours until it is mined, and what it carries."""

    call: Call
    items: list[Item]
    sent_at: float
    offered_at: float  # when the last fee was offered
    healed_at: float  # when bytes were last sent
    offered_block: int | None = None  # the latest block when the watch first saw the last offer
    attempts: list[Transaction] = field(default_factory=list)
    used_at: float | None = None  # since when the nonce is used without a receipt of ours
    refusals: int = 0  # how often in a row a node refused these bytes


class Unmined:
    """Transactions in flight, by nonce.

    A nonce given up while later ones are in flight is a hole: nothing behind it can be mined, so the next
    transaction fills it.
    """

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self._limit, self._clock = limit, clock
        self._sent: dict[int, Sent] = {}
        self._holes: set[int] = set()
        self._mined: OrderedDict[int, bytes] = OrderedDict()
        self._expected: int | None = None  # the nonce after the highest that we ever used
        self._foreign_at: float | None = None
        self._any = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def __bool__(self) -> bool:
        return bool(self._sent)

    def __len__(self) -> int:
        return len(self._sent)

    def nonces(self) -> list[int]:
        return sorted(self._sent)

    def get(self, nonce: int) -> Sent | None:
        return self._sent.get(nonce)

    @property
    def free(self) -> int:
        """How many more transactions may be sent now."""
        return max(0, self._limit - len(self._sent))

    @property
    def holes(self) -> set[int]:
        return self._holes

    def next_nonce(self, pending: int) -> int:
        """Return the nonce to use next; the node's count, `pending`, may lag or stand before evicted ones."""
        if self._expected is not None and pending > self._expected:
            self.note_foreign()
        if not self._sent:
            self._holes.clear()
            return pending
        if self._holes:
            return min(self._holes)
        return max(pending, max(self._sent) + 1)

    def keep(self, nonce: int, sent: Sent) -> None:
        """Remember a transaction; done before it is sent, for from then on it may be on its way."""
        self._sent[nonce] = sent
        sent.offered_block = None
        self._holes.discard(nonce)
        self._expected = max(self._expected or 0, nonce + 1)
        for item in sent.items:
            item.place, item.previous = Place.SENT, None
        self._make_room()
        self._any.set()

    def mined(self, nonce: int, raw: bytes) -> None:
        """Let a transaction go that has a receipt; its bytes are kept for a while, as a fork may undo it."""
        self._mined[nonce] = raw
        self._mined.move_to_end(nonce)
        if len(self._mined) > MINED_REMEMBERED:
            self._mined.popitem(last=False)
        self._forget(nonce)

    def abandon(self, nonce: int) -> None:
        """Make a hole of a nonce whose transaction was mined once and, after a fork, is not mined again."""
        if self._mined.pop(nonce, None) is not None:
            self.claim(nonce)

    def claim(self, nonce: int) -> None:
        """Make a hole of a nonce before those in flight: what holds it there is not mined."""
        self._holes.add(nonce)
        self._make_room()

    def give_up(self, nonce: int) -> None:
        """Let a transaction go that will not be mined."""
        if any(later > nonce for later in self._sent):
            self.claim(nonce)
        self._forget(nonce)

    def forked(self, used: int) -> bool:
        """Tell whether the chain, with so many nonces of ours, has undone one that was mined before those in flight."""
        return bool(self._sent) and any(nonce in self._mined for nonce in range(used, min(self._sent)))

    def strange(self, used: int) -> list[int]:
        """Return the nonces from this one on, before those in flight, that hold nothing we know of."""
        if not self._sent:
            return []
        return [n for n in range(used, min(self._sent)) if n not in self._mined and n not in self._holes]

    def undone(self, pending: int) -> list[bytes]:
        """Return the bytes of our transactions that a node whose next nonce is this one is missing again.

        What is missing before the first one in flight and not remembered becomes a hole.
        """
        if not self._sent:
            return []
        missing = range(pending, min(self._sent))
        for nonce in missing:
            if nonce not in self._mined:
                self.claim(nonce)
        return [self._mined[nonce] for nonce in missing if nonce in self._mined]

    def passed(self, used: int) -> None:
        """Forget holes that the chain has filled, by whomever."""
        self._holes = {nonce for nonce in self._holes if nonce >= used}
        self._make_room()

    def note_foreign(self) -> None:
        self._foreign_at = self._clock()

    @property
    def foreign(self) -> bool:
        """Tell whether someone else was lately seen using our key."""
        return self._foreign_at is not None and self._clock() - self._foreign_at < FOREIGN_REMEMBERED_S

    def _forget(self, nonce: int) -> None:
        self._sent.pop(nonce, None)
        if not self._sent:
            self._any.clear()
            self._holes.clear()
        self._make_room()

    def _make_room(self) -> None:
        """Let the lane go on where there is a place, or a hole without which no place becomes free."""
        if len(self._sent) < self._limit or self._holes:
            self._room.set()
        else:
            self._room.clear()

    async def any(self) -> None:
        await self._any.wait()

    async def room(self) -> None:
        await self._room.wait()
