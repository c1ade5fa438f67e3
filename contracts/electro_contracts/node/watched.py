# SPDX-License-Identifier: Apache-2.0
"""Keep what was made of some files, and make it anew when one of them changes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

Read = TypeVar("Read")


class Watched(Generic[Read]):
    """Something that files hold; where the new one can't be read, half written say, the last one stays.

    Args:
        files: to watch; three looks cost ten microseconds.
        read: makes it; what it raises the first time is the caller's.
    """

    def __init__(self, files: Sequence[Path], read: Callable[[], Read]) -> None:
        self._files, self._read = files, read
        self._seen = self._looks()
        self._held = read()

    def get(self) -> Read:
        """Return it, as it is now."""
        looks = self._looks()
        if looks != self._seen:
            try:
                self._held = self._read()
            except (ValueError, OSError):
                return self._held
            self._seen = looks
        return self._held

    def _looks(self) -> list[tuple[int, int, int]]:
        found = []
        for file in self._files:
            try:
                stat = os.stat(file)  # noqa: PTH116 - follows the links of a mounted secret
            except OSError:
                continue
            found.append((stat.st_mtime_ns, stat.st_size, stat.st_ino))
        return found
