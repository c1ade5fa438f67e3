# SPDX-License-Identifier: Apache-2.0
"""Follow the chain's newest block, and tell a chain that has halted from one that has nothing to do.

Some chains make a block only when there is something to put in it: they may stand still for hours. Well-known chains
don't; whether another makes empty blocks, and how far apart its blocks are, is learnt from those that came while
somebody was looking.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LOOKED_AT = 8  # blocks that came lately, of which the chain's habits are read
EMPTY_ENOUGH = 3  # of these: one or two may be somebody's `evm_mine`
LATE = 4  # times its longest pause, and a chain that makes empty blocks has halted


class Pulse:
    """What is known of the newest block; `clock` is monotonic, `wall` the calendar's."""

    def __init__(
        self, clock: Callable[[], float], wall: Callable[[], float] = time.time, *, steady: bool = False
    ) -> None:
        self._clock, self._wall = clock, wall
        self._steady = steady  # it makes blocks at all times
        self._moved_at = clock()
        self._seen: deque[tuple[float, bool]] = deque(
            maxlen=LOOKED_AT
        )  # how long after the last, and whether empty
        self.number: int | None = None
        self._time_s = 0
        self._syncing = False

    def note(self, number: int, time_s: int, *, empty: bool, syncing: bool = False) -> None:
        """Take what the latest block says of itself, and whether the node knows of later ones."""
        now, self._time_s, self._syncing = self._clock(), time_s, syncing
        if number != self.number:
            if self.number is not None:
                self._seen.append((now - self._moved_at, empty))
            self.number, self._moved_at = number, now

    @property
    def age_s(self) -> float | None:
        """How old the newest block is by its own time."""
        return None if self.number is None else max(0.0, self._wall() - self._time_s)

    @property
    def still_s(self) -> float:
        """For how long no block came."""
        return self._clock() - self._moved_at

    def is_behind(self, limit_s: float) -> bool:
        """Tell whether the node is fetching blocks, and its newest is so old."""
        return self._syncing and (self.age_s or 0.0) > limit_s

    def has_halted(self, limit_s: float, *, awaited: bool) -> bool:
        """Tell whether no block came for so long though one was due; `awaited`: ours wait to be in one."""
        if self.number is None or self.still_s <= limit_s:
            return False
        if awaited:
            return True
        longest_s = max((pause_s for pause_s, _ in self._seen), default=0.0)
        return (self._steady or self._makes_empty_blocks()) and self.still_s > LATE * longest_s

    def _makes_empty_blocks(self) -> bool:
        return sum(empty for _, empty in self._seen) >= EMPTY_ENOUGH
