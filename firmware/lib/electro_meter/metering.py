# SPDX-License-Identifier: Apache-2.0
"""Measure energy over whole cycles of the voltage, in integers from the sample to the microjoule.

A window reaches from one interpolated rising zero crossing to another, ten cycles later at 50 Hz, twelve at 60.
Every sample stands for its own cell of time (half-way to its neighbours), so uneven sampling costs nothing.
The voltage is interpolated to the instant of the current sample, shifted by the calibrated phase of the sensors, with
a parabola (a straight line would take 3% of a 5th harmonic).
DC is removed by the weighted means. No float appears: the chip's have 24 bits of mantissa.
"""

from .cells import falling, later, rising, sum_cells
from .sampling import Sampler
from .sensors import SensorTable
from .window import Window, square_root

# A window is taken for mains only if its cycle is between 40 and 70 Hz.
_SHORTEST_CYCLE_US = 14_285
_LONGEST_CYCLE_US = 25_000
# Below this amplitude a "crossing" is noise: 3 LSB of noise stay under it by 8 sigma.
_LEAST_AMPLITUDE = 24
# Reactive power is for people, not for the register: once in 3 s is often enough for a pass over the block.
_REACTIVE_EVERY = 16


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
    """Find the whole cycles of a block and measure them into `window`."""

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self.window = Window()
        self.volts_middle = -1  # the converter's reading at zero volts, learned from the last window
        self.amps_middle = -1
        self._sums = [0] * 7
        self._irms_ma = 0  # of the last window, by which the sensors are corrected
        self._windows = 0

    def learn_middle(self, sampler: Sampler) -> None:
        """Take the middle of both channels from a block's plain mean, if no window told it yet."""
        if self.volts_middle < 0 and sampler.count:
            self.volts_middle = sum(memoryview(sampler.volts)[: sampler.count]) // sampler.count
            self.amps_middle = sum(memoryview(sampler.amps)[: sampler.count]) // sampler.count

    def measure(self, sampler: Sampler) -> bool:
        """Measure the block's first ten (twelve) whole cycles; False if it holds none.

        Times are half microseconds where a crossing's is meant.
        """
        self.learn_middle(sampler)
        first, last, cycles = self._crossings(sampler)
        if cycles < 1:
            return False
        start2 = self._crossing_time2(sampler, first)
        end2 = self._crossing_time2(sampler, last)
        period2 = (end2 - start2) // cycles
        if not 2 * _SHORTEST_CYCLE_US <= period2 <= 2 * _LONGEST_CYCLE_US:
            return False
        mean_dt = (sampler.times_us[last] - sampler.times_us[first]) // (last - first)
        calibration = self._calibration
        ratio_ppm, late_mdeg = calibration.sensors.at(self._irms_ma)
        delay_us = sampler.skew_us - (calibration.phase_mdeg + late_mdeg) * period2 // 720_000
        shift = delay_us // mean_dt
        offset = delay_us - shift * mean_dt
        if first + shift < 2 or last + shift + 3 > sampler.count:
            return False
        # after a stall the voltage of that instant is fewer samples away
        times = sampler.times_us
        at = first + shift
        while at > 1 and times[at] > times[first] + delay_us:
            at -= 1
        if times[at] > times[first] + delay_us or times[sampler.count - 3] < times[last] + delay_us:
            return False
        self._sums = sum_cells(
            sampler.times_us,
            sampler.volts,
            sampler.amps,
            first,
            last,
            at,
            delay_us,
            self.volts_middle,
            self.amps_middle,
        )
        # the cells at both edges end at the crossings, not half-way between samples
        edge = sampler.times_us[first - 1] + sampler.times_us[first] - start2
        self._add(sampler, first - 1 if edge > 0 else first, edge, shift, offset, mean_dt)
        edge = end2 - sampler.times_us[last - 1] - sampler.times_us[last]
        self._add(sampler, last if edge > 0 else last - 1, edge, shift, offset, mean_dt)
        ua = calibration.fine_ua_per_count if sampler.amplified else calibration.ua_per_count
        no_load_mw = calibration.fine_no_load_mw if sampler.amplified else calibration.no_load_mw
        self._conclude(start2, end2, cycles, ua, ratio_ppm, no_load_mw, 2 * sampler.fine_bits)
        if self._windows % _REACTIVE_EVERY == 0:
            self._reactive(sampler, first, last, period2, mean_dt, delay_us, ua)
        self._windows += 1
        return True

    def _crossings(self, sampler: Sampler) -> "tuple[int, int, int]":
        """Return the samples after the first and the last rising crossing, and the cycles between."""
        volts, times = sampler.volts, sampler.times_us
        middle, end = self.volts_middle, sampler.count - 3
        below = middle - (_LEAST_AMPLITUDE << sampler.fine_bits)
        first = last = cycles = 0
        wanted = 10
        k = rising(volts, 2, end, middle)
        while k < end:
            if last:
                period_us = times[k] - times[last]
                if period_us > _LONGEST_CYCLE_US + 1_000:
                    break  # the voltage was away in between
                cycles += 1
                if cycles == 1 and period_us < 18_200:  # above 55 Hz
                    wanted = 12
            else:
                first = k
            last = k
            if cycles == wanted:
                break
            # no true crossing within the next half cycle; require a real negative half wave before the next
            k = later(times, k, end, times[k] + _SHORTEST_CYCLE_US // 2)
            k = falling(volts, k, end, below)
            k = rising(volts, k, end, middle)
        return first, last, cycles

    def _crossing_time2(self, sampler: Sampler, k: int) -> int:
        """Return the instant between samples k-1 and k at which the voltage was zero, in half microseconds."""
        before = self.volts_middle - sampler.volts[k - 1]
        after = sampler.volts[k] - self.volts_middle
        t = sampler.times_us[k - 1]
        return 2 * t + 2 * (sampler.times_us[k] - t) * before // (before + after)

    def _add(self, sampler: Sampler, k: int, w: int, shift: int, offset: int, dt: int) -> None:
        """Add w half microseconds to the cell of sample k (take them away if negative)."""
        volts = sampler.volts
        u = volts[k] - self.volts_middle
        i = sampler.amps[k] - self.amps_middle
        x = volts[k + shift] - self.volts_middle
        x += (volts[k + shift + 1] - volts[k + shift]) * offset // dt
        sums = self._sums
        sums[0] += w
        sums[1] += w * u
        sums[2] += w * i
        sums[3] += w * x
        sums[4] += w * u * u
        sums[5] += w * i * i
        sums[6] += w * x * i

    def _conclude(
        self,
        start2: int,
        end2: int,
        cycles: int,
        ua: int,
        ratio_ppm: int,
        no_load_mw: int,
        square_bits: int,
    ) -> None:
        """Turn the sums into energy, power and RMS, and learn the middles.

        ratio_ppm is by how much the current's sensor says too much; the sums of products are in 1/2^square_bits of a
        squared count.
        """
        weight, su, si, sx, suu, sii, sxi = self._sums
        calibration, window = self._calibration, self.window
        uv = calibration.uv_per_count
        # counts² · half µs → µJ: µV · µA · µs is 10^-18 J
        product = ((sxi * weight - sx * si) * uv * ua // weight) >> square_bits
        product -= product * ratio_ppm // 1_000_000
        energy_uj = (product + 1_000_000_000_000) // 2_000_000_000_000 - no_load_mw * weight // 2_000
        window.power_mw = energy_uj * 2_000 // weight
        if -calibration.creep_mw < window.power_mw < calibration.creep_mw:
            energy_uj = window.power_mw = 0
        window.energy_uj = energy_uj
        squares = weight * weight << square_bits
        window.urms_mv = square_root((suu * weight - su * su) * uv * uv // squares) // 1000
        irms_ua = square_root((sii * weight - si * si) * ua * ua // squares)
        self._irms_ma = window.irms_ma = (irms_ua - irms_ua * ratio_ppm // 1_000_000) // 1000
        window.start_us = start2 // 2
        window.end_us = end2 // 2
        window.cycles = cycles
        window.frequency_mhz = cycles * 2_000_000_000 // weight
        self.volts_middle += (2 * su + weight) // (2 * weight)
        self.amps_middle += (2 * si + weight) // (2 * weight)

    def _reactive(
        self, sampler: Sampler, first: int, last: int, period2: int, mean_dt: int, delay_us: int, ua: int
    ) -> None:
        """Correlate the current with the voltage of a quarter cycle before, over whole half cycles."""
        quarter_us = period2 // 8
        back = max(1, (quarter_us - delay_us + mean_dt // 2) // mean_dt)
        turned_us = back * mean_dt + delay_us  # how much earlier that voltage really is
        volts, amps = sampler.volts, sampler.amps
        volts_middle, amps_middle = self.volts_middle, self.amps_middle
        begin = first + period2 // 4 // mean_dt  # a half cycle later
        su = si = sui = 0
        for k in range(begin, last):
            u = volts[k - back] - volts_middle
            i = amps[k] - amps_middle
            su += u
            si += i
            sui += u * i
        count = last - begin
        if count < 1:
            return
        shown = (
            sui - su * si // count
        ) * self._calibration.uv_per_count * ua // count >> 2 * sampler.fine_bits
        # at the angle θ the correlation is P·cos θ + Q·sin θ; θ is near a right angle: cos θ ≈ x, sin θ ≈ 1 − x²/2
        x_ppm = 6_283_185 * (quarter_us - turned_us) * 2 // period2
        rest = shown // 1_000_000_000 - self.window.power_mw * x_ppm // 1_000_000
        self.window.reactive_mvar = rest + rest * (x_ppm * x_ppm // 2_000_000) // 1_000_000
