# SPDX-License-Identifier: Apache-2.0
"""By which bands a meter judges: each pass's, as two hands or a receipt tell them, and nothing is told before."""

import asyncio
import json
import unittest
from binascii import unhexlify

from exchanges import CONTRACT, INTERVAL_S, START, Exchanges, S
from sealed_terms import VIEWING, SealedRelayer, code, node, override

from electro_meter.account.reports import Reports
from electro_meter.account.sealing import keep
from electro_meter.uplink.agreement import Told
from electro_meter.uplink.bands import follow, is_override_of, schedule
from electro_meter.uplink.errors import SourceError
from electro_meter.uplink.http import Answer
from electro_meter.uplink.passes import MOST, PATIENCE_S, Passes, Said
from electro_protocol.readings import pack
from electro_protocol.reports import EnergyReport

AGREED, OTHER, THIRD = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
ONE, TWO, THREE = "http://one", "http://two", "http://three"
HANDS = {ONE: "operator", TWO: "consumer", THREE: "operator"}


class Source:
    def __init__(self, by):
        self.by = by


HOUR_US = 3_600 * S
SLOTS = 8
BASE = pack([100] * SLOTS + [800] * SLOTS)
WIDE = pack([0] * SLOTS + [1000] * SLOTS)


class Agreed:
    """As much of an agreement as its passes need."""

    code_hash, opened, pinned = AGREED, BASE, True
    start_s, interval_s, slots = START, INTERVAL_S, SLOTS


class OfAPass(unittest.TestCase):
    def setUp(self):
        self.agreement = Agreed()
        self.passes = Passes(self.agreement, None)
        self.passes.open(3, OTHER, WIDE)

    def tell(self, url, code_hash, over=True, at_us=0, pass_=3):
        self.passes.tell(pass_, url, Said(Source(HANDS[url]), code_hash, at_us, over))

    def judging(self, pass_, url, late_s):
        """By what a report to a source is judged, so long after the first interval of a pass was over."""
        return self.passes.terms(pass_ * SLOTS + 2, url, self.passes.over_s(pass_) + late_s)

    def bounds(self, at_us):
        """Those of the pass's second slot."""
        return self.passes.bounds(3 * SLOTS + 1, at_us)

    def test_what_two_hands_say_once_the_pass_runs_is_settled(self):
        self.tell(ONE, OTHER)
        self.assertEqual((self.passes.settled(3), self.judging(3, ONE, 0)), (b"", b""))
        self.tell(TWO, OTHER)
        self.assertEqual((self.passes.settled(3), self.judging(3, ONE, 0)), (OTHER, OTHER))
        self.assertEqual(self.passes.settled(2), b"")

    def test_one_whose_word_turns_out_to_be_the_others_confirms_nothing_any_more(self):
        self.tell(ONE, OTHER)
        consumer = Source("consumer")
        self.passes.tell(3, TWO, Said(consumer, OTHER, 0, True))
        self.assertEqual(self.passes.settled(3), OTHER)
        consumer.by = "operator"
        self.assertEqual(self.passes.settled(3), b"")

    def test_nor_does_what_was_said_from_anothers_address(self):
        self.tell(ONE, OTHER)
        self.tell(TWO, OTHER)
        self.passes.retract(TWO)
        self.assertEqual(self.passes.settled(3), b"")
        self.assertTrue(self.passes.is_due(3, TWO, 0, True))
        self.assertFalse(self.passes.is_due(3, ONE, 0, True))

    def test_two_of_one_hand_are_one(self):
        self.tell(ONE, OTHER)
        self.tell(THREE, OTHER)
        self.assertEqual(self.passes.settled(3), b"")

    def test_what_was_said_before_the_pass_sheds_load_and_settles_nothing(self):
        self.tell(ONE, OTHER, over=False)
        self.assertEqual(self.bounds(0), (0, 1000, False))
        self.tell(TWO, OTHER, over=False)
        self.assertEqual(self.bounds(HOUR_US), (0, 1000, True))
        self.assertEqual(self.bounds(3 * HOUR_US), (0, 1000, False))
        self.assertEqual(self.passes.settled(3), b"")

    def test_while_nobody_says_anything_the_agreed_bands_are_shown(self):
        self.assertEqual(self.bounds(0), (100, 800, False))

    def test_hands_that_say_different_things_settle_nothing(self):
        self.tell(ONE, OTHER)
        self.tell(TWO, AGREED)
        self.assertEqual(self.passes.settled(3), b"")
        self.assertEqual(self.bounds(0)[2], False)

    def test_a_receipt_settles_it_whatever_others_say(self):
        self.tell(ONE, AGREED)
        self.tell(TWO, AGREED)
        self.passes.prove(3, OTHER)
        self.assertEqual(self.passes.settled(3), OTHER)
        self.assertEqual(self.bounds(9 * HOUR_US), (0, 1000, True))

    def test_a_receipt_before_the_pass_is_good_for_shedding_as_long_as_it_is_fresh(self):
        self.passes.prove(3, OTHER, HOUR_US)
        self.assertEqual(self.bounds(HOUR_US - 1), (0, 1000, True))
        self.assertEqual(self.bounds(HOUR_US), (100, 800, False))
        self.assertEqual(self.passes.settled(3), b"")

    def test_after_a_day_each_source_is_sent_what_it_says_itself(self):
        self.tell(ONE, OTHER)
        self.tell(TWO, AGREED)
        for url in (ONE, TWO):
            self.assertEqual(self.judging(3, url, PATIENCE_S - 1), b"")
        self.assertEqual(self.judging(3, ONE, PATIENCE_S), OTHER)
        self.assertEqual(self.judging(3, TWO, PATIENCE_S), AGREED)
        self.assertEqual(self.judging(3, THREE, PATIENCE_S), b"")  # it was not asked

    def test_two_liars_silence_nobody_either(self):
        """Where a third hand is asked, which is honest."""
        self.tell(ONE, AGREED)
        self.passes.tell(3, THREE, Said(Source("other"), AGREED, 0, True))
        self.tell(TWO, OTHER)
        self.assertEqual(self.passes.settled(3), AGREED)
        self.assertEqual(self.judging(3, TWO, PATIENCE_S - 1), AGREED)
        self.assertEqual(self.judging(3, TWO, PATIENCE_S), OTHER)
        self.passes.prove(3, AGREED)
        self.assertEqual(self.judging(3, TWO, PATIENCE_S), AGREED)

    def test_each_source_is_asked_before_and_after_the_first_interval_and_then_while_it_is_not_settled(self):
        def due(url, now_us, over):
            return self.passes.is_due(3, url, now_us, over)

        self.assertTrue(due(ONE, 0, False))
        self.tell(ONE, OTHER, over=False)
        self.assertFalse(due(ONE, HOUR_US - 1, False))
        self.assertTrue(due(ONE, HOUR_US, False))
        self.assertTrue(due(ONE, 0, True))
        self.tell(ONE, OTHER)
        self.assertFalse(due(ONE, HOUR_US - 1, True))
        self.assertTrue(due(ONE, HOUR_US, True))
        self.tell(TWO, OTHER)
        self.assertFalse(due(ONE, HOUR_US, True))
        self.assertTrue(due(THREE, HOUR_US, True))
        self.passes.prove(3, OTHER)
        self.assertFalse(due(THREE, HOUR_US, True))

    def test_nothing_is_judged_by_bands_that_are_not_here(self):
        for url in (ONE, TWO):
            self.tell(url, THIRD)
        self.assertEqual((self.passes.settled(3), self.judging(3, ONE, PATIENCE_S)), (THIRD, b""))
        self.assertIsNone(self.bounds(0))

    def test_bands_of_one_pass_are_not_those_of_another(self):
        for url in (ONE, TWO):
            self.tell(url, OTHER, pass_=4)
        self.assertEqual((self.passes.settled(4), self.judging(4, ONE, 0)), (OTHER, b""))

    def test_of_many_passes_the_last_that_were_told_are_kept(self):
        for pass_ in range(MOST + 3):
            self.tell(ONE, AGREED, pass_=pass_)
        asked = [pass_ for pass_ in range(MOST + 3) if self.passes.is_asked(pass_, ONE)]
        self.assertEqual(asked, list(range(3, MOST + 3)))

    def test_what_is_forgotten_is_asked_for_anew_and_holds_until_then(self):
        for url in (ONE, TWO):
            self.tell(url, OTHER)
        self.passes.forget(2 * SLOTS)
        self.assertFalse(self.passes.is_due(3, ONE, 0, True))
        self.passes.forget(3 * SLOTS + 1)
        self.assertTrue(self.passes.is_due(3, ONE, 0, True))
        self.assertEqual(self.passes.settled(3), OTHER)
        self.tell(ONE, AGREED)
        self.tell(TWO, AGREED)
        self.assertEqual(self.passes.settled(3), AGREED)
        self.assertFalse(self.passes.is_due(3, ONE, 0, True))


class Untrusted(unittest.TestCase):
    def test_account_and_hash_are_of_their_length(self):
        good = {"account": "0x" + "ab" * 20, "code_hash": "0x" + "cd" * 32}
        self.assertEqual(schedule(good), (b"\xab" * 20, b"\xcd" * 32))
        for name in good:
            for wrong in (None, 5, "", "0x", "0x" + "ab" * 19, "0x" + "ab" * 33, "ab" * 20):
                changed = dict(good)
                changed[name] = wrong
                with self.assertRaises(SourceError):
                    schedule(changed)
        for wrong in (None, [], "0x"):
            with self.assertRaises(SourceError):
                schedule(wrong)

    def test_bands_of_a_pass_are_of_as_many_slots_and_sealed(self):
        raw = override(WIDE, 3)
        self.assertTrue(is_override_of(raw, SLOTS))
        plain = bytearray(raw)
        plain[8] = 0
        for wrong in (raw[:-1], raw + b"\0", plain, override(WIDE + bytes(4), 3), code(bands=WIDE)):
            self.assertFalse(is_override_of(wrong, SLOTS))


class Journal(Reports):
    """A journal in which interval k has 50·k units; what is told of it the meter's own code decides."""

    def __init__(self, test, clock):
        self._test = test
        self._clock = clock
        self._sealing = self._holds_keys = None
        self.sealed_as = test.folder, test.signer.separator, test.signer.address

    outage_version = 0

    def fits(self, agreement):
        return True

    def closed(self, agreement):
        if not self.may_tell(agreement) or not self.opens(agreement):
            return 0
        passed_s = self._test.board.true_us // S - agreement.start_s
        return max(0, min(agreement.end, passed_s // agreement.interval_s))

    async def build(self, agreement, first, end, url):
        end = min(end, first + agreement.slots - first % agreement.slots)
        lanes = pack([50 * k for k in range(first, end)])
        report = EnergyReport(agreement.id, agreement.start_s, agreement.terms, first, end, lanes)
        return self._sealing.seal(agreement, report, self.terms(agreement, first, url))

    def outages(self, agreement):
        return []

    def outage(self, agreement, number):
        return None


class Sealed(Exchanges):
    """An agreement of four passes of eight quarter hours."""

    intervals = 32

    def setUp(self):
        Exchanges.setUp(self)
        self.board.kept_us = self.board.true_us
        keep(self.folder, VIEWING)

    def new_ledger(self, **others):
        agreement = {
            "agreement_id": 7, "state": "accepted", "start": START, "interval_seconds": INTERVAL_S,
            "intervals": self.intervals, "slots": SLOTS, "unit_wh": 10,
        }  # fmt: skip
        return SealedRelayer(1337, CONTRACT, agreement, BASE)

    def new_reports(self, clock):
        return Journal(self, clock)

    @property
    def one(self):
        (agreement,) = self.uplink.agreements.all
        return agreement

    def assert_all(self, count):
        self.assertEqual(self.readings, [50 * k for k in range(count)])

    def passed(self, pass_):
        """Seconds from the start until the first interval of a pass is over, and a little more."""
        return (pass_ * SLOTS + 1) * INTERVAL_S + 120


class InExchanges(Sealed):
    def both(self):
        self.make((ONE, "operator"), (TWO, "consumer"))
        self.board.hosts["one"] = self.board.hosts["two"] = self.ledger.answer

    def test_other_bands_of_a_pass_are_judged_by_in_that_pass_alone(self):
        self.both()
        self.ledger.replace(2, WIDE)
        self.run_to(self.intervals * INTERVAL_S + 120)
        self.assert_all(self.intervals)
        self.assertEqual(self.ledger.refused, 0)

    def test_they_may_come_until_their_pass_begins(self):
        self.both()
        last_s = 2 * SLOTS * INTERVAL_S - 1
        self.run_to(last_s, lambda: self.ledger.replace(2, WIDE), self.passed(2))
        self.assert_all(2 * SLOTS + 1)
        self.assertEqual(self.ledger.refused, 0)

    def test_they_are_shed_by_before_anything_of_the_pass_can_be_reported(self):
        self.both()
        self.ledger.replace(2, WIDE)
        self.run_to((2 * SLOTS - 1) * INTERVAL_S)
        self.assertEqual(self.one.bounds(2 * SLOTS, self.board.uptime_us()), (0, 1000, True))
        self.assertEqual(self.one.bounds(2 * SLOTS - 1, self.board.uptime_us()), (100, 800, True))

    def keep_back(self, posted):
        """Let one relayer tell the agreed bands of a pass that has others, from the beginning of that pass on."""
        self.both()
        self.ledger.replace(2, WIDE)

        def silent(method, path, body):
            if "/schedules/" in path:
                return 200, dict(self.ledger.told[-1], place=0)
            if method == "POST" and len(self.readings) >= 2 * SLOTS:
                posted.append(body)
            return self.ledger.answer(method, path, body)

        self.board.hosts["one"] = silent

    def test_a_relayer_that_keeps_them_back_is_told_nothing_by_which_the_load_could_be_guessed(self):
        posted = []
        self.keep_back(posted)
        self.run_to(self.passed(2) + PATIENCE_S // 2)
        self.assert_all(2 * SLOTS)
        self.assertEqual(posted, [])

    def test_nor_is_it_by_what_it_said_under_the_others_name(self):
        """Where names lead is not the relayers' to say; the other one answers at its own address, but not of bands."""
        posted = []
        self.keep_back(posted)
        at = {"one.example": "10.0.0.1", "two.example": "10.0.0.2"}
        self.board.resolve(at)
        self.board.hosts["10.0.0.1"] = self.board.hosts["one"]

        def answer(method, path, body):
            if "/schedules/" in path:
                return 503, {}
            return self.ledger.answer(method, path, body)

        self.board.hosts["10.0.0.2"] = self.ledger.answer
        self.make(("http://one.example", "operator"), ("http://two.example", "consumer"))

        def turn():
            self.assert_all(2 * SLOTS)
            at["two.example"] = "10.0.0.1"

        def turn_back():
            self.assertGreater(self.asked("10.0.0.1"), 0)
            self.assertTrue(self.one.passes.is_asked(2, "http://two.example"))
            at["two.example"] = "10.0.0.2"
            self.board.hosts["10.0.0.2"] = answer

        self.run_to(
            self.passed(2) - INTERVAL_S, turn, self.passed(2) + 8 * INTERVAL_S, turn_back,
            self.passed(2) + PATIENCE_S // 2,
        )  # fmt: skip
        self.assert_all(2 * SLOTS)
        self.assertEqual((posted, self.ledger.refused), ([], 0))

    def test_bands_that_another_address_tells_than_the_positions_are_not_taken(self):
        self.both()
        self.run_to(2 * INTERVAL_S)
        source, told = self.uplink.turns.sources[1], []

        class Elsewhere:
            place = "10.0.0.9", False

            async def request(self, method, url):
                told.append(url)
                answer = Answer()
                answer.status, content = ledger.answer(method, url[len(TWO) :], b"")
                answer.raw = json.dumps(content).encode()
                answer.length = len(answer.raw)
                return answer

        ledger = self.ledger
        self.one.passes.retract(TWO)
        with self.assertRaises(SourceError):
            asyncio.run(follow(self.uplink, Elsewhere(), source, self.one))
        self.assertEqual(len(told), 1)
        self.assertFalse(self.one.passes.is_asked(0, TWO))

    def test_and_delays_the_others_by_a_day(self):
        self.keep_back([])
        self.run_to(self.passed(3) + PATIENCE_S + 4 * 3_600)
        self.assert_all(self.intervals)

    def test_with_one_relayer_alone_reports_come_after_a_day(self):
        self.both()
        self.ledger.replace(1, WIDE)

        def then():
            self.assert_all(SLOTS)  # both confirmed the agreement
            del self.board.hosts["two"]

        self.run_to(
            SLOTS * INTERVAL_S + 120,
            then,
            self.passed(1) + PATIENCE_S // 2,
            lambda: self.assert_all(SLOTS),
            self.passed(3) + PATIENCE_S + 3_600,
        )
        self.assert_all(self.intervals)

    def test_a_node_is_as_good_as_a_relayer(self):
        self.make((ONE, "operator"), nodes=[{"url": TWO, "by": "consumer"}])
        self.board.hosts["one"] = self.ledger.answer
        self.board.hosts["two"] = node(self.ledger, 1337)
        self.ledger.replace(1, WIDE)
        self.run_to(self.intervals * INTERVAL_S + 120)
        self.assert_all(self.intervals)
        self.assertEqual(self.ledger.refused, 0)

    def test_a_receipt_that_proves_them_does_for_another_source(self):
        self.both()
        self.ledger.replace(1, WIDE)

        def prove():
            del self.board.hosts["two"]
            code_hash = unhexlify(self.ledger.told[1]["code_hash"][2:])
            proved = Told()
            proved.end = self.intervals
            proved.proved = START + SLOTS * INTERVAL_S, (SLOTS, 2 * SLOTS), [(1, code_hash[12:], code_hash)]
            self.one.proved = proved

        self.run_to(SLOTS * INTERVAL_S + 120, prove, self.passed(1) + 120)
        self.assert_all(SLOTS + 1)

    def test_bands_that_do_not_open_are_not_judged_by_and_hold_up_nothing_else(self):
        self.both()
        self.ledger.told[1] = self.ledger.keep(self.ledger.other(2, WIDE))  # sealed for another pass
        self.run_to(self.passed(1) + 600)
        self.assert_all(SLOTS)
        self.assertTrue(self.uplink.reached)
        self.assertTrue([one for one in self.board.said if "does not open" in one])
        self.assertLess(len([one for one in self.board.asked if "/schedules/" in one]), 12)
        self.assertEqual(self.reports.terms(self.one, SLOTS, ""), b"")

    def test_what_the_contract_judges_otherwise_is_asked_anew(self):
        self.both()

        def take_back():
            self.assert_all(SLOTS + 1)
            self.ledger.replace(1, WIDE)

        self.run_to(self.passed(1), take_back, self.passed(1) + 3 * INTERVAL_S)
        self.assert_all(SLOTS + 4)
        self.assertEqual(self.ledger.refused, 1)

    def test_settled_passes_are_not_asked_for_again_and_again(self):
        self.both()
        self.run_to(self.intervals * INTERVAL_S + 120)
        asked = [one for one in self.board.asked if "/schedules/" in one]
        self.assertLess(len(asked), 2 * 4 * 3)


if __name__ == "__main__":
    unittest.main()
