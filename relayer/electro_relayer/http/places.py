# SPDX-License-Identifier: Apache-2.0
"""Share the connections that there may be among those who connect, and say whose gives way to one more.

Where all places are taken, one more takes the place of another:

- who has as many as anybody, and more than one, gets one of his own that is silent;
- where somebody has two more than who comes, that one's longest silent connection gives way, even if it is busy;
- else the one gives way that is silent for longest.

Silent is whose last request is more than a second ago and was answered, has not come whole, or has an answer that is
not read: who holds connections open, sends byte by byte, or reads nothing, keeps nobody out, and who has many and keeps
all of them busy only himself. A trusted proxy speaks for many: its connections are nobody's share.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import islice
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SILENT_S = 1.0  # a connection without a new request for so long may have to make place
MOST_BUSY = 64  # silent ones looked at: those before them wait for an answer of ours


class Conversation(Protocol):
    """A connection as it is seen from here; `address` is None of a trusted proxy's."""

    address: str | None
    heard_at: float

    @property
    def waits_for_an_answer(self) -> bool: ...

    def end(self) -> None: ...


class Places:
    """Open connections, all and each address' own, the longest silent first."""

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self._limit, self._clock = limit, clock
        self._open: OrderedDict[Conversation, None] = OrderedDict()
        self._of: dict[str, OrderedDict[Conversation, None]] = {}
        self._having: dict[int, dict[str, None]] = {}  # the addresses with so many
        self.most = 0  # connections that one address has

    def __len__(self) -> int:
        return len(self._open)

    def hear(self, conversation: Conversation) -> None:
        """Note that a connection was made, or the head of a request has come."""
        conversation.heard_at = self._clock()
        address = conversation.address
        if conversation not in self._open:
            self._open[conversation] = None
            if address is not None:
                self._of.setdefault(address, OrderedDict())[conversation] = None
                self._count(address, len(self._of[address]) - 1, len(self._of[address]))
            return
        self._open.move_to_end(conversation)
        if address is not None:
            self._of[address].move_to_end(conversation)

    def forget(self, conversation: Conversation) -> None:
        """Let a connection go that has ended."""
        address = conversation.address
        if self._open.pop(conversation, self) is self or address is None:
            return
        its = self._of[address]
        del its[conversation]
        self._count(address, len(its) + 1, len(its))
        if not its:
            del self._of[address]

    def make_room(self, address: str | None) -> bool:
        """Return whether one more may come from an address; may end another."""
        if len(self._open) < self._limit:
            return True
        mine = len(self._of.get(address, ())) if address is not None else 0
        if 1 < mine == self.most:
            assert address is not None
            ended = self._silent(self._of[address])
        elif self.most > mine + 1:
            ended = self._idle(self._of[next(iter(self._having[self.most]))])
        else:
            ended = self._silent(self._open)
        if ended is None:
            return False
        self.forget(ended)
        ended.end()
        return True

    def _silent(self, longest_first: Iterable[Conversation]) -> Conversation | None:
        latest = self._clock() - SILENT_S
        for conversation in islice(longest_first, MOST_BUSY):
            if conversation.heard_at > latest:
                return None
            if not conversation.waits_for_an_answer:
                return conversation
        return None

    @staticmethod
    def _idle(longest_first: Iterable[Conversation]) -> Conversation:
        looked_at = list(islice(longest_first, MOST_BUSY))
        return next((each for each in looked_at if not each.waits_for_an_answer), looked_at[0])

    def _count(self, address: str, before: int, now: int) -> None:
        """Note that an address has one more or one fewer."""
        if before:
            del self._having[before][address]
            if not self._having[before]:
                del self._having[before]
        if now:
            self._having.setdefault(now, {})[address] = None
        self.most = max(self.most, now) if self._having.get(self.most) else now
