# SPDX-License-Identifier: Apache-2.0
"""What an interval's record says about how well it was measured."""

import unittest

from accounts import START, Accounts, S, told

from electro_meter.journal import INTERVAL
from electro_meter.quality import MARK, RESTARTED, SPARSE, Gathering, Quality
from electro_protocol.readings import NO_DATA, is_interrupted


class TheWord(unittest.TestCase):
    def test_what_is_packed_comes_back(self):
        for coverage, gap_ms, doubt, flags in ((0, 0, 0, 0), (1000, 8_191, 255, 0x7F), (883, 24, 3, SPARSE)):
            octet, word = Quality(coverage, gap_ms, doubt, flags).pack()
            self.assertTrue(0 <= octet <= 0xFF and 0 <= word <= 0xFFFF_FFFF)
            again = Quality.unpack(octet, word)
            self.assertEqual(
                (again.coverage_permille, again.longest_gap_ms, again.doubt_permille, again.flags),
                (coverage, gap_ms, doubt, flags),
            )

    def test_long_gaps_are_kept_in_seconds_rounded_up(self):
        for gap_ms, kept_ms in ((8_192, 9_000), (61_001, 62_000), (10_000_000, 8_191_000)):
            self.assertEqual(Quality.unpack(*Quality(0, gap_ms, 0, 0).pack()).longest_gap_ms, kept_ms)

    def test_what_does_not_fit_stands_at_its_most(self):
        again = Quality.unpack(*Quality(1_001, 0, 9_999, 0).pack())
        self.assertEqual((again.coverage_permille, again.doubt_permille), (1000, 255))

    def test_a_record_from_before_has_none(self):
        self.assertIsNone(Quality.unpack(0, START))

    def test_doubt_without_energy_is_the_most(self):
        gathering = Gathering()
        gathering.gap(1_000_000, 5_000_000)
        self.assertEqual(gathering.conclude(900 * S, 0).pack()[1] >> 24, 255)


class InTheRecord(Accounts):
    least_coverage_permille = 500

    def setUp(self):
        Accounts.setUp(self)
        self.agreements.adopt([told()], START)

    def run_blocks(self, from_s, to_s, pause_us, watts_at=lambda s: 4_000):
        """Add windows of 0.2 s with pauses between them."""
        at_us = 0
        while at_us < (to_s - from_s) * S:
            watts = watts_at(from_s + at_us // S)
            self.intervals.add(from_s * S + at_us, from_s * S + at_us + 200_000, watts * 200_000)
            at_us += 200_000 + pause_us

    def test_coverage_and_the_longest_gap_are_measured(self):
        self.run_blocks(START - 5, START + 905, 50_000)
        quality = self.quality(0)
        self.assertEqual((quality.coverage_permille, quality.longest_gap_ms, quality.flags), (800, 50, 0))
        self.assertEqual(self.reading(0), 100)

    def test_one_long_pause_among_short_ones_is_the_longest(self):
        self.run_blocks(START - 5, START + 450, 50_000)
        self.run_blocks(START + 451, START + 905, 50_000)
        self.assertIn(self.quality(0).longest_gap_ms, range(1_000, 1_300))
        self.assertEqual(self.reading(0), 100)

    def test_too_sparsely_sampled_is_noted(self):
        self.run_blocks(START - 5, START + 905, 300_000)
        self.assertEqual((self.quality(0).coverage_permille, self.quality(0).flags), (400, SPARSE))
        self.assertEqual(self.reading(0), 100)

    def test_just_enough_is_none(self):
        self.run_blocks(START - 5, START + 905, 199_000)
        self.assertEqual((self.quality(0).coverage_permille, self.quality(0).flags), (501, 0))

    def test_a_steady_load_leaves_no_doubt_and_a_step_in_a_gap_does(self):
        self.run_blocks(START - 5, START + 905, 50_000)
        self.assertEqual(self.quality(0).doubt_permille, 0)
        self.run_blocks(START + 905, START + 1_400, 50_000)
        self.run_blocks(START + 1_404, START + 1_805, 50_000, lambda s: 40_000)
        # 4 s in which 4 kW became 40 kW: half of 36 kW · 4 s of 18.2 MJ
        self.assertIn(self.quality(1).doubt_permille, (4, 5))
        self.assertNotEqual(self.reading(1), NO_DATA)

    def test_a_gap_over_a_boundary_is_the_longest_of_both_intervals(self):
        self.run_blocks(START - 5, START + 898, 50_000)
        self.run_blocks(START + 903, START + 1_805, 50_000)
        for index in (0, 1):
            self.assertIn(self.quality(index).longest_gap_ms, range(4_900, 5_100))

    def test_the_interval_of_a_restart_says_so(self):
        self.run_blocks(START - 5, START + 1_000, 50_000)
        self.restart()
        self.run_blocks(START + 1_010, START + 2_705, 50_000)
        self.assertEqual(self.quality(0).flags, 0)
        self.assertEqual(self.quality(1).flags, RESTARTED)
        self.assertEqual(self.quality(2).flags, 0)

    def test_what_was_saved_before_a_restart_is_in_the_reading(self):
        self.run_blocks(START - 5, START + 900 + 450, 50_000)
        self.intervals.save()
        before_uj = self.register_uj()
        self.restart()
        self.assertEqual(self.register_uj(), before_uj)
        self.run_blocks(START + 900 + 480, START + 1_805, 50_000)
        self.assertIn(self.reading(1), range(95, 98))  # thirty seconds are missing

    def test_what_was_measured_before_a_restart_counts_as_measured(self):
        self.run_blocks(START - 5, START + 900 + 450, 50_000)
        self.intervals.save()
        self.restart()
        self.run_blocks(START + 900 + 500, START + 1_805, 50_000)
        self.assertEqual(self.reading(1), NO_DATA)  # fifty seconds are more than a twentieth

    def test_an_outage_before_a_restart_is_not_forgotten(self):
        self.run_blocks(START - 5, START + 100, 50_000)
        self.intervals.add_no_supply((START + 100) * S, (START + 150) * S, True)
        self.intervals.save()
        self.restart()
        self.run_blocks(START + 151, START + 905, 50_000)
        self.assertTrue(is_interrupted(self.reading(0)))

    def test_what_was_saved_of_another_interval_is_not(self):
        self.run_blocks(START - 5, START + 900 + 450, 50_000)
        self.intervals.save()
        self.restart()
        self.run_blocks(START + 1_800 + 450, START + 2_705, 50_000)
        self.assertEqual(self.reading(2), NO_DATA)

    def test_records_from_before_there_was_a_quality_are_still_read(self):
        self.journal.append(INTERVAL, 7, 0, 100, 5_000, 1, 2, START)
        self.restart()
        self.assertEqual(self.reading(0), 100)
        self.assertIsNone(self.quality(0))
        self.run_blocks(START + 895, START + 1_805, 50_000)
        self.assertEqual(self.reading(1), 100)
        self.assertEqual(self.journal.find(7, 1).cause & MARK, MARK)


if __name__ == "__main__":
    unittest.main()
