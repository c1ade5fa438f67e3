# SPDX-License-Identifier: Apache-2.0
"""The whole meter on a simulated grid, in virtual time, against a ledger that checks every signature."""

import asyncio
import unittest

import scratch
from simulated_relayer import SimulatedRelayer, connect

from electro_meter.app import Meter
from electro_meter.config import Config
from electro_meter.keys import TRIES
from electro_protocol import signed as signing
from electro_protocol.address import checksum
from electro_protocol.comb import FaultError
from electro_protocol.messages import EnergyReport
from electro_protocol.readings import ESTIMATE, NO_DATA, NO_SUPPLY
from electro_tools.grid.board import SimulatedBoard
from electro_tools.grid.converter import NOMINAL_COUNTS, RATED_COUNTS, Converter
from electro_tools.grid.load import LoadCurve
from electro_tools.grid.periods import CONSUMER, GRID, Period, Periods
from electro_tools.grid.randomness import Randomness

START = 1_800_000_000
CONTRACT = bytes(range(20))
INTERVAL_S = 900
WATTS = 20_000


class LoopbackBoard(SimulatedBoard):
    """A simulated Board whose network leads to a ledger, by the name of the host."""

    ledgers = None

    async def connect(self, host, port, tls):
        if self._network_down.at(self.time.now_us) is not None or host not in self.ledgers:
            raise OSError("no route")
        return connect(self.ledgers[host])


class Meters(unittest.TestCase):
    def setUp(self):
        if not hasattr(asyncio, "run"):
            raise unittest.SkipTest("the WebAssembly build has no event loop of its own")
        self.folder = scratch.folder()
        self.addCleanup(scratch.remove, self.folder)
        self.ledger = SimulatedRelayer(
            1337,
            CONTRACT,
            {
                "agreement_id": 7,
                "state": "accepted",
                "start": START,
                "interval_seconds": INTERVAL_S,
                "intervals": 12,
                "slots": 8,
                "unit_wh": 10,
                "remaining_bonus": "1",
                "bounds": {"first_interval": 0, "min": [1] * 12, "max": [600] * 12},
            },
        )
        self.signed = []

    def make(
        self,
        interruptions=(),
        network_down=(),
        relayers=("http://one",),
        watts=None,
        start_s=START - 300,
        **entries,
    ):
        randomness = Randomness(5)
        board = LoopbackBoard(
            self.folder,
            start_s,
            LoadCurve(watts or [WATTS] * 12, START, INTERVAL_S, 3),
            Converter(randomness, 50, 0.58),
            randomness,
            230.0,
            200.0,
            0.58,
            Periods(list(interruptions)),
            Periods(list(network_down)),
            b"\x07" * 32,
        )
        board.ledgers = {"one": self.ledger}
        settings = {
            "chain_id": 1337,
            "contract": checksum(CONTRACT),
            "hardware_id": "0x" + "11" * 32,
            "relayers": list(relayers),
            "report_every": 2,
            "window_period_ms": 180_000,
            "max_gap_ms": 300_000,
            "uv_per_count": int(230e6 / NOMINAL_COUNTS),
            "ua_per_count": int(200e6 / RATED_COUNTS),
            "rated_ma": 200_000,
        }
        settings.update(entries)
        meter = Meter(board, Config(settings), self.signed.append)
        self.address = checksum(meter.signer.address)
        if self.address not in self.ledger.readings:
            self.ledger.enrol(self.address)
        return board, meter

    def run_to(self, board, meter, *stops):
        """Run to each stop; a stop is seconds after START, or a function that changes the world in between."""

        async def go():
            meter.start()
            for stop in stops:
                if isinstance(stop, int):
                    await board.time.run_until((START + stop) * 1_000_000)
                else:
                    stop()

        asyncio.run(go())

    @property
    def readings(self):
        return self.ledger.readings[self.address]

    def assert_measured(self, readings, watts=WATTS):
        for reading in readings:
            self.assertLess(abs(reading - watts / 40), watts / 40 * 0.03)


class ACalmDay(Meters):
    def test_every_interval_arrives_once_and_adds_up(self):
        board, meter = self.make()
        self.run_to(board, meter, 13 * INTERVAL_S)
        self.assertEqual(len(self.readings), 12)
        self.assert_measured(self.readings)
        self.assertLess(abs(sum(self.readings) * 10 - 12 * WATTS / 4), 12 * WATTS / 4 * 0.01)
        self.assertEqual(self.ledger.registers, sorted(self.ledger.registers))
        self.assertEqual(meter.uplink.signatures, 6)
        self.assertEqual([one.message.first_interval for one in self.signed], [0, 2, 4, 6, 8, 10])

    def test_the_register_agrees_with_the_load(self):
        board, meter = self.make()
        self.run_to(board, meter, 13 * INTERVAL_S)
        truth = board.load.energy_wh(
            meter.intervals.began_us, meter.intervals.accounted_us, board.interruptions
        )
        self.assertLess(abs(meter.intervals.register_wh - truth), truth * 0.01)

    def test_three_percent_of_the_rated_load_is_still_within_one_percent(self):
        board, meter = self.make(watts=[800] * 12, window_period_ms=60_000)
        self.run_to(board, meter, 13 * INTERVAL_S)
        self.assertLess(abs(meter.intervals.register_wh - 2400), 24)

    def test_the_warning_goes_on_before_the_slot_is_over(self):
        self.ledger.agreement["bounds"]["max"] = [600, 400] * 6
        board, meter = self.make()
        seen = []
        self.run_to(
            board,
            meter,
            700,
            lambda: seen.append(board.outputs[1:]),
            1700,
            lambda: seen.append(board.outputs[1:]),
        )
        self.assertEqual(seen, [(False, False), (True, True)])

    def test_it_waits_for_its_agreement(self):
        board, meter = self.make()
        enrolled = self.ledger.readings
        self.ledger.readings = {}

        def enrol():
            self.ledger.readings = enrolled

        self.run_to(board, meter, -120, enrol, 2 * INTERVAL_S + 200)
        self.assertEqual(len(self.readings), 2)
        self.assert_measured(self.readings)


class BadNetworks(Meters):
    def test_hours_offline_are_caught_up_with_few_signatures(self):
        down = Period(START + 900, START + 9 * 900)
        board, meter = self.make(network_down=[down], max_backoff_ms=60_000)
        self.run_to(board, meter, 10 * 900 + 300)
        self.assert_measured(self.readings)
        self.assertEqual(len(self.readings), 10)
        self.assertEqual(meter.uplink.signatures, 2)  # 0…7, then 8 and 9: never across a pass of the schedule

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
        self.assertEqual(self.readings[4], NO_DATA)
        self.assertEqual(self.readings[5] & ESTIMATE, ESTIMATE)
        self.assert_measured(self.readings[6:])


class LostSupply(Meters):
    def outage(self, side, grid_input=True):
        board, meter = self.make(interruptions=[Period(START + 2000, START + 4000, side)])
        if not grid_input:
            board.sample_grid = lambda *_: 0
        self.run_to(board, meter, 13 * 900)
        return self.ledger.outages

    def test_it_is_reported_when_it_lasts_and_again_when_it_is_over(self):
        still, over = self.outage(CONSUMER)
        self.assertEqual((still["endedAt"], still["cause"], over["cause"]), (0, 2, 2))
        self.assertEqual(still["startedAt"], over["startedAt"])
        self.assertIn(over["startedAt"] - START, range(2000, 2181))  # one period of windows
        self.assertIn(over["endedAt"] - START, range(4000, 4007))  # looked for every five seconds

    def test_its_intervals_read_no_supply_and_the_others_are_measured(self):
        self.outage(CONSUMER)
        self.assertEqual(self.readings[2:5], [NO_SUPPLY] * 3)
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
        self.assertTrue(meter.detector.supplied)
        self.assertLess(abs(meter.intervals.interval_uj - (40 - 10) * WATTS * 1e6), 1.0 * WATTS * 1e6)

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
        self.assertEqual(self.readings[2:5], [NO_SUPPLY] * 3)

    def test_an_outage_that_outlasts_the_agreement_is_closed_at_its_end(self):
        board, meter = self.make(interruptions=[Period(START + 11 * 900, START + 99 * 900, GRID)])
        self.run_to(board, meter, 12 * 900 + 300)
        still, over = self.ledger.outages
        self.assertEqual((still["endedAt"], over["endedAt"]), (0, START + 12 * 900))
        self.assertEqual(still["startedAt"], over["startedAt"])
        self.assertIsNone(meter.journal.open_outage)
        self.assertEqual(self.readings[11], NO_SUPPLY)
        self.assertEqual(len(self.readings), 12)

    def test_what_goes_on_of_it_belongs_to_the_next_agreement(self):
        board, meter = self.make(interruptions=[Period(START + 11 * 900, START + 15 * 900, GRID)])
        following = dict(self.ledger.agreement, agreement_id=8, start=START + 12 * 900)
        following["next"] = {"latest": 0, "final": 0}
        meter.agreements.adopt([following], START)
        self.run_to(board, meter, 16 * 900)
        told = [(one["agreementId"], one["endedAt"]) for one in self.ledger.outages]
        self.assertEqual(told[:3], [(7, 0), (7, START + 12 * 900), (8, 0)])
        self.assertEqual(told[3][0], 8)
        self.assertIn(told[3][1] - START, range(15 * 900, 15 * 900 + 7))
        self.assertEqual(self.ledger.outages[2]["startedAt"], START + 12 * 900)

    def test_current_without_voltage_is_a_broken_sensor_and_no_outage(self):
        board, meter = self.make()
        real = board.sample

        def broken(times_us, volts, amps, span_us):
            count = real(times_us, volts, amps, span_us)
            if board.time.now_us > (START + 2000) * 1_000_000:
                for k in range(count):
                    volts[k] = 1625
            return count

        board.sample = broken
        self.run_to(board, meter, 5 * 900)
        self.assertTrue(meter.sensor_fault)
        self.assertEqual(self.ledger.outages, [])
        # and what was not measured is not billed
        self.assertLess(meter.intervals.register_wh, WATTS * 2200 / 3600)


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
        self.assertEqual(self.readings[2:5], [NO_SUPPLY] * 3)
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


class Reports(Meters):
    def test_only_energy_reports_are_signed_on_a_calm_day(self):
        board, meter = self.make()
        self.run_to(board, meter, 5 * 900)
        self.assertTrue(all(isinstance(one.message, EnergyReport) for one in self.signed))


if __name__ == "__main__":
    unittest.main()
