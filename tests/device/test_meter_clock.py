# SPDX-License-Identifier: Apache-2.0
"""The meter's clock: who may date it, who may move it, and by how much."""

import unittest

from electro_meter.uplink.clock import KEPT, NEVER, SURE, UNSURE, WRITTEN_S, Clock, epoch_s, is_plausible
from electro_meter.world import Board

S = 1_000_000
START = 1_800_000_000
OWN = "", True  # a place that is sure to be the source's own


class ABoard(Board):
    def __init__(self, kept_s=0):
        self.kept_s = kept_s
        self.steady_us = 77 * S
        self.chip_s = 0

    def kept_unix_us(self):
        return self.kept_s * S

    def uptime_us(self):
        return self.steady_us

    def set_chip_clock(self, unix_s):
        self.chip_s = unix_s

    def log(self, sentence):
        pass  # nobody listens


class Clocks(unittest.TestCase):
    def make(self, kept_s=0):
        self.board = ABoard(kept_s)
        self.clock = Clock(self.board)
        self.true_us = START * S

    def pass_s(self, seconds):
        """Let time pass in the meter's windows."""
        left_us = seconds * S
        step_us = max(200_000, left_us // 200)
        while left_us > 0:
            self.board.steady_us += step_us
            self.true_us += step_us
            left_us -= step_us
            self.clock.slew()

    def sntp(self, server="ntp", off_us=0, place=OWN):
        self.clock.hear(
            server, "other", self.true_us + off_us - 20_000, self.true_us + off_us + 20_000, False, place
        )

    def date(self, url="https://relayer", by="operator", tls=True, off_s=0, place=OWN):
        second_us = (self.true_us // S + off_s) * S
        self.clock.hear(url, by, second_us, second_us + 1_200_000, tls, place)

    def off_us(self):
        return self.clock.now_us() - self.true_us


class Dating(Clocks):
    def test_nobody_knows_the_time_at_first(self):
        self.make()
        self.assertEqual((self.clock.state, self.clock.dated, self.clock.confirmed), (NEVER, False, False))

    def test_an_authenticated_source_and_another_make_it_sure(self):
        self.make()
        self.date()
        self.assertEqual(self.clock.state, NEVER)
        self.sntp()
        self.assertEqual(self.clock.state, SURE)
        self.assertTrue(abs(self.off_us()) < 20_000)
        self.assertEqual((self.clock.steps, self.board.chip_s), (0, START))

    def test_two_that_nothing_proves_make_it_unsure(self):
        self.make()
        self.date(url="http://relayer", tls=False)
        self.assertEqual(self.clock.state, NEVER)
        self.sntp()
        self.assertEqual((self.clock.state, self.clock.confirmed, self.clock.sure), (UNSURE, True, False))

    def test_two_names_that_lead_to_one_address_are_one_source(self):
        for own, other in ((False, False), (True, False), (False, True)):
            for tls in (False, own):
                self.make()
                self.date(tls=tls, place=("10.0.0.1", own))
                self.sntp(place=("10.0.0.1", other))
                self.assertEqual(self.clock.state, NEVER)
                self.sntp("elsewhere", place=("10.0.0.2", False))
                self.assertEqual(self.clock.state, SURE if tls else UNSURE)

    def test_unless_they_are_sure_to_be_told_apart(self):
        self.make()
        self.date(place=("10.0.0.1", True))
        self.sntp(place=("10.0.0.1", True))
        self.assertEqual(self.clock.state, SURE)

    def test_what_the_consumer_runs_proves_nothing(self):
        self.make()
        self.date(by="consumer", off_s=3600)
        self.sntp(off_us=3600 * S)
        self.assertEqual(self.clock.state, UNSURE)

    def test_two_that_disagree_date_nothing(self):
        self.make()
        self.date()
        self.sntp(off_us=3600 * S)
        self.assertEqual(self.clock.state, NEVER)
        self.sntp("other")
        self.assertEqual(self.clock.state, SURE)
        self.assertTrue(abs(self.off_us()) < 20_000)
        self.assertIn("ntp", self.clock.contradiction)

    def test_two_liars_do_not_outvote_who_is_authenticated(self):
        self.make()
        self.date()
        self.sntp("one", off_us=3600 * S)
        self.sntp("two", off_us=3600 * S)
        self.assertEqual(self.clock.state, NEVER)

    def test_an_authenticated_source_alone_does_after_ten_minutes(self):
        self.make()
        for _ in range(10):
            self.date()
            self.pass_s(60)
        self.assertEqual(self.clock.state, NEVER)
        self.date()
        self.assertEqual(self.clock.state, UNSURE)
        self.assertTrue(abs(self.off_us()) < S)

    def test_whoever_forges_all_others_does_not_keep_it_from_that(self):
        self.make()
        for k in range(12):
            self.date()
            self.sntp("one", off_us=k * 3600 * S + 3600 * S)
            self.sntp("two", off_us=-k * 3600 * S - 7200 * S)
            self.pass_s(60)
        self.assertEqual(self.clock.state, UNSURE)
        self.assertTrue(abs(self.off_us()) < S)

    def test_one_that_nothing_proves_never_does_alone(self):
        self.make()
        for _ in range(100):
            self.sntp()
            self.pass_s(600)
        self.assertEqual(self.clock.state, NEVER)

    def test_nothing_before_the_floor_is_believed(self):
        self.make()
        self.clock.raise_floor(START)
        for off_s in (-10, -3600, -START):
            self.date(off_s=off_s)
            self.sntp(off_us=off_s * S)
        self.assertEqual(self.clock.state, NEVER)
        self.clock.raise_floor(0)
        self.clock.raise_floor(1 << 60)
        self.assertEqual(self.clock.floor_s, START)

    def test_times_of_another_age_or_upside_down_are_no_bounds(self):
        self.make()
        for low_us, high_us in (
            (0, 0),
            (5, 4),
            ((1 << 40) * S, (1 << 40) * S + 1),
            (WRITTEN_S * S - 9, WRITTEN_S * S - 5),
        ):
            self.clock.hear("one", "operator", low_us, high_us, True, OWN)
            self.clock.hear("two", "other", low_us, high_us, False, OWN)
        self.assertEqual(self.clock.state, NEVER)

    def test_sources_without_end_do_not_fill_memory(self):
        self.make()
        for k in range(100):
            self.sntp(f"server {k}", off_us=k * 10 * S)
        self.assertEqual(len(self.clock.heard), 12)


class AfterAReset(Clocks):
    def test_what_the_chip_kept_is_dated_and_not_signed(self):
        self.make(kept_s=START)
        self.assertEqual((self.clock.state, self.clock.dated, self.clock.confirmed), (KEPT, True, False))

    def test_a_pair_that_agrees_confirms_it_without_a_step(self):
        self.make(kept_s=START)
        self.date()
        self.sntp(off_us=300_000)
        self.assertEqual((self.clock.state, self.clock.steps), (SURE, 0))
        self.assertTrue(abs(self.off_us()) < 1_000)

    def test_a_pair_that_agrees_otherwise_sets_it(self):
        self.make(kept_s=START - 60)
        self.date()
        self.sntp()
        self.assertEqual((self.clock.state, self.clock.steps), (SURE, 1))
        self.assertTrue(abs(self.off_us()) < 20_000)

    def test_a_clock_that_was_never_set_or_lies_before_the_floor_is_none(self):
        for kept_s in (0, 60, epoch_s(2000), epoch_s(2000) + 3_600, 0xFFFF_FFFF):
            self.make(kept_s=kept_s)
            self.assertEqual(self.clock.state, NEVER)
            self.assertFalse(is_plausible(kept_s))
        self.make(kept_s=START)
        self.clock.raise_floor(START + 900)
        self.assertEqual(self.clock.state, NEVER)

    def test_what_was_only_the_floor_is_forgotten(self):
        self.make(kept_s=START)
        self.clock.forget()
        self.assertEqual(self.clock.state, NEVER)


class Moving(Clocks):
    def sure(self):
        self.make()
        self.date()
        self.sntp()

    def test_small_differences_are_slewed_by_50_ppm(self):
        self.sure()
        before_us = self.clock.offset_us
        self.sntp(off_us=100_000)
        self.date()
        self.assertEqual(self.clock.offset_us, before_us)
        self.pass_s(100)
        self.assertTrue(0 < self.clock.offset_us - before_us <= 5_000)
        self.pass_s(10_000)
        self.assertTrue(
            80_000 < self.clock.offset_us - before_us <= 100_000, self.clock.offset_us - before_us
        )

    def test_an_hour_is_not_stepped_on_one_word_whosever_it_is(self):
        self.sure()
        for _ in range(200):
            self.pass_s(3600)
            self.sntp("liar", off_us=3600 * S)
        self.assertTrue(abs(self.off_us()) < 2 * S)
        self.sure()
        self.date(off_s=3600)
        self.assertTrue(abs(self.off_us()) < 2 * S)

    def test_nor_on_the_words_of_many_that_nothing_proves(self):
        self.sure()
        for _ in range(48):
            self.pass_s(3600)
            for k in range(4):
                self.sntp(f"liar {k}", off_us=3600 * S)
        self.assertTrue(abs(self.off_us()) < 2 * S)
        self.assertIn("3599 s off", self.clock.contradiction)  # its bound's edge

    def test_an_authenticated_source_and_another_step_it(self):
        self.sure()
        self.true_us += 60 * S  # the crystal stood still
        self.date()
        self.assertTrue(abs(self.off_us()) > 59 * S)
        self.sntp("second")
        self.assertEqual(self.clock.steps, 1)
        self.assertTrue(abs(self.off_us()) < 20_000)

    def test_what_is_unsure_stays_with_those_it_agrees_with(self):
        self.make()
        self.sntp("one")
        self.sntp("two")
        self.clock.hear("liar 1", "other", self.true_us + 60 * S - 10, self.true_us + 60 * S + 10, False, OWN)
        self.clock.hear("liar 2", "other", self.true_us + 60 * S - 10, self.true_us + 60 * S + 10, False, OWN)
        self.assertTrue(abs(self.off_us()) < 20_000)

    def test_what_is_unsure_is_left_only_after_an_hour_without_a_voice_for_it(self):
        self.make()
        self.sntp("one")
        self.sntp("two")
        for k in range(12):
            self.pass_s(1_800)
            self.sntp("three", off_us=60 * S)
            self.sntp("four", off_us=60 * S)
            if k < 6:
                self.sntp("five")
                self.assertTrue(abs(self.off_us()) < 20_000)
        self.assertEqual(self.clock.steps, 1)
        self.assertTrue(abs(self.off_us() - 60 * S) < 100_000)

    def test_drift_is_followed_without_a_step_for_months(self):
        self.sure()
        for _ in range(24 * 60):
            self.pass_s(3600)
            self.true_us += 36_000  # a crystal of 10 ppm
            self.date()
            self.sntp()
        self.assertEqual(self.clock.steps, 0)
        self.assertTrue(abs(self.off_us()) < 60_000, self.off_us())

    def test_whole_seconds_alone_do_not_make_it_swing(self):
        self.make()
        self.date(url="http://one", tls=False)
        self.date(url="http://two", tls=False)
        before_us = self.clock.offset_us
        for k in range(200):
            self.true_us += k * 37_123 % S
            self.board.steady_us += k * 37_123 % S
            self.date(url="http://one", tls=False)
            self.date(url="http://two", tls=False)
            self.pass_s(600)
        self.assertTrue(abs(self.clock.offset_us - before_us) < S, self.clock.offset_us - before_us)

    def test_a_clock_that_is_true_hears_nobody(self):
        board = ABoard(START)
        board.clock_is_true = True
        clock = Clock(board)
        clock.hear("one", "operator", (START + 99) * S, (START + 99) * S, True, OWN)
        clock.hear("two", "other", (START + 99) * S, (START + 99) * S, True, OWN)
        self.assertEqual((clock.state, clock.now_us()), (SURE, START * S))


class Epochs(unittest.TestCase):
    def test_both_epochs_lead_to_the_same_unix_time(self):
        # the same instant on a chip that counts from 2000 and on one that counts from 1970
        self.assertEqual(853_315_200 + epoch_s(2000), START)
        self.assertEqual(START + epoch_s(1970), START)


if __name__ == "__main__":
    unittest.main()
