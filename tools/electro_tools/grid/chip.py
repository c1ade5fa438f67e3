# SPDX-License-Identifier: Apache-2.0
"""Model one ESP32's analogue side: a converter with its own gain, offset, curvature and noise, read channel by channel.

| parameter | value | source |
|---|---|---|
| reference | 1,100 mV ± 3.5% (σ) | ESP32 datasheet: 1,000 to 1,200 mV from chip to chip |
| offset | σ 12 LSB | esp_adc_cal: up to some tens of mV at 11 dB |
| curvature (INL) | rms 4.6–5.7 LSB, at most 13–16 | measured on boards (FACTS); its slope near the bias is ±10% |
| quiet noise | σ 2.5 LSB | measured: 2–3 |
| bad noise | σ 8.5 LSB, 0.5% of the reads σ 60 | measured: core 8–9 with outliers; their share is an assumption |
| one read | 95 µs, a pair 250 µs | MicroPython 1.16 and later, measured by others |
| a look at a run of pairs | 200 µs | tests/bench/coverage.py: instructions and bytecodes counted |
| a stall | 1 ms, every 20 to 80 ms | the radio's interrupts; nothing is allocated in the loop; an assumption |
| pick-up | the current's pin takes 0.05% of the voltage's signal | neighbouring tracks; an assumption |
"""

import math
from array import array

from electro_tools.grid.randomness import Randomness

QUIET = (2.5, 0.0, 0.0)  # σ, share of outliers, their σ
BAD = (8.5, 0.005, 60.0)

BIAS_COUNTS = 1_625  # 1.30 V
BIAS_STEP_COUNTS = 8  # eight steps go once over the finest ripple
READ_US = 95
PAIR_US = 250
LOOK_US = 200
_STALL_US = 1_000
_STALL_LEAST_US = 20_000
_STALL_SPREAD_US = 60_000
_LOW, _HIGH = 186, 3_062  # 0.15 and 2.45 V: where the curvature is known
_INL_RMS = 5.2
# (wavelength in counts, amplitude before scaling): the finest two make the slope at the bias, the others the bow
_RIPPLES = ((64, 0.7), (128, 0.9), (260, 1.4), (530, 2.2), (1_100, 3.2), (2_900, 5.0))
_NOISE_MASK = (1 << 12) - 1


class Chip:
    """One device; `seed` is its serial number."""

    def __init__(self, seed: int, noise: "tuple[float, float, float]" = QUIET, stalls: bool = True) -> None:
        self._stalls = stalls
        self._stall_in_us = 0
        randomness = Randomness(seed * 7 + 1)
        self.gain = 1 + 0.035 * max(-2.5, min(2.5, randomness.normal()))
        self.offset = 12 * max(-2.5, min(2.5, randomness.normal()))
        self.pick_up = 0.0005 if randomness.word() & 0x8000 else -0.0005
        self._codes = self._transfer(randomness)
        self._randomness = randomness
        deviation, share, outliers = noise
        self._noise = array("f", bytes(4 * (_NOISE_MASK + 1)))
        for k in range(_NOISE_MASK + 1):
            self._noise[k] = randomness.normal() * (outliers if randomness.unit() < share else deviation)

    def _transfer(self, randomness: Randomness) -> "array[float]":
        """Return the curvature by ideal count: what the converter says too much."""
        phases = [randomness.unit() for _ in _RIPPLES]
        bow = array("f", bytes(4 * 4_096))
        for ideal in range(4_096):
            total = 0.0
            for (length, amplitude), phase in zip(_RIPPLES, phases):  # noqa: B905 - no strict= on MicroPython
                total += amplitude * math.sin(2 * math.pi * (ideal / length + phase))
            bow[ideal] = total
        middle = sum([bow[k] for k in range(_LOW, _HIGH)]) / (_HIGH - _LOW)
        rms = math.sqrt(sum([(bow[k] - middle) ** 2 for k in range(_LOW, _HIGH)]) / (_HIGH - _LOW))
        for ideal in range(4_096):
            bow[ideal] = (bow[ideal] - middle) * _INL_RMS / rms
            if ideal > _HIGH:  # beyond 2.45 V the converter runs into its rail
                bow[ideal] -= (ideal - _HIGH) ** 2 / 4_000
        return bow

    def inl(self) -> "list[float]":
        """Return the curvature over the usable range, in LSB."""
        return list(self._codes[_LOW:_HIGH])

    def read(self, ideal: float, noise: float = 0.0) -> int:
        """Convert a voltage at the pin, in ideal counts; it saturates at both ends."""
        seen = ideal * self.gain + self.offset
        whole = min(4_095, max(0, int(seen)))
        code = int(seen + self._codes[whole] + noise + 0.5)
        return min(4_095, max(0, code))

    def reference(self, ideal: float, reads: int = 256) -> float:
        """Read a DC reference and return the mean, as a calibration does."""
        total = 0
        at = self._randomness.word() & _NOISE_MASK
        for k in range(reads):
            total += self.read(ideal, self._noise[at + k & _NOISE_MASK])
        return total / reads

    def noise_from(self) -> "tuple[array[float], int, int]":
        """Return the noise, a place to begin in it, and the mask to go round."""
        return self._noise, self._randomness.word() & _NOISE_MASK, _NOISE_MASK

    def begin(self) -> None:
        """Begin a stretch, with the next stall somewhere ahead."""
        self._stall_in_us = self._randomness.word() % _STALL_SPREAD_US

    def times(self, times_us: "array[int]", first: int, end: int, t: int) -> int:
        """Fill in the instants of a run's voltage reads, from t on: a pace that trembles, and now and then a stall.

        Returns when the next run can begin.
        """
        word = self._randomness.word
        for k in range(first, end):
            times_us[k] = t
            step_us = PAIR_US + (word() >> 16) % 9 - 4
            self._stall_in_us -= step_us
            if self._stall_in_us <= 0 and self._stalls:
                step_us += _STALL_US
                self._stall_in_us += _STALL_LEAST_US + word() % _STALL_SPREAD_US
            t += step_us
        return t + LOOK_US
