# SPDX-License-Identifier: Apache-2.0
"""When supply counts as lost, by half cycles and by sampled blocks."""

import math
import unittest
from array import array

from electro_meter.events import Tally, VoltageEvents
from electro_meter.outage import DOWN, FALLING, RISING, UP, OutageDetector, current_flows, voltage_present

UV = 368_000
NOMINAL = 625 * 625  # squared RMS counts of 230 V
HALF_US = 10_000


class Detecting(unittest.TestCase):
    def setUp(self):
        self.detector = OutageDetector(230_000, UV, 50)
        self.now_us = 0

    def halves(self, percent, count):
        for _ in range(count):
            self.detector.feed(self.now_us, NOMINAL * percent * percent // 10_000)
            self.now_us += HALF_US

    def test_an_interruption_is_confirmed_after_a_cycle_and_20_ms_and_dated_back(self):
        self.halves(100, 10)
        began_us = self.now_us  # the first cycle without voltage ends here
        self.halves(3, 2)
        self.assertEqual(self.detector.state, FALLING)
        self.assertTrue(self.detector.supplied and self.detector.undecided)
        self.halves(3, 1)
        self.assertEqual(self.detector.state, DOWN)
        self.assertEqual(self.detector.started_us, began_us - 20_000)
        self.assertEqual(self.now_us - HALF_US - began_us, 20_000)

    def test_a_short_dip_is_not_an_outage(self):
        self.halves(100, 10)
        self.halves(3, 2)
        self.halves(100, 5)
        self.assertEqual((self.detector.state, self.detector.started_us), (UP, 0))

    def test_a_deep_dip_that_keeps_a_fifth_is_not_an_outage_however_long(self):
        self.halves(20, 1_000)
        self.assertEqual(self.detector.state, UP)

    def test_between_the_thresholds_nothing_changes(self):
        self.halves(11, 50)
        self.assertEqual(self.detector.state, UP)
        self.halves(5, 10)
        self.halves(11, 50)  # above 10%, below 12%
        self.assertEqual(self.detector.state, DOWN)

    def test_restoration_is_confirmed_and_dated_back(self):
        self.halves(100, 4)
        self.halves(0, 100)
        back_us = self.now_us
        self.halves(100, 2)
        self.assertEqual(self.detector.state, RISING)
        self.assertFalse(self.detector.supplied)
        self.halves(100, 3)
        self.assertEqual((self.detector.state, self.detector.ended_us), (UP, back_us - 1_250))

    def test_a_flicker_of_voltage_does_not_end_an_outage(self):
        self.halves(0, 20)
        started_us = self.detector.started_us
        self.halves(100, 2)
        self.halves(0, 20)
        self.assertEqual((self.detector.state, self.detector.started_us), (DOWN, started_us))

    def test_two_glances_far_apart_confirm_nothing(self):
        self.halves(0, 1)
        self.now_us += 60_000_000
        self.halves(0, 1)
        self.assertEqual(self.detector.state, FALLING)


class Block:
    def __init__(self, volts_at, amps_counts=0.0, start_us=5_000_000, goes_on=False):
        self.start_us = start_us
        self.goes_on = goes_on
        self.fine_bits = 0
        self.times_us = array("i", range(0, 224_000, 250))
        self.count = len(self.times_us)
        w = 2 * math.pi * 50 / 1e6
        self.volts = array(
            "H",
            [
                int(1625.5 + volts_at(t) / 100 * 884 * math.sin(w * t + 1) + (k * 7919 % 7 - 3))
                for k, t in enumerate(self.times_us)
            ],
        )
        self.amps = array("H", [int(1625.5 + amps_counts * 1.414 * math.sin(w * t)) for t in self.times_us])


class Blocks(unittest.TestCase):
    def setUp(self):
        self.detector = OutageDetector(230_000, UV, 50)

    def test_a_block_with_voltage_is_steady(self):
        self.assertTrue(self.detector.feed_block(Block(lambda t: 100), 1625))
        self.assertEqual(self.detector.state, UP)

    def test_the_start_is_found_within_a_cycle_inside_the_block(self):
        self.assertFalse(self.detector.feed_block(Block(lambda t: 100 if t < 90_000 else 0), 1625))
        self.assertEqual(self.detector.state, DOWN)
        self.assertLess(abs(self.detector.started_us - 5_090_000), 20_000)

    def test_a_short_notch_in_a_block_changes_nothing(self):
        self.detector.feed_block(Block(lambda t: 0 if 90_000 < t < 94_000 else 100), 1625)
        self.assertEqual(self.detector.state, UP)

    def test_noise_alone_is_no_voltage(self):
        self.detector.feed_block(Block(lambda t: 0), 1625)
        self.assertEqual(self.detector.state, DOWN)

    def test_current_without_voltage_tells_a_broken_sensor(self):
        self.assertTrue(current_flows(Block(lambda t: 0, 50.0), 6))
        self.assertFalse(current_flows(Block(lambda t: 0, 1.0), 6))

    def test_the_grid_side_is_alive_or_not(self):
        self.assertTrue(voltage_present(Block(lambda t: 100), 1625, self.detector))
        self.assertFalse(voltage_present(Block(lambda t: 0), 1625, self.detector))


class Events(unittest.TestCase):
    def setUp(self):
        self.tally = Tally(1)
        self.events = VoltageEvents(625, self.tally)
        self.now_us = 0

    def halves(self, percent, count):
        for _ in range(count):
            self.events.feed(self.now_us, NOMINAL * percent * percent // 10_000)
            self.now_us += HALF_US

    def test_a_dip_has_a_residual_voltage_and_a_length(self):
        self.halves(100, 3)
        self.halves(70, 4)
        self.halves(55, 2)
        self.halves(91, 3)  # above 90%, below 92%: not over
        self.halves(100, 3)
        self.assertEqual((self.tally.dips, self.tally.swells, self.tally.interruptions), (1, 0, 0))
        self.assertIn(self.tally.last_percent, (54, 55))
        self.assertEqual(self.tally.last_us, 90_000)

    def test_a_swell(self):
        self.halves(115, 3)
        self.halves(109, 3)
        self.halves(107, 3)
        self.assertEqual((self.tally.dips, self.tally.swells), (0, 1))
        self.assertIn(self.tally.last_percent, (114, 115))

    def test_a_dip_to_nothing_is_an_interruption_too(self):
        self.halves(100, 3)
        self.halves(5, 3)
        self.halves(11, 3)
        self.halves(5, 3)
        self.halves(100, 3)
        self.assertEqual((self.tally.dips, self.tally.interruptions), (1, 1))

    def test_small_changes_are_none(self):
        self.halves(91, 3)
        self.halves(109, 3)
        self.assertEqual((self.tally.dips, self.tally.swells), (0, 0))


if __name__ == "__main__":
    unittest.main()
