# SPDX-License-Identifier: Apache-2.0
"""Losses of supply: decided once, numbered without gaps, survived, never signed before they are known."""

import os
import unittest

from accounts import BASE_S, START, Accounts, Phase, S, Terms
from flash import Nameless, unreadable

from electro_meter.account import journal as journal_module
from electro_meter.account import opening as opening_module
from electro_meter.account.records import ENDED, INTERRUPTED, OUTAGE
from electro_protocol.readings import INTERRUPTED as LANE_INTERRUPTED
from electro_protocol.readings import NO_DATA
from electro_protocol.reports import CAUSE_CONSUMER, CAUSE_GRID, CAUSE_UNKNOWN

WATTS = 36_000


class Interrupted(Accounts):
    def setUp(self):
        self.phase = Phase()
        super().setUp()

    def out(self, seconds, fault=False, urgent=False, glance_s=1):
        """Let supply be gone from now on, looked at now and then; it is not back yet."""
        if not self.outages.since_us:
            self.lost_us = self.board.now_us
        until_us = self.board.now_us + int(seconds * S)
        while self.board.now_us < until_us:
            self.board.now_us = min(self.board.now_us + int(glance_s * S), until_us)
            self.outages.follow(self.phase, self.lost_us, self.board.now_us, fault, urgent)
            self.snapshot.window()

    def back(self):
        self.outages.end(self.board.now_us)

    def declared(self):
        found = []
        for k in range(self.outage_ring.oldest(), self.outage_ring.next):
            record = self.outage_ring.read(k)
            if record is not None and record[0] in (OUTAGE, ENDED):
                found.append((record[0], record[3], record[4] - START, record[5] - START if record[5] else 0))
        return found


class Deciding(Interrupted):
    def test_a_short_one_is_no_outage_but_flagged(self):
        self.run_steady(100, WATTS)
        self.out(29)
        self.back()
        self.run_steady(900, WATTS)
        self.assertEqual(self.declared(), [])
        self.assertTrue(self.record(0)[1] & INTERRUPTED)
        self.assertEqual((self.record(0)[2], self.record(0)[6]), (2_710, 290))
        self.assertEqual(self.lanes(Terms()), [871])
        self.assertEqual(self.account.import_uj, WATTS * 1_000 * S)

    def test_a_long_one_is_declared_once_and_ended_once(self):
        self.run_steady(100, WATTS)
        self.out(31)
        self.assertEqual(self.declared(), [(OUTAGE, 0, 100, 0)])
        self.out(1_000)
        self.back()
        self.run_steady(900, WATTS)
        self.assertEqual(self.declared(), [(OUTAGE, 0, 100, 0), (ENDED, 0, 100, 1_131)])
        lanes = self.lanes(Terms())
        self.assertEqual(lanes, [LANE_INTERRUPTED | 100, LANE_INTERRUPTED | 669])

    def test_nothing_is_signed_that_reaches_into_an_undecided_one(self):
        self.run_steady(890, WATTS)
        self.out(20)
        self.assertEqual(self.reports.closed(Terms()), 0)
        self.out(11)
        self.assertEqual(self.reports.closed(Terms()), 1)
        self.assertEqual(self.lanes(Terms()), [LANE_INTERRUPTED | 890])
        self.out(1_000)
        self.assertEqual(self.reports.closed(Terms()), 2)

    def test_what_was_signed_stays_what_it_was(self):
        said = {}
        seconds = [100, 20, 700, 50, 2_000, 31, 400, 10, 10, 10, 900]
        for k, length in enumerate(seconds):
            if k % 2:
                self.out(length)
                self.back()
            else:
                self.run_steady(length, WATTS, 5_000)
            if k == 5:
                self.restart(after_s=20)
            terms = Terms()
            lanes = self.lanes(terms) if self.reports.closed(terms) else []
            for index, lane in enumerate(lanes):
                self.assertEqual(said.setdefault(index, lane), lane)
        self.assertGreater(len(said), 3)

    def test_on_the_last_gasp_it_is_declared_at_once(self):
        self.run_steady(100, WATTS)
        self.out(0.1, urgent=True, glance_s=0.1)
        self.assertEqual(self.declared(), [(OUTAGE, 0, 100, 0)])

    def test_a_broken_sensor_is_none_and_its_time_is_not_measured(self):
        self.run_steady(100, WATTS)
        self.out(100, fault=True)
        self.back()
        self.run_steady(800, WATTS)
        self.assertEqual(self.declared(), [])
        self.assertFalse(self.record(0)[1] & INTERRUPTED)
        self.assertEqual(self.record(0)[2], 2_000)
        self.assertEqual(self.lanes(Terms()), [NO_DATA])

    def test_an_interruption_begins_after_the_sensor_broke(self):
        """Or whoever takes the voltage's lead off, and stops the load for a moment at last, has had no supply."""
        self.run_steady(100, WATTS)
        self.out(500, fault=True)
        self.out(60)
        self.back()
        self.run_steady(600, WATTS)
        self.assertEqual([one[2:] for one in self.declared()], [(600, 0), (600, 660)])
        self.assertEqual(self.lanes(Terms()), [NO_DATA])
        self.assertEqual((self.record(0)[6], self.record(1), self.record(2)[6]), (0, None, 600))

    def test_the_cause_is_what_the_grid_side_says_at_the_beginning(self):
        for side, cause in (("", CAUSE_UNKNOWN), ("voltage", CAUSE_CONSUMER), ("none", CAUSE_GRID)):
            self.phase.grid_side = side
            self.run_steady(100, WATTS)
            self.out(31)
            self.back()
            self.assertEqual(self.outage_ring.newest[1], cause)


class Numbers(Interrupted):
    def test_they_have_no_gap_and_no_outage_begins_before_the_last_ended(self):
        for _ in range(5):
            self.run_steady(10.3, WATTS)
            self.out(31.3)
            self.back()
        declared = self.declared()
        self.assertEqual([one[1] for one in declared], [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
        ended = [one for one in declared if one[0] == ENDED]
        for before, after in zip(ended, ended[1:]):  # noqa: B905, RUF007 - MicroPython has neither
            self.assertGreaterEqual(after[2], before[3])

    def test_an_agreement_counts_those_that_touch_its_time(self):
        for _ in range(4):
            self.run_steady(869, WATTS, 5_000)
            self.out(31)
            self.back()
        self.run_steady(900, WATTS, 5_000)
        second = Terms(start=START + 900, intervals=2)
        found = [self.reports.outage(second, number) for number in range(3)]
        # the one that ends at the start touches nothing of it
        self.assertEqual([one.started_at - START for one in found[:2]], [1_769, 2_669])
        self.assertEqual([one.number for one in found[:2]], [0, 1])
        self.assertEqual(found[2], None)

    def test_an_open_one_is_told_without_its_end_and_then_with_it(self):
        self.run_steady(100, WATTS)
        self.out(40)
        version = self.reports.outage_version
        first = self.reports.outage(Terms(), 0)
        self.assertEqual((first.started_at, first.ended_at), (START + 100, 0))
        self.back()
        self.assertNotEqual(self.reports.outage_version, version)
        self.assertEqual(self.reports.outage(Terms(), 0).ended_at, START + 140)

    def test_older_ones_than_memory_holds_are_read_from_the_ring(self):
        for _ in range(40):
            self.run_steady(1, WATTS)
            self.out(31, glance_s=31)
            self.back()
        terms = Terms(intervals=96, interval_s=300)
        numbers = [self.reports.outage(terms, number).started_at for number in range(40)]
        self.assertEqual(numbers, [START + 1 + 32 * k for k in range(40)])


class Surviving(Interrupted):
    def die_and_start_without_time(self, off_s):
        """Measure for 1,000 seconds; die with the supply; start when it is back, and nobody tells the time."""
        self.run_steady(1_000, WATTS)
        self.out(1.5, glance_s=0.5)
        self.restart(after_s=off_s, power=True)
        self.clock.dated = self.clock.confirmed = False

    def test_a_meter_that_dies_with_its_supply_tells_the_outage_when_it_comes_back(self):
        for power in (False, True):
            before = len(self.declared())
            self.run_steady(400, WATTS)
            lost_s = self.now_s()
            self.out(1.5, glance_s=0.5)
            self.restart(after_s=5_000, power=power)
            self.board.now_us += S // 2
            self.back()
            self.run_steady(2_000, WATTS)
            declared = self.declared()[before:]
            self.assertEqual([one[0] for one in declared], [OUTAGE, ENDED])
            self.assertEqual(declared[0][2], lost_s)
            self.assertLess(abs(declared[1][3] - lost_s - 5_002), 2)

    def test_so_does_one_that_has_no_time_at_first(self):
        self.die_and_start_without_time(3_000)
        self.board.now_us += S
        self.back()
        self.run_steady(100, WATTS)
        self.assertEqual(self.declared(), [])
        self.assertEqual(self.reports.closed(Terms()), 0)
        self.clock.dated = self.clock.confirmed = True
        self.run_steady(2_000, WATTS)
        self.assertEqual([one[0] for one in self.declared()], [OUTAGE, ENDED])
        lanes = self.lanes(Terms())
        self.assertEqual(lanes[0], 900)
        self.assertTrue(all(lane & LANE_INTERRUPTED and lane != NO_DATA for lane in lanes[1:5]), lanes)
        self.assertEqual(lanes[5], 900)

    def test_one_without_time_before_and_after_is_dated_once_there_is_time(self):
        self.clock.dated = self.clock.confirmed = False
        self.run_steady(100, WATTS)
        self.out(40)
        self.back()
        self.run_steady(100, WATTS)
        self.clock.dated = self.clock.confirmed = True
        self.run_steady(900, WATTS)
        self.assertEqual(self.declared(), [(OUTAGE, 0, 100, 0), (ENDED, 0, 100, 140)])
        self.assertEqual(self.lanes(Terms()), [LANE_INTERRUPTED | 860])

    def test_an_open_outage_goes_on_over_a_restart(self):
        self.run_steady(100, WATTS)
        self.out(60)
        self.restart(after_s=10)
        self.assertTrue(self.outages.open and self.outages.going_on)
        self.out(60)
        self.back()
        self.run_steady(900, WATTS)
        self.assertEqual(self.declared(), [(OUTAGE, 0, 100, 0), (ENDED, 0, 100, 230)])
        self.assertEqual(self.lanes(Terms()), [LANE_INTERRUPTED | 770])

    def test_one_that_was_over_before_the_power_went_is_none(self):
        self.run_steady(70, WATTS)
        self.out(0.1, glance_s=0.05)
        self.back()
        self.run_steady(1_830, WATTS, 5_000)
        self.restart(after_s=20, power=True)
        self.back()
        self.run_steady(900, WATTS, 5_000)
        self.assertEqual(self.declared(), [])
        self.assertEqual(self.lanes(Terms())[:2], [899, 900])

    def test_a_sensor_that_broke_meanwhile_makes_no_outage_of_it(self):
        self.run_steady(1_000, WATTS)
        self.out(1.5, glance_s=0.5)
        self.restart(after_s=100)
        self.out(60, fault=True)
        self.back()
        self.run_steady(1_000, WATTS)
        self.assertEqual(self.declared(), [])
        self.assertEqual(self.lanes(Terms()), [900, NO_DATA])

    def test_days_without_supply_cost_two_records(self):
        self.run_steady(1_000, WATTS)
        self.out(1.5, glance_s=0.5)
        before = self.ring.next
        self.restart(after_s=5 * 86_400)
        self.back()
        self.run_steady(1_000, WATTS)
        self.assertLessEqual(self.ring.next - before, 8)
        self.assertEqual(self.outage_ring.next, 2)
        lanes = self.lanes(Terms(intervals=600, slots=672))
        self.assertTrue(all(lane == LANE_INTERRUPTED for lane in lanes[2:478]))

    def test_another_one_before_there_is_time_is_another_one(self):
        self.die_and_start_without_time(800)
        self.back()
        self.run_steady(600, WATTS)
        self.phase.grid_side = "voltage"
        self.out(40)
        self.back()
        self.run_steady(60, WATTS)
        self.clock.dated = self.clock.confirmed = True
        self.run_steady(600, WATTS)
        self.assertEqual(
            self.declared(),
            [
                (OUTAGE, 0, 1_000, 0),
                (ENDED, 0, 1_000, 1_802),
                (OUTAGE, 1, 2_401, 0),
                (ENDED, 1, 2_401, 2_442),
            ],
        )
        self.assertEqual(self.outage_ring.newest[1], CAUSE_CONSUMER)
        self.assertEqual(self.outage_ring.read(0)[1], CAUSE_UNKNOWN)
        # from 1,801.5 on all is measured but the 40 seconds, to a cell of ten
        lanes = self.lanes(Terms())
        self.assertEqual(lanes[1], LANE_INTERRUPTED | 100)
        self.assertLess(abs((lanes[2] & ~LANE_INTERRUPTED) - 858), 12)

    def test_many_short_ones_before_there_is_time_push_out_no_long_one(self):
        self.clock.dated = self.clock.confirmed = False
        for length in [2] * 10 + [40] + [2] * 10:
            self.run_steady(5, WATTS)
            self.out(length)
            self.back()
        self.run_steady(100, WATTS)
        self.clock.dated = self.clock.confirmed = True
        self.run_steady(900, WATTS)
        self.assertEqual(self.declared(), [(OUTAGE, 0, 75, 0), (ENDED, 0, 75, 115)])

    def test_one_that_is_over_is_not_begun_again_by_what_is_kept(self):
        """Two resets within the minute in which NVS may tell of it, and a loss of power some time after."""
        self.run_steady(400, WATTS)
        self.out(40)
        self.back()
        for _ in range(2):
            self.run_steady(10, WATTS)
            self.restart(after_s=1)
        self.run_steady(100, WATTS)
        self.restart(after_s=5, power=True)
        self.assertFalse(self.outages.going_on)

    def test_nor_where_nothing_could_be_kept_since(self):
        """The journal's registers tell that supply was back."""
        self.run_steady(400, WATTS)
        self.out(40)
        self.board.store_blob = unreadable
        self.back()
        self.run_steady(1_000, WATTS)
        self.restart(after_s=5, power=True)
        self.assertFalse(self.outages.going_on)
        self.run_steady(900, WATTS)
        self.assertEqual(self.lanes(Terms()), [LANE_INTERRUPTED | 860, NO_DATA])

    def test_what_is_kept_follows_an_interruption_that_is_dated_late(self):
        self.die_and_start_without_time(800)
        self.back()
        self.run_steady(100, WATTS)
        self.out(10)
        self.clock.dated = self.clock.confirmed = True
        self.out(10)
        self.restart(after_s=500, power=True)
        self.back()
        self.run_steady(10, WATTS)
        self.assertEqual(
            [one[2:] for one in self.declared() if one[0] == ENDED], [(1_000, 1_802), (1_901, 2_422)]
        )

    def test_an_hour_that_was_lost_with_the_power_was_not_without_supply(self):
        """Though NVS kept the open base, and supply is gone as the meter starts."""
        self.max_gap_ms = 120_000
        self.make()
        self.run_steady(1_860, WATTS, 5_000)
        self.snapshot._store(self.board.rtc)
        self.run_steady(100, WATTS, 5_000)
        self.restart(after_s=5, power=True)
        self.out(600)
        self.back()
        self.run_steady(900, WATTS, 5_000)
        self.assertEqual(self.lanes(Terms())[2], NO_DATA)


class Blind(Interrupted):
    """The flash can't be read, or written, for a while."""

    def setUp(self):
        super().setUp()
        self.failing = False
        self.opened = self.well = 0  # so many are
        self.modes = ("rb", "r+b", "wb")
        journal_module.open = self.open

    def tearDown(self):
        del journal_module.open
        super().tearDown()

    def open(self, path, mode="r"):
        self.opened += 1
        if self.failing and self.opened > self.well and mode in self.modes:
            raise OSError(5, "simulated")
        return open(path, mode)

    def test_without_the_outages_nothing_is_told(self):
        self.run_steady(100, WATTS)
        self.out(40)
        self.back()
        self.run_steady(860, WATTS)
        said = self.lanes(Terms())
        self.assertEqual(said, [LANE_INTERRUPTED | 860])
        self.failing = True
        self.restart(after_s=1)
        self.failing = False
        self.ring.flush()  # only the outages are not known
        self.run_steady(10, WATTS)
        self.assertEqual((self.ring.is_all_known, self.outage_ring.is_all_known), (True, False))
        self.assertEqual(self.reports.outages(Terms()), [])
        with self.assertRaises(OSError):
            self.lanes(Terms())
        self.run_steady(300, WATTS)  # with the next base it is tried again
        self.assertEqual(self.lanes(Terms())[:1], said)
        self.assertEqual(len(self.reports.outages(Terms())), 1)

    def test_while_old_ones_can_not_be_read_none_is_told_by_a_wrong_number(self):
        for _ in range(40):
            self.run_steady(1, WATTS)
            self.out(31, glance_s=31)
            self.back()
        self.failing, self.opened, self.well = True, 0, 2
        self.assertEqual(self.reports.outages(Terms()), [])
        self.failing = False
        self.assertEqual(len(self.reports.outages(Terms())), 40)

    def test_those_of_a_file_that_could_not_be_read_once_are_found_at_later_starts(self):
        self.run_steady(100, WATTS)
        self.out(40)
        self.back()
        self.run_steady(1, WATTS)
        self.failing = True
        self.restart(after_s=1)
        self.run_steady(100, WATTS)
        self.out(40)
        self.failing = False
        self.back()
        for _ in range(2):
            self.run_steady(900, WATTS)
            self.assertEqual(
                [one[1:3] for one in self.reports.outages(Terms())],
                [(START + 100, START + 140), (START + 242, START + 282)],
            )
            self.restart(after_s=1)

    def test_what_waits_is_written_with_the_next_base(self):
        self.run_steady(100, WATTS)
        self.failing = True
        self.out(40)
        self.back()
        self.failing = False
        self.run_steady(300, WATTS)
        self.assertEqual(self.outage_ring.waiting, 0)

    def test_an_open_one_that_nobody_knew_of_was_over_at_the_start(self):
        self.run_steady(1_000, WATTS)
        self.out(40)
        self.board.nvs = {}
        self.failing = True
        self.restart(after_s=800, power=True)
        self.failing = False
        self.ring.flush()
        self.run_steady(2_000, WATTS)
        self.assertEqual([one[2:] for one in self.declared() if one[0] == ENDED], [(1_000, 1_840)])
        self.assertEqual(self.lanes(Terms())[3:], [900])

    def test_one_whose_end_is_lost_was_over_when_the_next_began(self):
        self.run_steady(100, WATTS)
        for cause, number, started_s, ended_s in (
            (OUTAGE, 0, 10, 0), (ENDED, 0, 10, 50),
            (OUTAGE, 1, 60, 0),  # its end is lost
            (OUTAGE, 2, 100, 0), (ENDED, 2, 100, 200),
            (OUTAGE, 3, 100, 0), (ENDED, 3, 100, 150),  # that of before once more
            (OUTAGE, 4, 150, 0), (ENDED, 4, 150, 300),  # in part
            (OUTAGE, 5, 400, 0),
            (OUTAGE, 6, 400, 0),
        ):  # fmt: skip
            self.outage_ring.append(
                cause, 0, 0, number, START + started_s, ended_s and START + ended_s, 0, 0, 0
            )
        self.restart(after_s=1)
        wanted = [(0, 10, 50), (1, 60, 100), (2, 100, 200), (4, 200, 300), (6, 400, 0)]
        for _ in range(2):
            found = self.outages.touching(START, START + 1_000)
            self.assertEqual([(a, b - START, c and c - START) for a, b, c, _ in found], wanted)
            self.outages._kept = self.outages._kept[-2:]  # so that the ring is read

    def test_its_end_is_told_though_its_beginning_can_not_be_read_back(self):
        opening_module.os = Nameless
        try:
            self.restart(after_s=1)
            self.run_steady(100, WATTS)
            self.out(40)
        finally:
            opening_module.os = os
        self.failing, self.modes = True, ("rb",)
        self.out(700)
        self.assertTrue(self.outage_ring.opened)
        self.back()
        self.failing = False
        self.run_steady(300, WATTS)
        self.assertEqual([one[0] for one in self.declared()], [OUTAGE, ENDED])

    def test_a_number_is_never_given_twice(self):
        """Where not even names can be read, and then names but no file."""
        self.run_steady(100, WATTS)
        self.out(40)
        self.back()
        self.run_steady(1, WATTS)

        opening_module.os = Nameless
        try:
            self.restart(after_s=1)
            self.run_steady(100, WATTS)
            self.out(40)
        finally:
            opening_module.os = os
        self.failing = True
        self.back()
        self.failing = False
        self.run_steady(400, WATTS)
        self.assertEqual([one[2] for one in self.declared()], [100, 100, 242, 242])
        self.assertNotEqual(self.declared()[0][1], self.declared()[2][1])


class Wear(Interrupted):
    def test_a_flickering_contact_costs_neither_ring_nor_flash(self):
        self.run_steady(70, WATTS)
        stores, records = self.board.stores, self.ring.next
        for _ in range(600):
            self.run_steady(0.9, WATTS)
            self.out(0.1, glance_s=0.05)
            self.back()
        self.assertLessEqual(self.board.stores - stores, 11)
        self.assertLessEqual(self.ring.next - records, 3)
        self.assertEqual(self.outage_ring.next, 0)
        # a tenth of the time was without supply, and the rest is billed
        self.assertLess(abs(self.account.import_uj - WATTS * (70 + 540) * S), WATTS * S)

    def test_one_outage_a_minute_pushes_no_register_out(self):
        self.base_s = BASE_S
        oldest = self.ring.oldest()
        for _ in range(300):
            self.run_steady(28, WATTS, 4_000)
            self.out(32, glance_s=16)
            self.back()
        self.assertEqual(self.ring.oldest(), oldest)
        self.assertEqual(len([1 for one in self.declared() if one[0] == ENDED]), 300)
        self.assertLessEqual(self.ring.next, 62)


if __name__ == "__main__":
    unittest.main()
