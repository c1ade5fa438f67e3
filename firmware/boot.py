# SPDX-License-Identifier: Apache-2.0
"""Run before main.py: give the garbage collector its limits while the heap is still whole."""

import gc

gc.collect()
# collect before the free part falls below a quarter: fragmentation hurts more than the collections cost
gc.threshold(gc.mem_free() // 4 + gc.mem_alloc())  # type: ignore[attr-defined]
