# SPDX-License-Identifier: Apache-2.0
"""Keep the free memory in few pieces, and collect at chosen moments: between stretches, never in one.

Code that is needed once, or now and then, is imported when it is, and forgotten: a chip's memory holds a meter, or a
meter at its start, or one that signs, not all of them. Frozen into the firmware it takes little, and stays.

What is allocated while the heap is full of garbage lies scattered when that is gone, and then a kilobyte in one piece
is nowhere to be had, though a quarter of the heap may be free. So the start and each exchange with a relayer run with
a collection after every few kilobytes. Measuring collects between two stretches once half of what was free is gone; in
between boot.py's limit holds, which is not reached then.

With PSRAM there is room for all of it at once, and a collection, or only to ask what is free, takes long: there nothing
is forgotten, and measuring alone collects.
"""

import gc
import os
import sys

from .world import NO_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

START_BYTES = 2_048
EXCHANGE_BYTES = 4_096
# What only signing needs. The loops in machine code stay.
ARITHMETIC = (
    "electro_protocol.secp256k1",
    "electro_protocol.comb",
    "electro_protocol.curve",
    "electro_protocol.table",
    "electro_protocol._fast",
)
PSRAM_BYTES = 1_000_000  # of heap: no chip has it without
_FROZEN_TIMES = 4  # so many times as seldom: what is frozen makes no modules in between
_LOOK_EVERY = 8  # stretches, with PSRAM: they allocate a small part of it


def _is_short() -> bool:
    """Return whether memory is short; CPython counts objects, and others in the process have far more of them."""
    collector: "Any" = gc
    return hasattr(collector, "mem_free") and collector.mem_free() + collector.mem_alloc() < PSRAM_BYTES


short = _is_short()


def _is_frozen() -> bool:
    """Return whether this is in the firmware: then no file has it."""
    try:
        os.stat(__file__)
    except OSError as error:
        return error.errno in NO_FILE
    return False


frozen = _is_frozen()


def collect_every(count: int) -> int:
    """Collect now and after each so many bytes; return what was in force, for `collect_as`."""
    if not short:
        return 0
    collector: "Any" = gc
    gc.collect()
    before: int = collector.threshold()
    collector.threshold(_FROZEN_TIMES * count if frozen else count)
    return before


def collect_as(before: int) -> None:
    """Collect as seldom as before `collect_every`."""
    collector: "Any" = gc
    if short:
        collector.threshold(before)


_half = 0  # of what was free after the last collection of `collect_when_due`
_looks = 0


def collect_when_due() -> None:
    """Collect if half of the free memory is gone; call it where a gap of some milliseconds does no harm."""
    global _half, _looks
    collector: "Any" = gc
    _looks += 1
    if not hasattr(collector, "mem_free") or (not short and _looks % _LOOK_EVERY):
        return
    if collector.mem_free() < _half:
        gc.collect()
        _half = 0
    if not _half:
        _half = collector.mem_free() // 2


def ram_free() -> int:
    """Return the free bytes of the heap after a collection; -1 where nobody can say (CPython)."""
    gc.collect()
    return gc.mem_free() if hasattr(gc, "mem_free") else -1


def make_room() -> None:
    """Collect before modules are imported for a while, so that they lie together, and leave one hole."""
    if short:
        gc.collect()


def let_go(*_nothing: None) -> None:
    """Be called with a few arguments: in a coroutine they take the places where what it awaited is still found.

    A coroutine that is over is kept by asyncio for a while, and with it what its frame names: whole modules, if it
    awaited theirs. Call it last, and delete the names before.
    """


def forget_modules(names: "tuple[str, ...]", for_good: bool = False) -> None:
    """Let go of modules that are not needed for a while, where memory is short; whoever needs one imports it anew.

    None with native code: that is freed by a reset alone. Frozen ones only for good: they take little, and what they
    make anew finds no place in what others leave of the heap.
    """
    if not short or (frozen and not for_good):
        return
    for name in names:
        sys.modules.pop(name, None)
        package, _, module = name.rpartition(".")
        if package in sys.modules and hasattr(sys.modules[package], module):
            delattr(sys.modules[package], module)
