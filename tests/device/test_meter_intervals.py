# SPDX-License-Identifier: Apache-2.0
"""Energy into registers, intervals and reports: nothing lost to rounding, nothing invented."""

import unittest

import scratch
from accounts import START, Accounts, S, told

from electro_meter.agreements import Agreement, Agreements, StateError
from electro_meter.intervals import Intervals
from electro_meter.journal import INTERVAL, Journal
from electro_meter.report import backlog, build
from electro_protocol.readings import INTERRUPTED, NO_DATA, unpack


class Measuring(Accounts):
    def setUp(self):
        Accounts.setUp(self)
        self.agreements.adopt([told()], START)

    def test_a_steady_load_fills_its_intervals(self):
        self.run_steady(START - 120, START + 3 * 900 + 60, 4_000)
        self.assertEqual([self.reading(k) for k in range(4)], [100, 100, 100, None])
        self.assertEqual(self.intervals.open_index(self.agreements.all[0]), 3)

    def test_a_step_at_a_boundary_stays_in_its_interval(self):
        self.run_steady(START - 120, START + 900, 4_000)
        self.run_steady(START + 900, START + 1860, 8_000)
        self.assertEqual([self.reading(k) for k in range(2)], [100, 200])

    def test_rounding_remainders_are_carried_on(self):
        self.run_steady(START - 60, START + 30 * 900 + 60, 1_333)  # 333.25 Wh an interval
        readings = [self.reading(k) for k in range(30)]
        self.assertEqual(sum(readings), 30 * 333_250 // 10_000)
        self.assertEqual(sorted(set(readings)), [33, 34])

    def test_the_register_counts_every_microjoule(self):
        self.run_steady(START - 60, START + 960, 4_000)
        # from the first window's start to the last window's end, all bridged
        self.assertEqual(self.register_uj(), 4_000 * (960 * S + 200_000))

    def test_an_interval_unmeasured_for_a_third_has_no_data_and_its_register_goes_on(self):
        self.run_steady(START - 60, START + 300, 4_000)
        self.run_steady(START + 600, START + 1860, 4_000)
        self.assertEqual([self.reading(k) for k in range(2)], [NO_DATA, 100])
        self.assertIn(self.journal.find(7, 0).register_wh, range(600, 740))

    def test_up_to_a_twentieth_of_an_interval_may_be_unmeasured(self):
        self.run_steady(START - 60, START + 300, 4_000)
        for gap_s, measured in ((45, True), (46, False)):
            folder = scratch_of(self)
            agreements, journal = Agreements(folder), Journal(folder)
            agreements.adopt([told()], START)
            self.intervals = Intervals(journal, agreements, 30_000)
            self.run_steady(START - 60, START + 300, 4_000, 20)
            self.run_steady(START + 280 + gap_s, START + 960, 4_000, 20)
            self.assertEqual(journal.find(7, 0).reading != NO_DATA, measured)

    def test_an_interval_never_measured_has_no_record_and_is_reported_as_no_data(self):
        self.run_steady(START - 60, START + 870, 4_000)
        self.run_steady(START + 2 * 900 + 30, START + 4 * 900, 4_000)
        self.assertIsNone(self.reading(1))
        report = build(self.journal, self.agreements.all[0], 0, 3)
        self.assertEqual(unpack(report.readings)[1], NO_DATA)

    def test_the_first_interval_after_starting_in_its_middle_has_no_data(self):
        self.run_steady(START + 300, START + 1860, 4_000)
        self.assertEqual([self.reading(k) for k in range(2)], [NO_DATA, 100])

    def test_an_agreement_learned_in_its_middle_begins_without_data(self):
        other = Intervals(self.journal, Agreements(scratch_of(self)), 90_000)
        other._agreements.all = []
        self.intervals = other
        self.run_steady(START - 60, START + 300, 4_000)
        other._agreements.adopt([told()], START)
        self.run_steady(START + 300, START + 1860, 4_000)
        self.assertEqual([self.reading(k) for k in range(2)], [NO_DATA, 100])

    def test_exported_energy_is_not_imported(self):
        self.run_steady(START - 60, START + 960, -4_000)
        self.assertEqual((self.reading(0), self.intervals.register_wh), (0, 0))
        self.assertGreater(self.intervals.registers.export_wh, 1000)

    def test_after_a_restart_registers_and_remainder_go_on(self):
        self.run_steady(START - 60, START + 960, 1_333)
        register_wh = self.journal.last_register.register_wh
        self.restart()
        self.assertEqual(self.intervals.register_wh, register_wh)
        self.run_steady(START + 960, START + 2760, 1_333)
        self.assertEqual([self.reading(k) for k in range(1, 3)], [NO_DATA, 33])

    def test_a_reading_never_takes_the_value_of_a_flag(self):
        self.run_steady(START - 60, START + 960, 2_000_000)  # 50,000 units
        self.assertEqual(self.reading(0), 0x7FFF)
        self.intervals.add_no_supply((START + 960) * S, (START + 1000) * S, True)
        self.run_steady(START + 1000, START + 1860, 2_000_000)
        self.assertEqual(self.reading(1), INTERRUPTED | 0x7FFE)


class Outages(Accounts):
    def setUp(self):
        Accounts.setUp(self)
        self.agreements.adopt([told()], START)

    def test_a_declared_outage_marks_the_intervals_it_touches_and_no_other(self):
        self.run_steady(START - 60, START + 1200, 4_000)
        self.intervals.add_no_supply((START + 1200) * S, (START + 2400) * S, True)
        self.run_steady(START + 2400, START + 4 * 900 + 60, 4_000)
        self.assertEqual([self.reading(k) for k in range(4)], [100, INTERRUPTED | 31, INTERRUPTED | 32, 100])

    def test_an_outage_found_after_a_boundary_leaves_the_interval_before_it_alone(self):
        self.run_steady(START - 60, START + 900, 4_000)
        self.intervals.add_no_supply((START + 930) * S, (START + 1700) * S, True)
        self.run_steady(START + 1700, START + 1860, 4_000)
        self.assertEqual(self.reading(0), 100)
        self.assertEqual(self.reading(1), INTERRUPTED | 9)

    def test_an_outage_that_ends_at_a_boundary_leaves_the_next_interval_alone(self):
        self.run_steady(START - 60, START + 300, 4_000)
        self.intervals.add_no_supply((START + 300) * S, (START + 900) * S, True)
        self.run_steady(START + 900, START + 1860, 4_000)
        # 30 s lie between the last darkness and the first window: half of them are counted as measured
        self.assertEqual([self.reading(k) for k in range(2)], [INTERRUPTED | 31, 99])

    def test_a_short_interruption_costs_energy_and_marks_nothing(self):
        self.run_steady(START - 60, START + 300, 4_000)
        self.intervals.add_no_supply((START + 300) * S, (START + 320) * S, False)
        self.run_steady(START + 320, START + 960, 4_000)
        self.assertIn(self.reading(0), range(92, 100))

    def test_an_interval_all_dark_is_interrupted_and_reads_zero(self):
        self.run_steady(START - 60, START + 300, 4_000)
        self.intervals.add_no_supply((START + 300) * S, (START + 2000) * S, True)
        self.assertEqual(self.reading(1), INTERRUPTED)

    def test_of_an_interrupted_interval_the_time_with_supply_must_be_measured(self):
        self.run_steady(START - 60, START + 300, 4_000)
        self.intervals.add_no_supply((START + 300) * S, (START + 600) * S, True)
        self.run_steady(START + 780, START + 960, 4_000)
        self.assertEqual(self.reading(0), NO_DATA)

    def test_without_voltage_no_energy_is_counted(self):
        self.intervals.add_no_supply((START - 60) * S, (START + 900) * S, True)
        self.assertEqual(self.intervals.register_wh, 0)


class Reporting(Accounts):
    def setUp(self):
        Accounts.setUp(self)
        self.agreements.adopt([told(intervals=12, slots=4)], START)
        for index in range(10):
            self.journal.append(INTERVAL, 7, index, 50 + index, 1_000 + index)

    def test_a_report_starts_where_the_contract_stands(self):
        report = build(self.journal, self.agreements.all[0], 5, 7)
        self.assertEqual((report.first_interval, unpack(report.readings)), (5, [55, 56]))
        self.assertEqual(report.register_wh, 1_006)

    def test_a_report_never_crosses_a_pass_of_the_schedule(self):
        reports = backlog(self.journal, self.agreements.all[0], 2, 10, 50)
        self.assertEqual([(one.first_interval, one.intervals) for one in reports], [(2, 2), (4, 4), (8, 2)])

    def test_a_backlog_is_cut_where_it_is_told(self):
        self.assertEqual(len(backlog(self.journal, self.agreements.all[0], 0, 10, 2)), 2)

    def test_without_data_the_register_stays_where_it_was(self):
        report = build(self.journal, self.agreements.all[0], 10, 12)
        self.assertEqual(unpack(report.readings), [NO_DATA, NO_DATA])
        self.assertEqual(report.register_wh, 1_009)


class KnowingAgreements(Accounts):
    def test_they_survive_a_restart(self):
        self.agreements.adopt([told()], START)
        self.assertEqual(Agreements(self.folder).all[0].terms(), self.agreements.all[0].terms())

    def test_positions_move_both_ways(self):
        self.agreements.adopt([told(latest=9)], START)
        self.agreements.adopt([told(latest=4)], START)
        self.assertEqual(self.agreements.by_id(7).next_latest, 4)

    def test_other_terms_of_a_known_agreement_are_refused_and_change_nothing(self):
        self.agreements.adopt([told()], START)
        for lie in ({"unit_wh": 100}, {"start": START + 900}, {"interval_seconds": 300}, {"slots": 4}):
            with self.assertRaises(StateError):
                self.agreements.adopt([told(latest=5, **lie)], START)
        self.assertEqual(self.agreements.by_id(7).next_latest, 0)

    def test_nonsense_is_refused(self):
        for spoiled in (
            {"interval_seconds": 0},
            {"unit_wh": "x"},
            {"next": None},
            {"next": {"latest": -1, "final": 0}},
            {"bounds": {"first_interval": 0, "min": [1], "max": []}},
            {"slots": True},
        ):
            untrusted = told()
            untrusted.update(spoiled)
            with self.assertRaises(StateError):
                Agreement(untrusted)
        for untrusted in (None, {}, [1], [told()] * 17):
            with self.assertRaises(StateError):
                self.agreements.adopt(untrusted, START)

    def test_what_a_relayer_does_not_mention_stays_known_until_it_is_long_over(self):
        self.agreements.adopt([told(7)], START)
        self.agreements.adopt([], START)
        self.agreements.adopt([told(8, start=START + 96 * 900)], START)
        self.assertEqual([one.id for one in self.agreements.all], [7, 8])
        self.agreements.adopt([told(8, start=START + 96 * 900)], START + 92 * 86_400)
        self.assertEqual([one.id for one in self.agreements.all], [8])

    def test_a_flood_of_agreements_does_not_push_out_the_real_one(self):
        self.agreements.adopt([told(7)], START)
        with self.assertRaises(StateError):
            self.agreements.adopt([told(100 + k, start=START + (1 + k) * 96 * 900) for k in range(16)], START)
        self.assertEqual([one.id for one in self.agreements.all], [7])

    def test_the_next_one_is_entered_when_its_time_comes(self):
        self.agreements.adopt([told(7, intervals=2), told(8, start=START + 1800)], START)
        self.assertEqual(self.agreements.at(START + 1799).id, 7)
        self.assertEqual(self.agreements.at(START + 1800).id, 8)
        self.run_steady(START - 60, START + 2760, 4_000)
        self.assertEqual([self.reading(k) for k in range(3)], [100, 100, None])
        self.assertEqual(self.journal.find(8, 0).reading, 100)


def scratch_of(case):
    folder = scratch.folder()
    case.addCleanup(scratch.remove, folder)
    return folder


if __name__ == "__main__":
    unittest.main()
