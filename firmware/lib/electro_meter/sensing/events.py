# SPDX-License-Identifier: Apache-2.0
"""Find dips, swells and interruptions in Urms(1/2) by IEC 61000-4-30 (5.4, 5.5), and count them.

Thresholds in percent of nominal: a dip begins below 90 and ends at 92, a swell begins above 110 and ends at 108, an
interruption begins below 10 and ends at 12: each with 2% of hysteresis. A dip that becomes an interruption is both.
With several phases a dip or swell begins with the first phase and ends with the last; an interruption is one when all
phases are below its threshold.
"""

DIP_PERCENT = 90
SWELL_PERCENT = 110
INTERRUPTION_PERCENT = 10
_HYSTERESIS = 2
# An event that was not seen through (a pause of the sampling) ends where it was last seen.
_UNSEEN_US = 1_000_000
_DIP, _SWELL = -1, 1


class Tally:
    """Counters of all phases since start, and the last event's extreme and length."""

    def __init__(self, phases: int) -> None:
        self._phase_count = phases
        self.dips = 0
        self.swells = 0
        self.interruptions = 0
        self.last_percent = 0  # the extreme of the last event, in the phase that came back last
        self.last_us = 0  # and its length
        self._dipped = 0  # phases that are
        self._swollen = 0
        self._interrupted = 0
        self._began_us = 0

    def begin(self, kind: int, at_us: int) -> None:
        """Note that a phase has left its band."""
        if not self._dipped + self._swollen:
            self._began_us = at_us
        if kind == _DIP:
            self.dips += not self._dipped
            self._dipped += 1
        else:
            self.swells += not self._swollen
            self._swollen += 1

    def end(self, kind: int, at_us: int, percent: int) -> None:
        """Note that a phase is back; percent: how far it had been away."""
        if kind == _DIP:
            self._dipped -= 1
        else:
            self._swollen -= 1
        self.last_percent = percent
        self.last_us = at_us - self._began_us

    def interrupt(self) -> None:
        """Note that a phase is below the threshold of an interruption."""
        self._interrupted += 1
        self.interruptions += self._interrupted == self._phase_count

    def restore(self) -> None:
        """Note that it is above it again."""
        self._interrupted -= 1


class VoltageEvents:
    """The events of one phase, told to the tally of all."""

    def __init__(self, nominal_counts: int, tally: Tally) -> None:
        self._nominal = nominal_counts
        self.tally = tally
        self._kind = 0
        self._interrupted = False
        self._extreme = 0  # squared
        self._seen_us = 0

    def feed(self, at_us: int, mean_square: int) -> None:
        """Take one Urms(1/2), squared and in counts."""
        if self._kind and at_us - self._seen_us > _UNSEEN_US:
            self._end(self._seen_us)
        self._seen_us = at_us
        if self._interrupted and mean_square >= self._square(INTERRUPTION_PERCENT + _HYSTERESIS):
            self._restore()
        if not self._kind:
            if mean_square < self._square(DIP_PERCENT):
                self._begin(_DIP, at_us, mean_square)
            elif mean_square > self._square(SWELL_PERCENT):
                self._begin(_SWELL, at_us, mean_square)
        elif self._kind == _DIP:
            self._extreme = min(self._extreme, mean_square)
            if mean_square >= self._square(DIP_PERCENT + _HYSTERESIS):
                self._end(at_us)
        else:
            self._extreme = max(self._extreme, mean_square)
            if mean_square <= self._square(SWELL_PERCENT - _HYSTERESIS):
                self._end(at_us)
        if self._kind == _DIP and not self._interrupted and mean_square < self._square(INTERRUPTION_PERCENT):
            self._interrupted = True
            self.tally.interrupt()

    @property
    def calm(self) -> bool:
        """Return whether the voltage is in its band."""
        return not self._kind

    def band(self) -> "tuple[int, int]":
        """Return the squared counts between which it stays there."""
        return self._square(DIP_PERCENT), self._square(SWELL_PERCENT)

    def _square(self, percent: int) -> int:
        return self._nominal * self._nominal * percent * percent // 10_000

    def _begin(self, kind: int, at_us: int, mean_square: int) -> None:
        self._kind = kind
        self._extreme = mean_square
        self.tally.begin(kind, at_us)

    def _restore(self) -> None:
        self._interrupted = False
        self.tally.restore()

    def _end(self, at_us: int) -> None:
        percent = 0
        while self._square(percent + 1) <= self._extreme:
            percent += 1
        self.tally.end(self._kind, at_us, percent)
        self._kind = 0
        if self._interrupted:
            self._restore()
