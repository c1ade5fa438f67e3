# SPDX-License-Identifier: Apache-2.0
"""Keep one meter from using up what is there for all: messages a second, and gas a day."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from electro_relayer.errors import GasBudgetSpent, TooManyMessages

if TYPE_CHECKING:
    from collections.abc import Callable

DAY_S = 86_400.0
MAX_REMEMBERED = 50_000  # buckets; a full one says nothing, so the longest unused go first


class Buckets:
    """A token bucket for each meter: `burst` messages at once, `rate` a second in the long run; rate 0: no limit."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float]) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._levels: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def take(self, device: bytes) -> None:
        """Count a message; raises TooManyMessages."""
        if not self._rate:
            return
        now = self._clock()
        level, at = self._levels.get(device, (float(self._burst), now))
        level = min(self._burst, level + (now - at) * self._rate)
        if level < 1:
            raise TooManyMessages(f"This meter may send {self._rate:g} messages a second; send again later.")
        self._levels[device] = (level - 1, now)
        self._levels.move_to_end(device)
        if len(self._levels) > MAX_REMEMBERED:
            self._levels.popitem(last=False)


class Budgets:
    """Gas that each meter's messages may be promised a day, by the bound of their cost; 0: no limit."""

    def __init__(self, gas_per_day: int, clock: Callable[[], float]) -> None:
        self._limit, self._clock = gas_per_day, clock
        self._spent: dict[bytes, int] = {}  # only enrolled meters get in here
        self._since = clock()

    def promise(self, device: bytes, gas: int) -> None:
        """Count the gas of a message about to be queued; raises GasBudgetSpent."""
        if not self._limit:
            return
        if self._clock() - self._since >= DAY_S:
            self._spent.clear()
            self._since = self._clock()
        spent = self._spent.get(device, 0) + gas
        if spent > self._limit:
            raise GasBudgetSpent("This meter's messages have used the gas of a day; send again tomorrow.")
        self._spent[device] = spent
