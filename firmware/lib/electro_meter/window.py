# SPDX-License-Identifier: Apache-2.0
"""Hold what was measured over whole cycles of the voltage, and what follows from it."""


class Window:
    """One whole-cycle measurement; times count from the start of the stretch."""

    def __init__(self) -> None:
        self.start_us = 0
        self.end_us = 0
        self.cycles = 0
        self.energy_uj = 0  # negative: exported
        self.power_mw = 0
        self.urms_mv = 0
        self.irms_ma = 0
        self.frequency_mhz = 0
        self.reactive_mvar = 0  # of the fundamental, positive when the current lags

    @property
    def apparent_mva(self) -> int:
        return self.urms_mv * self.irms_ma // 1000

    @property
    def nonactive_mva(self) -> int:
        """Return what of the apparent power does no work: √(S² − P²), harmonics included (IEEE 1459's N)."""
        square = self.apparent_mva**2 - self.power_mw**2
        return square_root(square) if square > 0 else 0

    @property
    def power_factor_permille(self) -> int:
        return self.power_mw * 1000 // self.apparent_mva if self.apparent_mva else 0


def square_root(n: int) -> int:
    """Return the integer square root (Newton; the chip's float sqrt has 24 bits)."""
    if n < 2:
        return max(n, 0)
    root = 1 << (len(hex(n)) - 1) * 2  # at or above the root
    while True:
        better = (root + n // root) >> 1
        if better >= root:
            return root
        root = better
