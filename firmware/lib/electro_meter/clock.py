# SPDX-License-Identifier: Apache-2.0
"""Keep the time good: ask NTP at start and every few hours, and say what intervals may be closed on it.

The wall clock is set now and then, forward or back, and nobody is asked before. What measures lengths therefore uses
the Board's steady time (`uptime_us`); what needs dates is told of every step.
"""

from .world import CLOCK_NEVER_SET, CLOCK_SYNCED, Board

# The crystal of an ESP32 drifts up to 10 ppm: 0.2 s in six hours, far below an interval's second.
SYNC_EVERY_MS = 6 * 3600 * 1000
RETRY_MS = 15_000
# An interrupt between two readings of the clocks is no step.
_LEAST_STEP_US = 5_000
_EPOCH_2000_S = 946_684_800
# A clock that shows a time before the firmware was written was never set; nor was one of after 2096.
_WRITTEN_S = 1_750_000_000
_LAST_S = 4_000_000_000


def epoch_s(first_year: int) -> int:
    """Return the unix time at which an interpreter's time begins; first_year: of its time.gmtime(0), 1970 or 2000."""
    return _EPOCH_2000_S if first_year == 2000 else 0


def is_plausible(unix_s: int) -> bool:
    """Return whether somebody must have set a clock that shows this."""
    return _WRITTEN_S < unix_s < _LAST_S


class Clock:
    """The Board's clock with its quality."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._offset_us = board.unix_us() - board.uptime_us()
        self.steps = 0

    def unix_s(self) -> int:
        return self._board.unix_us() // 1_000_000

    def is_set(self) -> bool:
        """Return False while nobody has told the time since power-on: nothing may be dated then."""
        return self._board.clock_quality() != CLOCK_NEVER_SET

    def is_sure(self) -> bool:
        """Return whether the network has confirmed the time since this start."""
        return self._board.clock_quality() == CLOCK_SYNCED

    def step_us(self) -> int:
        """Return by how much the clock was set since the last call; 0 if it only went on."""
        by_us = self._board.unix_us() - self._board.uptime_us() - self._offset_us
        if -_LEAST_STEP_US < by_us < _LEAST_STEP_US:
            return 0
        self._offset_us += by_us
        self.steps += 1
        return by_us

    async def run(self) -> None:
        """Synchronise for ever."""
        while True:
            synced = await self._board.sync_clock()
            await self._board.sleep_ms(SYNC_EVERY_MS if synced else RETRY_MS)
