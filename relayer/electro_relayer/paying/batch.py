# SPDX-License-Identifier: Apache-2.0
"""Hold accepted messages in memory, in order, until they are mined or dropped, and cut them into batches.

The queue is all the relayer remembers. An item is waiting (to be put in a batch), taken (by the lane), held
(its predecessor of the same meter is in flight and the node's `pending` does not show it), or sent.

Several batches are taken at once, since they share one check: some nodes make the pending block anew for each.
"""

from __future__ import annotations

import asyncio
import enum
from collections import deque
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

from electro_protocol.messages import EnergyReport, OutageReport
from electro_relayer.errors import QueueFull, TooManyInFlight
from electro_relayer.paying import gas

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from electro_relayer.incoming.intake import Verified

Track = tuple[bytes, int]  # device and agreement: one sequence of intervals
Kind = type[EnergyReport | OutageReport]


class Place(enum.Enum):
    WAITING = enum.auto()
    TAKEN = enum.auto()
    HELD = enum.auto()
    SENT = enum.auto()
    GONE = enum.auto()


@dataclass(slots=True, eq=False)
class Item:
    verified: Verified
    queued_at: float
    ends_at_s: int = 0  # chain time from which on the contract takes a report
    previous: Item | None = None  # the report of the same track before this one, while it was in memory
    place: Place = Place.WAITING
    tries: int = 0
    checked_at: float | None = None  # when the contract last took it, or one before it, for acceptable

    @property
    def track(self) -> Track:
        return self.verified.device, self.verified.agreement_id


class Queue:
    """Bounded, ordered, deduplicated; times are those of the given clock, in seconds."""

    def __init__(
        self,
        *,
        size: int,
        device_limit: int,
        batch_size: int,
        batch_gas: int,
        window_s: float,
        clock: Callable[[], float],
    ) -> None:
        self._size, self._device_limit = size, device_limit
        self._batch_size, self._batch_gas, self._window_s = batch_size, batch_gas, window_s
        self._clock = clock
        self._waiting: dict[Kind, deque[Item]] = {EnergyReport: deque(), OutageReport: deque()}
        self._held: list[Item] = []
        # two meters may report the same of the same agreement: a digest does not name its signer
        self._items: dict[tuple[bytes, bytes], Item] = {}
        self._tracks: dict[Track, deque[Item]] = {}
        self._devices: dict[bytes, int] = {}
        self._changed = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._moved_at = clock()  # when a message was last done with, or came into an empty queue
        self.hurry = False  # a draining relayer waits for no company

    def __len__(self) -> int:
        return len(self._items)

    def holds(self, verified: Verified) -> bool:
        return verified.identity in self._items

    def expected(self, track: Track, next_on_chain: int) -> int:
        """Return the interval a new report must start with, after those already in memory."""
        items = self._tracks.get(track)
        return max(next_on_chain, items[-1].verified.end) if items else next_on_chain

    def leads(self, item: Item) -> bool:
        """Tell whether no earlier report of the same track is in memory."""
        items = self._tracks.get(item.track)
        return items is None or items[0] is item

    def put(self, verified: Verified, ends_at_s: int = 0) -> None:
        """Accept a message; raises QueueFull or TooManyInFlight."""
        if len(self._items) >= self._size:
            raise QueueFull("The relayer holds as many messages as it can; send again later.")
        count = self._devices.get(verified.device, 0)
        if count >= self._device_limit:
            raise TooManyInFlight(
                f"This meter has {count} messages on their way; send again when they have landed."
            )
        item = Item(verified, self._clock(), ends_at_s)
        if not self._items:
            self._moved_at = item.queued_at
        self._devices[verified.device] = count + 1
        self._items[verified.identity] = item
        if verified.kind is EnergyReport:
            track = self._tracks.setdefault(item.track, deque())
            if track:
                item.previous = track[-1]
            track.append(item)
        waiting = self._waiting[verified.kind]
        waiting.append(item)
        self._empty.clear()
        if (
            len(waiting) == 1 or len(waiting) % self._batch_size == 0
        ):  # in between the lane would wake for nothing
            self._changed.set()

    async def take(self, batches: int = 1) -> list[Item]:
        """Return what goes into so many batches, of one kind, once they are full or the window has passed.

        The window begins with the first message that waits.
        """
        while True:
            heads = [items for items in self._waiting.values() if items]
            if heads:
                waiting = min(heads, key=lambda items: items[0].queued_at)
                rest_s = waiting[0].queued_at + self._window_s - self._clock()
                if self.hurry or rest_s <= 0 or len(waiting) >= self._batch_size * batches:
                    return self._cut(waiting, batches)
            else:
                rest_s = None
            self._changed.clear()
            try:
                async with asyncio.timeout(rest_s):
                    await self._changed.wait()
            except TimeoutError:
                pass

    def _cut(self, waiting: deque[Item], batches: int) -> list[Item]:
        taken: list[Item] = []
        for batch in islice(self.split(waiting), batches):
            taken += batch
        for item in taken:
            waiting.popleft()
            item.place = Place.TAKEN
        return taken

    def split(self, items: Iterable[Item]) -> Iterator[list[Item]]:
        """Cut items of one kind, in their order, into what one transaction carries.

        What failed before goes in ever smaller batches, so that one message can't take the others with it.
        """
        batch: list[Item] = []
        gas_left = room = self._batch_gas - gas.of_batch(())
        for item in items:
            needed = gas.of_message(item.verified)
            if batch and (len(batch) >= self._batch_size >> batch[0].tries or gas_left < needed):
                yield batch
                batch, gas_left = [], room
            batch.append(item)
            gas_left -= needed
        if batch:
            yield batch

    def put_back(self, items: Iterable[Item]) -> None:
        """Let taken items wait again, before all others and in their order."""
        self._wait_first(
            [
                item
                for item in items
                if item.place is Place.TAKEN and self._items.get(item.verified.identity) is item
            ]
        )

    def hold(self, item: Item) -> None:
        item.place = Place.HELD
        self._held.append(item)

    def unhold(self) -> None:
        """Let held items wait again: something was mined, or given up."""
        held, self._held = self._held, []
        self._wait_first(held)

    def _wait_first(self, items: list[Item]) -> None:
        for item in reversed(items):
            item.place = Place.WAITING
            self._waiting[item.verified.kind].appendleft(item)
        if items:
            self._changed.set()

    def release(self, item: Item) -> None:
        """Forget an item: it is on chain, or the contract will not have it."""
        if self._items.pop(item.verified.identity, None) is None:
            return
        item.place, item.previous = Place.GONE, None
        device = item.verified.device
        self._devices[device] -= 1
        if not self._devices[device]:
            del self._devices[device]
        items = self._tracks.get(item.track)
        if items is not None and item.verified.kind is EnergyReport:
            items.remove(item)
            if not items:
                del self._tracks[item.track]
        self._moved_at = self._clock()
        if not self._items:
            self._empty.set()

    async def empty(self) -> None:
        """Return when nothing is left in memory; from now on batches don't wait for company."""
        self.hurry = True
        self._changed.set()
        await self._empty.wait()

    def waiting(self) -> int:
        return sum(1 for _ in chain(*self._waiting.values(), self._held))

    def still_s(self) -> float:
        """Return for how long no message was done with, though there are some."""
        return self._clock() - self._moved_at if self._items else 0.0

    def oldest_s(self) -> float:
        """Return for how long the oldest message has been in memory."""
        oldest = next(iter(self._items.values()), None)
        return self._clock() - oldest.queued_at if oldest is not None else 0.0
