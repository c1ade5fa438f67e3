# SPDX-License-Identifier: Apache-2.0
"""The whole meter on calm days: every interval once, and the register with them."""

import unittest

from whole_meter import INTERVAL_S, START, WATTS, Meters, S, register_wh

from electro_protocol.messages import EnergyReport


class ACalmDay(Meters):
    def test_every_interval_arrives_once_and_adds_up(self):
        board, meter = self.make()
        self.run_to(board, meter, 13 * INTERVAL_S)
        self.assertEqual(len(self.readings), 12)
        self.assert_measured(self.readings)
        self.assertLess(abs(sum(self.readings) * 10 - 12 * WATTS / 4), 12 * WATTS / 4 * 0.01)
        self.assertEqual(self.ledger.registers, sorted(self.ledger.registers))
        self.assertEqual(meter.uplink.sending.signatures, 6)
        self.assertEqual([one.message.first_interval for one in self.signed], [0, 2, 4, 6, 8, 10])

    def test_the_register_agrees_with_the_load(self):
        board, meter = self.make()
        self.run_to(board, meter, 13 * INTERVAL_S)
        truth = board.load.energy_wh((START - 300) * S, meter.account.dated_us, board.interruptions)
        self.assertLess(abs(register_wh(meter) - truth), truth * 0.01)

    def test_three_percent_of_the_rated_load_is_still_within_one_percent(self):
        board, meter = self.make(watts=[800] * 12, window_period_ms=60_000)
        self.run_to(board, meter, 13 * INTERVAL_S)
        self.assertLess(abs(register_wh(meter) - 2400), 24)

    def outputs_in_the_second_slot(self, **entries):
        self.ledger.agreement["bounds"]["max"] = [600, 400] * 6
        board, meter = self.make(**entries)
        board.ledgers["two"] = self.ledger
        seen = []
        self.run_to(
            board,
            meter,
            700,
            lambda: seen.append(board.outputs[1:]),
            1700,
            lambda: seen.append(board.outputs[1:]),
        )
        return seen

    def test_the_warning_goes_on_before_the_slot_is_over(self):
        # one source's word: load is not shed by it
        self.assertEqual(self.outputs_in_the_second_slot(), [(False, False), (True, False)])

    def test_load_is_shed_when_two_who_are_not_the_same_tell_the_bounds(self):
        relayers = [{"url": "http://one"}, {"url": "http://two", "by": "consumer"}]
        self.assertEqual(self.outputs_in_the_second_slot(relayers=relayers), [(False, False), (True, True)])

    def test_two_of_the_same_are_one_source(self):
        relayers = ["http://one", "http://two"]
        self.assertEqual(self.outputs_in_the_second_slot(relayers=relayers), [(False, False), (True, False)])

    def test_it_waits_for_its_agreement(self):
        board, meter = self.make()
        enrolled = self.ledger.readings
        self.ledger.readings = {}

        def enrol():
            self.ledger.readings = enrolled

        self.run_to(board, meter, -120, enrol, 2 * INTERVAL_S + 200)
        self.assertEqual(len(self.readings), 2)
        self.assert_measured(self.readings)


class Reports(Meters):
    def test_only_energy_reports_are_signed_on_a_calm_day(self):
        board, meter = self.make()
        self.run_to(board, meter, 5 * 900)
        self.assertTrue(all(one.message.TYPE == EnergyReport.TYPE for one in self.signed))


if __name__ == "__main__":
    unittest.main()
