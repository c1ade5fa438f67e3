# SPDX-License-Identifier: Apache-2.0
"""Warn before the running slot leaves its band, and shed load when it is about to exceed it."""

from .agreements import Agreement
from .intervals import Intervals
from .registers import UJ_PER_WH

# A projection made in the first tenth of a slot is mostly guesswork.
_LEAST_ELAPSED_TENTHS = 1
# Shedding is let go only when the projection is this far below the limit again.
_RELEASE_PERCENT = 95


class Acting:
    """Project the running interval's energy and compare it with its band."""

    def __init__(self, intervals: Intervals) -> None:
        self._intervals = intervals
        self.warning = False
        self.shed = False
        self.projected_units = 0

    def update(self, now_us: int, power_mw: int) -> None:
        """Follow one window."""
        running = self._intervals.running
        agreement = running.agreement
        band = _band(agreement, running.index) if agreement else None
        if agreement is None or band is None:
            self.warning = self.shed = False
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
            self.shed = True
        elif self.projected_units * 100 < most * _RELEASE_PERCENT:
            self.shed = False


def _band(agreement: Agreement, index: int) -> "tuple[int, int] | None":
    """Return (least, most) units of an interval, if the relayer told them."""
    ahead = index - agreement.bounds_from
    if 0 <= ahead < len(agreement.least):
        return agreement.least[ahead], agreement.most[ahead]
    return None
