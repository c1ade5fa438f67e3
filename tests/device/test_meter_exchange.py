# SPDX-License-Identifier: Apache-2.0
"""Whom the meter asks, what it sends to whom, and how soon: sources that are honest, slow, mistaken and malicious.

A journal that has every interval stands in for the account; the contract's side checks each signature and position.
"""

import asyncio
import json
import unittest
from binascii import hexlify

from exchanges import INTERVAL_S, START, Exchanges, S
from simulated_node import rpc

from electro_meter.uplink import exchange
from electro_meter.uplink.clock import SURE, UNSURE
from electro_meter.uplink.exchange import EXCHANGE_S
from electro_protocol.delivery import wrap
from electro_protocol.secp256k1 import public_key


def lying(ledger, change):
    """Return the ledger's answers, each GET's agreement changed."""

    def answer(method, path, body):
        status, told = ledger.answer(method, path, body)
        if method == "GET" and isinstance(told, dict) and told.get("agreements"):
            change(told)
        return status, told

    return answer


class Bringing(Exchanges):
    def test_viewing_keys_are_fetched_where_the_state_says_so_and_reports_go_on_whatever_they_are(self):
        self.make(("http://one", "operator"))
        wrapped = wrap(bytes(range(32)), public_key(b"\x07" * 32), bytes(31) + b"\x09")
        offered = ["0x" + hexlify(wrapped).decode()]
        words = []

        def answer(method, path, body):
            if path.startswith("/v1/viewing-keys/"):
                self.assertEqual(path, "/v1/viewing-keys/" + self.address)
                if method == "POST":
                    words.append(json.loads(body))
                    return 202, {"device": self.address}
                return 200, {"wrapped": offered}
            status, told = self.ledger.answer(method, path, body)
            if method == "GET" and isinstance(told, dict):
                told["viewing_keys"] = True
            return status, told

        def then():
            self.assert_all(10)
            self.assertEqual([one["type"] for one in words], ["ViewingKeyReady"])
            offered[:] = ["0x" + "00" * 65]

        self.board.hosts["one"] = answer
        self.run_to(10 * INTERVAL_S + 60, then, 40 * INTERVAL_S + 60)
        self.assert_all(40)
        self.assertEqual(len(words), 1)
        asked = [one for one in self.board.asked if "GET /v1/viewing-keys/" in one]
        self.assertEqual(len(asked), 2)  # six hours later again

    def test_who_says_nothing_of_keys_is_not_asked_for_any(self):
        self.make(("http://one", "operator"))
        self.board.hosts["one"] = self.ledger.answer
        self.run_to(3 * INTERVAL_S + 60)
        self.assertEqual([one for one in self.board.asked if "viewing" in one], [])


class Honest(Exchanges):
    def test_each_interval_arrives_within_a_minute(self):
        self.make(("http://one", "operator"))
        self.board.hosts["one"] = self.ledger.answer
        self.run_to(10 * INTERVAL_S + 60)
        self.assert_all(10)
        self.assertLess(self.asked("one"), 45)

    def test_two_relayers_are_sent_each_report_once(self):
        self.make(("http://one", "operator"), ("http://two", "consumer"))
        self.board.hosts["one"] = self.board.hosts["two"] = self.ledger.answer
        self.run_to(10 * INTERVAL_S + 60)
        self.assert_all(10)
        self.assertEqual(self.posts("one") + self.posts("two"), 10)
        self.assertTrue(self.uplink.agreements.all[0].confirmed)
        self.assertEqual(self.uplink.agreements.all[0].bounds(3, 0), (1, 600, True))
        self.assertEqual(self.uplink.agreements.contradictions, [])

    def test_a_backlog_goes_in_few_requests_and_never_across_a_pass(self):
        self.ledger = self.new_ledger(slots=8)
        self.make(("http://one", "operator"), max_backoff_ms=60_000)
        self.run_to(
            30 * INTERVAL_S + 60,
            lambda: self.board.hosts.update(one=self.ledger.answer),
            31 * INTERVAL_S + 60,
        )
        self.assert_all(31)
        self.assertLess(self.posts("one"), 5)

    def test_reports_end_with_a_multiple_of_what_is_set_after_a_backlog_too(self):
        self.make(("http://one", "operator"), report_every=4, max_backoff_ms=60_000)
        ends = []

        def answer(method, path, body):
            status, told = self.ledger.answer(method, path, body)
            if method == "POST":
                ends.append(len(self.readings))
            return status, told

        self.run_to(
            9 * INTERVAL_S + 60,
            lambda: self.board.hosts.update(one=answer),
            self.intervals * INTERVAL_S + 60,
        )
        self.assert_all(self.intervals)
        self.assertEqual(sorted(set(ends)), [8] + list(range(12, self.intervals + 1, 4)))

    def test_the_last_intervals_go_at_once(self):
        self.make(("http://one", "operator"), report_every=7)
        self.board.hosts["one"] = self.ledger.answer
        self.run_to(self.intervals * INTERVAL_S + 60)
        self.assert_all(self.intervals)

    def test_chunked_answers_are_as_good(self):
        self.board.chunked = True
        self.make(("http://one", "operator"))
        self.board.hosts["one"] = self.ledger.answer
        self.run_to(5 * INTERVAL_S + 60)
        self.assert_all(5)

    def test_a_chain_that_goes_back_is_followed_back(self):
        self.make(("http://one", "operator"))
        self.board.hosts["one"] = self.ledger.answer

        def reorganise():
            del self.readings[2:]

        self.run_to(6 * INTERVAL_S + 60, reorganise, 8 * INTERVAL_S + 60)
        self.assert_all(8)

    def test_readings_stop_at_the_end_the_source_tells(self):
        self.ledger.agreement["end"] = 4
        self.make(("http://one", "operator"))
        self.board.hosts["one"] = self.ledger.answer
        self.run_to(10 * INTERVAL_S)
        self.assert_all(4)
        self.assertLess(self.posts("one"), 6)


class Liars(Exchanges):
    def two(self, answer):
        self.make(("http://liar", "operator"), ("http://one", "operator"))
        self.board.hosts["liar"] = answer
        self.board.hosts["one"] = self.ledger.answer

    def test_a_position_lied_forward_only_spoils_the_liars_turns(self):
        for forward in (50, 96):
            self.setUp()
            self.two(
                lying(
                    self.ledger,
                    lambda told, forward=forward: told["agreements"][0]["next"].update(latest=forward),
                )
            )
            self.run_to(20 * INTERVAL_S + 180)
            self.assert_all(20)
            self.assertLess(self.asked("liar"), 40)
            self.assertIn("liar has agreement 7", " ".join(self.uplink.agreements.contradictions))

    def test_a_position_lied_back_does_so_too(self):
        self.two(lying(self.ledger, lambda told: told["agreements"][0]["next"].update(latest=0, final=0)))
        self.run_to(20 * INTERVAL_S + 180)
        self.assert_all(20)
        self.assertLess(self.posts("liar"), 80)

    def test_one_that_takes_reports_and_loses_them_is_left_for_an_hour(self):
        losing = self.new_ledger()
        losing.forgets = True
        self.two(losing.answer)
        losing.enrol(self.address)
        self.run_to(20 * INTERVAL_S + 180)
        self.assert_all(20)
        self.assertLess(self.posts("liar"), 14)  # five hours, and two times in each
        self.assertGreater(self.posts("liar"), 3)

    def test_there_being_nobody_else_it_is_asked_less_and_less(self):
        self.make(("http://one", "operator"))
        self.board.hosts["one"] = self.ledger.answer
        self.ledger.forgets = True

        def mend():
            self.ledger.forgets = False

        self.run_to(10 * INTERVAL_S, mend, 16 * INTERVAL_S + 60)
        self.assert_all(16)
        self.assertLess(self.posts("one"), 30)

    def test_false_terms_are_signed_and_sent_to_the_liar_alone(self):
        false = self.new_ledger(unit_wh=1)
        self.two(false.answer)
        false.enrol(self.address)
        self.run_to(5 * INTERVAL_S + 60)
        self.assert_all(5)
        self.assertEqual(len(false.readings[self.address]), 5)  # what the true contract would not take
        self.assertNotEqual(false.terms, self.ledger.terms)

    def test_once_two_told_the_terms_the_liar_gets_nothing_more(self):
        false = self.new_ledger(unit_wh=1)
        self.make(("http://liar", "operator"), ("http://one", "operator"), ("http://two", "consumer"))
        false.enrol(self.address)
        self.board.hosts.update(liar=false.answer, one=self.ledger.answer, two=self.ledger.answer)
        self.run_to(5 * INTERVAL_S + 60)
        self.assert_all(5)
        self.assertEqual(false.readings[self.address], [])

    def test_terms_that_do_not_have_the_told_hash_are_none(self):
        def answer(method, path, body):
            status, told = self.ledger.answer(method, path, body)
            return status, (told[:-1] + b"\x01" if isinstance(told, bytes) else told)

        self.two(answer)
        self.run_to(3 * INTERVAL_S + 60)
        self.assert_all(3)
        self.assertIn("not those with the told hash", " ".join(self.board.said))

    def test_new_agreements_each_time_do_not_shut_out_the_true_one(self):
        count = [100]

        def change(told):
            count[0] += 1
            false = dict(told["agreements"][0], agreement_id=count[0], start=START - 900 * count[0])
            told["agreements"] = [dict(false, agreement_id=k * 1000 + count[0]) for k in range(1, 9)]

        self.two(lying(self.ledger, change))
        self.run_to(12 * INTERVAL_S + 180)
        self.assert_all(12)
        self.assertLess(self.asked("one"), 200)

    def test_two_that_make_up_agreements_in_turn_are_not_asked_without_pause(self):
        count = [100]

        def change(told):
            count[0] += 1
            told["agreements"][0]["agreement_id"] = count[0]
            told["agreements"][0]["start"] = START + 10**6

        self.make(("http://liar", "operator"), ("http://other", "consumer"))
        self.board.hosts["liar"] = self.board.hosts["other"] = lying(self.ledger, change)
        self.run_to(3600)
        self.assertLess(len(self.board.asked), 60)

    def test_refusals_that_name_wild_positions_cause_no_storm(self):
        for expected in (0, 3, 90, 65_535, 10**9, "x", None):
            self.setUp()

            def answer(method, path, body, expected=expected):
                if method == "POST":
                    return 409, {"error": {"code": "WRONG_SEQUENCE", "expected": expected}}
                return self.ledger.answer(method, path, body)

            self.two(answer)
            self.run_to(8 * INTERVAL_S + 300)
            self.assert_all(8)
            self.assertLess(self.asked("liar"), 150, expected)

    def test_a_final_position_that_flips_causes_no_storm(self):
        flips = [0]

        def change(told):
            flips[0] += 1
            told["agreements"][0]["next"]["final"] = flips[0] % 2 * told["agreements"][0]["next"]["latest"]

        self.make(("http://one", "operator"))
        self.board.hosts["one"] = lying(self.ledger, change)
        self.run_to(8 * INTERVAL_S + 60)
        self.assert_all(8)
        self.assertLess(self.asked("one"), 60)

    def test_whatever_is_answered_ends_only_that_exchange(self):
        def raw(content, head=b"HTTP/1.1 200 OK\r\n"):
            return head + b"Content-Length: %d\r\n\r\n" % len(content) + content

        strange = (
            b"", b"\x00" * 99, raw(b"null"), raw(b"5"), raw(b"[]"), raw(b"{}"), raw(b"[" * 5_000), raw(b"9" * 32_000),
            raw(b'{"results": null}'), raw(b'{"agreements": [null]}'), raw(b'{"chain_id": 1337}'), raw(b"\xff" * 100),
            raw(b"{}", b"HTTP/1.1 503 No\r\nRetry-After: 9999999999\r\n"), raw(b"{}",
            b"HTTP/1.1 301 Moved\r\nLocation: x\r\n"),
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 999,
        )  # fmt: skip
        for content in strange:
            self.setUp()
            self.two(lambda method, path, body, content=content: content)
            self.run_to(3 * INTERVAL_S + 120)
            self.assert_all(3)
            self.assertLess(self.asked("liar"), 100)

    def test_answers_to_many_messages_that_are_none_lose_nothing(self):
        for content in (
            None,
            5,
            {},
            {"results": None},
            {"results": 5},
            {"results": [1, 2]},
            {"results": [None] * 4},
            [],
        ):
            self.setUp()

            def answer(method, path, body, content=content):
                if method == "POST":
                    return 200, content
                return self.ledger.answer(method, path, body)

            self.make(("http://liar", "operator"), ("http://one", "operator"), report_every=1)
            self.board.hosts["liar"] = answer
            self.run_to(
                4 * INTERVAL_S, lambda: self.board.hosts.update(one=self.ledger.answer), 8 * INTERVAL_S + 300
            )
            self.assert_all(8)

    def test_nobody_is_left_alone_for_centuries(self):
        failing = [True]

        def answer(method, path, body):
            if failing:
                return b"HTTP/1.1 429 No\r\nRetry-After: 99999999\r\nContent-Length: 2\r\n\r\n{}"
            return self.ledger.answer(method, path, body)

        self.make(("http://one", "operator"))
        self.board.hosts["one"] = answer
        self.run_to(4 * INTERVAL_S, failing.clear, 4 * INTERVAL_S + 5_500)
        self.assert_all(10)


class Names(Exchanges):
    """Two relayers of two hands, whose names somebody resolves."""

    def introduce(self, first, second, at):
        """at: the address that the name of each is told to have."""
        self.board.resolve(at)
        for address in ("10.0.0.1", "10.0.0.2"):
            self.board.hosts[address] = self.ledger.answer
        self.make((first, "operator"), (second, "consumer"))

    def meet(self, first, second, at):
        self.introduce(first, second, at)
        self.run_to(3 * INTERVAL_S + 60)
        self.assert_all(3)
        return self.uplink.agreements.all[0].pinned

    def test_those_at_two_addresses_confirm_each_other(self):
        at = {"one.example": "10.0.0.1", "two.example": "10.0.0.2"}
        self.assertTrue(self.meet("http://one.example", "http://two.example", at))

    def test_one_that_is_sent_to_the_others_address_confirms_nothing(self):
        for first, second in (
            ("http://one.example", "http://two.example"),
            ("http://10.0.0.1", "http://two.example"),
            ("https://one.example", "http://two.example"),
            ("http://one.example", "https://two.example"),
            ("http://one.example", "http://10.0.0.1"),
        ):
            self.setUp()
            at = {"one.example": "10.0.0.1", "two.example": "10.0.0.1"}
            self.assertFalse(self.meet(first, second, at), (first, second))

    def test_a_certificate_or_the_address_itself_tells_them_apart(self):
        at = {"one.example": "10.0.0.1", "two.example": "10.0.0.1"}
        self.assertTrue(self.meet("https://one.example", "https://two.example", at))
        self.setUp()
        self.assertTrue(self.meet("http://10.0.0.1", "https://two.example", at))

    def test_nor_once_its_own_one_answers_and_tells_nothing(self):
        at = {"one.example": "10.0.0.1", "two.example": "10.0.0.1"}
        self.introduce("http://one.example", "http://two.example", at)
        pinned = []

        def part():
            pinned.append(self.uplink.agreements.all[0].pinned)
            at["two.example"] = "10.0.0.2"
            self.board.hosts["10.0.0.2"] = lambda method, path, body: (200, {"results": None})

        def answer():
            pinned.append(self.uplink.agreements.all[0].pinned)
            self.assertGreater(self.asked("10.0.0.2"), 0)
            self.board.hosts["10.0.0.2"] = self.ledger.answer

        self.run_to(3 * INTERVAL_S, part, 40 * INTERVAL_S, answer, 60 * INTERVAL_S)
        self.assertEqual(pinned + [self.uplink.agreements.all[0].pinned], [False, False, True])

    def test_names_that_are_swapped_are_still_two_hands(self):
        at = {"one.example": "10.0.0.2", "two.example": "10.0.0.1"}
        self.assertTrue(self.meet("http://one.example", "http://two.example", at))


class Failing(Exchanges):
    def test_a_dead_source_is_asked_less_and_less(self):
        self.make(("http://one", "operator"))
        self.board.hosts["one"] = lambda method, path, body: (503, {})
        self.run_to(12 * INTERVAL_S)
        self.assertLess(self.asked("one"), 40)

    def test_memory_that_is_short_halves_what_is_sent_and_recovers(self):
        self.ledger = self.new_ledger(slots=1)
        self.make(("http://one", "operator"))
        from electro_meter.uplink import http  # an exchange before may have forgotten it

        request, forget = http.Client.request, exchange.forget_modules
        sizes = []

        async def short(client, method, url, body=None):
            if body and "messages" in body:
                sizes.append(len(body["messages"]))
                if len(sizes) < 3:
                    raise MemoryError("memory allocation failed")
            return await request(client, method, url, body)

        http.Client.request, exchange.forget_modules = (
            short,
            lambda *names: None,
        )  # the next exchange has this very class
        try:
            self.run_to(
                30 * INTERVAL_S, lambda: self.board.hosts.update(one=self.ledger.answer), 34 * INTERVAL_S + 60
            )
        finally:
            http.Client.request, exchange.forget_modules = request, forget
        self.assert_all(34)
        self.assertEqual(sizes[:4], [8, 4, 2, 3])
        self.assertEqual(self.uplink.turns.at_once, 8)

    def test_an_exchange_that_never_ends_is_ended(self):
        self.make(("http://one", "operator"))

        async def never(client, source):
            await asyncio.sleep(3600)

        self.uplink._converse = never
        wait_for = asyncio.wait_for
        waited = []

        def soon(what, seconds):
            waited.append(seconds)
            return wait_for(what, 0.02)

        asyncio.wait_for = soon
        try:
            self.run_to(-90)
        finally:
            asyncio.wait_for = wait_for
        self.assertIn(EXCHANGE_S, waited)
        self.assertIn("took more than", self.board.said[0])

    def test_any_exception_is_the_exchanges_own(self):
        for error in (
            ValueError("x"),
            KeyError("x"),
            TypeError(),
            OSError(28),
            AttributeError("x"),
            IndexError(),
        ):
            self.setUp()
            self.make(("http://one", "operator"), ("http://two", "operator"))

            def fail(method, path, body, error=error):
                raise error

            self.board.hosts.update(one=fail, two=self.ledger.answer)
            self.run_to(2 * INTERVAL_S + 60)
            self.assert_all(2)


class Outages(Exchanges):
    def test_a_close_waits_for_the_readings_it_touches(self):
        self.make(("http://one", "operator"))
        self.board.hosts["one"] = self.ledger.answer

        def lose():
            self.reports.lost.append((START + 1_000, 0, 1))
            self.reports.outage_version += 1
            self.wake.set()

        def regain():
            self.reports.lost[0] = (START + 1_000, START + 2_000, 1)
            self.reports.outage_version += 1
            self.wake.set()

        owed = []
        self.run_to(
            1_010, lose, 1_100, lambda: owed.append(self.uplink.owes_outage), 2_000, regain, 2_500,
            lambda: owed.append([one["endedAt"] for one in self.ledger.outages]), 3_200,
        )  # fmt: skip
        self.assertEqual(owed, [False, [0]])
        self.assertEqual([one["endedAt"] for one in self.ledger.outages], [START + 2_000])
        self.assert_all(3)

    def test_many_go_in_their_order(self):
        self.make(("http://one", "operator"))
        self.reports.lost = [(START + 100 * k, START + 100 * k + 50, 1) for k in range(30)]
        self.reports.outage_version = 30
        self.board.hosts["one"] = self.ledger.answer
        self.run_to(5 * INTERVAL_S)
        self.assertEqual([one["number"] for one in self.ledger.outages], list(range(30)))
        self.assertLess(self.posts("one"), 20)

    def test_one_that_was_lost_is_told_again(self):
        self.make(("http://one", "operator"))
        self.board.hosts["one"] = self.ledger.answer
        self.reports.lost = [(START + 100, START + 150, 1)]
        self.reports.outage_version = 1

        def reorganise():
            self.assertEqual(len(self.ledger.outages), 1)
            self.ledger.outages.clear()

        self.run_to(2 * INTERVAL_S, reorganise, 8 * INTERVAL_S)
        self.assertEqual(len(self.ledger.outages), 1)

    def test_a_refused_one_is_told_less_and_less(self):
        self.make(("http://one", "operator"))

        def answer(method, path, body):
            if method == "POST" and b"OutageReport" in body:
                return 409, {"error": {"code": "AHEAD_OF_REPORTS"}}
            return self.ledger.answer(method, path, body)

        self.board.hosts["one"] = answer
        self.reports.lost = [(START + 100, START + 150, 1)]
        self.reports.outage_version = 1
        self.run_to(12 * INTERVAL_S + 120)
        self.assert_all(12)
        self.assertLess(self.posts("one"), 40)
        self.assertTrue(self.uplink.owes_outage)


class TheTime(Exchanges):
    def test_dates_over_tls_and_another_source_make_it_sure(self):
        self.make(("https://one", "operator"), ("http://two", "consumer"), true_clock=False)
        self.board.hosts["one"] = self.board.hosts["two"] = self.ledger.answer
        self.run_to(INTERVAL_S)
        self.assertEqual(self.uplink.clock.state, SURE)
        self.assertTrue(abs(self.uplink.clock.now_us() - self.board.true_us) < 2 * S)

    def test_without_tls_two_that_agree_make_it_unsure(self):
        self.make(("http://one", "operator"), ("http://two", "consumer"), true_clock=False)
        self.board.hosts["one"] = self.board.hosts["two"] = self.ledger.answer
        self.run_to(INTERVAL_S)
        self.assertEqual(self.uplink.clock.state, UNSURE)

    def test_before_the_first_certificate_the_chip_shows_a_time_that_has_passed(self):
        self.make(("https://one", "operator"), true_clock=False)
        self.uplink.clock.raise_floor(START - 500)
        self.board.hosts["one"] = self.ledger.answer
        self.run_to(-90)
        self.assertEqual(self.board.kept_us, (START - 500) * S)


class Nodes(Exchanges):
    def node(self, method, path, body):
        """Speak JSON-RPC over the ledger."""
        agreement = self.ledger.answer("GET", "/v1/meters/" + self.address, b"")[1]["agreements"][0]
        agreement["bounds"] = {"first_interval": 0, "min": [1, 1], "max": [600, 600]}
        return 200, rpc(body, 1337, [agreement], self.ledger.codes)

    def test_a_node_and_a_relayer_confirm_each_other(self):
        self.make(("http://one", "operator"), nodes=["http://node"])
        self.board.hosts["one"] = self.ledger.answer
        self.board.hosts["node"] = self.node
        self.board.chunked = True
        self.run_to(5 * INTERVAL_S + 60)
        self.assert_all(5)
        (one,) = self.uplink.agreements.all
        self.assertTrue(one.confirmed)
        self.assertEqual(one.bounds(1, 0), (1, 600, True))

    def test_a_node_that_knows_better_than_a_relayer_is_heard(self):
        self.make(("http://one", "operator"), nodes=["http://node"])
        false = self.new_ledger(unit_wh=1)
        false.enrol(self.address)
        self.board.hosts["one"] = false.answer
        self.board.hosts["node"] = self.node
        self.run_to(2 * INTERVAL_S)
        self.assertIn("other terms of agreement 7", " ".join(self.uplink.agreements.contradictions))
        self.assertFalse(any(one.confirmed for one in self.uplink.agreements.all))

    def test_whatever_a_node_answers_ends_only_that_exchange(self):
        for content in (
            None, 5, [], {}, {"result": None}, {"result": "0x"}, {"result": "0x1"}, {"result": "0x539"},
            {"result": "zz"},
            {"error": {"code": 3}}, {"error": 5}, {"result": "0x" + "ff" * 900}, {"result": "0x" + "00" * 8_000},
        ):  # fmt: skip
            self.setUp()
            self.make(("http://one", "operator"), nodes=["http://node"])
            self.board.hosts["one"] = self.ledger.answer
            self.board.hosts["node"] = lambda method, path, body, content=content: (200, content)
            self.run_to(2 * INTERVAL_S + 60)
            self.assert_all(2)


if __name__ == "__main__":
    unittest.main()
