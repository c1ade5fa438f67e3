# SPDX-License-Identifier: Apache-2.0
"""Decide from the voltage alone whether supply is there: one-cycle RMS of IEC 61000-4-30, hysteresis, confirmation.

Urms is the RMS over one cycle. An interruption begins when it falls below 10% of nominal and ends when it is back
above 12% (threshold plus 2% hysteresis: the standard's usual values). The standard refreshes Urms each half cycle, and
so are dips and swells found (`events`); here it is refreshed each sixteenth of a cycle, for the half cycle would be
half the latency. A change counts once it has lasted 14 ms more: with the full cycle some 35 ms after the loss; and is
dated back to where the voltage went or came.
"""

from array import array

from .cells import squares
from .events import Tally, VoltageEvents
from .frames import (
    CALM_LEAST,
    CALM_MOST,
    CYCLE_END,
    CYCLE_MEAN,
    LAST_EMPTY,
    PIECE_EDGE,
    PIECE_LENGTH,
    PIECE_SUM,
    PIECE_WORDS,
    PIECES_DONE,
    PIECES_MIDDLE,
    PIECES_TAKEN,
)
from .sampling import RING, Sampler

THRESHOLD_PERCENT = 10
HYSTERESIS_PERCENT = 2
# Eleven sixteenths of a 50 Hz cycle more: none of 1,425 dips, brief losses, notches, flickers, transients and swells
# passes for an interruption (simulated: tests/bench/outage.py --each 300).
CONFIRM_US = 13_750

# An odd state is undecided; in the first two there is supply.
UP = 0
FALLING = 1  # below the threshold, not yet confirmed
DOWN = 2
RISING = 3  # above it again, not yet confirmed

_CONTINUOUS_US = 250_000  # pieces further apart than this can't confirm each other
PIECES = 16  # of a cycle


class SupplyDetector:
    """Follow Urms(1/2) through the stretches: `state`, `started_us` and `ended_us` (uptime)."""

    def __init__(
        self,
        nominal_mv: int,
        uv_per_count: int,
        mains_hz: int,
        tally: "Tally | None" = None,
    ) -> None:
        volts_counts = nominal_mv * 1000 // uv_per_count
        self._below = (volts_counts * THRESHOLD_PERCENT) ** 2 // 10_000
        self._above = (volts_counts * (THRESHOLD_PERCENT + HYSTERESIS_PERCENT)) ** 2 // 10_000
        self._cycle_us = 1_000_000 // mains_hz
        self.events = VoltageEvents(volts_counts, tally or Tally(1))
        self.state = UP
        self.started_us = 0
        self.ended_us = 0
        self._changed_us = 0
        self._seen_us = 0
        self.frame = array("i", [0] * PIECE_WORDS)
        self._ended_us = 0  # the last stretch, and
        self._edge_us = 0  # the piece that was running then
        self.steady = True  # voltage was there all through the stretch

    @property
    def supplied(self) -> bool:
        return self.state <= FALLING

    @property
    def undecided(self) -> bool:
        """Return True while a change waits for its confirmation: keep sampling without a pause."""
        return self.state & 1 == 1

    def is_voltage(self, mean_square: int) -> bool:
        """Return whether a squared RMS, in counts, is above the threshold with its hysteresis."""
        return mean_square >= self._above

    def begin(self, start_us: int, middle: int) -> None:
        """Begin a stretch, in the same cycle if it follows the last one within that."""
        frame = self.frame
        if start_us - self._ended_us > self._cycle_us:
            for place in range(PIECE_SUM, PIECE_WORDS):
                frame[place] = 0
            self._edge_us = start_us + self._cycle_us // PIECES
        frame[PIECES_TAKEN], frame[PIECES_MIDDLE] = 0, middle
        frame[PIECE_LENGTH], frame[PIECE_EDGE] = self._cycle_us // PIECES, self._edge_us - start_us
        self.steady = True
        self._choose_band()

    def decide(self, start_us: int) -> None:
        """Take the cycle that `follow` found remarkable, in a stretch that began then."""
        frame = self.frame
        mean_square, at_us = frame[CYCLE_MEAN], start_us + frame[CYCLE_END]
        self.steady = mean_square >= self._above and self.steady
        self.feed(at_us, mean_square)
        # each half cycle, as the standard has it; a cycle with a hole is none
        if frame[PIECES_DONE] % (PIECES // 2) == 0 and frame[PIECES_DONE] - frame[LAST_EMPTY] >= PIECES:
            self.events.feed(at_us, mean_square)
        self._choose_band()

    def end(self, start_us: int, end_us: int) -> None:
        """End the stretch that began and ends then."""
        self._ended_us = end_us
        self._edge_us = start_us + self.frame[PIECE_EDGE]

    def _choose_band(self) -> None:
        frame = self.frame
        if self.state == UP and self.events.calm:
            frame[CALM_LEAST], frame[CALM_MOST] = self.events.band()
        else:
            frame[CALM_LEAST], frame[CALM_MOST] = 1, 0  # every piece is looked at

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


def voltage_present(sampler: Sampler, detector: SupplyDetector) -> bool:
    """Return whether the RMS of the raw voltages in the ring is above the threshold; asked of the grid-side input."""
    return detector.is_voltage(squares(sampler.volts, RING, sum(sampler.volts) // RING) // RING)


def current_flows(sampler: Sampler, least_counts: int) -> bool:
    """Return whether the current in the ring exceeds least_counts RMS: then a missing voltage is a broken sensor."""
    total = squares(sampler.amps, RING, sum(sampler.amps) // RING)
    return total > least_counts * least_counts * RING
