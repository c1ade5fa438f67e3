# SPDX-License-Identifier: Apache-2.0
"""Keep one meter or one sender from using up what is there for all: messages a second, gas a day, strangers a second.

What turns out to be no work of theirs is given back. Who was longest silent is forgotten first: a full bucket says
nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from electro_relayer.errors import GasBudgetSpent, TooManyMessages, TooManyReceipts, TooManyStrangers

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from electro_relayer.errors import Refusal

DAY_S = 86_400.0
MAX_REMEMBERED = 50_000


def _too_many_messages(rate: float) -> Refusal:
    return TooManyMessages(f"This meter may send {rate:g} messages a second; send again later.")


def too_many_strangers(rate: float) -> Refusal:
    return TooManyStrangers(
        f"From here come more than {rate:g} signers and addresses a second that the contract does not know; "
        "send again later."
    )


def too_many_receipts(rate: float) -> Refusal:
    return TooManyReceipts(
        f"From here come more than {rate:g} meters a second for receipts; ask again later."
    )


class Buckets:
    """A token bucket for each key: `burst` at once, `rate` a second in the long run; rate 0: no limit."""

    def __init__(
        self,
        rate: float,
        burst: int,
        clock: Callable[[], float],
        *,
        limit: int = MAX_REMEMBERED,
        refusal: Callable[[float], Refusal] = _too_many_messages,
    ) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._limit, self._refusal = limit, refusal
        self._levels: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, key: Hashable) -> None:
        """Take a token; raises the refusal if there is none."""
        if not self._rate:
            return
        now = self._clock()
        level, at = self._levels.get(key, (float(self._burst), now))
        level = min(self._burst, level + (now - at) * self._rate)
        if level < 1:
            raise self._refusal(self._rate)
        self._levels[key] = (level - 1, now)
        self._levels.move_to_end(key)
        if len(self._levels) > self._limit:
            self._levels.popitem(last=False)

    def charge(self, key: Hashable, tokens: int) -> None:
        """Take more of one who had a token, for work that turned out to be much; the rest is owed."""
        if key in self._levels:
            level, at = self._levels[key]
            self._levels[key] = (level - tokens, at)

    def give_back(self, key: Hashable) -> None:
        """Give a token back that was taken for nothing."""
        if key in self._levels:
            level, at = self._levels[key]
            self._levels[key] = (level + 1, at)


class Budgets:
    """Gas that each meter's messages may need a day, by the bound of their cost; 0: no limit."""

    def __init__(self, gas_per_day: int, clock: Callable[[], float], *, limit: int = MAX_REMEMBERED) -> None:
        self._gas_per_day, self._clock, self._limit = gas_per_day, clock, limit
        self._spent: OrderedDict[bytes, int] = OrderedDict()  # only enrolled meters get in here
        self._since = clock()

    def promise(self, device: bytes, gas: int) -> None:
        """Count the gas of a message about to be queued; raises GasBudgetSpent."""
        if not self._gas_per_day:
            return
        if self._clock() - self._since >= DAY_S:
            self._spent.clear()
            self._since = self._clock()
        spent = self._spent.get(device, 0) + gas
        if spent > self._gas_per_day:
            raise GasBudgetSpent("This meter's messages have used the gas of a day; send again tomorrow.")
        self._spent[device] = spent
        self._spent.move_to_end(device)
        if len(self._spent) > self._limit:
            self._spent.popitem(last=False)

    def give_back(self, device: bytes, gas: int) -> None:
        """Take a promise back: the message was not queued."""
        if device in self._spent:
            self._spent[device] -= gas
