# SPDX-License-Identifier: Apache-2.0
"""The part of the loops' benchmark that runs in MicroPython; prints one JSON object: name → [plain µs, native µs]."""

import json
import math
import time
from array import array

from electro_meter import _cells32 as native
from electro_meter import _cells_plain as plain

COUNT = 896  # a block of 224 ms
ROUNDS = 200
FIRST, LAST = 40, 840  # ten cycles of it
MIDDLE = 13_000  # the bias, in eighths of a count

times = array("i", [k * 250 + k * 37 % 7 for k in range(COUNT)])
volts = array("H", [int(MIDDLE + 7_072 * math.sin(k * 0.0785)) for k in range(COUNT)])
amps = array("H", [int(MIDDLE + 6_000 * math.sin(k * 0.0785 - 1)) for k in range(COUNT)])
codes = array("H", [k * 4 % 4_096 for k in range(COUNT)])
table = array("H", [k * 8 for k in range(513)])  # changes nothing, so that it can be applied again
level = array("H", [MIDDLE] * COUNT)

frame = array("i", [0, COUNT, MIDDLE, 3, 1_250, 1_250] + [0] * 39)
frame[10] = 0x3FFFFFFF  # nothing is remarkable

CALLS = {
    "sum_cells": (times, volts, amps, FIRST, LAST, FIRST - 1, 95, MIDDLE, MIDDLE),
    "squares": (volts, 0, COUNT, MIDDLE),
    "follow": (times, volts, frame),
    "straighten": (codes, table, COUNT),
    "rising": (level, 1, COUNT, MIDDLE),
    "falling": (volts, 0, COUNT, 0),
    "later": (times, 0, COUNT, times[-1]),
}


def least(function, arguments, calls):
    best = None
    for _ in range(ROUNDS):
        start = time.ticks_us()
        for _ in range(calls):
            frame[0] = 0
            frame[5] = 1_250
            function(*arguments)
        taken = time.ticks_diff(time.ticks_us(), start) / calls
        best = taken if best is None or taken < best else best
    return best


print(
    json.dumps(
        {
            name: [least(getattr(plain, name), given, 1), least(getattr(native, name), given, 5)]
            for name, given in CALLS.items()
        }
    )
)
