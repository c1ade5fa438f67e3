# SPDX-License-Identifier: Apache-2.0
"""Hold accepted messages in memory, in order, until they are mined or dropped, and cut them into batches.

The queue is all the relayer remembers; `item` draws the places of a message in it. Several batches are taken at once,
since they share one check: some nodes make the pending block anew for each.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from itertools import count, islice
from typing import TYPE_CHECKING

from electro_protocol.messages import EnergyReport, OutageReport, SealedReport
from electro_relayer.errors import QueueFull, TooManyInFlight
from electro_relayer.paying import gas
from electro_relayer.paying.item import Item, Kind, Place, Track

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from electro_relayer.incoming.intake import Verified

# An item held for the report before it is looked at again after so long, whatever was overlooked.
BEHIND_S = 5.0


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
        self._waiting: dict[Kind, deque[Item]] = {
            kind: deque() for kind in (EnergyReport, SealedReport, OutageReport)
        }
        self._alarms: list[tuple[float, int, Item]] = []  # a heap of held items by the moment they wake
        self._behind: dict[Track, dict[Item, None]] = {}  # held for an earlier report of their track
        self._numbers = count()
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

    def put(self, verified: Verified, gas: int, due_s: int = 0) -> None:
        """Accept a message; raises QueueFull or TooManyInFlight."""
        if len(self._items) >= self._size:
            raise QueueFull("The relayer holds as many messages as it can; send again later.")
        count = self._devices.get(verified.device, 0)
        if count >= self._device_limit:
            raise TooManyInFlight(
                f"This meter has {count} messages on their way; send again when they have landed."
            )
        item = Item(verified, gas, self._clock(), due_s)
        if not self._items:
            self._moved_at = item.queued_at
        self._devices[verified.device] = count + 1
        self._items[verified.identity] = item
        if verified.is_report:
            track = self._tracks.setdefault(item.track, deque())
            if track:
                item.previous = track[-1]
            track.append(item)
        waiting = self._waiting[verified.kind]
        waiting.append(item)
        self._empty.clear()
        if len(waiting) == 1 or len(waiting) % self._batch_size == 0:  # else it would wake for nothing
            self._changed.set()

    async def take(self, batches: int = 1) -> list[Item]:
        """Return what goes into so many batches, of one kind, once they are full or the window has passed.

        The window begins with the first message that waits.
        """
        while True:
            self._wake_due()
            heads = [items for items in self._waiting.values() if items]
            now = self._clock()
            rest_s = self._alarms[0][0] - now if self._alarms else None
            if heads:
                waiting = min(heads, key=lambda items: items[0].queued_at)
                window_s = waiting[0].queued_at + self._window_s - now
                if self.hurry or window_s <= 0 or len(waiting) >= self._batch_size * batches:
                    taken = self._cut(waiting, batches)
                    if taken:
                        return taken
                    continue
                rest_s = window_s if rest_s is None else min(rest_s, window_s)
            self._changed.clear()
            try:
                async with asyncio.timeout(rest_s):
                    await self._changed.wait()
            except TimeoutError:
                pass

    def _cut(self, waiting: deque[Item], batches: int) -> list[Item]:
        taken: list[Item] = []
        for batch in islice(self.split(item for item in waiting if item.place is Place.WAITING), batches):
            taken += batch
        left = len(taken)
        while waiting and (left or waiting[0].place is not Place.WAITING):
            left -= waiting.popleft().place is Place.WAITING
        for item in taken:
            item.place = Place.TAKEN
        return taken

    def split(self, items: Iterable[Item]) -> Iterator[list[Item]]:
        """Cut items of one kind, in their order, into what one transaction carries."""
        batch: list[Item] = []
        most = self._batch_size
        gas_left = room = self._batch_gas - gas.BATCH
        for item in items:
            if batch and (len(batch) >= min(most, item.company) or gas_left < item.gas):
                yield batch
                batch, most, gas_left = [], self._batch_size, room
            batch.append(item)
            most = min(most, item.company)
            gas_left -= item.gas
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

    def hold(self, item: Item, for_s: float) -> None:
        """Let an item that was taken wait for a while, and others go before it."""
        item.place, item.wake_at = Place.HELD, self._clock() + for_s
        heapq.heappush(self._alarms, (item.wake_at, next(self._numbers), item))
        self._changed.set()

    def hold_behind(self, item: Item) -> None:
        """Hold a report until something becomes of those before it in its track."""
        self._behind.setdefault(item.track, {})[item] = None
        self.hold(item, BEHIND_S)

    def wake(self, items: Iterable[Item]) -> None:
        """Let those wait again that are held behind any of these: something became of it."""
        if self._behind:
            for track in {item.track for item in items}:
                held = self._behind.pop(track, {})
                self._wait_first([item for item in held if item.place is Place.HELD])

    def _wake_due(self) -> None:
        due = []
        now = self._clock()
        while self._alarms and (
            self._alarms[0][0] <= now
            or self._alarms[0][2].place is not Place.HELD
            or self._alarms[0][2].wake_at != self._alarms[0][0]
        ):
            at, _, item = heapq.heappop(self._alarms)
            if item.place is Place.HELD and item.wake_at == at:
                due.append(item)
        suspects = [item for item in due if item.tries]
        self._wait_first([item for item in due if not item.tries])
        for item in suspects:  # those that failed alone let all others go first
            item.place = Place.WAITING
            self._waiting[item.verified.kind].append(item)

    def _wait_first(self, items: list[Item]) -> None:
        for item in reversed(items):
            item.place = Place.WAITING
            self._waiting[item.verified.kind].appendleft(item)
        if items:
            self._changed.set()

    def release(self, item: Item) -> None:
        """Forget an item: it is on chain, or nobody will have it."""
        if self._items.get(item.verified.identity) is not item:
            return
        del self._items[item.verified.identity]
        item.place, item.previous = Place.GONE, None
        device = item.verified.device
        self._devices[device] -= 1
        if not self._devices[device]:
            del self._devices[device]
        items = self._tracks.get(item.track)
        if items is not None and item.verified.is_report:
            items.remove(item)
            if not items:
                del self._tracks[item.track]
        self._moved_at = self._clock()
        self.wake((item,))
        if not self._items:
            self._empty.set()

    async def empty(self) -> None:
        """Return when nothing is left in memory; from now on batches don't wait for company."""
        self.hurry = True
        self._changed.set()
        await self._empty.wait()

    def places(self) -> dict[Place, int]:
        """Count the items in each place."""
        found = dict.fromkeys(Place, 0)
        for item in self._items.values():
            found[item.place] += 1
        return found

    def waiting(self) -> int:
        """Count the items that are in no transaction."""
        found = self.places()
        return found[Place.WAITING] + found[Place.HELD] + found[Place.TAKEN]

    def still_s(self) -> float:
        """Return for how long no message was done with, though there are some."""
        return self._clock() - self._moved_at if self._items else 0.0

    def oldest_s(self) -> float:
        """Return for how long the oldest message has been in memory."""
        oldest = next(iter(self._items.values()), None)
        return self._clock() - oldest.queued_at if oldest is not None else 0.0
