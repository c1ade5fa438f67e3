# SPDX-License-Identifier: Apache-2.0
"""Survive one's own faults: count starts that did not last, keep the last crashes, and stop trying in a circle.

A start that lasts STABLE_S is a good one. After MOST_CRASHES starts in a row that did not last, save those after a loss
of power, the meter is not started: the serial line is free for SAFE_MODE_S, then one more start is tried.
"""

import gc
import os
import sys

STABLE_S = 600
MOST_CRASHES = 5
SAFE_MODE_S = 900
LOG_BYTES = 4_096  # of each of two files; the older one goes

_COUNT = "starts"
_LOG = "crash.log"
_OLD_LOG = "crash.old.log"


class SetupError(ValueError):
    """The meter can't start before a person does something; the sentence says what."""


class Life:
    """The count and the log, in files of a directory."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def begin(self, power_came: bool) -> bool:
        """Count this start; return False if the meter must stay off. A loss of power is nobody's fault."""
        crashes = 0 if power_came else self.crashes()
        if crashes >= MOST_CRASHES:
            self._write(MOST_CRASHES - 1)  # after the pause, one more start is tried
            return False
        self._write(crashes + 1)
        return True

    def lasted(self) -> None:
        """Call once the meter has run for STABLE_S."""
        self._write(0)

    def crashes(self) -> int:
        """Return the starts in a row that did not last; 0 if nobody can read it."""
        try:
            with open(f"{self._directory}/{_COUNT}") as file:
                return int(file.read(8))
        except (OSError, ValueError):
            return 0

    def note(self, error: BaseException, unix_s: int) -> None:
        """Append a crash with its traceback to the log."""
        path = f"{self._directory}/{_LOG}"
        try:
            if os.stat(path)[6] > LOG_BYTES:
                os.rename(path, f"{self._directory}/{_OLD_LOG}")
        except OSError:
            pass  # the first crash
        with open(path, "a") as file:
            file.write(f"at {unix_s}\n")
            if hasattr(sys, "print_exception"):
                sys.print_exception(error, file)
            else:
                file.write(f"{error!r}\n")

    def _write(self, count: int) -> None:
        with open(f"{self._directory}/{_COUNT}", "w") as file:
            file.write(str(count))


def ram_free() -> int:
    """Return the free bytes of the heap after a collection; -1 where nobody can say (CPython)."""
    gc.collect()
    return gc.mem_free() if hasattr(gc, "mem_free") else -1
