# SPDX-License-Identifier: Apache-2.0
"""Measure energy over whole cycles of the voltage, in integers from the sample to the microjoule.

A window reaches from one interpolated rising zero crossing to another: some times ten cycles later at 50 Hz, twelve at
60. Every sample stands for its own cell of time (half-way to its neighbours), so uneven sampling costs nothing. The
voltage is interpolated to the instant of the current sample, shifted by the calibrated phase of the sensors, with a
parabola (a straight line would take 3% of a 5th harmonic). DC is removed by the weighted means. No float appears: the
chip's have 24 bits of mantissa.
"""

from array import array

from .frames import (
    AMPS_MIDDLE,
    ARMED,
    CELL_WORDS,
    CROSSING,
    CYCLES,
    DELAY,
    EARLIEST,
    ENDED,
    FIRST,
    LAST,
    LEVEL,
    LOOKED,
    QUARTER,
    RUNNING,
    TOTAL_I,
    TOTAL_II,
    TOTAL_Q,
    TOTAL_QI,
    TOTAL_U,
    TOTAL_UU,
    TOTAL_W,
    TOTAL_X,
    TOTAL_XI,
    VOLTS_MIDDLE,
    WANTED,
)
from .linearisation import FINE_BITS
from .sampling import Sampler

# A window is taken for mains only if its cycle is between 40 and 70 Hz.
_SHORTEST_CYCLE_US = 14_285
_LONGEST_CYCLE_US = 25_000
# Below this amplitude, in counts, a "crossing" is noise: 3 LSB of noise stay under it by 8 sigma.
_LEAST_AMPLITUDE = 24
_SQUARE_BITS = 2 * FINE_BITS


class SensorTable:
    """What the current's sensor errs by at each current, for transformers err most at little.

    Rows of (milliamperes, ratio error in ppm, lateness in millidegrees), by rising current.
    """

    def __init__(self, rows: "list[tuple[int, int, int]]") -> None:
        """Raises ValueError if the currents do not rise."""
        for before, after in zip(rows, rows[1:]):  # noqa: B905, RUF007 - MicroPython has neither
            if before[0] >= after[0]:
                raise ValueError("the currents of a sensor table must rise")
        self._rows = rows

    def at(self, irms_ma: int) -> "tuple[int, int]":
        """Return (ratio error in ppm, lateness in millidegrees), straight between the rows and level beyond them."""
        rows = self._rows
        if not rows:
            return 0, 0
        if irms_ma <= rows[0][0]:
            return rows[0][1], rows[0][2]
        for k in range(1, len(rows)):
            ma, ppm, mdeg = rows[k]
            if irms_ma < ma:
                ma0, ppm0, mdeg0 = rows[k - 1]
                part, whole = irms_ma - ma0, ma - ma0
                return ppm0 + (ppm - ppm0) * part // whole, mdeg0 + (mdeg - mdeg0) * part // whole
        return rows[-1][1], rows[-1][2]


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


class Metering:
    """Follow the whole cycles of a stretch and measure them into `window`."""

    def __init__(self, calibration: Calibration, mains_hz: int = 50) -> None:
        self._calibration = calibration
        self.window = Window()
        self.volts_middle = -1  # the converter's reading at zero volts, learned from the last window
        self.amps_middle = -1
        self.frame = array("i", [0] * CELL_WORDS)
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
        frame[LOOKED] = frame[ARMED] = frame[CROSSING] = frame[ENDED] = 0
        frame[VOLTS_MIDDLE], frame[AMPS_MIDDLE], frame[DELAY] = self.volts_middle, self.amps_middle, delay_us
        frame[LEVEL] = self.volts_middle - (_LEAST_AMPLITUDE << FINE_BITS)
        frame[QUARTER] = self._period2 // 8  # of a cycle
        frame[WANTED], frame[CYCLES] = windows * self._cycles, -1
        frame[EARLIEST] = self._period2 // 6  # a third of a cycle: by then the quarter is there
        for place in range(RUNNING, TOTAL_W):
            frame[place] = 0

    @property
    def running(self) -> bool:
        """Return whether the sums go on."""
        return not self.frame[ENDED]

    def measure(self, sampler: Sampler) -> bool:
        """Turn the sums of the whole cycles into energy, power and RMS, and learn the middles; False if there are none.

        The sums of products are in 64ths of a squared count, times in half microseconds.
        """
        frame, calibration, window = self.frame, self._calibration, self.window
        cycles, start2, end2 = frame[CYCLES], frame[FIRST], frame[LAST]
        if cycles < 1:
            return False
        period2 = (end2 - start2) // cycles
        if not 2 * _SHORTEST_CYCLE_US <= period2 <= 2 * _LONGEST_CYCLE_US:
            return False
        weight = frame[TOTAL_W]
        su, si, sx = _of_two(frame, TOTAL_U), _of_two(frame, TOTAL_I), _of_two(frame, TOTAL_X)
        suu, sii, sxi = _of_three(frame, TOTAL_UU), _of_three(frame, TOTAL_II), _of_three(frame, TOTAL_XI)
        if suu * weight <= su * su:
            return False  # no voltage with cycles has such sums: nothing of them is believed, and no middle is learned
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
        sqi, sq = _of_three(frame, TOTAL_QI), _of_two(frame, TOTAL_Q)
        shown = (sqi * weight - sq * si) * uv_ua // (weight * weight) >> _SQUARE_BITS
        # at the angle θ it is P·cos θ + Q·sin θ; θ is a right angle but for the frequency's drift: cos θ ≈ x
        x_ppm = 6_283_185 * (period2 // 4 - 2 * frame[QUARTER]) // period2
        return shown // 1_000_000_000 - self.window.power_mw * x_ppm // 1_000_000


def _middle(samples: "array[int]") -> int:
    """Return what lies between the least and the most of them: of more than a cycle, the sine's middle."""
    return (min(samples) + max(samples)) // 2


def _of_two(frame: "array[int]", place: int) -> int:
    return (frame[place] << 12) + frame[place + 1]


def _of_three(frame: "array[int]", place: int) -> int:
    return (frame[place] << 29) + (frame[place + 1] << 17) + frame[place + 2]


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
