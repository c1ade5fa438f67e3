# SPDX-License-Identifier: Apache-2.0
"""Take blocks of timestamped voltage and current pairs into arrays that are allocated once."""

from array import array

from .world import Board

# Ten cycles at 50 Hz last 200 ms (twelve at 60 Hz the same: IEC 61000-4-30, 10/12-cycle window); one cycle more
# is needed to be sure to hold both edges, and 2 ms for a mains frequency of 49.5 Hz.
BLOCK_US = 224_000
# Three cycles at 45 Hz: enough to tell whether voltage is there.
GLANCE_US = 66_000
# A pair takes 200 µs or more from MicroPython (35–95 µs a read), so a block never fills this.
CAPACITY = 1_200


class Sampler:
    """Own the sample arrays, and know when the block in them began."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.times_us = array("i", [0] * CAPACITY)
        self.volts = array("H", [0] * CAPACITY)
        self.amps = array("H", [0] * CAPACITY)
        self.count = 0
        self.start_us = 0  # unix
        self.skew_us = board.skew_us

    def take(self, span_us: int) -> int:
        """Sample for span_us and return the number of pairs."""
        self.start_us = self._board.unix_us()
        self.count = self._board.sample(self.times_us, self.volts, self.amps, span_us)
        return self.count

    def take_grid(self) -> int:
        """Sample the voltage on the grid side into `volts`; return 0 if there is no such input."""
        self.start_us = self._board.unix_us()
        self.count = self._board.sample_grid(self.times_us, self.volts, GLANCE_US)
        return self.count

    def end_us(self) -> int:
        """Return the unix time of the block's last sample."""
        return self.start_us + self.times_us[self.count - 1] if self.count else self.start_us
