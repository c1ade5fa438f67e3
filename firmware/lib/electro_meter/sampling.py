# SPDX-License-Identifier: Apache-2.0
"""Sample voltage and current in runs of a few pairs, and let each run be followed before the next one is taken.

What lies between two runs is no gap but some 200 µs: the loops of `cells` go over the run at once, and of the samples
only a ring of the last 32 ms is kept. A stretch is what is sampled from one `begin` to the next. Nothing needs a pause
but what takes longer: to turn the sums into energy, and whatever else runs on the core.

The current has up to two ranges, direct and amplified; a stretch has one of them, chosen by the current of the last.
An amplified current that hits the rails ends the stretch, and the next one is direct. The bias of the current's channel
goes round eight steps, so that no ripple of the converter sits under a small current for long.
"""

from array import array

from .cells import follow, straighten, sum_cells
from .world import Board

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
    """Own the ring of samples, and know when the stretch in it began."""

    def __init__(
        self, board: Board, table: "array[int]", channel: int = 0, share: "Sampler | None" = None
    ) -> None:
        """table: from `linearisation`.

        share: another channel's, whose ring this one uses, too: a stretch is there until either begins the next.
        """
        self._board = board
        self._channel = channel
        self._run = board.pairs_a_run
        self._table = table
        self.times_us: "array[int]" = share.times_us if share else array("i", range(RING))
        self.volts: "array[int]" = share.volts if share else array("H", range(RING))
        self.amps: "array[int]" = share.amps if share else array("H", range(RING))
        self.count = 0  # pairs of the stretch; the last 128 are in the ring
        self.start_us = 0  # unix
        self.skew_us = board.skew_us
        self.amplified = False  # the range of the stretch
        self.clipped = False
        self._outside = 0  # codes, in the running window
        self._stretches = 0

    def begin(self) -> None:
        """Begin a stretch."""
        self._board.select_channel(self._channel)
        self._board.begin()
        self.start_us = self._board.unix_us()
        self.count = self._outside = 0
        self.clipped = False

    def take(self, cells: "array[int]", pieces: "array[int]", until_us: int) -> int:
        """Sample until the cells end, a piece is remarkable, or a time of the stretch is reached; return which.

        cells, pieces: the frames of `sum_cells` and of `follow`.
        """
        times, volts, amps, table = self.times_us, self.volts, self.amps, self._table
        sample, run, count = self._board.sample, self._run, self.count
        mask = RING - 1
        while True:
            cells[0] = pieces[1] = count
            if follow(times, volts, pieces) < count:
                return PIECE
            ended = sum_cells(times, volts, amps, cells)
            if ended:
                return ended
            if count and times[count - 1 & mask] >= until_us:
                self._outside = 0
                return TIME
            first = count & mask
            end = first + run
            sample(times, volts, amps, first, end)
            outside = straighten(volts, amps, table, first << 8 | end)
            self.count = count = count + run
            if outside and self.amplified:
                self._outside += outside
                if self._outside > _MOST_OUTLIERS:
                    self.clipped = True
                    cells[15] = CLIPPED
                    return CLIPPED

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

    def shift(self, by_us: int) -> None:
        """Move the dates by as much as the clock was set."""
        self.start_us += by_us

    def elapsed_us(self) -> int:
        """Return the time of the stretch's last pair."""
        return self.times_us[self.count - 1 & RING - 1] if self.count else 0

    def end_us(self) -> int:
        """Return the unix time of the stretch's last pair."""
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
