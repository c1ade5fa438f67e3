# SPDX-License-Identifier: Apache-2.0
"""Sensors that go wrong while the meter runs: flagged and told in words; and those that are well are left alone."""

import unittest

from accounts import S
from bench_meter import Measured
from phase_board import MIDDLE

from electro_meter.account.records import PHASE, SENSOR


class Watched(Measured):
    channels = 1
    minutes_s = 75  # what looks wrong for a minute is believed

    def told(self):
        return self.meter.status()["sensors"]

    def flags(self):
        """Return the flags of the newest whole base."""
        return self.meter.account.last[1] & (SENSOR | PHASE)

    def assert_flagged(self, *words):
        self.assertEqual(self.told(), list(words))
        self.assertEqual(self.flags() & SENSOR, SENSOR)

    def assert_well(self):
        self.assertEqual((self.told(), self.flags()), ([], 0))


class OnePhase(Watched):
    def test_a_plant_that_is_well_is_left_alone(self):
        for amps, lag in ((10.0, 0.0), (60.0, 60.0), (0.2, 80.0), (0.0, 0.0), (90.0, -40.0)):
            self.board.amps[0], self.board.lag_deg[0] = amps, lag
            self.run_for(self.minutes_s)
            self.assert_well()

    def test_a_reversed_transformer_is_told_and_counts_no_import(self):
        self.board.lag_deg[0] = 180.0
        before_uj = self.register_uj()
        self.run_for(self.minutes_s + 20)
        self.assert_flagged("reversed")
        self.assertEqual(self.register_uj(), before_uj)
        self.assertGreater(self.meter.account.export_uj, 0)

    def test_where_energy_may_flow_back_that_is_no_fault(self):
        self.meter = self.make(exports=1)
        self.board.lag_deg[0] = 180.0
        self.run_for(self.minutes_s + 20)
        self.assert_well()

    def test_energy_that_flows_back_for_seconds_is_none_either(self):
        for _ in range(3):
            self.board.lag_deg[0] = 180.0
            self.run_for(30)
            self.board.lag_deg[0] = 0.0
            self.run_for(30)
        self.assert_well()

    def test_a_voltage_far_too_low_is_told_and_measured(self):
        self.board.volts[0] = 170.0
        self.run_for(self.minutes_s + 20)
        self.assert_flagged("low voltage")
        self.assert_within(self.meter.phases.power_mw, 170 * 10 * 1000, 0.5)
        self.board.volts[0] = 230.0
        self.run_for(45)
        self.assert_well()

    def test_clipping_in_the_direct_range_is_told_at_once(self):
        real = self.board.sample

        def clipped(times_us, volts, amps, first, end):
            real(times_us, volts, amps, first, end)
            for k in range(first, end):
                amps[k] = min(amps[k], 3_100) if amps[k] > 2_300 else amps[k]
                if amps[k] > 2_300:
                    amps[k] = 3_100

        self.board.amps[0] = 100.0
        self.board.sample = clipped
        self.run_for(45)
        self.assert_flagged("clipped")

    def test_a_voltage_that_clips_is_told_as_well(self):
        self.board.volts[0] = 420.0
        self.run_for(45)
        self.assertIn("clipped", self.told())

    def test_an_open_input_does_not_ride_on_its_bias(self):
        real = self.board.sample

        def floating(times_us, volts, amps, first, end):
            real(times_us, volts, amps, first, end)
            for k in range(first, end):
                amps[k] = amps[k] - MIDDLE + 700

        self.board.sample = floating
        self.meter = self.make()
        self.run_for(45)
        self.assert_flagged("open")


class ThreePhases(Watched):
    channels = 3

    def test_balanced_or_not_a_plant_that_is_well_is_left_alone(self):
        for lags in ([0.0, 0.0, 0.0], [40.0, 55.0, 20.0], [-30.0, 60.0, 0.0]):
            self.board.lag_deg = list(lags)
            self.board.amps = [10.0, 40.0, 5.0]
            self.run_for(self.minutes_s)
            self.assert_well()

    def test_one_transformer_that_is_turned_is_named(self):
        self.board.lag_deg[1] = 180.0 + 20.0
        self.run_for(self.minutes_s + 20)
        self.assert_flagged("reversed")
        phases = self.meter.status()["phases"]
        self.assertEqual([phase["sensors"] for phase in phases], [[], ["reversed"], []])

    def test_two_that_are_exchanged_are_crossed(self):
        for lag in (0.0, 25.0, -20.0):
            self.board.lag_deg = [lag + 120.0, lag - 120.0, lag]
            self.run_for(self.minutes_s + 20)
            self.assertIn("crossed", self.told())
            phases = self.meter.status()["phases"]
            self.assertEqual(phases[2]["sensors"], [])
            self.assertTrue(phases[0]["sensors"] or phases[1]["sensors"])

    def test_voltages_in_another_order_are_crossed(self):
        self.board.lag_deg = [120.0, 120.0, 120.0]
        self.run_for(self.minutes_s + 20)
        self.assertIn("crossed", self.told())

    def test_a_missing_phase_is_told_at_once(self):
        self.run_for(5)
        self.board.volts[2] = self.board.amps[2] = 0.0
        self.run_for(45)
        self.assert_flagged("missing")
        self.assertEqual(self.flags() & PHASE, PHASE)


class Pauses(Watched):
    def test_a_pause_that_is_meant_keeps_the_watchdog_fed(self):
        import asyncio

        self.meter = self.make(window_period_ms=120_000, max_gap_ms=200_000)
        fed = [self.board.now_us]
        self.board.feed_watchdog = lambda: fed.append(self.board.now_us)

        async def sleep_ms(ms):
            self.board.rest(ms * 1000)
            if self.board.now_us > fed[0] + 600 * S:
                raise asyncio.CancelledError

        self.board.sleep_ms = sleep_ms
        try:
            asyncio.run(self.meter._measure_on())
        except asyncio.CancelledError:
            pass
        gaps = [after - before for before, after in zip(fed, fed[1:])]  # noqa: B905, RUF007 - MicroPython has neither
        self.assertLess(max(gaps), 15 * S)


if __name__ == "__main__":
    unittest.main()
