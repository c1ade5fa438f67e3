# SPDX-License-Identifier: Apache-2.0
"""Do what EmonLib and EmonLibCM publish as their algorithms, in floats, on the samples of the simulated bench.

Written from the published description, not translated. To their favour: the converter's pace is even (their samples
come from a loop or an interrupt without stalls), the bias is where they would put it, gain and phase are calibrated
at 50% of rated current on the very device. They have one current range and no table, as published.
"""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING

from electro_tools.grid.calibrating import NOMINAL_V, RATED_A
from electro_tools.grid.chip import BIAS_COUNTS, PAIR_US, READ_US
from electro_tools.grid.waveforms import LOADS

if TYPE_CHECKING:
    from electro_tools.grid.bench import Bench

CALIBRATION_PERCENT = 50
_PAIRS = 1_049  # 262 ms
_CROSSINGS = 20


class _Peer:
    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._times = array("i", [0] * _PAIRS)
        self._volts = array("H", [0] * _PAIRS)
        self._amps = array("H", [0] * _PAIRS)
        self.gain = 1.0

    def samples(self) -> list[tuple[int, int]]:
        self._bench.begin()
        self._bench.sample(self._times, self._volts, self._amps, 0, _PAIRS)
        return list(zip(self._volts, self._amps, strict=True))

    def power(self, windows: int) -> float:
        raise NotImplementedError

    def error(self, windows: int) -> float:
        true = self._bench.true_power * NOMINAL_V * RATED_A
        return self.power(windows) * self.gain / true - 1

    def _watts(self, load: str) -> tuple[float, float]:
        """Return (shown, true) power at the calibration's current."""
        self._bench.carry(LOADS[load], CALIBRATION_PERCENT)
        return self.power(24), self._bench.true_power * NOMINAL_V * RATED_A


class EmonLib(_Peer):
    """`calcVI(20, …)`: offsets by a slow filter, phase by extrapolating the voltage, half waves by a level."""

    name = "EmonLib"

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self._offset_v = self._offset_i = float(BIAS_COUNTS)
        self._filtered_v = 0.0
        self.phase_cal = 1.0
        for _ in range(3):  # the gain moves the phase's reading a little, and the other way round
            self._calibrate()

    def _calibrate(self) -> None:
        shown, true = self._watts("PF 1")
        self.gain = true / shown
        seen = []
        for value in (0.5, 2.5):
            self.phase_cal = value
            half, wanted = self._watts("PF 0.5 lag")
            seen.append(half * self.gain)
        self.phase_cal = 0.5 + 2.0 * (wanted - seen[0]) / (seen[1] - seen[0])
        shown, true = self._watts("PF 1")
        self.gain = true / shown

    def power(self, windows: int) -> float:
        return sum(self._calc_vi() for _ in range(windows)) / windows

    def _calc_vi(self) -> float:
        pairs = self.samples()
        begin = next(k for k, (v, _) in enumerate(pairs) if abs(v - BIAS_COUNTS) < 0.05 * 4096)
        start_v = pairs[begin][0]
        crossings = count = 0
        total = 0.0
        above = False
        for v, i in pairs[begin + 1 :]:
            count += 1
            last = self._filtered_v
            self._offset_v += (v - self._offset_v) / 1024
            self._filtered_v = v - self._offset_v
            self._offset_i += (i - self._offset_i) / 1024
            shifted = last + self.phase_cal * (self._filtered_v - last)
            total += shifted * (i - self._offset_i)
            was, above = above, v > start_v
            if count > 1 and was != above:
                crossings += 1
                if crossings == _CROSSINGS:
                    break
        return total / count


class EmonLibCM(_Peer):
    """Continuous: raw sums over whole cycles, means taken out at the end, the phase by weighing two voltage samples."""

    name = "EmonLibCM"

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.phase_deg = 0.0
        shown, true = self._watts("PF 1")
        self.gain = true / shown
        for _ in range(2):
            half, wanted = self._watts("PF 0.5 lag")
            error = max(-0.3, min(0.3, half * self.gain / wanted - 1))
            self.phase_deg += math.degrees(error / math.sqrt(3))
            shown, true = self._watts("PF 1")
            self.gain = true / shown

    def power(self, windows: int) -> float:
        hz = round(self._bench.mains_hz)
        step = 2 * math.pi * hz * PAIR_US / 1e6
        shift = 2 * math.pi * hz * READ_US / 1e6 + math.radians(self.phase_deg)
        y = math.sin(shift) / math.sin(step)
        x = math.cos(shift) - y * math.cos(step)
        sum_v = sum_i = sum_a = sum_b = count = 0
        for _ in range(windows):
            pairs = self.samples()
            crossings = [k for k in range(1, len(pairs)) if pairs[k - 1][0] < BIAS_COUNTS <= pairs[k][0]]
            first, last = crossings[0], crossings[-1]
            if last + 1 >= len(pairs):
                last -= 1
            for k in range(first, last):
                v, i = pairs[k]
                sum_v += v
                sum_i += i
                sum_a += v * i
                sum_b += pairs[k + 1][0] * i
            count += last - first
        offset = sum_v / count * sum_i / count
        return x * (sum_a / count - offset) + y * (sum_b / count - offset)
