# SPDX-License-Identifier: Apache-2.0
"""Measure energy over whole cycles of the voltage, in integers from the sample to the microjoule.

A window reaches from one interpolated rising zero crossing to another, ten cycles later at 50 Hz, twelve at 60.
Every sample stands for its own cell of time (half-way to its neighbours), so uneven sampling costs nothing.
The voltage is interpolated to the instant of the current sample, shifted by the calibrated phase of the sensors.
DC is removed by the weighted means. No float appears: the chip's have 24 bits of mantissa.
"""

from .sampling import Sampler

# Linear interpolation between two samples of a sine, a and b away, lowers it by a·b·ω²/2 (Taylor); 2π² scaled by 10^6.
_TWO_PI_SQUARED_PPM = 19_739_209
# A window is taken for mains only if its cycle is between 40 and 70 Hz.
_SHORTEST_CYCLE_US = 14_285
_LONGEST_CYCLE_US = 25_000
# Below this amplitude a "crossing" is noise: 3 LSB of noise stay under it by 8 sigma.
_LEAST_AMPLITUDE = 24


class Calibration:
    """What turns counts into volts and amperes at this metering point."""

    def __init__(self, uv_per_count: int, ua_per_count: int, phase_mdeg: int = 0, creep_mw: int = 0) -> None:
        self.uv_per_count = uv_per_count
        self.ua_per_count = ua_per_count
        self.phase_mdeg = phase_mdeg  # by which the current's sensor is late against the voltage's
        self.creep_mw = creep_mw  # less than this is no load but noise


class Window:
    """One whole-cycle measurement; times count from the start of the block."""

    def __init__(self) -> None:
        self.start_us = 0
        self.end_us = 0
        self.cycles = 0
        self.energy_uj = 0  # negative: exported
        self.power_mw = 0
        self.urms_mv = 0
        self.irms_ma = 0
        self.frequency_mhz = 0

    @property
    def apparent_mva(self) -> int:
        return self.urms_mv * self.irms_ma // 1000

    @property
    def reactive_mvar(self) -> int:
        """Return what is neither active nor lost: √(S² − P²), harmonics included, always positive."""
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


class Metering:
    """Find the whole cycles of a block and measure them into `window`."""

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self.window = Window()
        self.volts_middle = -1  # the converter's reading at zero volts, learned from the last window
        self.amps_middle = -1
        self._sums = [0] * 7

    def learn_middle(self, sampler: Sampler) -> None:
        """Take the middle of both channels from a block's plain mean, if no window told it yet."""
        if self.volts_middle < 0 and sampler.count:
            self.volts_middle = sum(memoryview(sampler.volts)[: sampler.count]) // sampler.count
            self.amps_middle = sum(memoryview(sampler.amps)[: sampler.count]) // sampler.count

    def measure(self, sampler: Sampler) -> bool:
        """Measure the block's first ten (twelve) whole cycles; False if it holds none.

        A crossing's time is kept in 1/256 µs only inside `_crossings`; outside, times are half microseconds.
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
        delay_us = sampler.skew_us - self._calibration.phase_mdeg * period2 // 720_000
        shift = delay_us // mean_dt
        offset = delay_us - shift * mean_dt
        if first + shift < 1 or last + shift + 2 > sampler.count:
            return False
        self._accumulate(sampler, first, last, shift, offset)
        # the cells at both edges end at the crossings, not half-way between samples
        edge = sampler.times_us[first - 1] + sampler.times_us[first] - start2
        self._add(sampler, first - 1 if edge > 0 else first, edge, shift, offset, mean_dt)
        edge = end2 - sampler.times_us[last - 1] - sampler.times_us[last]
        self._add(sampler, last if edge > 0 else last - 1, edge, shift, offset, mean_dt)
        self._conclude(start2, end2, cycles, 4 * offset * (mean_dt - offset), period2 * period2)
        return True

    def _crossings(self, sampler: Sampler) -> "tuple[int, int, int]":
        """Return the samples after the first and the last rising crossing, and the cycles between."""
        volts, times = sampler.volts, sampler.times_us
        middle, count = self.volts_middle, sampler.count
        first = last = cycles = 0
        wanted = 10
        k = 2
        while k < count - 3:
            if not volts[k - 1] < middle <= volts[k]:
                k += 1
                continue
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
            ahead_us = times[k] + _SHORTEST_CYCLE_US // 2
            while k < count - 3 and times[k] < ahead_us:
                k += 1
            while k < count - 3 and volts[k] > middle - _LEAST_AMPLITUDE:
                k += 1
        return first, last, cycles

    def _crossing_time2(self, sampler: Sampler, k: int) -> int:
        """Return the instant between samples k-1 and k at which the voltage was zero, in half microseconds."""
        before = self.volts_middle - sampler.volts[k - 1]
        after = sampler.volts[k] - self.volts_middle
        t = sampler.times_us[k - 1]
        return 2 * t + 2 * (sampler.times_us[k] - t) * before // (before + after)

    def _accumulate(self, sampler: Sampler, first: int, last: int, shift: int, offset: int) -> None:
        """Sum the cells of samples first … last-1, each as long as half the way to both neighbours.

        Everything is local and flat: this loop is most of the meter's time.
        """
        times, volts, amps = sampler.times_us, sampler.volts, sampler.amps
        volts_middle, amps_middle = self.volts_middle, self.amps_middle
        weight = su = si = sx = suu = sii = sxi = 0
        before = times[first - 1]
        now = times[first]
        x0 = volts[first + shift] - volts_middle
        fraction = known_dt = 0
        for k in range(first, last):
            after = times[k + 1]
            if after - now != known_dt:
                known_dt = after - now
                fraction = (offset << 10) // known_dt
            x1 = volts[k + shift + 1] - volts_middle
            x = x0 + ((x1 - x0) * fraction >> 10)  # the voltage at the instant of the current
            x0 = x1
            u = volts[k] - volts_middle
            i = amps[k] - amps_middle
            w = after - before
            weight += w
            su += w * u
            sx += w * x
            suu += w * u * u
            w *= i
            si += w
            sii += w * i
            sxi += w * x
            before = now
            now = after
        sums = self._sums
        sums[0], sums[1], sums[2], sums[3], sums[4], sums[5], sums[6] = weight, su, si, sx, suu, sii, sxi

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

    def _conclude(self, start2: int, end2: int, cycles: int, bend: int, period2_squared: int) -> None:
        """Turn the sums into energy, power and RMS, and learn the middles."""
        weight, su, si, sx, suu, sii, sxi = self._sums
        calibration, window = self._calibration, self.window
        uv, ua = calibration.uv_per_count, calibration.ua_per_count
        # counts² · half µs → µJ: µV · µA · µs is 10^-18 J
        product = (sxi * weight - sx * si) * uv * ua // weight
        product += product * (_TWO_PI_SQUARED_PPM * bend // period2_squared) // 1_000_000
        energy_uj = (product + 1_000_000_000_000) // 2_000_000_000_000
        window.power_mw = energy_uj * 2_000 // weight
        if -calibration.creep_mw < window.power_mw < calibration.creep_mw:
            energy_uj = window.power_mw = 0
        window.energy_uj = energy_uj
        window.urms_mv = square_root((suu * weight - su * su) * uv * uv // (weight * weight)) // 1000
        window.irms_ma = square_root((sii * weight - si * si) * ua * ua // (weight * weight)) // 1000
        window.start_us = start2 // 2
        window.end_us = end2 // 2
        window.cycles = cycles
        window.frequency_mhz = cycles * 2_000_000_000 // weight
        self.volts_middle += (2 * su + weight) // (2 * weight)
        self.amps_middle += (2 * si + weight) // (2 * weight)
