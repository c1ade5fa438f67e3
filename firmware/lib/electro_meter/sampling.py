# SPDX-License-Identifier: Apache-2.0
"""Take blocks of timestamped voltage and current pairs into arrays that are allocated once.

The current has up to two ranges, direct and amplified; a block has one of them, chosen by the last window's current.
A block whose amplified current hit the rails is no measurement, and the next one is direct. The bias of the current's
channel goes round eight steps, so that no ripple of the converter sits under a small current for long.
"""

from array import array

from .cells import straighten
from .linearisation import FINE_BITS
from .world import Board

# Ten cycles at 50 Hz last 200 ms (twelve at 60 Hz the same: IEC 61000-4-30, 10/12-cycle window); one cycle more
# is needed to be sure to hold both edges, and 2 ms for a mains frequency of 49.5 Hz.
BLOCK_US = 224_000
# Three cycles at 45 Hz: enough to tell whether voltage is there.
GLANCE_US = 66_000
# A pair takes 250 µs from MicroPython 1.16 on (95 µs a read): 896 in a block. A quicker chip ends it a cycle sooner.
CAPACITY = 1_000
# What a chip may work on a block before the next: a voltage that is flat on both sides of that was so in between.
_WORK_US = 100_000
# Up and down without a leap: a step takes tenths of a second to settle, and what of it a block feels is small.
_BIAS_STEPS = (0, 2, 4, 6, 7, 5, 3, 1)
WINDOWS_PER_STEP = 8
# 0.15 and 2.45 V: outside of them the amplified current is taken for clipped, if it is there more often than noise.
_LEAST_CODE, _MOST_CODE = 186, 3_040
_MOST_OUTLIERS = 12
# The amplified range reaches to 11% of rated current as a sine; loads with a high crest clip before and are retaken.
_FINE_BELOW_PERMILLE = 98
_DIRECT_ABOVE_PERMILLE = 108


class Sampler:
    """Own the sample arrays, and know when the block in them began."""

    def __init__(
        self,
        board: Board,
        table: "array[int] | None" = None,
        windows_per_step: int = WINDOWS_PER_STEP,
        channel: int = 0,
        share: "Sampler | None" = None,
    ) -> None:
        """table: from `linearisation.straighten`; without it samples are raw counts.

        share: another channel's, whose arrays this one uses, too: a block is there until either takes the next.
        """
        self._board = board
        self._channel = channel
        self._table = table
        self.fine_bits = FINE_BITS if table is not None else 0  # a sample is in 1/2^fine_bits of a count
        self.times_us: "array[int]" = share.times_us if share else array("i", range(CAPACITY))
        self.volts: "array[int]" = share.volts if share else array("H", range(CAPACITY))
        self.amps: "array[int]" = share.amps if share else array("H", range(CAPACITY))
        self.count = 0
        self.start_us = 0  # unix
        self.skew_us = board.skew_us
        self.amplified = False  # the range of the block
        self.clipped = False
        self.flat_us = 0  # how long the voltage had been flat when the block ended
        self.goes_on = False  # the voltage was flat at the end of the last block, and this one follows it
        self._flat_from = 0
        self._flat_to = 0
        self._ended_us = 0
        self._windows = 0
        self._raw_middle = 0
        self._windows_per_step = windows_per_step

    def take(self, span_us: int) -> int:
        """Sample for span_us and return the number of pairs."""
        board = self._board
        board.select_channel(self._channel)
        self.start_us = board.unix_us()
        self.goes_on = self.flat_us > 0 and self.start_us - self._ended_us < _WORK_US
        board.flat_us = self.flat_us if self.goes_on else 0
        board.flat_from, board.flat_to = self._flat_from, self._flat_to
        self.count = board.sample(self.times_us, self.volts, self.amps, span_us)
        self.flat_us = board.flat_us
        self._ended_us = self.end_us()
        self.clipped = self.amplified and self._clips()
        if self.count:
            self._raw_middle = sum(memoryview(self.volts)[: self.count]) // self.count
        self._straighten(self.volts)
        self._straighten(self.amps)
        return self.count

    def watch(self, band_counts: int) -> None:
        """Have blocks end early once the voltage stays within ±band_counts; 0: don't."""
        self._flat_from = self._raw_middle - band_counts
        self._flat_to = self._raw_middle + band_counts

    def shift(self, by_us: int) -> None:
        """Move the dates by as much as the clock was set."""
        self.start_us += by_us
        self._ended_us += by_us

    def take_grid(self) -> int:
        """Sample the voltage on the grid side into `volts`; return 0 if there is no such input."""
        self._board.select_channel(self._channel)
        self.start_us = self._board.unix_us()
        self.count = self._board.sample_grid(self.times_us, self.volts, GLANCE_US)
        self._straighten(self.volts)
        return self.count

    def end_us(self) -> int:
        """Return the unix time of the block's last sample."""
        return self.start_us + self.times_us[self.count - 1] if self.count else self.start_us

    def go_on(self, irms_ma: int, rated_ma: int) -> None:
        """Choose the next block's range by the current of this one's window, and move the bias."""
        if not self._board.has_fine:
            return
        if self.amplified:
            if self.clipped or irms_ma * 1000 > rated_ma * _DIRECT_ABOVE_PERMILLE:
                self._select(False)
        elif irms_ma * 1000 < rated_ma * _FINE_BELOW_PERMILLE:
            self._select(True)
        self._windows += 1
        if self._windows % self._windows_per_step == 0:
            self._board.step_bias(_BIAS_STEPS[self._windows // self._windows_per_step % len(_BIAS_STEPS)])

    def _select(self, amplified: bool) -> None:
        self._board.select_range(amplified)
        self.amplified = amplified

    def _clips(self) -> bool:
        taken = memoryview(self.amps)[: self.count]
        if not self.count or (min(taken) >= _LEAST_CODE and max(taken) <= _MOST_CODE):
            return False
        outside = 0
        for raw in taken:
            if not _LEAST_CODE <= raw <= _MOST_CODE:
                outside += 1
        return outside > _MOST_OUTLIERS

    def _straighten(self, samples: "array[int]") -> None:
        if self._table is not None:
            straighten(samples, self._table, self.count)
