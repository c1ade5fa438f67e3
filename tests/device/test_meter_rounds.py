# SPDX-License-Identifier: Apache-2.0
"""Rounds of one and two phases, and of phases of which some were not measured; a loss at any time."""

import unittest

from accounts import START, S
from bench_meter import Measured

from electro_meter.life.config import Config
from electro_meter.sensing.phases import Phases


class TwoPhases(Measured):
    channels = 2

    def test_are_summed_too(self):
        self.run_for(6)
        self.assert_within(self.register_uj(), 2 * 230 * 10 * self.measured_s() * 1e6, 0.4)


class OnePhase(Measured):
    channels = 1

    def test_is_a_round_of_its_own(self):
        self.run_for(4)
        self.assertEqual(self.meter.phases.energy_uj, self.meter.phases.all[0].window.energy_uj)
        self.assert_within(self.register_uj(), 230 * 10 * self.measured_s() * 1e6, 0.3)

    def test_a_loss_anywhere_is_known_in_time(self):
        real = self.board.sample

        def sample(*arguments):
            if self.board.now_us >= self.lost_us:
                self.board.volts[0] = 0.0
            real(*arguments)

        self.board.sample = sample
        for at_us in range(0, 1_050_000, 37_000):
            self.board.volts[0], self.board.amps[0] = 230.0, 10.0
            self.lost_us = 1 << 60
            while not self.meter.phases.supplied:
                self.step()
            self.run_for(1.2)
            self.board.amps[0] = 0.0
            self.lost_us = self.board.now_us + at_us
            while self.meter.phases.supplied:
                self.step()
            self.assertLess(self.board.now_us - self.lost_us, 45_000)

    def test_a_stretch_that_is_no_measurement_is_a_gap(self):
        self.run_for(2)
        self.board.hz = 30
        self.run_for(1.2)  # what was measured before counts
        windows = self.meter.windows
        self.run_for(2)
        self.assertEqual(self.meter.windows, windows)


class Rounds(unittest.TestCase):
    """What conclude does with phases that were not measured, without samples."""

    def setUp(self):
        config = Config(
            {
                "version": 2,
                "chain_id": 1,
                "contract": "0x" + "ab" * 20,
                "hardware_id": "0x" + "11" * 32,
                "relayers": ["http://one"],
                "channels": [{}, {}, {}],
            }
        )
        self.phases = Phases(Quiet(), config)
        self.phases._turn = 2
        for k, phase in enumerate(self.phases.all):
            self.window(phase, START * S + k * 250_000, 1_000 * (k + 1))

    def window(self, phase, start_us, watts):
        phase.start_us, phase.end_us, phase.fresh = start_us, start_us + 200_000, True
        phase.window.energy_uj = watts * 200_000

    def test_powers_are_spread_over_the_round(self):
        self.assertTrue(self.phases.conclude())
        self.assertEqual(self.phases.end_us - self.phases.start_us, 700_000)
        self.assertEqual(self.phases.energy_uj, 6_000 * 700_000)
        self.assertEqual((self.phases.power_mw, self.phases.measured), (6_000_000, True))

    def test_before_the_last_phase_there_is_no_round(self):
        self.phases._turn = 1
        self.assertFalse(self.phases.conclude())

    def test_a_phase_without_a_window_goes_on_with_its_power_for_a_while(self):
        self.phases.conclude()
        for second in range(1, 7):
            for k in (0, 2):
                self.window(self.phases.all[k], (START + second) * S + k * 250_000, 1_000 * (k + 1))
            self.assertTrue(self.phases.conclude())
            # max_gap is 5 s
            self.assertEqual(self.phases.power_mw, 6_000_000 if second < 5 else 4_000_000)
            self.assertEqual(self.phases.measured, second < 5)

    def test_without_any_window_it_is_a_gap(self):
        self.phases.conclude()
        self.assertFalse(self.phases.conclude())


class Quiet:
    """A Board that is never asked."""

    skew_us = 0
    pairs_a_run = 16


if __name__ == "__main__":
    unittest.main()
