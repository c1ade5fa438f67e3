# SPDX-License-Identifier: Apache-2.0
"""Keep the tasks alive, each for itself, and say what alone may start the chip anew.

A task that fails is noted and made again after a pause; the others do not feel it. The chip is reset only

| by | when |
|---|---|
| the watchdog | no window was finished, and no pause was meant, for half a minute |
| `measuring_failed` | measuring failed three times in ten minutes |
| `radio` | six joins failed, and the radio made anew is dead |

A start that lasts STABLE_S is a good one. After MOST_STARTS in a row that did not last, save those after a loss of
power, the meter is in safe mode: it measures and keeps its journal, and talks to nobody, so that the serial line is
free. Nothing here raises for what the flash does: a full one must not reset anything.
"""

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from ..world import Board

STABLE_S = 600
MOST_STARTS = 5
SAFE_MODE_S = 900  # in safe mode, before one more start is tried
LOG_BYTES = 4_096  # of each of two files; the older one goes

_COUNT = "starts"
_LOG = "crash.log"
_OLD_LOG = "crash.old.log"
_LEAST_PAUSE_MS = 1_000
_MOST_PAUSE_MS = 60_000
_MOST_FAILURES = 3
_FAILURES_US = 600_000_000
_SAME_US = 60_000_000  # the same error is written once a minute


class Supervisor:
    """The tasks of one meter."""

    def __init__(self, board: "Board") -> None:
        self._board = board
        self.restarts: "dict[str, int]" = {}  # by task
        self.last = ""  # the last failure, for people
        self._failures: "list[int]" = []  # uptimes of measuring's
        self._written = ("", 0)

    def run(self, name: str, make: "Callable[[], Coroutine[Any, Any, None]]") -> None:
        """Run a task for ever."""
        self._board.spawn(self._keep(name, make))

    def measuring_failed(self, error: BaseException) -> None:
        """Note a failure of measuring, and start the chip anew if there were too many."""
        self.note("measuring", error)
        now_us = self._board.uptime_us()
        self._failures = [at_us for at_us in self._failures if now_us - at_us < _FAILURES_US]
        self._failures.append(now_us)
        if len(self._failures) >= _MOST_FAILURES:
            self._failures = []
            self.reset("measuring failed again and again")

    def reset(self, reason: str) -> None:
        """Start the chip anew."""
        _write(self._board.directory, f"reset: {reason}\n", None)
        self._board.reset(reason)

    def note(self, name: str, error: BaseException) -> None:
        """Write a failure down; never raises."""
        self.last = f"{name}: {error!r}"[:120]
        try:
            self._board.log(self.last)
        except Exception:  # noqa: BLE001, S110 - whatever a serial line does, the meter goes on
            pass
        now_us = self._board.uptime_us()
        if self._written[0] != self.last or now_us - self._written[1] >= _SAME_US:
            self._written = (self.last, now_us)
            _write(self._board.directory, f"{name} at {now_us // 1_000_000} s\n", error)

    async def _keep(self, name: str, make: "Callable[[], Coroutine[Any, Any, None]]") -> None:
        pause_ms = _LEAST_PAUSE_MS
        while True:
            began_us = self._board.uptime_us()
            try:
                await make()
            except Exception as error:  # noqa: BLE001 - whatever it is, the task goes on
                if isinstance(error, MemoryError):
                    gc.collect()
                self.restarts[name] = self.restarts.get(name, 0) + 1
                self.note(name, error)
            if self._board.uptime_us() - began_us > _MOST_PAUSE_MS * 1000:
                pause_ms = _LEAST_PAUSE_MS
            await self._board.sleep_ms(pause_ms)
            pause_ms = min(2 * pause_ms, _MOST_PAUSE_MS)


class Starts:
    """The count of starts that did not last, in a file."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def begin(self, power_came: bool) -> bool:
        """Count this start; return False if it is to be in safe mode. A loss of power is nobody's fault."""
        failed = 0 if power_came else self.failed()
        if failed >= MOST_STARTS:
            self._keep(MOST_STARTS - 1)  # after the pause, one more start is tried
            return False
        self._keep(failed + 1)
        return True

    def lasted(self) -> None:
        """Call once the meter has run for STABLE_S."""
        self._keep(0)

    def failed(self) -> int:
        """Return the starts in a row that did not last; 0 if nobody can read it."""
        try:
            with open(f"{self._directory}/{_COUNT}") as file:
                return int(file.read(8))
        except (OSError, ValueError):
            return 0

    def note(self, error: BaseException) -> None:
        """Write down what ended a start."""
        _write(self._directory, "start\n", error)

    def _keep(self, count: int) -> None:
        try:
            with open(f"{self._directory}/{_COUNT}", "w") as file:
                file.write(str(count))
        except OSError:
            pass  # a full flash: what is not counted resets nothing


def _write(directory: str, heading: str, error: "BaseException | None") -> None:
    """Append to the log; its size is bounded, and a flash that takes nothing is no failure."""
    path = f"{directory}/{_LOG}"
    try:
        if os.stat(path)[6] > LOG_BYTES:
            os.rename(path, f"{directory}/{_OLD_LOG}")
    except OSError:
        pass  # the first one
    try:
        with open(path, "a") as file:
            file.write(heading)
            if error is not None and hasattr(sys, "print_exception"):
                sys.print_exception(error, file)
            elif error is not None:
                file.write(repr(error) + "\n")
    except OSError:
        pass  # a full flash; the serial line has it
