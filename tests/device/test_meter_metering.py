# SPDX-License-Identifier: Apache-2.0
"""The metering against sines computed here, in floats, with no help from the simulated grid."""

import math
import unittest
from array import array

from electro_meter.metering import Calibration, Metering
from electro_meter.window import square_root

UV, UA = 368_000, 178_000  # 230 V and 100 A at 625 and 562 counts


class Block:
    """What a Sampler holds after a block."""

    def __init__(
        self,
        hz=50.0,
        volts=230.0,
        amps=50.0,
        lag_deg=0.0,
        skew_us=95,
        sensor_mdeg=0,
        pace=None,
        phase_deg=37.0,
        third=0.0,
        middle=1625.3,
        span_us=224_000,
    ):
        self.start_us = 1_000_000
        self.skew_us = skew_us
        self.fine_bits = 0
        self.amplified = False
        times = []
        t, k = 0, 0
        while t < span_us:
            times.append(t)
            t += pace(k) if pace else 250
            k += 1
        self.times_us = array("i", times)
        self.count = len(times)
        omega = 2 * math.pi * hz / 1e6
        v_counts = volts * 1e6 / UV * math.sqrt(2)
        i_counts = amps * 1e6 / UA * math.sqrt(2)
        lag = math.radians(lag_deg + sensor_mdeg / 1000)
        phase = math.radians(phase_deg)
        self.volts = array("H", [int(middle + v_counts * math.sin(omega * t + phase) + 0.5) for t in times])
        self.amps = array(
            "H",
            [
                int(
                    middle
                    + i_counts
                    * (
                        math.sin(omega * (t + skew_us) + phase - lag)
                        + third * math.sin(3 * (omega * (t + skew_us) + phase - lag))
                    )
                    + 0.5
                )
                for t in times
            ],
        )


def measured(block, phase_mdeg=0):
    metering = Metering(Calibration(UV, UA, phase_mdeg))
    assert metering.measure(block)
    assert metering.measure(block)  # the second time with the middles learned from the first
    return metering.window


class WhatAWindowMeasures(unittest.TestCase):
    def assert_within(self, value, truth, percent):
        self.assertLess(abs(value - truth), abs(truth) * percent / 100, "{} is not {}".format(value, truth))

    def test_a_resistive_load(self):
        window = measured(Block())
        self.assert_within(window.power_mw, 230 * 50 * 1000, 0.05)
        self.assert_within(window.urms_mv, 230_000, 0.05)
        self.assert_within(window.irms_ma, 50_000, 0.05)
        self.assert_within(window.frequency_mhz, 50_000, 0.01)
        self.assert_within(window.power_factor_permille, 1000, 0.2)
        self.assertEqual(window.cycles, 10)

    def test_energy_is_power_times_the_ten_cycles(self):
        window = measured(Block())
        self.assert_within(window.end_us - window.start_us, 200_000, 0.01)
        self.assert_within(window.energy_uj, 230 * 50 * 0.2 * 1e6, 0.05)

    def test_lagging_and_leading_loads(self):
        for lag_deg in (60.0, -60.0, 36.87, 54.5):
            with self.subTest(lag_deg=lag_deg):
                truth = 230 * 50 * 1000 * math.cos(math.radians(lag_deg))
                self.assert_within(measured(Block(lag_deg=lag_deg)).power_mw, truth, 0.1)

    def test_sixty_hertz_takes_twelve_cycles(self):
        window = measured(Block(hz=60.0, lag_deg=60.0))
        self.assertEqual(window.cycles, 12)
        self.assert_within(window.frequency_mhz, 60_000, 0.01)
        self.assert_within(window.power_mw, 230 * 50 * 500, 0.1)

    def test_a_mains_off_its_frequency(self):
        for hz in (49.3, 50.7, 59.2, 60.8):
            with self.subTest(hz=hz):
                window = measured(Block(hz=hz, lag_deg=60.0))
                self.assert_within(window.frequency_mhz, hz * 1000, 0.01)
                self.assert_within(window.power_mw, 230 * 50 * 500, 0.15)

    def test_uneven_sampling_costs_nothing(self):
        window = measured(Block(lag_deg=60.0, pace=lambda k: 210 + (k * 37) % 90))
        self.assert_within(window.power_mw, 230 * 50 * 500, 0.2)
        self.assert_within(window.irms_ma, 50_000, 0.1)

    def test_stalls_of_a_millisecond_cost_little(self):
        window = measured(Block(pace=lambda k: 1250 if k % 97 == 50 else 250))
        self.assert_within(window.power_mw, 230 * 50 * 1000, 0.5)

    def test_the_sensors_phase_is_taken_out(self):
        truth = 230 * 50 * 500
        self.assert_within(
            measured(Block(lag_deg=60.0, sensor_mdeg=1500), phase_mdeg=1500).power_mw, truth, 0.15
        )
        self.assert_within(
            measured(Block(lag_deg=60.0, sensor_mdeg=-1500), phase_mdeg=-1500).power_mw, truth, 0.15
        )
        # a positive beside its negative: not taken out it costs 4.5%
        self.assertGreater(
            abs(measured(Block(lag_deg=60.0, sensor_mdeg=1500)).power_mw - truth), truth * 0.04
        )

    def test_a_delay_longer_than_a_pair_is_taken_out_too(self):
        self.assert_within(measured(Block(lag_deg=60.0, skew_us=430)).power_mw, 230 * 50 * 500, 0.15)

    def test_the_bias_does_not_matter(self):
        for middle in (1500.7, 1700.2):
            self.assert_within(measured(Block(middle=middle)).power_mw, 230 * 50 * 1000, 0.05)

    def test_harmonics_of_the_current_alone_carry_no_power(self):
        window = measured(Block(third=0.4))
        self.assert_within(window.power_mw, 230 * 50 * 1000, 0.1)
        self.assert_within(window.irms_ma, 50_000 * math.sqrt(1.16), 0.1)
        self.assertGreater(window.nonactive_mva, 4_000_000)

    def test_exported_energy_is_negative(self):
        window = measured(Block(lag_deg=180.0))
        self.assert_within(window.power_mw, -230 * 50 * 1000, 0.05)

    def test_one_percent_of_rated_current(self):
        # 8 counts of amplitude without noise: quantisation alone, several phases, on the average
        total = sum([measured(Block(amps=1.0, phase_deg=phase)).power_mw for phase in range(0, 360, 40)])
        self.assert_within(total / 9, 230 * 1000, 0.5)

    def test_creep_is_no_load(self):
        metering = Metering(Calibration(UV, UA, 0, 100_000))
        self.assertTrue(metering.measure(Block(amps=0.3)))
        self.assertEqual((metering.window.power_mw, metering.window.energy_uj), (0, 0))
        self.assertTrue(metering.measure(Block(amps=0.6)))
        self.assertGreater(metering.window.energy_uj, 0)


class WhatIsNoWindow(unittest.TestCase):
    def test_no_voltage(self):
        self.assertFalse(Metering(Calibration(UV, UA)).measure(Block(volts=0.0)))

    def test_a_frequency_that_is_no_mains(self):
        for hz in (30.0, 80.0):
            self.assertFalse(Metering(Calibration(UV, UA)).measure(Block(hz=hz)))

    def test_a_block_too_short_for_a_cycle(self):
        self.assertFalse(Metering(Calibration(UV, UA)).measure(Block(span_us=12_000)))

    def test_voltage_that_ends_is_measured_up_to_its_last_whole_cycle(self):
        block = Block()
        for k in range(block.count // 2, block.count):
            block.volts[k] = 1625
            block.amps[k] = 1625
        metering = Metering(Calibration(UV, UA))
        self.assertTrue(metering.measure(block))
        self.assertIn(metering.window.cycles, (4, 5))


class TheIntegerRoot(unittest.TestCase):
    def test_it_is_the_floor(self):
        for n in list(range(70)) + [10**9, 10**18, 2**64 - 1, 2**64, 3**60]:
            root = square_root(n)
            self.assertTrue(root * root <= n < (root + 1) * (root + 1), str(n))

    def test_of_what_is_not_positive_it_is_zero(self):
        self.assertEqual(square_root(-5), 0)


if __name__ == "__main__":
    unittest.main()
