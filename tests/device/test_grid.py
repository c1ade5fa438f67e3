# SPDX-License-Identifier: Apache-2.0
"""The simulated grid: what the meter is measured against must itself be right."""

import asyncio
import math
import unittest
from array import array

from electro_tools.grid.converter import NOMINAL_COUNTS, READ_US, Converter
from electro_tools.grid.load import LoadCurve
from electro_tools.grid.periods import CONSUMER, Period, Periods
from electro_tools.grid.randomness import Randomness
from electro_tools.grid.virtual_time import VirtualSignal, VirtualTime

START = 1_800_000_000
S = 1_000_000


class TheLoad(unittest.TestCase):
    def setUp(self):
        self.load = LoadCurve([1000, 4000, 0], START, 900, 7)

    def test_each_slot_holds_exactly_its_mean(self):
        for slot, watts in enumerate((1000, 4000, 0)):
            start_us = (START + slot * 900) * S
            energy_wh = self.load.energy_wh(start_us, start_us + 900 * S, Periods([]))
            self.assertAlmostEqual(energy_wh, watts / 4, places=1)

    def test_the_energy_is_the_integral_of_the_power(self):
        start_us = (START + 100) * S
        steps = 2000
        total = sum([self.load.watts_at(start_us + k * 500_000 + 250_000) for k in range(steps)]) / 7200
        self.assertAlmostEqual(
            self.load.energy_wh(start_us, start_us + steps * 500_000, Periods([])), total, places=1
        )

    def test_inside_a_slot_it_varies_a_little(self):
        seen = [self.load.watts_at((START + 900 + k * 9) * S) for k in range(100)]
        self.assertGreater(max(seen) - min(seen), 4000 * 0.03)
        self.assertLess(max(seen), 4000 * 1.031)

    def test_outside_the_curve_nothing_flows(self):
        self.assertEqual(self.load.watts_at((START - 1) * S), 0)
        self.assertEqual(self.load.watts_at((START + 2700) * S), 0)

    def test_an_interruption_is_not_delivered(self):
        out = Periods([Period(START + 900, START + 1350, CONSUMER)])
        energy_wh = self.load.energy_wh(START * S, (START + 1800) * S, out)
        self.assertLess(abs(energy_wh - 750), 15)


class TheConverter(unittest.TestCase):
    def convert(self, volts_counts, amps_counts, power_factor=1.0, noise_lsb=2.5, hz=50):
        converter = Converter(Randomness(3), hz, power_factor, (), noise_lsb)
        times = array("i", range(0, 200_000, 250))
        volts = array("H", [0] * len(times))
        amps = array("H", [0] * len(times))
        converter.fill(times, volts, amps, 0, len(times), 0, volts_counts, amps_counts)
        return times, volts, amps

    def moments(self, counts):
        mean = sum(counts) / len(counts)
        return mean, math.sqrt(sum([(one - mean) ** 2 for one in counts]) / len(counts))

    def test_noise_has_its_deviation_and_the_bias_is_the_middle(self):
        _, volts, _ = self.convert(0.0, 0.0)
        mean, deviation = self.moments(volts)
        self.assertLess(abs(mean - 1625), 0.5)
        self.assertLess(abs(deviation - 2.5), 0.4)

    def test_amplitudes_are_rms_counts(self):
        _, volts, amps = self.convert(float(NOMINAL_COUNTS), 5.625)
        self.assertLess(abs(self.moments(volts)[1] - NOMINAL_COUNTS), 1)
        self.assertLess(abs(self.moments(amps)[1] - math.sqrt(5.625**2 + 2.5**2)), 0.5)

    def test_the_current_is_late_by_the_power_factor_and_read_after_the_voltage(self):
        times, volts, amps = self.convert(500.0, 500.0, 0.5, 0.0)
        for k in range(0, len(times), 37):
            angle = 2 * math.pi * 50 * (times[k] + READ_US) / S - math.pi / 3
            self.assertLess(abs(amps[k] - 1625 - 707.1 * math.sin(angle)), 2.5)
            self.assertLess(abs(volts[k] - 1625 - 707.1 * math.sin(2 * math.pi * 50 * times[k] / S)), 2.5)

    def test_the_same_seed_gives_the_same_noise(self):
        self.assertEqual(self.convert(600.0, 20.0), self.convert(600.0, 20.0))


class TheTime(unittest.TestCase):
    def setUp(self):
        if not hasattr(asyncio, "run"):
            raise unittest.SkipTest("the WebAssembly build has no event loop of its own")
        self.seen = []

    def test_sleepers_wake_in_order_and_time_leaps_between(self):
        async def sleeper(clock, name, every_us, times):
            for _ in range(times):
                await clock.sleep_until(clock.now_us + every_us)
                self.seen.append((name, clock.now_us))

        async def go():
            clock = VirtualTime(0)
            clock.spawn(sleeper(clock, "a", 30, 3))
            clock.spawn(sleeper(clock, "b", 50, 2))
            await clock.run_until(70)
            self.seen.append(clock.now_us)
            await clock.run_until(1000)
            self.assertEqual(clock.now_us, 1000)

        asyncio.run(go())
        self.assertEqual(self.seen, [("a", 30), ("b", 50), ("a", 60), 70, ("a", 90), ("b", 100)])

    def test_a_task_that_works_holds_the_clock(self):
        async def worker(clock):
            for _ in range(5):
                await asyncio.sleep(0)
                self.seen.append(clock.now_us)
            await clock.sleep_until(10)

        async def sleeper(clock):
            await clock.sleep_until(5)
            self.seen.append("slept")

        async def go():
            clock = VirtualTime(0)
            clock.spawn(sleeper(clock))
            clock.spawn(worker(clock))
            await clock.run_until(20)

        asyncio.run(go())
        self.assertEqual(self.seen, [0, 0, 0, 0, 0, "slept"])

    def test_a_signal_wakes_before_its_time_and_is_used_up(self):
        async def waiter(clock, signal):
            self.seen.append((await clock.sleep_until(100, signal), clock.now_us))
            self.seen.append((await clock.sleep_until(100, signal), clock.now_us))

        async def setter(clock, signal):
            await clock.sleep_until(40)
            signal.set()

        async def go():
            clock = VirtualTime(0)
            signal = VirtualSignal(clock)
            clock.spawn(waiter(clock, signal))
            clock.spawn(setter(clock, signal))
            await clock.run_until(200)

        asyncio.run(go())
        self.assertEqual(self.seen, [(True, 40), (False, 100)])

    def test_what_a_task_raises_reaches_whoever_runs_the_clock(self):
        async def failing(clock):
            await clock.sleep_until(10)
            raise ValueError("broken")

        async def go():
            clock = VirtualTime(0)
            clock.spawn(failing(clock))
            await clock.run_until(20)

        with self.assertRaises(ValueError):
            asyncio.run(go())


if __name__ == "__main__":
    unittest.main()
