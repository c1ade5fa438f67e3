# SPDX-License-Identifier: Apache-2.0
"""Warn before the running slot leaves its band, and shed load when it is about to exceed it.

The projection is what the slot has so far plus its rest at the present power. The shedding output changes only after
it has been as it is for the least time on or off that the load can bear; the warning follows at once.
"""

from .agreements import Agreement
from .intervals import Intervals
from .registers import UJ_PER_WH

# A projection made in the first tenth of a slot is mostly guesswork.
_LEAST_ELAPSED_TENTHS = 1
# Shedding is let go only when the projection is this far below the limit again.
_RELEASE_PERCENT = 95


class Acting:
    """Project the running interval's energy and compare it with its band."""

    def __init__(self, intervals: Intervals, shed_min_on_ms: int = 0, shed_min_off_ms: int = 0) -> None:
        self._intervals = intervals
        self._min_on_us = shed_min_on_ms * 1000
        self._min_off_us = shed_min_off_ms * 1000
        self._since_us = (
            -self._min_off_us
        )  # when the output last changed, in steady time; at start it may at once
        self.warning = False
        self.shed = False
        self.projected_units = -1  # of the running slot; -1: not known

    def update(self, now_us: int, power_mw: int, uptime_us: int) -> None:
        """Follow one window; now_us is its end, uptime_us the steady time."""
        running = self._intervals.running
        agreement = running.agreement
        band = _band(agreement, running.index) if agreement else None
        if agreement is None or band is None:
            self.projected_units = -1
            self.warning = False
            self._drive(False, uptime_us)
            return
        length_us = agreement.interval_s * 1_000_000
        elapsed_us = min(max(now_us - running.start_us, 0), length_us)
        if elapsed_us * 10 < length_us * _LEAST_ELAPSED_TENTHS:
            return
        rest_uj = max(power_mw, 0) * (length_us - elapsed_us) // 1000
        self.projected_units = (running.energy_uj + rest_uj) // (agreement.unit_wh * UJ_PER_WH)
        least, most = band
        self.warning = not least <= self.projected_units <= most
        if self.projected_units > most:
            self._drive(True, uptime_us)
        elif self.projected_units * 100 < most * _RELEASE_PERCENT:
            self._drive(False, uptime_us)

    def _drive(self, shed: bool, uptime_us: int) -> None:
        """Switch the output, if it has been as it is for long enough."""
        if shed != self.shed and uptime_us - self._since_us >= (
            self._min_on_us if self.shed else self._min_off_us
        ):
            self.shed = shed
            self._since_us = uptime_us


def _band(agreement: Agreement, index: int) -> "tuple[int, int] | None":
    """Return (least, most) units of an interval, if the relayer told them."""
    ahead = index - agreement.bounds_from
    if 0 <= ahead < len(agreement.least):
        return agreement.least[ahead], agreement.most[ahead]
    return None
