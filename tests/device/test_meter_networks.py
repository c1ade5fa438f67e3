# SPDX-License-Identifier: Apache-2.0
"""The whole meter and relayers that fail, lie, forget or go back: nothing lost, nothing twice, no lie used."""

import unittest

from simulated_relayer import SimulatedRelayer
from whole_meter import CONTRACT, START, Meters

from electro_meter.keys import TRIES
from electro_protocol import signed as signing
from electro_protocol.comb import FaultError
from electro_protocol.readings import NO_DATA, is_interrupted
from electro_tools.grid.periods import CONSUMER, Period


class BadNetworks(Meters):
    def test_hours_offline_are_caught_up_with_few_signatures(self):
        down = Period(START + 900, START + 9 * 900)
        board, meter = self.make(network_down=[down], max_backoff_ms=60_000)
        self.run_to(board, meter, 10 * 900 + 300)
        self.assert_measured(self.readings)
        self.assertEqual(len(self.readings), 10)
        self.assertEqual(meter.uplink.signatures, 2)  # 0…7, then 8 and 9: never across a pass of the schedule

    def test_a_backlog_that_memory_is_too_short_for_goes_in_parts(self):
        down = Period(START + 900, START + 11 * 900)
        board, meter = self.make(network_down=[down], max_backoff_ms=60_000)
        client = meter.uplink._client
        request = client.request
        refused = []

        def short(method, url, body=None, octets=False):
            if body and "messages" in body:
                refused.append(len(body["messages"]))
                raise MemoryError("memory allocation failed")
            return request(method, url, body, octets)

        client.request = short
        self.run_to(board, meter, 13 * 900)
        self.assertEqual(len(self.readings), 12)
        self.assert_measured(self.readings)
        self.assertEqual(refused, [2, 2, 2])  # 8, 4 and 2 at once

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

    def test_another_relayer_is_tried_when_one_is_dead(self):
        board, meter = self.make(relayers=["http://dead", "http://one"])
        self.run_to(board, meter, 13 * 900)
        self.assertEqual(len(self.readings), 12)

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

    def test_a_node_that_is_down_is_asked_less_and_less(self):
        board, meter = self.make()
        self.ledger.down = True
        self.run_to(board, meter, 12 * 900)
        self.assertLess(self.ledger.requests, 40)
        self.assertEqual(len(self.signed), 0)

    def test_a_restart_goes_on_where_the_contract_stands(self):
        board, meter = self.make()
        self.run_to(board, meter, 4 * 900 + 300)
        board, meter = self.make(start_s=START + 5 * 900 + 300)
        self.run_to(board, meter, 13 * 900)
        self.assertEqual(len(self.readings), 12)
        self.assert_measured(self.readings[:4])
        self.assertEqual(self.readings[4:6], [NO_DATA] * 2)
        self.assert_measured(self.readings[6:])


class Sources(Meters):
    def test_two_relayers_must_tell_the_same_terms_before_the_first_use(self):
        board, meter = self.make(relayers=["http://one", "http://two"])
        board.ledgers["two"] = self.ledger
        self.run_to(board, meter, -280)
        self.assertEqual([one.id for one in meter.agreements.all], [7])

    def test_a_lie_about_new_terms_is_not_used(self):
        board, meter = self.make(relayers=["http://liar", "http://one"])
        liar = SimulatedRelayer(1337, CONTRACT, dict(self.ledger.agreement, start=START + 900))
        liar.enrol(self.address)
        board.ledgers["liar"] = liar
        self.run_to(board, meter, 100)
        self.assertEqual(meter.agreements.all, [])
        self.assertTrue("different terms" in board.last_log or meter.agreements.unconfirmed)

    def test_what_only_one_of_two_says_is_not_used(self):
        board, meter = self.make(relayers=["http://liar", "http://one"])
        liar = SimulatedRelayer(
            1337, CONTRACT, dict(self.ledger.agreement, agreement_id=9, start=START - 900)
        )
        liar.enrol(self.address)
        board.ledgers["liar"] = liar
        honest = self.ledger.answer

        def answer(method, path, body):
            status, told = honest(method, path, body)
            return status, dict(told, agreements=[]) if method == "GET" else told

        self.ledger.answer = answer
        self.run_to(board, meter, 600)
        self.assertEqual(meter.agreements.all, [])
        self.assertLess(liar.requests + self.ledger.requests, 200)

    def test_alone_for_two_minutes_one_word_must_do(self):
        board, meter = self.make(relayers=["http://dead", "http://one"], max_backoff_ms=20_000)
        seen = []
        self.run_to(board, meter, -200, lambda: seen.append(len(meter.agreements.all)), -100)
        self.assertEqual((seen, len(meter.agreements.all)), ([0], 1))

    def test_what_is_not_final_is_asked_for_again(self):
        board, meter = self.make(report_every=12)
        self.ledger.final_lag = 3
        seen = []
        self.run_to(board, meter, 12 * 900 + 60, lambda: seen.append(meter.uplink.exchanges), 12 * 900 + 1900)
        self.assertGreater(meter.uplink.exchanges - seen[0], 2)

    def test_when_the_final_position_goes_back_outages_behind_it_are_told_again(self):
        board, meter = self.make(interruptions=[Period(START + 2000, START + 4000, CONSUMER)])

        def reorganise():
            self.assertEqual(meter.journal.outages, {})
            del self.readings[1:]
            self.ledger.outages = self.ledger.outages[:1]

        self.run_to(board, meter, 7 * 900 + 300, reorganise, 13 * 900)
        self.assertEqual([one["endedAt"] == 0 for one in self.ledger.outages], [True, False])
        self.assertTrue(all(is_interrupted(reading) for reading in self.readings[2:5]))
        self.assertEqual(len(self.readings), 12)

    def test_one_connection_serves_an_exchange(self):
        board, meter = self.make()
        self.run_to(board, meter, 13 * 900)
        self.assertEqual(meter.uplink._client.connections, meter.uplink.exchanges)
        self.assertGreater(self.ledger.requests, meter.uplink.exchanges + 4)


class Faults(Meters):
    def test_a_chip_that_errs_while_signing_loses_nothing(self):
        board, meter = self.make()
        sign = signing.sign
        tried_us = []

        def erring(digest, private_key):
            tried_us.append(board.time.now_us)
            raise FaultError("erred")

        def mend():
            signing.sign = sign

        signing.sign = erring
        self.addCleanup(mend)
        self.run_to(board, meter, 5 * 900 + 300, mend, 13 * 900)
        self.assertEqual(len(self.readings), 12)
        self.assert_measured(self.readings)
        self.assertEqual(len(set(tried_us[:TRIES])), 1)  # again at once,
        self.assertLess(len(tried_us), 30 * TRIES)  # then less and less


if __name__ == "__main__":
    unittest.main()
