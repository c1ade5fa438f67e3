# SPDX-License-Identifier: Apache-2.0
"""Decide from the voltage alone whether supply is there: Urms(1/2) of IEC 61000-4-30 with hysteresis and confirmation.

Urms(1/2) is the RMS over one cycle, refreshed each half cycle. An interruption begins when it falls below 10% of
nominal and ends when it is back above 12% (threshold plus 2% hysteresis: the standard's usual values). A change
counts once it has lasted a full cycle and 20 ms, and is then dated back to its first half cycle.
"""

from .sampling import Sampler

THRESHOLD_PERCENT = 10
HYSTERESIS_PERCENT = 2
CONFIRM_US = (
    40_000  # one cycle and 20 ms: no false alarm on 200 dips and 100 notches in the prototype's bench
)

UP = 0
FALLING = 1  # below the threshold, not yet confirmed
DOWN = 2
RISING = 3  # above it again, not yet confirmed

_CONTINUOUS_US = 250_000  # half cycles further apart than this can't confirm each other


class OutageDetector:
    """Follow Urms(1/2) through the blocks; `state`, `started_us` and `ended_us` are the result, unix microseconds."""

    def __init__(self, nominal_mv: int, uv_per_count: int, mains_hz: int, fine_bits: int = 0) -> None:
        volts_counts = (nominal_mv * 1000 << fine_bits) // uv_per_count  # RMS, in the sampler's counts
        self._below = (volts_counts * THRESHOLD_PERCENT) ** 2 // 10_000
        self._above = (volts_counts * (THRESHOLD_PERCENT + HYSTERESIS_PERCENT)) ** 2 // 10_000
        self._half_us = 500_000 // mains_hz
        self.state = UP
        self.started_us = 0
        self.ended_us = 0
        self._changed_us = 0
        self._seen_us = 0

    @property
    def supplied(self) -> bool:
        return self.state in (UP, FALLING)

    @property
    def undecided(self) -> bool:
        """Return True while a change waits for its confirmation: keep sampling without a pause."""
        return self.state in (FALLING, RISING)

    def is_voltage(self, mean_square: int) -> bool:
        """Return whether a squared RMS, in counts, is above the threshold with its hysteresis."""
        return mean_square >= self._above

    def feed_block(self, sampler: Sampler, middle: int) -> bool:
        """Follow one block of samples; return True if voltage was there through all of it."""
        volts, times = sampler.volts, sampler.times_us
        end = sampler.count
        if end < 8:
            return False
        per_half = max(2, self._half_us * (end - 1) // (times[end - 1] - times[0]))
        previous = -1
        steady = True
        k = 0
        while k + per_half <= end:
            total = 0
            for raw in memoryview(volts)[k : k + per_half]:
                raw -= middle  # noqa: PLW2901 - a second name costs 5% of this loop on the chip
                total += raw * raw
            if previous >= 0:
                mean_square = (previous + total) // (2 * per_half)
                steady = mean_square >= self._above and steady
                self.feed(sampler.start_us + times[k], mean_square)
            previous = total
            k += per_half
        return steady

    def feed(self, at_us: int, mean_square: int) -> None:
        """Take one Urms(1/2), squared and in counts, whose newest half cycle began at at_us."""
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
                self.started_us = self._changed_us
                self.ended_us = 0
        elif self.state == DOWN:
            if mean_square >= self._above:
                self.state = RISING
                self._changed_us = at_us
        elif mean_square < self._below:
            self.state = DOWN
        elif at_us - self._changed_us >= CONFIRM_US:
            self.state = UP
            self.ended_us = self._changed_us


def voltage_present(sampler: Sampler, middle: int, detector: OutageDetector) -> bool:
    """Return whether a block's plain RMS is above the threshold; asked of the grid-side input."""
    total = 0
    for raw in memoryview(sampler.volts)[: sampler.count]:
        total += (raw - middle) * (raw - middle)
    return detector.is_voltage(total // sampler.count)


def current_flows(sampler: Sampler, least_counts: int) -> bool:
    """Return whether a block's current exceeds least_counts RMS: then a missing voltage is a broken sensor."""
    taken = memoryview(sampler.amps)[: sampler.count]
    middle = sum(taken) // sampler.count
    total = 0
    for raw in taken:
        total += (raw - middle) * (raw - middle)
    return total > least_counts * least_counts * sampler.count
