# SPDX-License-Identifier: Apache-2.0
"""A clock that is set while the meter runs: each interval closed once, none lost that was measured, no energy lost."""

import unittest

from accounts import START, Accounts, S, told

from electro_meter.clock import Clock, epoch_s, is_plausible
from electro_meter.quality import CLOCK_STEPPED
from electro_meter.world import Board
from electro_protocol.readings import NO_DATA


class ABoard(Board):
    """Two clocks, and nothing else."""

    def __init__(self):
        self.wall_us = START * S
        self.steady_us = 77

    def unix_us(self):
        return self.wall_us

    def uptime_us(self):
        return self.steady_us

    def go_on(self, us):
        self.wall_us += us
        self.steady_us += us


class Noticing(unittest.TestCase):
    def test_a_clock_that_goes_on_was_not_set(self):
        board = ABoard()
        clock = Clock(board)
        for _ in range(1_000):
            board.go_on(224_000)
            board.wall_us += 4  # a drift of 18 ppm is told when it has become something
        self.assertEqual((clock.step_us(), clock.steps), (0, 0))

    def test_a_step_is_told_once_and_exactly(self):
        board = ABoard()
        clock = Clock(board)
        for by_us in (3 * S, -7_200 * S, 5_000, -26 * 365 * 86_400 * S):
            board.go_on(224_000)
            board.wall_us += by_us
            self.assertEqual((clock.step_us(), clock.step_us()), (by_us, 0))
        self.assertEqual(clock.steps, 4)

    def test_both_epochs_lead_to_the_same_unix_time(self):
        # the same instant on a chip that counts from 2000 and on one that counts from 1970
        self.assertEqual(853_315_200 + epoch_s(2000), START)
        self.assertEqual(START + epoch_s(1970), START)

    def test_a_clock_without_a_battery_is_not_believed(self):
        for unix_s in (0, 60, epoch_s(2000), epoch_s(2000) + 3_600, 0xFFFF_FFFF):
            self.assertFalse(is_plausible(unix_s))
        self.assertTrue(is_plausible(START))


class Steps(Accounts):
    """A load of 4 kW makes 100 units an interval; a window each minute."""

    def setUp(self):
        Accounts.setUp(self)
        self.agreements.adopt([told(), told(8, start=START + 96 * 900)], START)
        self.true_us = START * S - 60 * S  # what passes for the grid
        self.off_us = 0  # what the clock shows beside that
        self.began_us = self.true_us

    def live(self, seconds):
        """Let true time pass."""
        for _ in range(seconds // 60):
            middle_us = self.true_us + self.off_us + 30 * S
            self.intervals.add(middle_us - 100_000, middle_us + 100_000, 4_000 * 200_000)
            self.true_us += 60 * S

    def set_clock(self, by_s):
        self.off_us += by_s * S
        self.intervals.step(by_s * S)

    def assert_no_energy_lost(self):
        # from the first window's start to the last one's end
        truth_uj = 4_000 * (self.true_us - self.began_us - 60 * S + 200_000)
        self.assertLess(abs(self.register_uj() - truth_uj), 200)  # a microjoule of rounding for each gap

    def readings(self, count):
        return [self.reading(k) for k in range(count)]

    def test_without_a_step_nothing_is_flagged(self):
        self.live(60 + 900 * 3 + 60)
        self.assertEqual(self.readings(4), [100, 100, 100, None])
        self.assertEqual([self.quality(k).flags for k in range(3)], [0, 0, 0])
        self.assert_no_energy_lost()

    def test_forward_by_a_second_is_no_event(self):
        self.live(60 + 300)
        self.set_clock(1)
        self.live(900)
        self.assertEqual(self.readings(2), [99, None])  # a second less has passed than was shown
        self.assertEqual(self.quality(0).flags, 0)
        self.assert_no_energy_lost()

    def test_forward_by_a_quarter_of_an_interval_leaves_it_without_data(self):
        self.live(60 + 300)
        self.set_clock(240)
        self.live(900 * 2)
        self.assertEqual(self.reading(0), NO_DATA)  # 660 s of 900
        self.assertEqual(self.quality(0).flags, CLOCK_STEPPED)
        self.assertEqual(self.reading(1), 100)
        self.assert_no_energy_lost()

    def test_forward_over_several_intervals_leaves_them_without_data(self):
        self.live(60 + 300)
        self.set_clock(900 * 3)
        self.live(900 * 2)
        self.assertEqual(self.readings(4), [NO_DATA, None, None, NO_DATA])
        self.assertEqual(self.quality(3).flags, CLOCK_STEPPED)
        self.assertEqual(self.reading(4), 100)
        self.assertEqual(self.intervals.open_index(self.agreements.all[0]), 5)
        self.assert_no_energy_lost()

    def test_forward_past_the_start_of_an_agreement_begins_it_without_data(self):
        self.true_us = self.began_us = (START - 1_200) * S
        self.live(600)
        self.set_clock(900)
        self.live(1_800)
        self.assertEqual(self.reading(0), NO_DATA)  # the clock showed START + 300 at most
        self.assertEqual(self.reading(1), 100)
        self.assert_no_energy_lost()

    def test_forward_into_the_next_agreement_closes_the_last_interval_of_this_one(self):
        self.true_us = self.began_us = (START + 95 * 900 - 60) * S
        self.live(60 + 450)
        self.set_clock(900)
        self.live(1_800)
        self.assertEqual(self.reading(95), NO_DATA)
        self.assertEqual(self.reading(0, 8), NO_DATA)
        self.assertEqual(self.reading(1, 8), 100)
        self.assert_no_energy_lost()

    def test_back_by_a_second_is_no_event(self):
        self.live(60 + 300)
        self.set_clock(-1)
        self.live(900)
        self.assertEqual(self.readings(2), [100, None])
        self.assertEqual(self.quality(0).flags, 0)
        self.assert_no_energy_lost()

    def test_back_over_a_boundary_by_a_second_changes_no_interval(self):
        self.live(60 + 900 + 60)
        self.intervals.step(-1 * S)
        self.off_us -= S
        self.live(900)
        self.assertEqual(self.readings(3), [100, 100, None])
        self.assert_no_energy_lost()

    def test_back_within_an_interval_counts_each_second_of_it_once(self):
        self.live(60 + 600)
        self.set_clock(-300)
        self.live(900)
        self.assertEqual(self.reading(0), 100)  # what was lived again is in the register
        self.assertEqual(self.quality(0).flags, CLOCK_STEPPED)
        self.live(900)
        self.assertEqual(self.reading(1), 100)
        self.assert_no_energy_lost()

    def test_back_over_several_intervals_closes_none_twice_and_loses_none(self):
        self.live(60 + 900 * 3 + 300)
        before = [self.journal.find(7, k).sequence for k in range(3)]
        self.set_clock(-900 * 2)
        self.live(900 * 4)
        self.assertEqual(before, [self.journal.find(7, k).sequence for k in range(3)])
        self.assertEqual(self.readings(6), [100, 100, 100, 100, 100, None])
        self.assertEqual(self.intervals.closed, 5)
        self.assert_no_energy_lost()

    def test_a_false_future_that_is_taken_back_costs_only_what_it_touched(self):
        self.live(60 + 300)
        self.set_clock(86_400 // 2)
        self.live(900 * 2)
        self.set_clock(-86_400 // 2)
        self.live(900 * 3)
        self.assertEqual(self.reading(0), NO_DATA)  # as it stood at the first step
        self.assertIsNone(self.reading(1))  # lived under a false date
        self.assertEqual(self.reading(2), NO_DATA)
        self.assertEqual(self.readings(5)[3:], [100, 100])
        self.assertEqual(self.intervals.open_index(self.agreements.all[0]), 5)
        self.assert_no_energy_lost()

    def test_back_before_the_agreement_waits_for_its_start_again(self):
        self.live(60 + 300)
        self.set_clock(-600)
        self.live(1_800)
        self.assertEqual(self.readings(2), [100, None])  # measured from its start, as if for the first time
        self.assert_no_energy_lost()

    def test_a_step_that_nobody_told_counts_nothing_twice(self):
        self.live(60 + 900 * 2)
        self.off_us -= 900 * S
        self.live(900 * 2)
        self.assertEqual(self.readings(3), [100, 100, None])
        self.assertEqual(self.intervals.closed, 2)


if __name__ == "__main__":
    unittest.main()
