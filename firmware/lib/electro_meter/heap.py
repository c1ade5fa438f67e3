# SPDX-License-Identifier: Apache-2.0
"""Keep the free memory in few pieces: where much is made and some of it stays, collect often.

What is allocated while the heap is full of garbage lies scattered when that is gone, and then a kilobyte in one piece
is nowhere to be had, though a quarter of the heap may be free. So the start and each exchange with a relayer run with a
collection after every few kilobytes, or a sixteenth of what is free where that is more: with PSRAM there is room, and a
collection takes long. In between boot.py's limit holds.
"""

import gc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

START_BYTES = 2_048
EXCHANGE_BYTES = 4_096
_PART = 16


def collect_every(count: int) -> int:
    """Collect now and after each so many bytes at least; return what was in force, for `collect_as`."""
    gc.collect()
    collector: "Any" = gc
    if not hasattr(collector, "mem_free"):
        return 0  # CPython counts objects
    before: int = collector.threshold()
    collector.threshold(max(count, collector.mem_free() // _PART))
    return before


def collect_as(before: int) -> None:
    """Collect as seldom as before `collect_every`."""
    collector: "Any" = gc
    if hasattr(collector, "mem_free"):
        collector.threshold(before)
