# SPDX-License-Identifier: Apache-2.0
"""Turn mains voltage and load current into the raw counts of an ESP32's ADC: bias, noise, quantisation, clipping.

Modelled: 12 bits at 11 dB (0.8 mV a count), bias 1.30 V, noise of 2.5 LSB, voltage and current read one after the
other. Not modelled here: the converter's curvature (INL) and the errors of the transformers.
"""

import math
from array import array

from electro_tools.grid.randomness import Randomness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

LSB_MV = 0.8  # 11 dB: about 3.3 V over 4,096 counts
BIAS_COUNTS = 1_625  # 1.30 V, the middle of the usable 0.15–2.45 V
NOMINAL_COUNTS = 625  # nominal voltage is 0.50 Vrms at the pin: 20% over is far from clipping
RATED_COUNTS = 562.5  # rated current is 0.45 Vrms at the pin
NOISE_LSB = 2.5  # σ on a quiet board: 2–3 LSB, measured
READ_US = 95  # one read from MicroPython 1.16 on; 35 µs on 1.15
PAIR_US = 250  # two reads and the loop around them

# Fixed point that stays within MicroPython's small integers (31 bits): sine × 2^12, amplitude × 2^7.
_SINE_BITS = 12
_AMPLITUDE_BITS = 7
_SHIFT = _SINE_BITS + _AMPLITUDE_BITS
_STEPS_BITS = 12  # entries of the sine table
_PHASE_BITS = 22  # of a cycle
_PHASE_MASK = (1 << _PHASE_BITS) - 1
_PHASE_SHIFT = _PHASE_BITS - _STEPS_BITS
_NOISE_BITS = 12
_NOISE_MASK = (1 << _NOISE_BITS) - 1
_MOST_COUNTS = 4_095


class Converter:
    """Tables made once; `fill` is the loop."""

    def __init__(
        self,
        randomness: Randomness,
        mains_hz: float,
        power_factor: float,
        harmonics: "Sequence[tuple[int, float]]" = (),
        noise_lsb: float = NOISE_LSB,
    ) -> None:
        """harmonics: (order, share of the fundamental) of the current; the voltage stays a sine."""
        self._randomness = randomness
        self.mains_hz = mains_hz
        self._voltage = _table([])
        self._current = _table(harmonics) if harmonics else self._voltage
        self._lag = int(math.acos(power_factor) / (2 * math.pi) * (1 << _PHASE_BITS))
        scale = noise_lsb * (1 << _SHIFT)
        half = 1 << (_SHIFT - 1)  # rounds the quantisation
        self._noise = array("i", [int(randomness.normal() * scale) + half for _ in range(1 << _NOISE_BITS)])

    def fill(
        self,
        times_us: "array[int]",
        volts: "array[int]",
        amps: "array[int]",
        first: int,
        last: int,
        phase0_us: int,
        volts_counts: float,
        amps_counts: float,
    ) -> None:
        """Convert samples first … last-1 at their times; amplitudes are RMS, in counts of the fundamental.

        phase0_us places time 0 of the stretch in the mains' cycle.
        """
        root2 = math.sqrt(2)
        va = int(volts_counts * root2 * (1 << _AMPLITUDE_BITS) + 0.5)
        ia = int(amps_counts * root2 * (1 << _AMPLITUDE_BITS) + 0.5)
        per_us = self.mains_hz * (1 << _PHASE_BITS) / 1_000_000
        step = times_us[first + 1] - times_us[first] if last - first > 1 else 0
        phase_step = int(step * per_us + 0.5)
        phase = int((phase0_us + times_us[first]) * per_us) & _PHASE_MASK
        lag = int(READ_US * per_us) - self._lag
        noise, voltage, current = self._noise, self._voltage, self._current
        n = self._randomness.word() & _NOISE_MASK
        m = self._randomness.word() & _NOISE_MASK
        for k in range(first, last):
            volts[k] = BIAS_COUNTS + (va * voltage[phase >> _PHASE_SHIFT] + noise[n] >> _SHIFT)
            amps[k] = BIAS_COUNTS + (
                ia * current[(phase + lag & _PHASE_MASK) >> _PHASE_SHIFT] + noise[m] >> _SHIFT
            )
            phase = phase + phase_step & _PHASE_MASK
            n = n + 1 & _NOISE_MASK
            m = m + 1 & _NOISE_MASK

    def pace(self) -> int:
        """Return the microseconds from pair to pair of the next stretch: a chip is never twice equally quick."""
        return PAIR_US + (self._randomness.word() >> 24) % 7 - 3


def clip_to_range(counts: float) -> float:
    """Return the RMS counts that still fit between the rails; a real input would clip its peaks there."""
    most = min(BIAS_COUNTS, _MOST_COUNTS - BIAS_COUNTS) - 16
    return min(counts, most / math.sqrt(2))


def _table(harmonics: "Sequence[tuple[int, float]]") -> "array[int]":
    """Return one cycle of a sine with harmonics, in fixed point."""
    size = 1 << _STEPS_BITS
    wave = []
    for step in range(size):
        # half a step: the index is the phase rounded down
        angle = 2 * math.pi * (step + 0.5) / size
        value = math.sin(angle)
        for order, share in harmonics:
            value += share * math.sin(order * angle)
        wave.append(math.floor(value * (1 << _SINE_BITS) + 0.5))
    return array("h", wave)
