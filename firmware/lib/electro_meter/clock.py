# SPDX-License-Identifier: Apache-2.0
"""Keep the time good: ask NTP at start and every few hours, and say whether intervals may be closed on it."""

from .world import CLOCK_NEVER_SET, Board

# The crystal of an ESP32 drifts up to 10 ppm: 0.2 s in six hours, far below an interval's second.
SYNC_EVERY_MS = 6 * 3600 * 1000
RETRY_MS = 15_000


class Clock:
    """The Board's clock with its quality."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def unix_s(self) -> int:
        return self._board.unix_us() // 1_000_000

    def is_set(self) -> bool:
        """Return False while nobody has told the time since power-on: nothing may be dated then."""
        return self._board.clock_quality() != CLOCK_NEVER_SET

    async def run(self) -> None:
        """Synchronise for ever."""
        while True:
            synced = await self._board.sync_clock()
            await self._board.sleep_ms(SYNC_EVERY_MS if synced else RETRY_MS)
