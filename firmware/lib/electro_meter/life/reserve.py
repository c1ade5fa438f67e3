# SPDX-License-Identifier: Apache-2.0
"""Make the supercapacitor last: decide what is switched off while the board lives on it.

| level | when | what is off |
|---|---|---|
| 0 | supply is there, or no reserve is fitted | nothing |
| 1, the last gasp | on the reserve, until the outage is told | LED and outputs; the CPU runs at 80 MHz |
| 2, quiet | the outage was accepted, or so much is spent that only waiting is left | the radio, too |

What is spent is computed from the time in each level, for nothing on the board measures it; power figures with their
sources below. At level 2 the meter goes on looking for the voltage until the regulator gives up.
"""

from ..world import Board

NORMAL, GASP, QUIET = 0, 1, 2
# Level 1: join, handshake and post take 0.7 W on average (firmware/README.md, "The last gasp"). Level 2: 30 mA at
# 80 MHz without radio (ESP32 datasheet, table 4-2: 20-31 mA) plus 6 mA of op amp, bias and regulator, from 3.3 V.
POWER_MW = (0, 700, 120)
# Through the charging resistor, when supply is back.
RECHARGE_MW = 500
# Of the budget; the rest is for finding the voltage again.
_TELLING_PERCENT = 75


class Reserve:
    """The energy in the capacitor, as far as it can be computed, and the level that it allows."""

    def __init__(self, board: Board, budget_mj: int) -> None:
        self._board = board
        self._budget_uj = budget_mj * 1000
        self._seen_us = board.uptime_us()
        self.spent_uj = 0
        self.level = NORMAL
        self.gasps = 0

    @property
    def left_mj(self) -> int:
        return max(self._budget_uj - self.spent_uj, 0) // 1000

    def follow(self, owes: bool) -> None:
        """Choose the level; owes: an outage waits to be told, or to be declared."""
        now_us = self._board.uptime_us()
        elapsed_us, self._seen_us = now_us - self._seen_us, now_us
        if not self._budget_uj or not self._board.on_reserve():
            self.spent_uj = max(0, self.spent_uj - elapsed_us * RECHARGE_MW // 1000)
            self._select(NORMAL)
            return
        self.spent_uj += elapsed_us * POWER_MW[self.level] // 1000
        if self.level == NORMAL:
            self.gasps += 1
            self._select(GASP)
        elif self.level == GASP and (not owes or self.spent_uj * 100 > self._budget_uj * _TELLING_PERCENT):
            self._select(QUIET)

    def _select(self, level: int) -> None:
        if level != self.level:
            self.level = level
            self._board.save_power(level)
