# SPDX-License-Identifier: Apache-2.0
"""The metering against sines computed here, in floats, with no help from the simulated grid."""

import math
import unittest

from played import UA, UV, sines

from electro_meter.sensing.frames import TOTAL_UU
from electro_meter.sensing.linearisation import table_of
from electro_meter.sensing.metering import Calibration, Metering, square_root
from electro_meter.sensing.phases import Phase
from electro_meter.sensing.sampling import GAP, LOST, WHOLE, Sampler
from electro_meter.sensing.supply import SupplyDetector
from electro_tools.device.on_chip import Station


def station(board, phase_mdeg=0, creep_mw=0, mains_hz=50):
    return Station(board, table_of([]), Calibration(UV, UA, phase_mdeg, creep_mw), 100_000, mains_hz)


def measured(board, phase_mdeg=0, mains_hz=50):
    at = station(board, phase_mdeg, 0, mains_hz)
    assert at.window()
    assert at.window()  # the second time with the middles learned from the first
    return at.metering.window


class WhatAWindowMeasures(unittest.TestCase):
    def assert_within(self, value, truth, percent):
        self.assertLess(abs(value - truth), abs(truth) * percent / 100, "{} is not {}".format(value, truth))

    def test_a_resistive_load(self):
        window = measured(sines())
        self.assert_within(window.power_mw, 230 * 50 * 1000, 0.05)
        self.assert_within(window.urms_mv, 230_000, 0.05)
        self.assert_within(window.irms_ma, 50_000, 0.05)
        self.assert_within(window.frequency_mhz, 50_000, 0.01)
        self.assert_within(window.power_factor_permille, 1000, 0.2)
        self.assertEqual(window.cycles, 10)

    def test_energy_is_power_times_the_ten_cycles(self):
        window = measured(sines())
        self.assert_within(window.end_us - window.start_us, 200_000, 0.01)
        self.assert_within(window.energy_uj, 230 * 50 * 0.2 * 1e6, 0.05)

    def test_lagging_and_leading_loads(self):
        for lag_deg in (60.0, -60.0, 36.87, 54.5):
            with self.subTest(lag_deg=lag_deg):
                truth = 230 * 50 * 1000 * math.cos(math.radians(lag_deg))
                self.assert_within(measured(sines(lag_deg=lag_deg)).power_mw, truth, 0.1)

    def test_what_a_stall_covers_is_not_measured_and_moves_nothing(self):
        for stall_us in (28_000, 131_000, 254_000, 2_009_000):
            for k in range(200, 290, 9):  # in every part of a cycle
                at = station(sines(pace=lambda n, k=k, stall_us=stall_us: stall_us if n == k else 250))
                self.assertFalse(at.window())  # not whole
                self.assertTrue(at.metering.measure(at.sampler))
                window = at.metering.window
                self.assert_within(window.power_mw, 230 * 50 * 1000, 0.3)  # the middles are not learned yet
                self.assert_within(window.end_us - window.start_us, 20_000 * window.cycles, 0.01)

    def test_sums_that_can_not_be_are_no_measurement_and_teach_no_middle(self):
        at = station(sines())
        self.assertTrue(at.window())
        middles = at.metering.volts_middle, at.metering.amps_middle
        for place in range(3):
            at.metering.frame[TOTAL_UU + place] = 0
        self.assertFalse(at.metering.measure(at.sampler))
        self.assertEqual((at.metering.volts_middle, at.metering.amps_middle), middles)

    def test_sixty_hertz_takes_twelve_cycles(self):
        window = measured(sines(hz=60.0, lag_deg=60.0), mains_hz=60)
        self.assertEqual(window.cycles, 12)
        self.assert_within(window.frequency_mhz, 60_000, 0.01)
        self.assert_within(window.power_mw, 230 * 50 * 500, 0.1)

    def test_a_mains_off_its_frequency(self):
        for hz in (49.3, 50.7, 59.2, 60.8):
            with self.subTest(hz=hz):
                window = measured(sines(hz=hz, lag_deg=60.0), mains_hz=50 if hz < 55 else 60)
                self.assert_within(window.frequency_mhz, hz * 1000, 0.01)
                self.assert_within(window.power_mw, 230 * 50 * 500, 0.15)

    def test_uneven_sampling_costs_nothing(self):
        window = measured(sines(lag_deg=60.0, pace=lambda k: 210 + (k * 37) % 90))
        self.assert_within(window.power_mw, 230 * 50 * 500, 0.2)
        self.assert_within(window.irms_ma, 50_000, 0.1)

    def test_stalls_of_a_millisecond_cost_little(self):
        window = measured(sines(pace=lambda k: 1250 if k % 97 == 50 else 250))
        self.assert_within(window.power_mw, 230 * 50 * 1000, 0.5)

    def test_the_sensors_phase_is_taken_out(self):
        truth = 230 * 50 * 500
        self.assert_within(measured(sines(lag_deg=61.5), phase_mdeg=1500).power_mw, truth, 0.15)
        self.assert_within(measured(sines(lag_deg=58.5), phase_mdeg=-1500).power_mw, truth, 0.15)
        # a positive beside its negative: not taken out it costs 4.5%
        self.assertGreater(abs(measured(sines(lag_deg=61.5)).power_mw - truth), truth * 0.04)

    def test_a_delay_longer_than_a_pair_is_taken_out_too(self):
        self.assert_within(measured(sines(lag_deg=60.0, skew_us=430)).power_mw, 230 * 50 * 500, 0.15)

    def test_the_bias_does_not_matter(self):
        for middle in (1500.7, 1700.2):
            self.assert_within(measured(sines(middle=middle)).power_mw, 230 * 50 * 1000, 0.05)

    def test_harmonics_of_the_current_alone_carry_no_power(self):
        window = measured(sines(third=0.4))
        self.assert_within(window.power_mw, 230 * 50 * 1000, 0.1)
        self.assert_within(window.irms_ma, 50_000 * math.sqrt(1.16), 0.1)
        self.assertGreater(window.nonactive_mva, 4_000_000)

    def test_exported_energy_is_negative(self):
        window = measured(sines(lag_deg=180.0))
        self.assert_within(window.power_mw, -230 * 50 * 1000, 0.05)

    def test_one_percent_of_rated_current(self):
        # 8 counts of amplitude without noise: quantisation alone, several phases, on the average
        total = sum([measured(sines(amps=1.0, phase_deg=phase)).power_mw for phase in range(0, 360, 40)])
        self.assert_within(total / 9, 230 * 1000, 0.5)

    def test_creep_is_no_load(self):
        for amps, shown in ((0.3, False), (0.6, True)):
            at = station(sines(amps=amps), creep_mw=100_000)
            self.assertTrue(at.window())
            window = at.metering.window
            self.assertEqual((window.power_mw > 0, window.energy_uj > 0), (shown, shown))

    def test_reactive_power_is_that_of_the_fundamental(self):
        for hz in (50.0, 49.2, 60.0):
            for lag_deg in (0.0, 30.0, 80.0, -45.0, 150.0):
                window = measured(sines(hz=hz, lag_deg=lag_deg, third=0.3), mains_hz=int(hz + 0.9))
                truth = 230 * 50_000 * math.sin(math.radians(lag_deg))
                self.assertLess(abs(window.reactive_mvar - truth), 230 * 50_000 * 0.004, str((hz, lag_deg)))

    def test_windows_in_a_row_are_one(self):
        at = station(sines(lag_deg=40.0))
        for windows in (1, 5):
            at.metering.begin(at.sampler, windows)
            self.assertEqual(at.sampler.take(at.metering.frame, at._pieces, 2_000_000), WHOLE)
            self.assertTrue(at.metering.measure(at.sampler))
            window = at.metering.window
            self.assertEqual(window.cycles, 10 * windows)
            truth = 230 * 50 * math.cos(math.radians(40)) * 200_000 * windows
            self.assert_within(window.energy_uj, truth, 0.05)


class WhatAStretchSaysOfTheMains(unittest.TestCase):
    def stretch(self, board):
        """Return a phase after its first stretch, and whether it was measured."""
        calibration = Calibration(UV, UA)
        phase = Phase(
            Sampler(board, table_of([])),
            Metering(calibration),
            SupplyDetector(230_000, UV, 50),
            calibration,
            100_000,
        )
        while not phase.take():
            pass
        return phase, phase.measure()

    def test_one_that_is_cut_in_its_first_cycle_says_nothing(self):
        cut = 0
        for at in range(40, 180, 10):  # the first cycle lies somewhere there
            phase, measured_ = self.stretch(sines(pace=lambda k, at=at: 305_000 if k == at else 250))
            if not measured_:
                self.assertTrue(phase.cut)
                self.assertEqual(phase.metering.frame[8], 0)
                cut += 1
        self.assertGreater(cut, 1)

    def test_a_frequency_that_is_no_mains_is_no_gap(self):
        phase, measured_ = self.stretch(sines(hz=30.0))
        self.assertEqual((measured_, phase.cut), (False, False))
        phase, measured_ = self.stretch(sines())
        self.assertEqual((measured_, phase.cut), (True, False))


class WhatIsNoWindow(unittest.TestCase):
    def test_no_voltage(self):
        self.assertFalse(station(sines(volts=0.0)).window())

    def test_a_frequency_that_is_no_mains(self):
        for hz in (30.0, 80.0):
            self.assertFalse(station(sines(hz=hz)).window())

    def test_a_stretch_too_short_for_a_cycle(self):
        at = station(sines())
        at.metering.begin(at.sampler, 1)
        at.sampler.take(at.metering.frame, at._pieces, 12_000)
        self.assertFalse(at.metering.measure(at.sampler))

    def test_voltage_that_ends_is_measured_up_to_its_last_whole_cycle(self):
        board = sines()
        volts_at, amps_at = board.volts_at, board.amps_at
        board.volts_at = lambda t: volts_at(t) if t < 150_000 else 1625
        board.amps_at = lambda t: amps_at(t) if t < 150_000 else 1625
        at = station(board)
        self.assertFalse(at.window())  # not whole
        self.assertEqual(at.metering.frame[15], LOST)
        self.assertTrue(at.metering.measure(at.sampler))
        self.assertIn(at.metering.window.cycles, (3, 4, 5))
        power_mw = at.metering.window.power_mw
        self.assertLess(abs(power_mw - 11_500_000), 6_000)

    def test_a_gap_ends_it_too(self):
        at = station(sines(pace=lambda k: 4_500 if k == 500 else 250))
        self.assertFalse(at.window())
        self.assertEqual(at.metering.frame[15], GAP)
        self.assertTrue(at.metering.measure(at.sampler))
        self.assertLess(at.metering.window.end_us, 125_000)
        self.assertLess(abs(at.metering.window.power_mw - 11_500_000), 6_000)


class TheIntegerRoot(unittest.TestCase):
    def test_it_is_the_floor(self):
        for n in list(range(70)) + [10**9, 10**18, 2**64 - 1, 2**64, 3**60]:
            root = square_root(n)
            self.assertTrue(root * root <= n < (root + 1) * (root + 1), str(n))

    def test_of_what_is_not_positive_it_is_zero(self):
        self.assertEqual(square_root(-5), 0)


if __name__ == "__main__":
    unittest.main()
