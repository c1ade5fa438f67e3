# SPDX-License-Identifier: Apache-2.0
"""Open the rings in a folder and read a day of their oldest records; print one JSON object."""

import gc
import json
import sys
import time

from electro_meter.account.journal import BASE_FILES, BASE_SLOTS, OUTAGE_FILES, OUTAGE_SLOTS, Ring

gc.collect()
before = gc.mem_alloc()
started = time.ticks_ms()
ring = Ring(sys.argv[1], ".base", BASE_SLOTS, BASE_FILES)
outages = Ring(sys.argv[1], ".out", OUTAGE_SLOTS, OUTAGE_FILES)
opened = time.ticks_ms()
gc.collect()
kept = gc.mem_alloc() - before
first = ring.read(ring.oldest())[3]
found = 0
began = time.ticks_ms()
for number in range(first + 1, first + 289):
    found += ring.find(number) >= 0
print(
    json.dumps(
        {
            "open_s": time.ticks_diff(opened, started) / 1000,
            "rings_bytes": kept,
            "skipped": ring.skipped + outages.skipped,
            "a_day_of_the_oldest_s": time.ticks_diff(time.ticks_ms(), began) / 1000,
            "found": found,
        }
    )
)
