# SPDX-License-Identifier: Apache-2.0
"""End a simulated block where a Board would: when the voltage has stayed flat."""

from electro_meter.world import FLAT_US, LEAST_SPAN_US, Board

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array


def watch(board: Board, times_us: "array[int]", volts: "array[int]", count: int) -> int:
    """Return how many samples the Board would have taken, and leave in it how long it had been flat."""
    flat_from, flat_to = board.flat_from, board.flat_to
    if flat_from >= flat_to or not count:
        board.flat_us = 0
        return count
    alive_us = -min(board.flat_us, FLAT_US - LEAST_SPAN_US)  # what the last block ended with goes on
    t = 0
    alone = False
    taken = count
    for k in range(count):
        t = times_us[k]
        if t - alive_us > FLAT_US:
            taken = max(k, 1)
            break
        if flat_from < volts[k] < flat_to:
            alone = False
        elif alone:
            alive_us = t
        else:
            alone = True
    board.flat_us = min(t - alive_us, FLAT_US)
    return taken
