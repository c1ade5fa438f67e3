# SPDX-License-Identifier: Apache-2.0
"""Let time jump: the clock stands still while any task of the meter works, and leaps when all of them sleep.

A task that talks to a relayer works, however long that takes on the wall; so an exchange takes no virtual time.
"""

import asyncio

from electro_meter.world import Signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any


class _Sleeper:
    def __init__(self, wake_us: int) -> None:
        self.wake_us = wake_us
        self.event = asyncio.Event()
        self.signalled = False


class VirtualSignal(Signal):
    """A signal whose setting wakes a sleeper of the virtual clock."""

    def __init__(self, clock: "VirtualTime") -> None:
        self._clock = clock
        self._set = False
        self.sleeper: "_Sleeper | None" = None

    def set(self) -> None:
        if self.sleeper is None:
            self._set = True
        else:
            self.sleeper.signalled = True
            self._clock.wake(self.sleeper)
            self.sleeper = None

    def clear(self) -> None:
        self._set = False

    def is_set(self) -> bool:
        return self._set


class VirtualTime:
    """The clock and its sleepers; `run_until` is the only thing that moves it, save sampling, which takes its time."""

    def __init__(self, start_us: int) -> None:
        self.now_us = start_us
        self._sleepers: "list[_Sleeper]" = []
        self._working = 0
        self._all_asleep = asyncio.Event()
        self._all_asleep.set()
        self._failure: "Exception | None" = None
        self._tasks: "list[Any]" = []

    def spawn(self, task: "Coroutine[Any, Any, None]") -> None:
        self._begin_work()
        self._tasks.append(asyncio.create_task(self._watch(task)))

    async def _watch(self, task: "Coroutine[Any, Any, None]") -> None:
        """Run a task; its failure is kept for run_until, which raises it."""
        try:
            await task
        except Exception as error:  # noqa: BLE001 - raised again where somebody listens
            self._failure = error
        self._end_work()

    def stop(self) -> None:
        """End the tasks where they stand, as a reset does."""
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    def _begin_work(self) -> None:
        self._working += 1
        self._all_asleep.clear()

    def _end_work(self) -> None:
        self._working -= 1
        if self._working == 0 or self._failure is not None:
            self._all_asleep.set()

    async def sleep_until(self, wake_us: int, signal: "VirtualSignal | None" = None) -> bool:
        """Sleep; return True if the signal was set before wake_us."""
        if signal is not None and signal.is_set():
            signal.clear()
            return True
        sleeper = _Sleeper(wake_us)
        if signal is not None:
            signal.sleeper = sleeper
        self._sleepers.append(sleeper)
        self._end_work()
        await sleeper.event.wait()
        if signal is not None:
            signal.sleeper = None
        return sleeper.signalled

    def wake(self, sleeper: _Sleeper) -> None:
        self._sleepers.remove(sleeper)
        self._begin_work()
        sleeper.event.set()

    async def run_until(self, until_us: int) -> None:
        """Run the tasks up to an instant and until all of them sleep beyond it; raise what a task raised."""
        while True:
            await self._all_asleep.wait()
            if self._failure is not None:
                raise self._failure
            if not self._sleepers:
                break
            first = self._sleepers[0]
            for sleeper in self._sleepers:
                if sleeper.wake_us < first.wake_us:
                    first = sleeper
            if first.wake_us > until_us:
                break
            self.now_us = max(self.now_us, first.wake_us)
            self.wake(first)
        self.now_us = max(self.now_us, until_us)
