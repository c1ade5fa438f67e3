# SPDX-License-Identifier: Apache-2.0
"""Time servers: what their answers bound, and answers that tell no time."""

import asyncio
import unittest

from network_board import NetworkBoard, ntp_answer

from electro_meter.uplink.clock import NEVER, UNSURE, Clock
from electro_meter.uplink.dns import Resolver
from electro_meter.uplink.exchange import keep_time
from electro_meter.uplink.sntp import KissOfDeathError, bound, question, repeats

NONCE = b"\x01\x02\x03\x04\x05\x06\x07\x08"
NOW_US = 1_800_000_000_250_000
FLOOR_S = 1_750_000_000


def changed(raw, at, value):
    return raw[:at] + value + raw[at + len(value) :]


GOOD = ntp_answer(question(NONCE), NOW_US)


class Answers(unittest.TestCase):
    def test_an_answer_bounds_the_time_by_its_fraction_and_its_way(self):
        low_us, high_us = bound(GOOD, 40_000, FLOOR_S)
        # a root delay and a dispersion of 256/65536 s each
        self.assertTrue(abs(low_us - (NOW_US - 5_859)) < 5, low_us - NOW_US)
        self.assertTrue(abs(high_us - (NOW_US + 40_000 + 5_859)) < 5, high_us - NOW_US)

    def test_the_question_tells_nothing_and_must_be_repeated(self):
        self.assertEqual(question(NONCE), b"\x23" + bytes(39) + NONCE)
        self.assertTrue(repeats(GOOD, NONCE))
        for wrong in (
            b"",
            GOOD[:47],
            question(NONCE),
            changed(GOOD, 24, bytes(8)),
            changed(GOOD, 0, b"\x23"),
        ):
            self.assertFalse(repeats(wrong, NONCE))

    def test_a_server_without_a_time_tells_none(self):
        ntp = GOOD[40:48]
        earlier = (int.from_bytes(ntp, "big") - (1 << 32)).to_bytes(8, "big")
        for wrong in (
            changed(GOOD, 0, b"\xe4"), changed(GOOD, 1, b"\x10"), changed(GOOD, 0, b"\x14"), changed(GOOD, 0, b"\x2c"),
            changed(GOOD, 32, bytes(8)), changed(GOOD, 40, bytes(8)), changed(GOOD, 4, b"\x00\x04\x00\x00"),
            changed(GOOD, 8, b"\x00\x02\x00\x00"), changed(GOOD, 4, b"\xff\xff\xff\xff"), changed(GOOD, 40, earlier),
            changed(GOOD, 32, earlier),
        ):  # fmt: skip
            with self.assertRaises(ValueError):
                bound(wrong, 40_000, FLOOR_S)
        for took_us in (-1, 1_600_000, 10**9):
            with self.assertRaises(ValueError):
                bound(GOOD, took_us, FLOOR_S)

    def test_a_kiss_of_death_is_told_apart(self):
        with self.assertRaises(KissOfDeathError):
            bound(changed(GOOD, 1, b"\x00"), 40_000, FLOOR_S)

    def test_leap_seconds_ahead_are_no_fault(self):
        for leap in (0x64, 0xA4):
            bound(changed(GOOD, 0, bytes([leap])), 40_000, FLOOR_S)

    def test_the_era_is_the_one_after_the_floor(self):
        for unix_s in (FLOOR_S, 2_085_978_495, 2_085_978_496, 2_085_978_497, 2_300_000_000, 4_000_000_000):
            raw = ntp_answer(question(NONCE), unix_s * 1_000_000 + 250_000)
            low_us, _ = bound(raw, 0, FLOOR_S)
            self.assertEqual(low_us // 1_000_000, unix_s)


@unittest.skipUnless(hasattr(asyncio, "run"), "the WebAssembly build has no event loop of its own")
class Keeping(unittest.TestCase):
    def setUp(self):
        self.board = NetworkBoard(".", 1_800_000_000)
        self.clock = Clock(self.board)
        self.asked = {}

    def server(self, address, answer):
        self.asked[address] = []

        def answered(raw):
            self.asked[address].append(self.board.time.now_us)
            return [answer(raw)] if answer else []

        self.board.datagrams[address, 123] = answered

    def run_for(self, seconds):
        async def go():
            servers = sorted(self.asked)
            self.board.time.spawn(keep_time(self.board, self.clock, {}, [], servers))
            await self.board.time.run_until(self.board.time.now_us + seconds * 1_000_000)

        asyncio.run(go())

    def true(self, raw):
        return ntp_answer(raw, self.board.true_us)

    def test_two_servers_that_agree_date_the_meter(self):
        self.server("10.0.0.1", self.true)
        self.server("10.0.0.2", self.true)
        self.run_for(86_400)
        self.assertEqual(self.clock.state, UNSURE)
        self.assertTrue(abs(self.clock.now_us() - self.board.true_us) < 100_000)
        self.assertLess(len(self.asked["10.0.0.1"]), 30)

    def test_one_alone_does_not(self):
        self.server("10.0.0.1", self.true)
        self.run_for(86_400)
        self.assertEqual(self.clock.state, NEVER)
        self.assertLess(len(self.asked["10.0.0.1"]), 120)  # asked less and less often

    def test_one_an_hour_off_is_outvoted(self):
        self.server("10.0.0.1", lambda raw: ntp_answer(raw, self.board.true_us + 3_600_000_000))
        self.server("10.0.0.2", self.true)
        self.server("10.0.0.3", self.true)
        self.run_for(86_400)
        self.assertTrue(abs(self.clock.now_us() - self.board.true_us) < 100_000)
        self.assertIn("10.0.0.1", self.clock.contradiction)
        self.assertEqual(self.clock.steps, 0)

    def test_two_names_of_one_address_are_one_source(self):
        self.server("10.0.0.1", self.true)
        resolve = Resolver.resolve

        async def resolved(resolver, host):
            return "10.0.0.1"

        self.asked["also.example"] = []
        Resolver.resolve = resolved
        try:
            self.run_for(86_400)
        finally:
            Resolver.resolve = resolve
        self.assertEqual(self.clock.state, NEVER)

    def test_who_wants_to_be_left_alone_is(self):
        self.server("10.0.0.1", lambda raw: ntp_answer(raw, self.board.true_us, stratum=0))
        self.run_for(20 * 3600)
        self.assertEqual(len(self.asked["10.0.0.1"]), 1)

    def test_answers_that_make_no_sense_end_nothing(self):
        for k, answer in enumerate(
            (lambda raw: b"", lambda raw: raw, lambda raw: bytes(48), None, lambda raw: self.true(raw)[:40])
        ):
            self.server(f"10.0.1.{k}", answer)
        self.server("10.0.0.1", self.true)
        self.server("10.0.0.2", self.true)
        self.run_for(3600)
        self.assertEqual(self.clock.state, UNSURE)


if __name__ == "__main__":
    unittest.main()
