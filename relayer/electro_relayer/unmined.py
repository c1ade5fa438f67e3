# SPDX-License-Identifier: Apache-2.0
"""Know which of our nonces are on their way, with all bytes sent for each, and whether there is room."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from electro_relayer.batch import Place

if TYPE_CHECKING:
    from electro_relayer.batch import Item
    from electro_relayer.transaction import Call, Transaction


@dataclass(slots=True, eq=False)
class Sent:
    """A nonce that is ours until it is mined, and what it carries."""

    call: Call
    items: list[Item]
    sent_at: float
    offered_at: float  # when the last fee was offered
    healed_at: float  # when bytes were last sent
    attempts: list[Transaction] = field(default_factory=list)
    used_at: float | None = None  # since when the nonce is used without a receipt of ours


class Unmined:
    """Transactions in flight, by nonce."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._sent: dict[int, Sent] = {}
        self._any = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def __bool__(self) -> bool:
        return bool(self._sent)

    def nonces(self) -> list[int]:
        return sorted(self._sent)

    def get(self, nonce: int) -> Sent | None:
        return self._sent.get(nonce)

    def next_nonce(self, pending: int) -> int:
        """Return the nonce after ours; the node's count, `pending`, may lag or stand before evicted ones."""
        return max(pending, max(self._sent) + 1) if self._sent else pending

    def keep(self, nonce: int, sent: Sent) -> None:
        """Remember a transaction; done before it is sent, for from then on it may be on its way."""
        self._sent[nonce] = sent
        for item in sent.items:
            item.place = Place.SENT
        if len(self._sent) >= self._limit:
            self._room.clear()
        self._any.set()

    def forget(self, nonce: int) -> None:
        self._sent.pop(nonce, None)
        if len(self._sent) < self._limit:
            self._room.set()
        if not self._sent:
            self._any.clear()

    async def any(self) -> None:
        await self._any.wait()

    async def room(self) -> None:
        await self._room.wait()
