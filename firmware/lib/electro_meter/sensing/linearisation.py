# SPDX-License-Identifier: Apache-2.0
"""Undo the converter's curvature with a table of what it says at known voltages.

The ESP32's converter bends by up to 16 counts, most harmfully around the bias, where a small current lives: its gain
there is off by up to 10%. Every channel shares the converter, so one table serves all.
"""

from array import array

# A straightened sample counts in eighths, so that the table's steps don't round the gain that it restores.
FINE_BITS = 3
CODES = 4_096
# The table has every eighth code, 1 KB, and what lies between is interpolated (`cells.straighten`): its points are
# some 32 codes apart anyway. It cuts their corners by half a count at most, 0.08 on the average (simulated chips).
STEP_BITS = 3


def table_of(points: "list[tuple[int, int]]") -> "array[int]":
    """Return `straighten` of the points; without any the table of a converter that is believed."""
    if points:
        return straighten(points)
    return array("H", [code << FINE_BITS for code in range(0, CODES + 1, 1 << STEP_BITS)])


def straighten(points: "list[tuple[int, int]]") -> "array[int]":
    """Return for every eighth code, and for the one after the last, what it should have been, in eighths of a count.

    points: (what the converter said, what was there), both in eighths, rising; between them and beyond them straight.
    Raises ValueError if they do not rise or are less than two.
    """
    if len(points) < 2:
        raise ValueError("a linearisation needs at least two points")
    for before, after in zip(points, points[1:]):  # noqa: B905, RUF007 - MicroPython has neither strict= nor pairwise
        if before[0] >= after[0] or before[1] >= after[1]:
            raise ValueError("the points of a linearisation must rise")
    most = (CODES << FINE_BITS) - 1
    table = array("H", range((CODES >> STEP_BITS) + 1))
    segment = 0
    for k in range(len(table)):
        said = k << STEP_BITS + FINE_BITS
        while segment < len(points) - 2 and said >= points[segment + 1][0]:
            segment += 1
        x0, y0 = points[segment]
        x1, y1 = points[segment + 1]
        table[k] = min(max(y0 + (2 * (said - x0) * (y1 - y0) + x1 - x0) // (2 * (x1 - x0)), 0), most)
    return table
