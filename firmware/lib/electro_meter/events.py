# SPDX-License-Identifier: Apache-2.0
"""Find dips, swells and interruptions in Urms(1/2) by IEC 61000-4-30 (5.4, 5.5), and count them.

Thresholds in percent of nominal: a dip begins below 90 and ends at 92, a swell begins above 110 and ends at 108, an
interruption begins below 10 and ends at 12: each with 2% of hysteresis. A dip that becomes an interruption is both.
"""

DIP_PERCENT = 90
SWELL_PERCENT = 110
INTERRUPTION_PERCENT = 10
_HYSTERESIS = 2
# An event that was not seen through (a pause of the sampling) ends where it was last seen.
_UNSEEN_US = 1_000_000


class VoltageEvents:
    """Counters since start, and the last dip's and swell's extreme and length."""

    def __init__(self, nominal_counts: int) -> None:
        self._nominal = nominal_counts
        self.dips = 0
        self.swells = 0
        self.interruptions = 0
        self.last_percent = 0  # the extreme of the last event
        self.last_us = 0  # and its length
        self._kind = 0  # -1 in a dip, 1 in a swell
        self._interrupted = False
        self._extreme = 0  # squared
        self._began_us = 0
        self._seen_us = 0

    def feed(self, at_us: int, mean_square: int) -> None:
        """Take one Urms(1/2), squared and in counts."""
        if self._kind and at_us - self._seen_us > _UNSEEN_US:
            self._end(self._seen_us)
        self._seen_us = at_us
        if self._interrupted and mean_square >= self._square(INTERRUPTION_PERCENT + _HYSTERESIS):
            self._interrupted = False
        if not self._kind:
            if mean_square < self._square(DIP_PERCENT):
                self._begin(-1, at_us, mean_square)
                self.dips += 1
            elif mean_square > self._square(SWELL_PERCENT):
                self._begin(1, at_us, mean_square)
                self.swells += 1
        elif self._kind < 0:
            self._extreme = min(self._extreme, mean_square)
            if mean_square >= self._square(DIP_PERCENT + _HYSTERESIS):
                self._end(at_us)
        else:
            self._extreme = max(self._extreme, mean_square)
            if mean_square <= self._square(SWELL_PERCENT - _HYSTERESIS):
                self._end(at_us)
        if self._kind < 0 and not self._interrupted and mean_square < self._square(INTERRUPTION_PERCENT):
            self._interrupted = True
            self.interruptions += 1

    def shift(self, by_us: int) -> None:
        """Move every date by as much as the clock was set."""
        self._began_us += by_us
        self._seen_us += by_us

    def _square(self, percent: int) -> int:
        return self._nominal * self._nominal * percent * percent // 10_000

    def _begin(self, kind: int, at_us: int, mean_square: int) -> None:
        self._kind = kind
        self._began_us = at_us
        self._extreme = mean_square

    def _end(self, at_us: int) -> None:
        percent = 0
        while self._square(percent + 1) <= self._extreme:
            percent += 1
        self.last_percent = percent
        self.last_us = at_us - self._began_us
        self._kind = 0
        self._interrupted = False
