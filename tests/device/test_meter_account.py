# SPDX-License-Identifier: Apache-2.0
"""The account: registers that lose nothing, base intervals that are recorded once, readings that follow from them."""

import asyncio
import unittest

from accounts import BASE_S, START, Accounts, S, Terms
from flash import unreadable

from electro_meter.account import journal as journal_module
from electro_meter.account.records import (
    BASE,
    INTERRUPTED,
    JOINED,
    RESTARTED,
    SPARSE,
    STEPPED,
    UNSURE,
)
from electro_meter.account.records import (
    START as START_RECORD,
)
from electro_protocol.readings import NO_DATA


class Measuring(Accounts):
    def test_a_steady_load_gives_its_energy_to_registers_and_readings(self):
        self.run_steady(4 * 900 + 10, 36_000, 2_000)
        self.assertEqual(self.account.import_uj, 36_000 * (4 * 900 + 10) * S)
        self.assertEqual(self.lanes(Terms()), [900] * 4)
        records = self.records()
        self.assertEqual(len(records), 12)
        self.assertEqual([one[1] & JOINED for one in records], [0] + [JOINED] * 11)
        self.assertEqual(records[5][2], 10 * BASE_S)

    def test_what_rounding_leaves_of_a_reading_is_in_the_next(self):
        self.run_steady(8 * 900 + 10, 1_003, 2_000)
        lanes = self.lanes(Terms(unit_wh=7))
        self.assertEqual(sum(lanes), 8 * 1_003 // 4 // 7)
        self.assertLessEqual(max(lanes) - min(lanes), 1)

    def test_export_goes_to_its_own_register_and_lowers_no_reading(self):
        self.run_steady(450, 8_000)
        self.run_steady(460, -2_000)
        self.assertEqual(self.account.import_uj, 8_000 * 450 * S)
        self.assertEqual(self.account.export_uj, 2_000 * 460 * S)
        self.assertEqual(self.lanes(Terms()), [100])

    def test_a_short_gap_takes_the_power_of_its_neighbours(self):
        self.run_steady(100, 10_000)
        self.wait(4)
        self.run_steady(100, 30_000)
        self.assertEqual(self.account.import_uj, (100 * 10_000 + 2 * 10_000 + 102 * 30_000) * S)

    def test_a_long_gap_is_not_measured_and_not_billed(self):
        self.run_steady(100, 10_000)
        self.wait(20)
        self.run_steady(900, 10_000)
        self.assertEqual(self.record(0)[2], 2_800)
        self.assertEqual(self.account.import_uj, 10_000 * 1000 * S)

    def test_less_than_95_percent_measured_is_no_data(self):
        self.run_steady(100, 36_000)
        self.wait(44)
        self.run_steady(900, 36_000)  # 44 of 900 s are missing
        self.wait(46)
        self.run_steady(900, 36_000)
        self.assertEqual(self.lanes(Terms()), [856, NO_DATA])

    def test_a_round_that_is_no_measurement_of_all_counts_what_it_has_and_is_not_measured(self):
        self.run_steady(100, 10_000)
        start_us = self.board.now_us
        self.wait(30)
        self.add(start_us, 5_000, measured=False)
        self.run_steady(200, 10_000)
        self.assertEqual(self.record(0)[2], 2_700)
        self.assertEqual(self.account.import_uj, (300 * 10_000 + 30 * 5_000) * S)

    def test_windows_apart_by_design_are_bridged(self):
        self.account._max_gap_us = 90 * S
        for _ in range(30):
            self.wait(59)
            start_us = self.board.now_us
            self.wait(1)
            self.add(start_us, 12_000)
        self.assertEqual(self.account.import_uj, 12_000 * (29 * 60 + 1) * S)
        self.assertTrue(self.records()[2][1] & SPARSE)
        self.assertEqual(self.records()[2][2], 3_000)

    def test_a_register_that_fell_is_no_data_and_stops_no_report(self):
        self.run_steady(4 * 900 + 10, 3_600)
        number = START // BASE_S + 4  # in the second interval
        self.ring.append(BASE, JOINED, 3_000, number, 0, 0, 0, 0, 0)
        find = self.ring.find
        self.ring.find = lambda base: self.ring.next - 1 if base == number else find(base)
        self.assertEqual(self.lanes(Terms())[:2], [90, NO_DATA])

    def test_a_base_that_was_recorded_twice_counts_once_and_moves_no_other(self):
        self.run_steady(950, 3_600)
        last = self.records()[1]
        self.ring.append(START_RECORD, 0, 0, last[3], 100, 0, 0, 0, 0)
        self.ring.append(BASE, 0, 0, last[3], 100, 0, 3_000, 0, 0)
        self.assertEqual(self.lanes(Terms(start=START + 300, interval_s=300)), [30, 30])
        self.assertEqual(self.lanes(Terms(start=START + 600, interval_s=300)), [30])


class Clocks(Accounts):
    def test_a_clock_that_slews_loses_nothing(self):
        for _ in range(100):
            self.run_steady(20, 10_000)
            self.clock.offset_us += 900_000
        self.assertEqual(self.account.import_uj, 10_000 * 2_000 * S)
        self.assertEqual([one[1] & (STEPPED | JOINED) for one in self.records()][1:], [JOINED] * 5)

    def test_a_step_forward_leaves_time_without_data(self):
        self.run_steady(1_000, 36_000)
        self.clock.offset_us += 1_500 * S
        self.run_steady(1_200, 36_000)
        self.assertEqual(self.account.import_uj, 36_000 * 2_200 * S)
        self.assertEqual(self.lanes(Terms()), [900, NO_DATA, NO_DATA, 900])

    def test_time_that_is_lived_again_is_recorded_once_and_counted_in_the_register_alone(self):
        self.run_steady(2_710, 36_000)
        before = [self.record(k) for k in range(9)]
        self.clock.offset_us -= 1_500 * S
        self.run_steady(3_000, 72_000)
        self.assertEqual([self.record(k) for k in range(9)], before)
        self.assertEqual(self.account.import_uj, (36_000 * 2_710 + 72_000 * 3_000) * S)
        lanes = self.lanes(Terms())
        self.assertEqual(lanes[:3], [900] * 3)
        self.assertEqual(lanes[3], 1_800)  # from 2,700 on measured anew
        self.assertFalse(self.record(9)[1] & JOINED)
        start = self.ring.read(self.ring.find(START // BASE_S + 9) - 1)
        self.assertEqual(start[0], START_RECORD)

    def test_a_wrong_far_future_costs_only_its_own_time(self):
        self.run_steady(910, 36_000)
        self.clock.offset_us += 400 * 86_400 * S
        self.run_steady(700, 36_000)
        self.clock.offset_us -= 400 * 86_400 * S
        self.run_steady(2_000, 36_000)
        lanes = self.lanes(Terms())
        self.assertEqual((lanes[0], lanes[2]), (900, 900))

    def test_what_was_measured_before_there_was_time_is_placed(self):
        self.clock.dated = self.clock.confirmed = False
        self.run_steady(470, 36_000)
        self.assertEqual(self.reports.closed(Terms()), 0)
        self.clock.dated = True
        self.run_steady(1_500, 36_000)
        self.assertEqual(self.reports.closed(Terms()), 0)  # nobody has confirmed it
        self.clock.confirmed = True
        self.assertEqual(self.account.import_uj, 36_000 * 1_970 * S)
        self.assertEqual(self.lanes(Terms()), [900, 900])

    def test_after_an_hour_without_time_little_comes_to_the_neighbour(self):
        self.clock.offset_us -= 13 * S  # so that no cell ends where an interval does
        self.clock.dated = self.clock.confirmed = False
        self.run_steady(13 + 2 * 900, 36_000)
        self.run_steady(3 * 900, 18_000)
        self.clock.dated = self.clock.confirmed = True
        self.run_steady(900, 18_000)
        self.assertEqual(self.account.import_uj, (36_000 * 1_813 + 18_000 * 3_600) * S)
        lanes = self.lanes(Terms())[:5]
        for k, true in enumerate((900, 900, 450, 450, 450)):
            self.assertLess(abs(lanes[k] - true), 5, lanes)

    def test_hours_without_time_are_placed_as_well(self):
        self.clock.dated = False
        for watts in (10_000, 20_000, 40_000, 20_000) * 5:
            self.run_steady(900, watts, 5_000)
        self.clock.dated = True
        self.run_steady(20, 20_000)
        self.assertEqual(self.account.import_uj, (5 * 90_000 * 900 + 20 * 20_000) * S)
        lanes = self.lanes(Terms(unit_wh=100))
        self.assertEqual(len(lanes), 20)
        self.assertLessEqual(abs(sum(lanes) - 5 * 225), 1)
        for lane, wanted in zip(lanes, (25, 50, 100, 50) * 5):  # noqa: B905 - MicroPython has no strict=
            self.assertLess(abs(lane - wanted), 30)

    def test_time_that_was_not_dated_is_whole_on_both_sides_of_a_cell(self):
        self.clock.dated = False
        self.run_steady(607, 1_000, 7_000)
        for _ in range(60):
            began_us = self.board.now_us
            self.wait(8)
            self.account.dark(began_us, self.board.now_us)
        self.run_steady(600, 1_000, 7_000)
        self.clock.dated = True
        self.run_steady(300, 1_000, 7_000)
        for record in self.records():
            self.assertLessEqual(2_998, record[2] + record[6])
        self.assertEqual(self.account.import_uj, 1_000 * S * 1_507)

    def test_an_unsure_time_is_flagged(self):
        self.clock.sure = False
        self.run_steady(310, 1_000)
        self.assertTrue(self.record(0)[1] & UNSURE)


class Restarts(Accounts):
    def test_a_reset_goes_on_in_the_open_base(self):
        self.run_steady(400, 36_000)
        self.restart(after_s=4)
        self.run_steady(600, 36_000)
        self.assertEqual(self.account.import_uj, 36_000 * 1_000 * S)
        record = self.record(1)
        self.assertTrue(record[1] & RESTARTED and record[1] & JOINED)
        self.assertEqual(record[2], 2_960)
        self.assertEqual(self.lanes(Terms()), [896])

    def test_a_reset_as_supply_goes_leaves_no_time_of_which_nothing_is_known(self):
        """Unless the meter was off for longer than a gap that is bridged."""
        for off_s, dark in ((4, 50), (9, 10)):  # tenths of a second of the last base
            self.setUp()
            self.run_steady(1_799 - off_s, 36_000)
            self.restart(after_s=off_s)
            begun_us = self.board.now_us
            self.wait(3_000)
            self.account.dark(begun_us, self.board.now_us)
            self.run_steady(400, 36_000)
            self.assertEqual(self.record(5)[6], dark)

    def test_what_nobody_could_date_is_not_before_the_interruption_in_which_it_started(self):
        self.run_steady(450, 3_600)
        since_us = self.clock.now_us()
        self.restart(200)
        self.clock.dated = False
        self.run_steady(600, 3_600)
        self.clock.dated = True
        whole_uj = self.account.import_uj
        self.account.dark_between(since_us, self.clock.at_us(S))
        self.assertEqual(self.account.import_uj, whole_uj)
        self.run_steady(600, 3_600)
        records = self.records()
        self.assertEqual(records[1][4] - records[0][4], 150 * 3_600)
        registers = [one[4] for one in records]
        self.assertEqual(registers, sorted(registers))

    def test_an_interruption_from_after_a_clock_that_was_set_back_is_no_time(self):
        self.run_steady(450, 3_600)
        self.account.dark_between((START + 2_000) * S, (START + 1_000) * S)
        self.snapshot.window()  # what is kept has no negative times
        self.run_steady(600, 3_600)
        self.assertEqual(self.account.import_uj, 3_600 * 1_050 * S)

    def test_what_nobody_could_date_before_a_reset_is_in_no_base(self):
        for power in (False, True):
            self.setUp()
            self.run_steady(450, 3_600)
            self.snapshot.losing(0)  # so that a start finds the open base
            self.restart(power=True)
            self.clock.dated = False
            self.run_steady(3_000, 3_600)
            self.restart(power=power)
            self.run_steady(900, 3_600)
            self.assertEqual(self.account.import_uj, 3_600 * S * (1_350 if power else 4_350))
            before_j = 0
            for sequence in range(self.ring.oldest(), self.ring.next):
                record = self.ring.read(sequence)
                self.assertLessEqual(before_j, record[4])
                if record[0] == BASE:
                    self.assertEqual(record[4] - before_j, record[2] * 360)
                before_j = record[4]

    def test_a_loss_of_power_costs_the_open_base_at_most(self):
        self.run_steady(3_700, 36_000, 2_000)
        self.restart(after_s=4, power=True)
        self.assertLessEqual(36_000 * 3_700 * S - self.account.import_uj, 36_000 * 300 * S)
        self.run_steady(1_000, 36_000)
        self.assertEqual(self.lanes(Terms())[:4], [900] * 4)

    def test_nor_is_a_base_recorded_anew_that_the_flash_can_not_show_at_the_start(self):
        self.clock.offset_us += 150 * S
        self.run_steady(5_450, 36_000, 2_000)  # after an hour NVS keeps base 12, half done

        def blind(path, mode="r"):
            raise OSError(5, "simulated")

        journal_module.open = blind
        try:
            self.restart(after_s=4, power=True)
            self.run_steady(400, 36_000)
        finally:
            del journal_module.open
        self.run_steady(1_000, 36_000)
        self.assertTrue(self.ring.is_all_known)
        self.assertEqual(self.lanes(Terms(), 4, 6), [900] * 2)

    def test_registers_never_fall_whatever_of_the_three_copies_is_left(self):
        self.run_steady(1_000, 36_000)
        for lose in ("rtc", "nvs", "journal"):
            before_uj = self.account.import_uj
            if lose == "nvs":
                self.board.nvs = {}
            self.restart(after_s=2, power=lose == "rtc")
            self.assertGreaterEqual(self.account.import_uj, before_uj - 36_000 * 300 * S)
            self.run_steady(400, 36_000)

    def test_a_copy_that_can_not_be_read_ends_no_start(self):
        self.run_steady(1_000, 36_000)
        self.board.load_blob = unreadable
        self.restart(after_s=2, power=True)
        self.assertGreaterEqual(self.account.import_uj, 36_000 * 900 * S)
        self.assertIn("unreadable", self.snapshot.trouble)
        self.run_steady(400, 36_000)

    def test_what_was_kept_last_counts_though_another_copy_saw_more(self):
        """NVS could not be read at a start, so the register began lower; it is lifted, and no energy comes of that."""
        self.run_steady(1_000, 36_000)
        self.snapshot._store(self.board.rtc)
        load = self.board.load_blob
        self.board.load_blob = unreadable
        self.restart(after_s=2, power=True)
        self.assertEqual(self.account.import_uj, 36_000 * 900 * S)
        self.run_steady(50, 36_000)
        self.board.load_blob = load
        self.restart(after_s=2)
        self.assertEqual(self.account.import_uj, 36_000 * 1_000 * S)
        self.run_steady(846, 36_000)
        self.assertEqual(self.lanes(Terms()), [900, NO_DATA])
        registers = [one[4] for one in self.records()]
        self.assertEqual(registers, sorted(registers))
        start = self.ring.read(self.ring.find(START // BASE_S + 3) - 1)
        self.assertEqual(self.record(3)[4] - start[4], 36_000 * 196)

    def test_a_damaged_copy_is_not_believed(self):
        self.run_steady(400, 36_000)
        rtc = bytearray(self.board.rtc)
        for k in range(len(rtc)):
            self.board.rtc = bytes(rtc[:k]) + bytes([rtc[k] ^ 0x40]) + bytes(rtc[k + 1 :])
            self.make()
            self.assertLessEqual(self.account.import_uj, 36_000 * 400 * S)
            self.assertGreaterEqual(self.account.import_uj, 36_000 * 300 * S)

    def test_many_restarts_wear_nothing_and_fill_no_ring(self):
        self.run_steady(10, 1_000)
        stores, records = self.board.stores, self.ring.next
        for _ in range(20):
            self.restart(after_s=1)
            self.run_steady(3, 1_000)
        self.assertLessEqual(self.board.stores - stores, 1)
        self.assertEqual(self.ring.next, records)


class Lost(Accounts):
    def test_an_unsigned_flag_interrupted_is_seen_in_the_record(self):
        self.run_steady(100, 36_000)
        end_us = self.board.now_us
        self.wait(0.1)
        self.account.dark(end_us, self.board.now_us)
        self.run_steady(802.1, 36_000)
        self.assertTrue(self.record(0)[1] & INTERRUPTED)
        self.assertEqual(self.record(0)[6], 1)
        self.assertEqual(self.lanes(Terms()), [899])


@unittest.skipUnless(hasattr(asyncio, "run"), "the WebAssembly build has no event loop of its own")
class Backlogs(Accounts):
    def test_a_month_is_read_a_few_records_at_a_time(self):
        """Between two turns of the others a handful of pieces is read, of a file each: not a month in one go."""
        days = 30
        self.ring.append(START_RECORD, 0, 0, START // BASE_S, 0, 0, 0, 0, 0)
        for k in range(days * 288):
            self.ring.append(BASE, JOINED if k else 0, 3_000, START // BASE_S + k, 36_000 * k, 0, 0, 0, 0)
        self.account.number = START // BASE_S + days * 288
        opened = 0
        turns = []

        def counted(*given):
            nonlocal opened
            opened += 1
            return open(*given)

        async def build():
            agreement, first, reports = Terms(intervals=days * 96, slots=672), 0, []
            while first < days * 96:
                reports.append(await self.reports.build(agreement, first, days * 96))
                first += reports[-1].intervals
            return reports

        async def both():
            nonlocal opened
            building = asyncio.create_task(build())
            while not building.done():
                opened = 0
                await asyncio.sleep(0)
                turns.append(opened)
            return await building

        journal_module.open = counted
        try:
            reports = asyncio.run(both())
        finally:
            del journal_module.open
        self.assertEqual(sum([one.intervals for one in reports]), days * 96)
        turns.sort()
        self.assertLessEqual(turns[-1], 17)  # the first one looks through a file of 16 pieces
        self.assertLessEqual(turns[-2], 5)
        self.assertLess(sum(turns), days * 288 // 4)
        self.assertGreater(len(turns), days * 96 // 8)


if __name__ == "__main__":
    unittest.main()
