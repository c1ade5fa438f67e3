# SPDX-License-Identifier: Apache-2.0
"""Keep the free memory in few pieces, and collect at chosen moments: between stretches, never in one.

Code that is needed once, or now and then, is imported when it is, and forgotten: a chip's memory holds a meter, or a
meter at its start, or one that signs, not all of them.

What is allocated while the heap is full of garbage lies scattered when that is gone, and then a kilobyte in one piece
is nowhere to be had, though a quarter of the heap may be free. So the start and each exchange with a relayer run with
a collection after every few kilobytes, or a sixteenth of what is free where that is more: with PSRAM there is room,
and a collection takes long. Measuring collects between two stretches once half of what was free is gone; in between
boot.py's limit holds, which is not reached then.
"""

import gc
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

START_BYTES = 2_048
EXCHANGE_BYTES = 4_096
_PART = 16


def collect_every(count: int) -> int:
    """Collect now and after each so many bytes at least; return what was in force, for `collect_as`."""
    collector: "Any" = gc
    if not hasattr(collector, "mem_free"):
        return 0  # CPython counts objects; there is room, and others in the process have far more of them
    gc.collect()
    before: int = collector.threshold()
    collector.threshold(max(count, collector.mem_free() // _PART))
    return before


def collect_as(before: int) -> None:
    """Collect as seldom as before `collect_every`."""
    collector: "Any" = gc
    if hasattr(collector, "mem_free"):
        collector.threshold(before)


_half = 0  # of what was free after the last collection of `collect_when_due`


def collect_when_due() -> None:
    """Collect if half of the free memory is gone; call it where a gap of some milliseconds does no harm."""
    global _half
    collector: "Any" = gc
    if hasattr(collector, "mem_free") and collector.mem_free() < _half:
        gc.collect()
        _half = 0
    if not _half and hasattr(collector, "mem_free"):
        _half = collector.mem_free() // 2


def ram_free() -> int:
    """Return the free bytes of the heap after a collection; -1 where nobody can say (CPython)."""
    gc.collect()
    return gc.mem_free() if hasattr(gc, "mem_free") else -1


def make_room() -> None:
    """Collect before modules are imported for a while, so that they lie together, and leave one hole."""
    if hasattr(gc, "mem_free"):
        gc.collect()


def let_go(*_nothing: None) -> None:
    """Be called with a few arguments: in a coroutine they take the places where what it awaited is still found.

    A coroutine that is over is kept by asyncio for a while, and with it what its frame names: whole modules, if it
    awaited theirs. Call it last, and delete the names before.
    """


def forget_modules(names: "tuple[str, ...]") -> None:
    """Let go of modules that are not needed for a while; whoever needs one imports it anew. On a chip alone.

    None with native code: that is freed by a reset alone.
    """
    if not hasattr(gc, "mem_free"):
        return  # there is room, and others in the process hold them
    for name in names:
        sys.modules.pop(name, None)
        package, _, module = name.rpartition(".")
        if package in sys.modules and hasattr(sys.modules[package], module):
            delattr(sys.modules[package], module)
