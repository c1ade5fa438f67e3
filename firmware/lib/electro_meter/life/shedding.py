# SPDX-License-Identifier: Apache-2.0
"""Warn before the running slot leaves its band, and shed load when it is about to exceed it.

The projection is what the slot has so far plus its rest at the present power. One source's word is enough to warn;
load is shed only by terms and bounds that two sources confirm, run by different ones, or a receipt proves. The shedding
output changes only after it has been as it is for the least time on or off that the load can bear; the warning follows
at once.
"""

from ..account.account import UJ_PER_J, Account

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..uplink.agreements import Agreements
    from ..uplink.clock import Clock

# A projection made in the first tenth of a slot is mostly guesswork.
_LEAST_ELAPSED_TENTHS = 1
# Shedding is let go only when the projection is this far below the limit again.
_RELEASE_PERCENT = 95
_J_PER_WH = 3_600


class Shedding:
    """Project the running interval's energy and compare it with its band."""

    def __init__(
        self,
        account: Account,
        agreements: "Agreements",
        shed_min_on_ms: int = 0,
        shed_min_off_ms: int = 0,
    ) -> None:
        self._account = account
        self._agreements = agreements
        self._min_on_us = shed_min_on_ms * 1000
        self._min_off_us = shed_min_off_ms * 1000
        self._since_us = -self._min_off_us  # when the output last changed, in uptime; at start it may at once
        self._began = (0, -1)  # second at which the running interval began, and the register then
        self.warning = False
        self.shed = False
        self.projected_units = -1  # of the running slot; -1: not known

    def update(self, clock: "Clock", power_mw: int, uptime_us: int) -> None:
        """Follow one window."""
        now_us = clock.at_us(uptime_us)
        agreement = self._agreements.at(now_us // 1_000_000) if clock.dated else None
        index = (now_us // 1_000_000 - agreement.start_s) // agreement.interval_s if agreement else 0
        band = agreement.bounds(index, uptime_us) if agreement else None
        if agreement is None or band is None:
            self._forget(uptime_us)
            return
        began_s = agreement.start_s + index * agreement.interval_s
        if self._began[0] != began_s or self._began[1] < 0:
            self._began = (began_s, self._account.import_at_j(began_s))
        if self._began[1] < 0:  # the meter was not there when it began
            self._forget(uptime_us)
            return
        elapsed_us, length_us = now_us - began_s * 1_000_000, agreement.interval_s * 1_000_000
        if elapsed_us * 10 < length_us * _LEAST_ELAPSED_TENTHS:
            return
        rest_j = max(power_mw, 0) * (length_us - elapsed_us) // 1_000_000_000
        so_far_j = self._account.import_uj // UJ_PER_J - self._began[1]
        self.projected_units = (so_far_j + rest_j) // (agreement.unit_wh * _J_PER_WH)
        least, most, confirmed = band
        self.warning = not least <= self.projected_units <= most
        if self.projected_units > most and confirmed and agreement.confirmed:
            self._drive(True, uptime_us)
        elif self.projected_units * 100 < most * _RELEASE_PERCENT:
            self._drive(False, uptime_us)

    def _forget(self, uptime_us: int) -> None:
        self.projected_units = -1
        self.warning = False
        self._drive(False, uptime_us)

    def _drive(self, shed: bool, uptime_us: int) -> None:
        """Switch the output, if it has been as it is for long enough."""
        if shed != self.shed and uptime_us - self._since_us >= (
            self._min_on_us if self.shed else self._min_off_us
        ):
            self.shed = shed
            self._since_us = uptime_us
