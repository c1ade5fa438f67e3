# SPDX-License-Identifier: Apache-2.0
"""Measure energy over whole cycles of the voltage, in integers from the sample to the microjoule.

A window reaches from one interpolated rising zero crossing to another: some times ten cycles later at 50 Hz, twelve at
60. Every sample stands for its own cell of time (half-way to its neighbours), so uneven sampling costs nothing.
The voltage is interpolated to the instant of the current sample, shifted by the calibrated phase of the sensors, with
a parabola (a straight line would take 3% of a 5th harmonic).
DC is removed by the weighted means. No float appears: the chip's have 24 bits of mantissa.
"""

from array import array

from .linearisation import FINE_BITS
from .sampling import Sampler
from .sensors import SensorTable
from .window import Window, square_root

# A window is taken for mains only if its cycle is between 40 and 70 Hz.
_SHORTEST_CYCLE_US = 14_285
_LONGEST_CYCLE_US = 25_000
# Below this amplitude, in counts, a "crossing" is noise: 3 LSB of noise stay under it by 8 sigma.
_LEAST_AMPLITUDE = 24
_WORDS = 51  # of a frame: see cells.sum_cells
_SQUARE_BITS = 2 * FINE_BITS


class Calibration:
    """What turns counts into volts and amperes at this metering point."""

    def __init__(
        self,
        uv_per_count: int,
        ua_per_count: int,
        phase_mdeg: int = 0,
        creep_mw: int = 0,
        fine_ua_per_count: int = 0,
        sensors: "SensorTable | None" = None,
        no_load_mw: int = 0,
        fine_no_load_mw: int = 0,
    ) -> None:
        self.uv_per_count = uv_per_count
        self.ua_per_count = ua_per_count
        self.phase_mdeg = phase_mdeg  # by which the current's sensor is late against the voltage's
        self.creep_mw = creep_mw  # less than this is no load but noise
        self.fine_ua_per_count = fine_ua_per_count  # of the amplified range
        self.sensors = sensors or SensorTable([])
        self.no_load_mw = no_load_mw  # what is shown when nothing flows, to be taken away
        self.fine_no_load_mw = fine_no_load_mw


class Metering:
    """Follow the whole cycles of a stretch and measure them into `window`."""

    def __init__(self, calibration: Calibration, mains_hz: int = 50) -> None:
        self._calibration = calibration
        self.window = Window()
        self.volts_middle = -1  # the converter's reading at zero volts, learned from the last window
        self.amps_middle = -1
        self.frame = array("i", [0] * _WORDS)
        self._cycles = mains_hz // 5  # of 200 ms
        self._period2 = 2_000_000 // mains_hz  # of the last window, half microseconds
        self._ratio_ppm = 0  # by which the current's sensor says too much, at the last window's current

    def begin(self, sampler: Sampler, windows: int) -> None:
        """Begin a stretch of some times 200 ms."""
        if self.volts_middle < 0:
            sampler.fill()
            self.volts_middle, self.amps_middle = _middle(sampler.volts), _middle(sampler.amps)
        sampler.begin()
        self._ratio_ppm, late_mdeg = self._calibration.sensors.at(self.window.irms_ma)
        delay_us = sampler.skew_us - (self._calibration.phase_mdeg + late_mdeg) * self._period2 // 720_000
        frame = self.frame
        frame[1] = frame[9] = frame[11] = frame[15] = 0
        frame[2], frame[3], frame[4] = self.volts_middle, self.amps_middle, delay_us
        frame[5] = self.volts_middle - (_LEAST_AMPLITUDE << FINE_BITS)
        frame[6] = self._period2 // 8  # a quarter of a cycle
        frame[7], frame[8] = windows * self._cycles, -1
        frame[10] = self._period2 // 6  # a third of a cycle: by then the quarter is there
        for place in range(16, 29):
            frame[place] = 0

    @property
    def running(self) -> bool:
        """Return whether the sums go on."""
        return not self.frame[15]

    def measure(self, sampler: Sampler) -> bool:
        """Turn the sums of the whole cycles into energy, power and RMS, and learn the middles; False if there are none.

        The sums of products are in 64ths of a squared count, times in half microseconds.
        """
        frame, calibration, window = self.frame, self._calibration, self.window
        cycles, start2, end2 = frame[8], frame[13], frame[14]
        if cycles < 1:
            return False
        period2 = (end2 - start2) // cycles
        if not 2 * _SHORTEST_CYCLE_US <= period2 <= 2 * _LONGEST_CYCLE_US:
            return False
        weight = frame[29]
        su, si, sx = _of_two(frame, 30), _of_two(frame, 32), _of_two(frame, 34)
        suu, sii, sxi = _of_three(frame, 38), _of_three(frame, 41), _of_three(frame, 44)
        uv = calibration.uv_per_count
        ua = calibration.fine_ua_per_count if sampler.amplified else calibration.ua_per_count
        no_load_mw = calibration.fine_no_load_mw if sampler.amplified else calibration.no_load_mw
        ratio_ppm = self._ratio_ppm
        # counts² · half µs → µJ: µV · µA · µs is 10^-18 J
        product = ((sxi * weight - sx * si) * uv * ua // weight) >> _SQUARE_BITS
        product -= product * ratio_ppm // 1_000_000
        energy_uj = (product + 1_000_000_000_000) // 2_000_000_000_000 - no_load_mw * weight // 2_000
        window.power_mw = energy_uj * 2_000 // weight
        if -calibration.creep_mw < window.power_mw < calibration.creep_mw:
            energy_uj = window.power_mw = 0
        window.energy_uj = energy_uj
        squares = weight * weight << _SQUARE_BITS
        window.urms_mv = square_root((suu * weight - su * su) * uv * uv // squares) // 1000
        irms_ua = square_root((sii * weight - si * si) * ua * ua // squares)
        window.irms_ma = (irms_ua - irms_ua * ratio_ppm // 1_000_000) // 1000
        window.start_us = start2 // 2
        window.end_us = end2 // 2
        window.cycles = cycles
        window.frequency_mhz = cycles * 2_000_000_000 // weight
        window.reactive_mvar = self._reactive(weight, si, period2, uv * ua)
        self._period2 = period2
        self.volts_middle += (2 * su + weight) // (2 * weight)
        self.amps_middle += (2 * si + weight) // (2 * weight)
        return True

    def _reactive(self, weight: int, si: int, period2: int, uv_ua: int) -> int:
        """Return Q of the correlation of the current with the voltage of the last window's quarter before."""
        frame = self.frame
        sqi, sq = _of_three(frame, 47), _of_two(frame, 36)
        shown = (sqi * weight - sq * si) * uv_ua // (weight * weight) >> _SQUARE_BITS
        # at the angle θ it is P·cos θ + Q·sin θ; θ is a right angle but for the frequency's drift: cos θ ≈ x
        x_ppm = 6_283_185 * (period2 // 4 - 2 * frame[6]) // period2
        return shown // 1_000_000_000 - self.window.power_mw * x_ppm // 1_000_000


def _middle(samples: "array[int]") -> int:
    """Return what lies between the least and the most of them: of more than a cycle, the sine's middle."""
    return (min(samples) + max(samples)) // 2


def _of_two(frame: "array[int]", place: int) -> int:
    return (frame[place] << 12) + frame[place + 1]


def _of_three(frame: "array[int]", place: int) -> int:
    return (frame[place] << 29) + (frame[place + 1] << 17) + frame[place + 2]
