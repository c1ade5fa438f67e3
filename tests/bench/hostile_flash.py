# SPDX-License-Identifier: Apache-2.0
"""Who is in what mood when, and a flash that fails by its mood, whatever of it the meter touches."""

from __future__ import annotations

import builtins
import os
import random
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from electro_meter.account.snapshot import NAME as REGISTERS
from electro_tools.grid.board import SimulatedBoard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HONEST = 0.45  # of the time of each source, server and of the flash, before FINAL
LEAST_MOOD_S, MOST_MOOD_S = 120, 5_400
_FLASH_MOODS = ("full", "broken", "unreadable", "nameless", "late")


class Moods:
    """Who is in what mood when."""

    def __init__(self, seed: int, begin_s: int, final_s: int) -> None:
        self._seed = seed
        self._begin_s = begin_s
        self._final_s = final_s
        self._now: dict[str, tuple[str, int]] = {}
        self._chance: dict[str, random.Random] = {}
        self.changes = 0

    def of(self, who: str, moods: tuple[str, ...], now_s: int) -> str:
        """Return "" for honest, or one of the moods; from final_s on everybody is honest."""
        if now_s >= self._final_s:
            return ""
        chance = self._chance.setdefault(who, random.Random(f"{self._seed} {who}"))
        mood, until_s = self._now.get(who, ("", self._begin_s))
        while now_s >= until_s:
            mood = "" if chance.random() < HONEST else chance.choice(moods)
            until_s += chance.randint(LEAST_MOOD_S, MOST_MOOD_S)
            self.changes += 1
        self._now[who] = mood, until_s
        return mood


class HostileFlash(SimulatedBoard):
    """A simulated Board with such a flash; `moods` are set once they are there."""

    moods: Moods
    lied: dict[str, int]  # what was done to the meter, how often

    @property
    def now_s(self) -> int:
        return self.time.now_us // 1_000_000

    def suffer(self, what: str) -> str:
        """Count what is done to the meter, if it is anything."""
        if what:
            self.lied[what] = self.lied.get(what, 0) + 1
        return what

    def flash_mood(self) -> str:
        return self.moods.of("flash", _FLASH_MOODS, self.now_s)

    @contextmanager
    def failing_flash(self) -> Iterator[None]:
        """Have files in the meter's folder fail as its flash does."""
        real = {(os, name): getattr(os, name) for name in ("listdir", "stat", "remove", "rename")}
        real[builtins, "open"] = builtins.open

        def failing(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
            def instead(path: Any, *arguments: Any, **more: Any) -> Any:
                if not isinstance(path, str) or not path.startswith(self.directory):
                    return function(path, *arguments, **more)
                opens = name == "open"
                mode = arguments[0] if opens and arguments else "r"
                return self._touch(name, any(c in mode for c in "wa+")) or function(path, *arguments)

            return instead

        for (owner, name), function in real.items():
            setattr(owner, name, failing(name, function))
        try:
            yield
        finally:
            for (owner, name), function in real.items():
                setattr(owner, name, function)

    def _touch(self, name: str, writes: bool) -> _Late | None:
        """Fail as the flash does now, or return a file that will."""
        mood = self.flash_mood()
        reads = name == "open" and not writes
        writes = writes or name == "rename"
        fails = {
            "full": writes,
            "broken": True,
            "unreadable": reads,
            "nameless": reads or name in ("listdir", "stat"),
            "late": writes,
        }
        if not fails.get(mood):
            return None
        self.suffer(f"flash {mood}")
        if mood == "late" and name == "open":
            return _Late()
        raise OSError(5 if mood == "broken" or not writes else 28, mood)

    def load_blob(self, name: str) -> bytes | None:
        """Return a blob; only the registers, as without its key and what updates it no meter starts."""
        if name == REGISTERS and self.flash_mood() in ("broken", "unreadable", "nameless"):
            raise OSError(5, "NVS can't be read")
        return super().load_blob(name)

    def store_blob(self, name: str, content: bytes) -> None:
        if self.flash_mood() in ("full", "broken"):
            raise OSError(28, "NVS is full")
        super().store_blob(name, content)


class _Late:
    """A file that takes nothing of what is written; as littlefs does, what was there stays then."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass  # nothing was written

    close = __exit__

    def seek(self, _: int) -> None:
        pass  # to where nothing goes

    def write(self, _: bytes) -> None:
        raise OSError(28, "late")
