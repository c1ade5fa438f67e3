# SPDX-License-Identifier: Apache-2.0
"""The whole meter when supply goes: told once, told again when it is back, and the sensor's fault told apart."""

import unittest

from agreed import with_terms
from whole_meter import START, WATTS, Meters

from electro_meter.quality import SENSOR_FAULT, Quality
from electro_protocol.readings import INTERRUPTED, NO_DATA, is_interrupted, units
from electro_tools.grid.periods import CONSUMER, GRID, Period


class LostSupply(Meters):
    def outage(self, side, grid_input=True):
        board, meter = self.make(interruptions=[Period(START + 2000, START + 4000, side)])
        if not grid_input:
            board.sample_grid = lambda *_: False
        self.run_to(board, meter, 13 * 900)
        return self.ledger.outages

    def test_it_is_reported_when_it_lasts_and_again_when_it_is_over(self):
        still, over = self.outage(CONSUMER)
        self.assertEqual((still["endedAt"], still["cause"], over["cause"]), (0, 2, 2))
        self.assertEqual(still["startedAt"], over["startedAt"])
        self.assertIn(over["startedAt"] - START, range(2000, 2181))  # one period of windows
        self.assertIn(over["endedAt"] - START, range(4000, 4007))  # looked for every five seconds

    def test_its_intervals_are_interrupted_and_the_others_are_measured(self):
        self.outage(CONSUMER)
        self.assertEqual([is_interrupted(reading) for reading in self.readings[1:6]], [0, 1, 1, 1, 0])
        self.assertEqual(self.readings[3], INTERRUPTED)  # dark from its start to its end
        self.assertIn(units(self.readings[2]), range(90, 220))  # 200 s with supply, and a period of windows
        self.assertIn(units(self.readings[4]), range(250, 290))  # 500 s of 900
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
        self.assertIsNone(meter.journal.open_outage)
        self.assertTrue(meter.phases.supplied)
        self.assertLess(abs(meter.intervals.running.energy_uj - (40 - 10) * WATTS * 1e6), 1.0 * WATTS * 1e6)

    def test_an_outage_is_told_even_if_the_network_was_away_with_it(self):
        out = Period(START + 2000, START + 4000, CONSUMER)
        board, meter = self.make(
            interruptions=[out], network_down=[Period(START + 1900, START + 5000)], max_backoff_ms=60_000
        )
        self.run_to(board, meter, 13 * 900)
        self.assertEqual(
            len(self.ledger.outages), 1
        )  # over before anybody could be told: one report says it all
        self.assertEqual(meter.journal.outages, {})

    def test_a_restart_in_the_middle_of_it_tells_its_end(self):
        out = Period(START + 2000, START + 4000, CONSUMER)
        board, meter = self.make(interruptions=[out])
        self.run_to(board, meter, 3000)
        board, meter = self.make(interruptions=[out], start_s=START + 3500)
        self.run_to(board, meter, 13 * 900)
        self.assertEqual([one["endedAt"] == 0 for one in self.ledger.outages], [True, False])
        self.assertTrue(all(is_interrupted(reading) for reading in self.readings[2:5]))

    def test_an_outage_that_outlasts_the_agreement_is_closed_at_its_end(self):
        board, meter = self.make(interruptions=[Period(START + 11 * 900, START + 99 * 900, GRID)])
        self.run_to(board, meter, 12 * 900 + 300)
        still, over = self.ledger.outages
        self.assertEqual((still["endedAt"], over["endedAt"]), (0, START + 12 * 900))
        self.assertEqual(still["startedAt"], over["startedAt"])
        self.assertIsNone(meter.journal.open_outage)
        self.assertTrue(is_interrupted(self.readings[11]))
        self.assertEqual(len(self.readings), 12)

    def test_what_goes_on_of_it_belongs_to_the_next_agreement(self):
        board, meter = self.make(interruptions=[Period(START + 11 * 900, START + 15 * 900, GRID)])
        following = dict(with_terms(self.ledger.agreement), agreement_id=8, start=START + 12 * 900, end=12)
        following["next"] = following["next_outage"] = {"latest": 0, "final": 0}
        meter.agreements.adopt([following], START)
        self.run_to(board, meter, 16 * 900)
        told = [(one["agreementId"], one["number"], one["endedAt"]) for one in self.ledger.outages]
        self.assertEqual(told, [(7, 0, 0), (8, 0, 0), (7, 0, START + 12 * 900)])
        started = [one["startedAt"] for one in self.ledger.outages]
        self.assertEqual(set(started), {started[0]})  # the true one, in both
        ended = [one for one in meter.journal.outages.values() if one.agreement_id == 8]
        self.assertIn(ended[0].ended_at - START, range(15 * 900, 15 * 900 + 7))  # waits for its reports

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
            seen.append((meter.sensor_fault, meter.intervals.register_wh < WATTS * 2200 / 3600))

        self.run_to(board, meter, 5 * 900 - 60, look, 7 * 900)
        self.assertEqual(seen, [(True, True)])
        self.assertEqual((self.ledger.outages, meter.sensor_fault), ([], False))
        record = meter.journal.find(7, 2)
        self.assertEqual(record.reading, NO_DATA)
        self.assertEqual(Quality.unpack(record.cause, record.start_s).flags, SENSOR_FAULT)


if __name__ == "__main__":
    unittest.main()
