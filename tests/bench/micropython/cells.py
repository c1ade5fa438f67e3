# SPDX-License-Identifier: Apache-2.0
"""The part of the loops' benchmark that runs in MicroPython; prints one JSON object: name → [plain µs, native µs]."""

import json
import math
import time
from array import array

from electro_meter.sensing import _cells32 as native
from electro_meter.sensing import _cells_plain as plain

RING = 128
RUN = 16  # pairs, the ring's last
ROUNDS = 100
FIRST = RING - RUN
MIDDLE = 13_000  # the bias, in eighths of a count

times = array("i", [k * 250 + k * 37 % 7 for k in range(RING)])
volts = array("H", [int(MIDDLE + 7_072 * math.sin(k * 0.0785)) for k in range(RING)])
amps = array("H", [int(MIDDLE + 6_000 * math.sin(k * 0.0785 - 1)) for k in range(RING)])
codes = array("H", [k * 32 for k in range(RING)])
table = array("H", [k * 8 for k in range(513)])  # changes nothing, so that it can be applied again

cells = array("i", [0] * 51)
cells[2], cells[3], cells[4], cells[5] = MIDDLE, MIDDLE, 95, MIDDLE - 192
cells[6], cells[7], cells[14] = 5_000, 100, 2 * times[FIRST - RUN]
pieces = array("i", [0] * 47)
pieces[2], pieces[5], pieces[11] = MIDDLE, 1_250, 0x3FFFFFFF  # nothing is remarkable


def again():
    """Go back to before the run, in the middle of a stretch."""
    cells[0], cells[1], cells[8], cells[12], cells[50] = RING, FIRST, 1, FIRST - 9, FIRST - 30
    pieces[0], pieces[1], pieces[6] = FIRST, RING, times[FIRST] + 1_000


CALLS = {
    "sum_cells": (times, volts, amps, cells),
    "follow": (times, volts, pieces),
    "straighten": (codes, codes, table, FIRST << 8 | RING),
    "squares": (volts, RING, MIDDLE),
}


def least(function, arguments, calls):
    """Return the least time of so many calls, each from the same state."""
    best = None
    for _ in range(ROUNDS):
        start = time.ticks_us()
        for _ in range(calls):
            again()
            function(*arguments)
        taken = time.ticks_diff(time.ticks_us(), start) / calls
        best = taken if best is None or taken < best else best
    return best


def nothing(a, b, c, d=0):
    pass


# what a call from bytecode takes is in both, and taken off
idle = least(nothing, CALLS["follow"], 100)
print(
    json.dumps(
        {
            name: [least(getattr(loops, name), given, 100) - idle for loops in (plain, native)]
            for name, given in CALLS.items()
        }
    )
)
