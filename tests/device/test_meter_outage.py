# SPDX-License-Identifier: Apache-2.0
"""When supply counts as lost, by half cycles and in what is sampled."""

import unittest

from played import UA, UV, sines

from electro_meter.sensing.events import Tally, VoltageEvents
from electro_meter.sensing.linearisation import table_of
from electro_meter.sensing.metering import Calibration, Metering
from electro_meter.sensing.phases import Phase
from electro_meter.sensing.sampling import Sampler
from electro_meter.sensing.supply import DOWN, FALLING, RISING, UP, SupplyDetector, voltage_present

NOMINAL = 625 * 625  # squared RMS counts of 230 V
HALF_US = 10_000


class Detecting(unittest.TestCase):
    def setUp(self):
        self.detector = SupplyDetector(230_000, UV, 50)
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


class Followed(unittest.TestCase):
    """A phase that samples a sine of which a test takes parts away."""

    def follow(self, percent_at, amps=0.0, stretches=1):
        board = sines(amps=amps)
        volts_at = board.volts_at
        board.volts_at = lambda t: 1625.5 + (volts_at(t) - 1625.3) * percent_at(t) / 100 + t * 7919 % 7 - 3
        calibration = Calibration(UV, UA)
        self.detector = SupplyDetector(230_000, UV, 50)
        self.phase = Phase(
            Sampler(board, table_of([])), Metering(calibration), self.detector, calibration, 100_000
        )
        self.board = board
        for _ in range(stretches):
            while not self.phase.take():
                pass

    def test_a_stretch_with_voltage_is_steady(self):
        self.follow(lambda t: 100)
        self.assertEqual((self.detector.state, self.detector.steady), (UP, True))

    def test_a_loss_ends_the_stretch_and_its_start_is_found_within_a_cycle(self):
        for lost_us in range(400_000, 421_000, 3_000):
            self.follow(lambda t, lost_us=lost_us: 100 if t < lost_us else 0)
            self.assertEqual((self.detector.state, self.detector.steady), (DOWN, False))
            self.assertLess(abs(self.detector.started_us - 5_000_000 - lost_us), 20_000)
            self.assertLess(self.board.t - lost_us, 39_000)

    def test_a_loss_between_two_stretches_is_known_as_soon(self):
        self.follow(lambda t: 100)
        ends_us = self.board.t  # the next one begins 9 ms later
        for lost_us in range(ends_us - 30_000, ends_us + 30_000, 2_500):
            self.follow(lambda t, lost_us=lost_us: 100 if t < lost_us else 0)
            while self.detector.state != DOWN:
                self.phase.take()
            self.assertLess(self.board.t - lost_us, 45_000)

    def test_a_short_notch_changes_nothing(self):
        self.follow(lambda t: 0 if 190_000 < t < 194_000 else 100)
        self.assertEqual(self.detector.state, UP)

    def test_the_work_between_stretches_is_no_dip(self):
        self.follow(lambda t: 100, stretches=6)
        tally = self.detector.events.tally
        self.assertEqual((tally.dips, tally.swells, self.detector.state), (0, 0, UP))

    def test_a_dip_is_counted_once(self):
        self.follow(lambda t: 60 if 300_000 < t < 420_000 else 100, stretches=2)
        tally = self.detector.events.tally
        self.assertEqual((tally.dips, tally.interruptions, self.detector.state), (1, 0, UP))
        self.assertIn(tally.last_percent, range(57, 61))
        self.assertLess(abs(tally.last_us - 120_000), 21_000)

    def test_noise_alone_is_no_voltage(self):
        self.follow(lambda t: 0)
        self.assertEqual(self.detector.state, DOWN)

    def test_voltage_that_comes_back_ends_it(self):
        self.follow(lambda t: 0 if t < 300_000 else 100)
        while not self.detector.supplied:
            self.phase.take()
        self.assertLess(abs(self.detector.ended_us - 5_300_000), 20_000)
        self.assertLess(self.board.t - 300_000, 120_000)

    def test_current_without_voltage_tells_a_broken_sensor(self):
        self.follow(lambda t: 0, amps=9.0)
        self.assertTrue(self.phase.fault)
        self.follow(lambda t: 0, amps=0.2)
        self.assertFalse(self.phase.fault)

    def test_the_grid_side_is_alive_or_not(self):
        for percent in (100, 0):
            self.follow(lambda t, percent=percent: percent)
            self.assertTrue(self.phase.sampler.fill_grid())
            self.assertEqual(voltage_present(self.phase.sampler, self.detector), percent == 100)


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
