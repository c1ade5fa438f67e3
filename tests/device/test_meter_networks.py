# SPDX-License-Identifier: Apache-2.0
"""The whole meter and relayers that fail, lie, forget or go back: nothing lost, nothing twice, no lie used.

Whom a meter asks and believes is tried in test_meter_exchange; here it also measures.
"""

import unittest

from simulated_relayer import SimulatedRelayer
from whole_meter import CONTRACT, START, Meters

from electro_meter.life.keys import TRIES
from electro_protocol.comb import FaultError
from electro_protocol.readings import INTERRUPTED, NO_DATA
from electro_tools.grid.periods import CONSUMER, Period


class BadNetworks(Meters):
    def test_hours_offline_are_caught_up_with_few_signatures(self):
        down = Period(START + 900, START + 9 * 900)
        board, meter = self.make(network_down=[down], max_backoff_ms=60_000)
        self.run_to(board, meter, 10 * 900 + 300)
        self.assert_measured(self.readings)
        self.assertEqual(len(self.readings), 10)
        self.assertEqual(
            meter.uplink.sending.signatures, 2
        )  # 0…7, then 8 and 9: never across a pass of the schedule

    def test_a_relayer_that_forgets_loses_nothing(self):
        board, meter = self.make()
        self.ledger.forgets = True

        def mend():
            self.ledger.forgets = False

        self.run_to(board, meter, 5 * 900 + 300, mend, 13 * 900)
        self.assertEqual(len(self.readings), 12)
        self.assert_measured(self.readings)

    def test_a_chain_that_goes_back_is_followed_back(self):
        board, meter = self.make()

        def reorganise():
            del self.readings[1:]

        self.run_to(board, meter, 6 * 900 + 300, reorganise, 13 * 900)
        self.assertEqual(len(self.readings), 12)
        self.assert_measured(self.readings)

    def test_a_relayer_of_another_contract_is_not_believed(self):
        board, meter = self.make(relayers=["http://other", "http://one"])
        other = SimulatedRelayer(
            1337, bytes(20), dict(self.ledger.agreement, start=START + 900, intervals=11)
        )
        other.enrol(self.address)
        board.ledgers = {"one": self.ledger, "other": other}
        self.run_to(board, meter, 13 * 900)
        self.assertEqual(len(self.readings), 12)
        self.assertEqual(other.readings[self.address], [])

    def test_a_unit_ten_times_as_large_gets_no_valid_signature(self):
        board, meter = self.make(relayers=["http://liar", "http://one"])
        liar = SimulatedRelayer(1337, CONTRACT, dict(self.ledger.agreement, unit_wh=100))
        liar.enrol(self.address)
        board.ledgers["liar"] = liar
        self.run_to(board, meter, 13 * 900)
        self.assertEqual(len(self.readings), 12)
        self.assert_measured(self.readings)
        false = [one.message for one in self.signed if one.message.terms != self.ledger.terms]
        self.assertTrue(false)  # which the true contract refuses
        self.assertTrue(all(one.terms == liar.terms for one in false))

    def test_made_up_agreements_wipe_nothing(self):
        board, meter = self.make(relayers=["http://liar", "http://one"])
        liar = SimulatedRelayer(
            1337, CONTRACT, dict(self.ledger.agreement, agreement_id=9, start=START - 300, interval_seconds=1)
        )
        liar.enrol(self.address)
        board.ledgers["liar"] = liar
        self.run_to(board, meter, 13 * 900)
        self.assertEqual(len(self.readings), 12)
        self.assert_measured(self.readings)
        self.assertEqual(liar.readings[self.address], [])  # no multiple of the journal's interval

    def test_a_restart_goes_on_where_the_contract_stands(self):
        board, meter = self.make()
        self.run_to(board, meter, 4 * 900 + 300)
        board, meter = self.make(start_s=START + 5 * 900 + 300)
        self.run_to(board, meter, 13 * 900)
        self.assertEqual(len(self.readings), 12)
        self.assert_measured(self.readings[:4])
        self.assertEqual(self.readings[4:6], [NO_DATA] * 2)  # not measured, and measured for two thirds
        self.assert_measured(self.readings[6:])

    def test_a_chain_that_goes_back_is_told_its_outages_again(self):
        board, meter = self.make(interruptions=[Period(START + 2000, START + 4000, CONSUMER)])

        def reorganise():
            self.assertEqual(len(self.ledger.outages), 1)
            del self.readings[1:]
            self.ledger.outages = []

        self.run_to(board, meter, 7 * 900 + 300, reorganise, 13 * 900)
        (outage,) = self.ledger.outages
        self.assertIn(outage["startedAt"] - START, range(2000, 2181))  # one period of windows
        self.assertIn(outage["endedAt"] - START, range(4000, 4007))  # looked for every five seconds
        self.assertTrue(all(one & INTERRUPTED for one in self.readings[2:5]))
        self.assertEqual(len(self.readings), 12)


class Faults(Meters):
    def test_a_chip_that_errs_while_signing_loses_nothing(self):
        board, meter = self.make()
        insist = meter.signer._insist  # what makes a signature is imported for each
        tried_us = []

        def erring():
            tried_us.append(board.time.now_us)
            raise FaultError("erred")

        def mend():
            meter.signer._insist = insist

        meter.signer._insist = lambda make: insist(erring)
        self.run_to(board, meter, 5 * 900 + 300, mend, 13 * 900)
        self.assertEqual(len(self.readings), 12)
        self.assert_measured(self.readings)
        self.assertEqual(len(set(tried_us[:TRIES])), 1)  # again at once,
        self.assertLess(len(tried_us), 30 * TRIES)  # then less and less


if __name__ == "__main__":
    unittest.main()
