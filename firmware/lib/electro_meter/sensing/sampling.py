# SPDX-License-Identifier: Apache-2.0
"""Sample voltage and current in runs of a few pairs, and let each run be followed before the next one is taken.

What lies between two runs is no gap but some 200 µs: the loops of `cells` go over the run at once, and of the samples
only a ring of the last 32 ms is kept. A stretch is what is sampled from one `begin` to the next. Nothing needs a pause
but what takes longer: to turn the sums into energy, and whatever else runs on the core.

The current has up to two ranges, direct and amplified; a stretch has one of them, chosen by the current of the last.
An amplified current that hits the rails ends the stretch, and the next one is direct. The bias of the current's
channel goes round eight steps, so that no ripple of the converter sits under a small current for long.
"""

from array import array

from ..world import Board
from .cells import follow, straighten, sum_cells
from .frames import ENDED, PIECES_END, TAKEN

RING = 128  # pairs; `cells` knows it
WINDOW_US = 200_000  # IEC 61000-4-30: ten cycles at 50 Hz, twelve at 60

# Why `take` returned; 1 to 3 are from `sum_cells`.
TIME = 0
WHOLE = 1
LOST = 2
GAP = 3
CLIPPED = 4
PIECE = 5  # one after which the voltage is remarkable: see `follow`

# Up and down without a leap: a step takes tenths of a second to settle, and what of it a stretch feels is small.
_BIAS_STEPS = (0, 2, 4, 6, 7, 5, 3, 1)
# More codes out of range in a window than noise puts there: the amplified current is clipped.
_MOST_OUTLIERS = 12
# The amplified range reaches to 11% of rated current as a sine; loads with a high crest clip before and are retaken.
_FINE_BELOW_PERMILLE = 98
_DIRECT_ABOVE_PERMILLE = 108


class Sampler:
    """Own the ring of samples, and know when the stretch in it began.

    A stretch allocates nothing from `begin` to its end: functions that run in it have at most eleven words of locals
    and stack, and a method with more than four arguments is called on its object, not through a name: else MicroPython
    takes memory from the heap at each call.
    """

    def __init__(
        self, board: Board, table: "array[int]", channel: int = 0, share: "Sampler | None" = None
    ) -> None:
        """table: from `linearisation`.

        share: another channel's, whose ring this one uses, too: a stretch is there until either begins the next.
        """
        self._board = board
        self._channel = channel
        self._run = board.pairs_a_run
        self._end = self._places = 0  # of the run: here, not on the stack
        self._table = table
        self.times_us: "array[int]" = share.times_us if share else array("i", range(RING))
        self.volts: "array[int]" = share.volts if share else array("H", range(RING))
        self.amps: "array[int]" = share.amps if share else array("H", range(RING))
        self.count = 0  # pairs of the stretch; the last 128 are in the ring
        self.start_us = 0  # uptime
        self.skew_us = board.skew_us
        self.amplified = False  # the range of the stretch
        self.clipped = False
        self.volts_outside = self.amps_outside = 0  # codes that the converter can't tell, in the stretch
        self._outside = 0  # of the current, in the running window
        self._stretches = 0

    def begin(self) -> None:
        """Begin a stretch."""
        self._board.select_channel(self._channel)
        self.start_us = self._board.begin()
        self.count = self._outside = self.volts_outside = self.amps_outside = 0
        self.clipped = False

    def take(self, cells: "array[int]", pieces: "array[int]", until_us: int) -> int:
        """Sample until the cells end, a piece is remarkable, or a time of the stretch is reached; return which.

        cells, pieces: the frames of `sum_cells` and of `follow`.
        """
        while True:
            cells[TAKEN] = pieces[PIECES_END] = self.count
            if follow(self.times_us, self.volts, pieces) < self.count:
                return PIECE
            if sum_cells(self.times_us, self.volts, self.amps, cells):
                return cells[ENDED]
            if self.count and self.times_us[self.count - 1 & RING - 1] >= until_us:
                self._outside = 0
                return TIME
            if self._run_on(self.count & RING - 1):
                cells[ENDED] = CLIPPED
                return CLIPPED

    def _run_on(self, first: int) -> bool:
        """Take the next run of samples; return whether the amplified current is clipped."""
        self._end = first + self._run
        self._board.sample(self.times_us, self.volts, self.amps, first, self._end)
        self._places = first << 8 | self._end
        outside = straighten(self.volts, self.amps, self._table, self._places)
        self.count += self._run
        if outside:
            self.volts_outside += outside >> 8
            outside &= 255
            self.amps_outside += outside
            self._outside += outside
            self.clipped = self.amplified and self._outside > _MOST_OUTLIERS
        return self.clipped

    def fill(self) -> None:
        """Fill the ring, for whoever wants to look at some 32 ms and no more."""
        self.begin()
        self._board.sample(self.times_us, self.volts, self.amps, 0, RING)
        straighten(self.volts, self.amps, self._table, RING)
        self.count = RING

    def fill_grid(self) -> bool:
        """Fill `volts` with raw codes of the voltage on the grid side; return False if there is no such input."""
        self._board.select_channel(self._channel)
        return self._board.sample_grid(self.volts, 0, RING)

    def elapsed_us(self) -> int:
        """Return the time of the stretch's last pair."""
        return self.times_us[self.count - 1 & RING - 1] if self.count else 0

    def end_us(self) -> int:
        """Return the uptime of the stretch's last pair."""
        return self.start_us + self.elapsed_us()

    def go_on(self, irms_ma: int, rated_ma: int) -> None:
        """Choose the next stretch's range by the current of this one, and move the bias."""
        if not self._board.has_fine:
            return
        if self.amplified:
            if self.clipped or irms_ma * 1000 > rated_ma * _DIRECT_ABOVE_PERMILLE:
                self._select(False)
        elif irms_ma * 1000 < rated_ma * _FINE_BELOW_PERMILLE:
            self._select(True)
        self._stretches += 1
        self._board.step_bias(_BIAS_STEPS[self._stretches % len(_BIAS_STEPS)])

    def _select(self, amplified: bool) -> None:
        self._board.select_range(amplified)
        self.amplified = amplified
