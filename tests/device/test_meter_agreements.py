# SPDX-License-Identifier: Apache-2.0
"""What one source may bring about, and what takes two: each row of the table in `agreements`, and each way to lie."""

import os
import unittest
from array import array

import scratch
from flash import Unreadable, unreadable

from electro_meter.uplink import remembered
from electro_meter.uplink.agreement import Told
from electro_meter.uplink.agreements import FILE, KEPT_S, MOST_OF_A_SOURCE, SAVE_EVERY_US, Agreements

START = 1_800_000_000
S = 1_000_000
TRUE, FALSE, WORSE, SEALED = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32, b"\x04" * 32  # hashes of terms
SEAL = bytes(range(48)) + bytes(4 * 96)  # a key's hash, a nonce and bands, as `sources.seal_of` gives them
HEADERS = {TRUE: (96, 900, 192, 10), FALSE: (96, 900, 192, 100), WORSE: (1, 1, 65_535, 1)}


def told(number=7, code_hash=TRUE, start_s=START, **others):
    one = Told()
    one.id, one.start_s, one.code_hash, one.account = number, start_s, code_hash, bytes(20)
    one.next_latest = one.next_final = one.next_outage = one.bounds_from = 0
    one.outage_open = one.cancelled = False
    one.end = 192
    one.least, one.most = array("H"), array("H")
    for name, value in others.items():
        setattr(one, name, value)
    return one


class Trust(unittest.TestCase):
    def setUp(self):
        self.folder = scratch.folder()
        self.addCleanup(scratch.remove, self.folder)
        self.agreements = Agreements(self.folder)
        self.now_us = 100 * S

    def say(self, url, by, *listed, now_s=0):
        self.now_us += 61 * S
        self.agreements.learn(url, by, list(listed), HEADERS, self.now_us, now_s)

    @property
    def ids(self):
        return [(one.id, one.code_hash, one.confirmed) for one in self.agreements.all]


class Terms(Trust):
    def test_one_source_makes_a_candidate(self):
        self.say("r", "operator", told())
        (one,) = self.agreements.all
        self.assertEqual(
            (one.id, one.start_s, one.slots, one.interval_s, one.intervals, one.unit_wh),
            (7, START, 96, 900, 192, 10),
        )
        self.assertEqual((one.terms, one.confirmed, one.by), (TRUE[:16], False, {"operator"}))
        self.assertIs(self.agreements.at(START), one)
        self.assertIsNone(self.agreements.at(START - 1))
        self.assertIsNone(self.agreements.at(one.end_s))

    def test_two_of_one_by_confirm_nothing(self):
        self.say("r", "operator", told())
        self.say("s", "operator", told())
        self.assertEqual(self.ids, [(7, TRUE, False)])

    def test_two_of_different_by_pin_it(self):
        self.say("r", "operator", told())
        self.say("n", "other", told())
        self.assertEqual(self.ids, [(7, TRUE, True)])

    def test_candidates_stand_beside_each_other_until_one_is_pinned(self):
        self.say("liar", "operator", told(code_hash=FALSE))
        self.say("r", "operator", told())
        self.assertEqual(len(self.ids), 2)
        self.assertIsNone(self.agreements.at(START))
        self.say("n", "other", told())
        self.assertEqual(self.ids, [(7, TRUE, True)])
        self.say("liar", "operator", told(code_hash=FALSE))
        self.assertEqual(self.ids, [(7, TRUE, True)])
        self.assertIn("liar tells other terms of agreement 7", self.agreements.contradictions[0])
        self.say("liar", "operator", told())
        self.assertEqual(self.agreements.contradictions, [])

    def test_another_start_is_another_candidate(self):
        self.say("r", "operator", told())
        self.say("n", "other", told(start_s=START + 900))
        self.assertEqual([one.confirmed for one in self.agreements.all], [False, False])

    def test_whoever_changes_its_word_takes_the_old_one_back(self):
        self.say("liar", "operator", told(code_hash=FALSE))
        self.say("liar", "operator", told())
        self.say("n", "other", told(code_hash=FALSE))
        self.assertEqual([confirmed for _, _, confirmed in self.ids], [False, False])

    def test_terms_whose_numbers_nobody_has_seen_make_no_candidate(self):
        self.say("r", "operator", told(code_hash=b"\x09" * 32))
        self.assertEqual(self.ids, [])

    def test_a_source_evicts_only_its_own_and_has_four_at_most(self):
        self.say("r", "operator", told())
        for number in range(100, 200):
            self.say("liar", "operator", told(number, WORSE, START + number))
        self.assertEqual(len(self.ids), 1 + MOST_OF_A_SOURCE)
        self.assertIn((7, TRUE, False), self.ids)
        self.assertIn(199, [number for number, _, _ in self.ids])
        self.say("many", "other", *[told(number, WORSE) for number in range(300, 308)])
        self.assertEqual(len([one for one in self.agreements.all if one.owner == "many"]), MOST_OF_A_SOURCE)
        self.assertIn((7, TRUE, False), self.ids)

    def test_many_far_ahead_do_not_shut_out_the_true_one(self):
        self.say("liar", "operator", *[told(n, WORSE, START + n * 10**6) for n in range(20, 28)])
        self.say("r", "operator", told())
        self.say("n", "other", told())
        self.assertIn((7, TRUE, True), self.ids)
        self.assertEqual(self.agreements.at(START + 5).id, 7)

    def test_an_earlier_start_wins_no_instant_from_the_confirmed_one(self):
        self.say("r", "operator", told())
        self.say("n", "other", told())
        self.say("liar", "operator", told(6, FALSE, START - 900))
        self.assertEqual(self.agreements.at(START + 5).id, 7)

    def test_one_twice_in_an_answer_counts_once(self):
        self.say("r", "operator", told(), told(code_hash=FALSE), told())
        self.assertEqual(self.ids, [(7, TRUE, False)])


class Positions(Trust):
    def test_they_are_followed_both_ways_each_source_by_itself(self):
        self.say("r", "operator", told(next_latest=5, next_final=4))
        self.say("s", "operator", told(next_latest=9))
        (one,) = self.agreements.all
        self.assertEqual((one.told["r"].next_latest, one.told["s"].next_latest, one.next_latest), (5, 9, 9))
        self.say("r", "operator", told(next_latest=3, next_final=8))
        self.assertEqual((one.told["r"].next_latest, one.told["r"].next_final), (3, 3))

    def test_no_position_lies_behind_the_end(self):
        self.say("r", "operator", told(next_latest=65_535, end=65_535))
        (one,) = self.agreements.all
        self.assertEqual((one.next_latest, one.end), (192, 192))

    def test_an_end_that_only_one_tells_cuts_nothing_for_others(self):
        self.say("liar", "operator", told(end=1))
        self.say("r", "operator", told())
        (one,) = self.agreements.all
        self.assertEqual((one.end, one.told["liar"].end, one.told["r"].end), (192, 1, 192))

    def test_a_position_that_another_does_not_know_later_is_told(self):
        self.say("liar", "operator", told(next_latest=50))
        self.say("r", "operator", told(next_latest=10))
        self.assertEqual(len(self.agreements.contradictions), 1)
        self.assertIn("liar has agreement 7 at interval 50", self.agreements.contradictions[0])
        self.say("r", "operator", told(next_latest=50))
        self.assertEqual(self.agreements.contradictions, [])

    def test_contradictions_without_end_do_not_fill_memory(self):
        for k in range(50):
            self.say(f"liar {k}", "operator", told(next_latest=100 - k))
        self.assertEqual(len(self.agreements.contradictions), 8)


class Bounds(Trust):
    def bounds(self, *pairs, first=4):
        return {
            "bounds_from": first,
            "least": array("H", [least for least, _ in pairs]),
            "most": array("H", [most for _, most in pairs]),
        }

    def test_one_sources_are_shown_only(self):
        self.say("r", "operator", told(**self.bounds((1, 9), (2, 8))))
        (one,) = self.agreements.all
        self.assertEqual([one.bounds(k, 0) for k in (3, 4, 5, 6)], [None, (1, 9, False), (2, 8, False), None])

    def test_two_of_different_by_confirm_an_intervals(self):
        self.say("r", "operator", told(**self.bounds((1, 9), (2, 8))))
        self.say("n", "other", told(**self.bounds((2, 8), (3, 7), first=5)))
        (one,) = self.agreements.all
        self.assertEqual([one.bounds(k, 0) for k in (4, 5, 6)], [(1, 9, False), (2, 8, True), (3, 7, False)])

    def test_zeros_that_one_tells_shed_nothing(self):
        self.say("r", "operator", told(**self.bounds((1, 9))))
        self.say("n", "other", told(**self.bounds((1, 9))))
        self.say("liar", "operator", told(**self.bounds((0, 0))))
        (one,) = self.agreements.all
        self.assertEqual(one.bounds(4, 0), (1, 9, True))
        self.say("r", "operator", told(**self.bounds((0, 0))))
        self.assertEqual(one.bounds(4, 0), (0, 0, False))
        self.say("liar", "operator", told(**self.bounds((1, 9))))
        self.assertEqual(one.bounds(4, 0), (1, 9, True))

    def test_what_was_told_long_ago_confirms_nothing(self):
        self.say("n", "other", told(**self.bounds((1, 9))))
        self.now_us += 3 * 3600 * S
        self.say("r", "operator", told(**self.bounds((1, 9))))
        self.assertEqual(self.agreements.all[0].bounds(4, 0), (1, 9, False))


class Absence(Trust):
    def setUp(self):
        Trust.setUp(self)
        self.say("r", "operator", told())
        self.say("n", "other", told())

    def test_one_that_does_not_know_an_agreement_makes_nothing_forgotten(self):
        for _ in range(10):
            self.say("r", "operator")
            self.say("s", "operator")
        self.assertEqual(self.ids, [(7, TRUE, True)])

    def test_nor_does_one_that_calls_it_cancelled(self):
        for _ in range(10):
            self.say("n", "other", told(cancelled=True))
        self.assertEqual(self.ids, [(7, TRUE, True)])

    def test_two_of_different_by_do(self):
        self.say("r", "operator")
        self.say("n", "other", told(cancelled=True))
        self.assertEqual(self.ids, [])

    def test_unless_somebody_still_knows_it(self):
        self.say("s", "operator", told())
        self.say("n", "other")
        self.say("r", "operator")
        self.assertEqual(self.ids, [(7, TRUE, True)])
        self.say("s", "operator")
        self.assertEqual(self.ids, [])

    def test_long_after_its_end_it_is_forgotten(self):
        end_s = self.agreements.all[0].end_s
        self.say("r", "operator", told(), now_s=end_s + KEPT_S - 1)
        self.assertEqual(len(self.ids), 1)
        self.say("r", "operator", told(), now_s=end_s + KEPT_S + 1)
        self.assertEqual(self.ids, [])


class OverARestart(Trust):
    def test_what_was_known_is_known_again_confirmed_or_not(self):
        self.say("r", "operator", told(), told(8, FALSE, START + 192 * 900))
        self.say("n", "other", told())
        self.say("n", "other", told())
        again = Agreements(self.folder)
        self.assertEqual([(one.id, one.code_hash, one.confirmed) for one in again.all], self.ids)
        self.assertEqual([one.start_s for one in again.all], [START, START + 192 * 900])
        self.assertEqual([one.told for one in again.all], [{}, {}])
        self.assertEqual((again.all[0].unit_wh, again.all[0].terms), (10, TRUE[:16]))

    def test_the_flash_is_written_once_a_minute_at_most_and_only_for_what_changed(self):
        self.say("r", "operator", told())
        path = self.folder + "/" + FILE
        os.remove(path)
        self.say("r", "operator", told(next_latest=9))
        self.assertNotIn(FILE, os.listdir(self.folder))
        self.agreements.learn("n", "other", [told()], HEADERS, self.now_us + 1, 0)
        self.assertIn(FILE, os.listdir(self.folder))
        os.remove(path)
        self.agreements.learn("n", "other", [told(), told(8)], HEADERS, self.now_us + 2, 0)
        self.assertNotIn(FILE, os.listdir(self.folder))
        self.agreements.save(self.now_us + 2 + SAVE_EVERY_US)
        self.assertIn(FILE, os.listdir(self.folder))

    def test_a_damaged_file_is_no_file(self):
        self.say("r", "operator", told())
        path = self.folder + "/" + FILE
        with open(path) as file:
            good = file.read()
        for spoiled in (
            "", "null", "5", "{}", "[null]", "[5]", "[[]]", '[[[1,2,3,4,5,6],null,true,"r"]]', good[:-9],
            good.replace("7", "-7", 1),
            good.replace("900", "0"), good.replace("900", "1e999"), good.replace("01", "zz"), good.replace("false",
            "7"),
            "[" * 500, "[" * 8_000, "9" * 8_000,
            "\x00" * 4_096, good.replace("192", "99999999999999999999"), good.replace('"r"', "[]"),
            '{"a": 1}',
        ):  # fmt: skip
            with open(path, "w") as file:
                file.write(spoiled)
            kept = Agreements(self.folder).all
            self.assertEqual(kept, [], spoiled)

    def test_sealed_bands_are_kept_beside_it_and_one_file_serves_renewals(self):
        HEADERS[SEALED] = HEADERS[TRUE] + (SEAL,)
        self.addCleanup(HEADERS.pop, SEALED)
        self.say(
            "r", "operator", told(), told(8, SEALED, START + 192 * 900), told(9, SEALED, START + 384 * 900)
        )
        again = Agreements(self.folder)
        self.assertEqual(sorted([(one.id, one.seal) for one in again.all]), [(7, b""), (8, SEAL), (9, SEAL)])
        self.assertEqual(again.header_of(SEALED), HEADERS[SEALED])
        (name,) = self.seals()
        with open(f"{self.folder}/{name}", "wb") as file:
            file.write(SEAL[:-1] + b"\x01")
        self.agreements = Agreements(self.folder)
        self.assertEqual([one.id for one in self.agreements.all], [7])  # sources tell it again
        self.say("r", "operator", told(), told(8, SEALED, START + 192 * 900))
        self.assertEqual(sorted([one.id for one in Agreements(self.folder).all]), [7, 8])
        os.remove(f"{self.folder}/{name}")
        self.assertEqual([one.id for one in Agreements(self.folder).all], [7])

    def test_of_sealed_ones_a_few_files_are_kept_the_confirmed_first_and_none_that_is_not_needed(self):
        hashes = [bytes([0x50 + k]) * 32 for k in range(6)]
        for k in range(6):
            HEADERS[hashes[k]] = HEADERS[TRUE] + (SEAL + bytes([k]),)
            self.addCleanup(HEADERS.pop, hashes[k])
        for k in range(3):
            self.say("liar", "operator", *[told(20 + j, hashes[j], START + j) for j in range(k + 1)])
        for k in range(3, 6):
            self.say("r", "consumer", *[told(20 + j, hashes[j], START + j) for j in range(3, k + 1)])
        self.say("n", "other", told(25, hashes[5], START + 5))
        self.assertEqual(len(self.seals()), remembered.MOST_SEALS)
        kept = Agreements(self.folder).all
        self.assertEqual(len(kept), remembered.MOST_SEALS)
        self.assertIn((25, True), [(one.id, one.pinned) for one in kept])
        for _ in range(2):
            for url, by in (("liar", "operator"), ("r", "consumer"), ("n", "other")):
                self.say(url, by)
        self.assertEqual((self.ids, self.seals()), ([], []))

    def test_a_file_that_can_not_be_read_now_is_neither_missing_nor_written_over(self):
        HEADERS[SEALED] = HEADERS[TRUE] + (SEAL,)
        self.addCleanup(HEADERS.pop, SEALED)
        for url, by in (("r", "operator"), ("n", "other")):
            self.say(url, by, told(), told(8, SEALED, START + 192 * 900))
        confirmed = self.ids
        for name in [FILE] + self.seals():
            with Unreadable(self.folder + "/" + name):
                self.agreements = Agreements(self.folder)
                self.say("liar", "operator", told(7, FALSE), told(8, WORSE))
                self.assertEqual(sorted(self.ids), [(7, FALSE, False), (8, WORSE, False)])
            self.say("liar", "operator", told(7, FALSE), told(8, WORSE))
            self.assertEqual(self.ids, confirmed, name)
            self.assertEqual([one.pinned for one in Agreements(self.folder).all], [True, True])

    def test_what_was_confirmed_since_stays_when_the_file_can_be_read(self):
        self.say("liar", "operator", told(7, FALSE), told(8, FALSE))
        with Unreadable(self.folder + "/" + FILE):
            self.agreements = Agreements(self.folder)
            self.say("r", "operator", told())
            self.say("n", "other", told())
        self.say("n", "other", told())
        self.assertEqual(self.ids, [(7, TRUE, True), (8, FALSE, False)])

    def test_a_file_that_stays_unreadable_gives_way_in_the_end(self):
        self.say("r", "operator", told(9))
        self.addCleanup(setattr, remembered, "read", remembered.read)
        read, remembered.read = remembered.read, unreadable
        self.agreements = Agreements(self.folder)
        self.now_us = remembered.UNREAD_US - 70 * S
        for kept in (9, 7):
            self.say("r", "operator", told())
            self.assertEqual([one.id for one in read(self.folder + "/" + FILE)], [kept])

    def seals(self):
        return [name for name in os.listdir(self.folder) if name.startswith(FILE + ".seal")]

    def test_a_flash_that_can_not_be_written_stops_nothing(self):
        os.mkdir(self.folder + "/" + FILE + ".new")
        self.addCleanup(os.rmdir, self.folder + "/" + FILE + ".new")
        self.say("r", "operator", told())
        self.say("n", "other", told())
        self.assertEqual(self.ids, [(7, TRUE, True)])


if __name__ == "__main__":
    unittest.main()
