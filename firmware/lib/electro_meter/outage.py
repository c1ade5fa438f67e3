# SPDX-License-Identifier: Apache-2.0
"""Decide from the voltage alone whether supply is there: one-cycle RMS of IEC 61000-4-30, hysteresis, confirmation.

Urms is the RMS over one cycle. An interruption begins when it falls below 10% of nominal and ends when it is back above
12% (threshold plus 2% hysteresis: the standard's usual values). The standard refreshes Urms each half cycle, and so are
dips and swells found (`events`); here it is refreshed each sixteenth of a cycle, for the half cycle would be half the
latency. A change counts once it has lasted 14 ms more: with the full cycle some 35 ms after the loss; and is dated back
to where the voltage went or came.
"""

from array import array

from .cells import follow, squares
from .events import Tally, VoltageEvents
from .sampling import BLOCK_US, Sampler
from .world import FLAT_US, LEAST_SPAN_US

THRESHOLD_PERCENT = 10
HYSTERESIS_PERCENT = 2
# Eleven sixteenths of a 50 Hz cycle more: none of 1,425 dips, brief losses, notches, flickers, transients and swells
# passes for an interruption (simulated: tests/bench/outage.py --each 300).
CONFIRM_US = 13_750

UP = 0
FALLING = 1  # below the threshold, not yet confirmed
DOWN = 2
RISING = 3  # above it again, not yet confirmed

_CONTINUOUS_US = 250_000  # pieces further apart than this can't confirm each other
PIECES = 16  # of a cycle
FRAME = 45  # see cells.follow
_SEAMLESS_US = 5_000  # blocks closer than this are one, and those between which the voltage stayed flat
# A sine is never flat for so long: the block's end cut a loss of voltage, or a notch.
NOTICED_FLAT_US = 2_000
FLAT_PERCENT = 15  # of nominal's peak: an interruption's 10% and the noise on it


class OutageDetector:
    """Follow Urms(1/2) through the blocks; `state`, `started_us` and `ended_us` are the result, unix microseconds."""

    def __init__(
        self,
        nominal_mv: int,
        uv_per_count: int,
        mains_hz: int,
        fine_bits: int = 0,
        tally: "Tally | None" = None,
    ) -> None:
        volts_counts = nominal_mv * 1000 // uv_per_count
        self._below = (volts_counts * THRESHOLD_PERCENT) ** 2 // 10_000
        self._above = (volts_counts * (THRESHOLD_PERCENT + HYSTERESIS_PERCENT)) ** 2 // 10_000
        self.flat_counts = volts_counts * 1_414 * FLAT_PERCENT // 100_000
        self._cycle_us = 1_000_000 // mains_hz
        self.events = VoltageEvents(volts_counts, tally or Tally(1))
        self.state = UP
        self.started_us = 0
        self.ended_us = 0
        self._changed_us = 0
        self._seen_us = 0
        self._fine_bits = fine_bits
        self._frame = array("i", [0] * FRAME)
        self._ended_us = 0

    @property
    def supplied(self) -> bool:
        return self.state in (UP, FALLING)

    @property
    def undecided(self) -> bool:
        """Return True while a change waits for its confirmation: keep sampling without a pause."""
        return self.state in (FALLING, RISING)

    def shift(self, by_us: int) -> None:
        """Move every date by as much as the clock was set."""
        self.started_us += by_us
        self.ended_us += by_us
        self._changed_us += by_us
        self._seen_us += by_us
        self._ended_us += by_us
        self.events.shift(by_us)

    def is_voltage(self, mean_square: int) -> bool:
        """Return whether a squared RMS, in counts, is above the threshold with its hysteresis."""
        return mean_square >= self._above

    def feed_block(self, sampler: Sampler, middle: int) -> bool:
        """Follow one block of samples; return True if voltage was there through all of it."""
        volts, times = sampler.volts, sampler.times_us
        end = sampler.count
        if end < 2:
            return False
        frame = self._frame
        if sampler.start_us - self._ended_us > _SEAMLESS_US and not sampler.goes_on:
            for place in range(6, FRAME):
                frame[place] = 0
        self._ended_us = sampler.start_us + times[end - 1]
        frame[0], frame[1], frame[2], frame[3] = 0, end, middle, self._fine_bits
        frame[4] = self._cycle_us // PIECES
        frame[5] = times[0] + frame[4]
        steady = True
        while True:
            if self.state == UP and self.events.calm:
                frame[9], frame[10] = self.events.band()
            else:
                frame[9], frame[10] = 1, 0  # every piece is looked at
            if follow(times, volts, frame) == end:
                return steady
            mean_square, at_us = frame[11], sampler.start_us + frame[12]
            steady = mean_square >= self._above and steady
            self.feed(at_us, mean_square)
            if frame[6] % (PIECES // 2) == 0:  # each half cycle, as the standard has it
                self.events.feed(at_us, mean_square)

    def span_us(self, flat_us: int) -> int:
        """Return how long to sample next: a whole block, or what is missing to decide about a voltage gone flat."""
        if not self.supplied or flat_us < NOTICED_FLAT_US:
            return BLOCK_US
        return max(FLAT_US - flat_us, LEAST_SPAN_US)

    def feed(self, at_us: int, mean_square: int) -> None:
        """Take the RMS of the cycle that ended at at_us, squared and in counts."""
        if self.undecided and at_us - self._seen_us > _CONTINUOUS_US:
            self._changed_us = at_us  # nothing was seen in between: begin the confirmation again
        self._seen_us = at_us
        if self.state == UP:
            if mean_square < self._below:
                self.state = FALLING
                self._changed_us = at_us
        elif self.state == FALLING:
            if mean_square >= self._above:
                self.state = UP
            elif at_us - self._changed_us >= CONFIRM_US:
                self.state = DOWN
                # a whole cycle had to be without voltage before the first sign
                self.started_us = self._changed_us - self._cycle_us
                self.ended_us = 0
        elif self.state == DOWN:
            if mean_square >= self._above:
                self.state = RISING
                self._changed_us = at_us
        elif mean_square < self._below:
            self.state = DOWN
        elif at_us - self._changed_us >= CONFIRM_US:
            self.state = UP
            self.ended_us = self._changed_us - self._cycle_us // PIECES


def voltage_present(sampler: Sampler, middle: int, detector: OutageDetector) -> bool:
    """Return whether a block's plain RMS is above the threshold; asked of the grid-side input."""
    mean_square = squares(sampler.volts, 0, sampler.count, middle) // sampler.count
    return detector.is_voltage(mean_square >> 2 * sampler.fine_bits)


def current_flows(sampler: Sampler, least_counts: int) -> bool:
    """Return whether a block's current exceeds least_counts RMS: then a missing voltage is a broken sensor."""
    middle = sum(memoryview(sampler.amps)[: sampler.count]) // sampler.count
    total = squares(sampler.amps, 0, sampler.count, middle)
    return total > least_counts * least_counts * sampler.count
