# SPDX-License-Identifier: Apache-2.0
"""Say what a consumer takes at every instant, so that each slot's mean is exactly what the load curve gives."""

import math

from electro_tools.grid.periods import Periods
from electro_tools.grid.randomness import Randomness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# Two slow waves, a whole number in each slot, so that they leave its mean alone. 2% and 1% keep the noise of the
# sampling instants far from the error that is to be shown, and are less than a real plant's.
_WAVES = ((2, 0.02), (7, 0.01))


class LoadCurve:
    """Mean power per slot with a small variation inside; nothing outside the curve."""

    def __init__(self, watts: "Sequence[float]", start_s: int, slot_s: int, seed: int) -> None:
        self._watts = watts
        self._start_us = start_s * 1_000_000
        self._slot_us = slot_s * 1_000_000
        randomness = Randomness(seed)
        self._phases = [[randomness.unit() for _ in _WAVES] for _ in watts]

    @property
    def peak_w(self) -> float:
        return max(self._watts)

    def watts_at(self, unix_us: int) -> float:
        """Return the power that the consumer takes if supply is there."""
        slot, rest_us = divmod(unix_us - self._start_us, self._slot_us)
        if not 0 <= slot < len(self._watts):
            return 0.0
        x = rest_us / self._slot_us
        factor = 1.0
        for (count, depth), phase in zip(_WAVES, self._phases[slot]):  # noqa: B905 - no strict= on MicroPython
            factor += depth * math.sin(2 * math.pi * (count * x + phase))
        return self._watts[slot] * factor

    def next_edge_us(self, unix_us: int, until_us: int) -> int:
        """Return the next boundary of slots after unix_us, or until_us if it comes first."""
        edge_us = unix_us + self._slot_us - (unix_us - self._start_us) % self._slot_us
        return min(edge_us, until_us)

    def energy_wh(self, from_us: int, to_us: int, interruptions: Periods) -> float:
        """Return the energy really taken between two instants: the integral, not a sum of samples."""
        total = 0.0
        while from_us < to_us:
            edge_us = interruptions.next_edge_us(from_us, self.next_edge_us(from_us, to_us))
            if interruptions.at(from_us) is None:
                total += self._energy_in_slot(from_us, edge_us)
            from_us = edge_us
        return total

    def _energy_in_slot(self, from_us: int, to_us: int) -> float:
        slot, begin_us = divmod(from_us - self._start_us, self._slot_us)
        if not 0 <= slot < len(self._watts):
            return 0.0
        x0 = begin_us / self._slot_us
        x1 = x0 + (to_us - from_us) / self._slot_us
        share = x1 - x0
        for (count, depth), phase in zip(_WAVES, self._phases[slot]):  # noqa: B905 - no strict= on MicroPython
            turn = 2 * math.pi
            share += (
                depth
                * (math.cos(turn * (count * x0 + phase)) - math.cos(turn * (count * x1 + phase)))
                / (turn * count)
            )
        return self._watts[slot] * share * self._slot_us / 3_600_000_000
