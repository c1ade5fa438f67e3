# SPDX-License-Identifier: Apache-2.0
"""The whole meter when supply goes: told once, told again when it is back, and the sensor's fault told apart."""

import unittest

from whole_meter import START, WATTS, Meters, S, register_wh

from electro_protocol.messages import OutageReport
from electro_protocol.readings import INTERRUPTED, NO_DATA
from electro_tools.grid.periods import CONSUMER, GRID, Period


class LostSupply(Meters):
    def told(self):
        """Return the outages that were signed, each once."""
        found = []
        for one in self.signed:
            if one.message.TYPE == OutageReport.TYPE and one.message.to_json() not in found:
                found.append(one.message.to_json())
        return found

    def outage(self, side, grid_input=True):
        board, meter = self.make(interruptions=[Period(START + 2000, START + 4000, side)])
        if not grid_input:
            board.sample_grid = lambda *_: False
        self.run_to(board, meter, 13 * 900)
        self.assertEqual(len(self.ledger.outages), 1)
        return self.told()

    def test_it_is_reported_when_it_lasts_and_again_when_it_is_over(self):
        still, over = self.outage(CONSUMER)
        self.assertEqual((still["endedAt"], still["cause"], over["cause"]), (0, 2, 2))
        self.assertEqual(still["startedAt"], over["startedAt"])
        self.assertIn(over["startedAt"] - START, range(2000, 2181))  # one period of windows
        self.assertIn(over["endedAt"] - START, range(4000, 4007))  # looked for every five seconds

    def test_its_intervals_are_interrupted_with_what_was_measured_and_the_others_whole(self):
        self.outage(CONSUMER)
        lanes = self.readings[2:5]
        self.assertTrue(all(lane & INTERRUPTED and lane != NO_DATA for lane in lanes))
        units = [lane & ~INTERRUPTED for lane in lanes]
        # 200 s, by half a period of windows more or less, as nobody saw it go; nothing; 500 s
        self.assertLess(abs(units[0] - WATTS * 200 / 36_000), WATTS * 95 / 36_000, units)
        self.assertEqual(units[1], 0)
        self.assertLess(abs(units[2] - WATTS * 500 / 36_000), 10)
        self.assert_measured(self.readings[:2] + self.readings[5:])

    def test_the_grid_side_tells_the_cause(self):
        self.assertEqual([one["cause"] for one in self.outage(GRID)], [1, 1])

    def test_without_a_second_input_the_cause_is_unknown(self):
        self.assertEqual([one["cause"] for one in self.outage(GRID, grid_input=False)], [0, 0])

    def test_an_interruption_shorter_than_the_delay_is_not_reported(self):
        # sampled without a pause, so that nothing of it is missed
        board, meter = self.make(
            interruptions=[Period(START + 5, START + 15, GRID)], window_period_ms=0, start_s=START - 2
        )
        self.run_to(board, meter, 40)
        self.assertEqual(self.ledger.outages, [])
        self.assertFalse(meter.outages.open)
        self.assertTrue(meter.phases.supplied)
        truth_wh = board.load.energy_wh((START - 2) * S, meter.account.dated_us, board.interruptions)
        self.assertLess(abs(meter.account.import_uj / 3.6e9 - truth_wh), 0.1 * WATTS / 3_600)

    def test_an_outage_is_told_even_if_the_network_was_away_with_it(self):
        out = Period(START + 2000, START + 4000, CONSUMER)
        board, meter = self.make(
            interruptions=[out], network_down=[Period(START + 1900, START + 5000)], max_backoff_ms=60_000
        )
        self.run_to(board, meter, 13 * 900)
        self.assertEqual(
            len(self.ledger.outages), 1
        )  # over before anybody could be told: one report says it all

    def test_a_restart_in_the_middle_of_it_tells_its_end(self):
        out = Period(START + 2000, START + 4000, CONSUMER)
        board, meter = self.make(interruptions=[out])
        self.run_to(board, meter, 3000)
        board, meter = self.make(interruptions=[out], start_s=START + 3500)
        self.run_to(board, meter, 13 * 900)
        self.assertEqual([one["endedAt"] == 0 for one in self.told()], [True, False])
        self.assertTrue(all(lane & INTERRUPTED and lane != NO_DATA for lane in self.readings[2:5]))

    def test_an_outage_that_outlasts_the_agreement_is_one_and_told_with_its_true_times(self):
        board, meter = self.make(interruptions=[Period(START + 11 * 900, START + 15 * 900, GRID)])
        self.run_to(board, meter, 17 * 900)
        still, over = self.told()
        self.assertEqual((still["endedAt"], over["number"]), (0, 0))
        self.assertEqual(still["startedAt"], over["startedAt"])
        self.assertIn(over["endedAt"] - START, range(15 * 900, 15 * 900 + 7))
        self.assertTrue(self.readings[11] & INTERRUPTED)
        self.assertEqual(len(self.readings), 12)

    def test_current_without_voltage_is_a_broken_sensor_and_no_outage(self):
        board, meter = self.make()
        real = board.sample

        def broken(times_us, volts, amps, first, end):
            real(times_us, volts, amps, first, end)
            if START + 2000 < board.time.now_us // 1_000_000 < START + 5 * 900:
                for k in range(first, end):
                    volts[k] = 1625

        board.sample = broken
        seen = []

        def look():
            # what was not measured is not billed
            seen.append((meter.phases.fault, register_wh(meter) < WATTS * 2500 / 3600))

        self.run_to(board, meter, 5 * 900 - 60, look, 7 * 900)
        self.assertEqual(seen, [(True, True)])
        self.assertEqual((self.ledger.outages, meter.phases.fault), ([], False))
        self.assertEqual(self.readings[2:5], [NO_DATA] * 3)


if __name__ == "__main__":
    unittest.main()
