# SPDX-License-Identifier: Apache-2.0
"""A clock that was lost or that nobody confirmed: nothing is dated on it, and the whole meter lives through it."""

import unittest

from accounts import START, Accounts, S, told
from whole_meter import INTERVAL_S, Meters

from electro_meter.clock import epoch_s
from electro_meter.intervals import REGISTER_EVERY_US
from electro_meter.quality import CLOCK_UNSURE, RESTARTED
from electro_meter.world import CLOCK_NEVER_SET, CLOCK_SYNCED
from electro_protocol.readings import NO_DATA


class NeverSet(Accounts):
    def setUp(self):
        Accounts.setUp(self)
        self.agreements.adopt([told(), told(8, start=0)], START)
        self.intervals.running.dated = False

    def live_at(self, from_s, seconds):
        self.run_steady(from_s, from_s + seconds, 4_000)

    def test_energy_without_a_time_goes_into_the_register_alone(self):
        for epoch in (0, epoch_s(2000)):
            self.restart()
            self.intervals.running.dated = False
            before_uj = self.register_uj()
            self.live_at(epoch + 5, 1_860)
            self.assertEqual((self.intervals.closed, self.reading(0, 8)), (0, None))
            self.assertEqual(self.register_uj() - before_uj, 4_000 * (1_800 * S + 200_000))
            self.assertEqual(self.intervals.open_index(self.agreements.all[0]), 0)

    def test_its_register_survives_the_next_loss_of_power(self):
        self.live_at(5, 1_860)
        register_wh = self.intervals.register_wh
        self.restart()
        self.assertGreater(
            self.intervals.register_wh, register_wh - 4_000 * REGISTER_EVERY_US // S // 3600 - 1
        )

    def test_the_first_time_dates_what_was_measured_since_the_start(self):
        self.live_at(5, 300)
        self.intervals.step((START + 290 - 305) * S, True)  # 305 s after its start the clock says START + 290
        self.run_steady(START + 290, START + 960, 4_000)
        self.assertIn(self.reading(0), range(96, 99))  # from START + 20 on, where the first window was
        self.assertEqual(self.quality(0).flags, RESTARTED)

    def test_what_is_older_than_an_interval_belongs_to_none(self):
        self.live_at(5, 1_800)
        self.intervals.step((START + 1_860) * S, True)
        self.run_steady(START + 1_865, START + 2_760, 4_000)
        self.assertEqual([self.reading(0), self.reading(1)], [None, None])
        self.assertEqual(self.reading(2), NO_DATA)


class TheWholeMeter(Meters):
    def set_clock(self, board, by_s):
        def set_it():
            board.ahead_us += by_s * S

        return set_it

    def test_ntp_sets_it_forward_and_back(self):
        board, meter = self.make()
        self.run_to(
            board, meter, 2 * INTERVAL_S + 300, self.set_clock(board, 400), 5 * INTERVAL_S,
            self.set_clock(board, -400), 13 * INTERVAL_S,
        )  # fmt: skip
        self.assertEqual(len(self.readings), 12)
        missed = [k for k in range(12) if self.readings[k] == NO_DATA]
        self.assertEqual(missed, [2])  # and the fifth from its start, when its time came the second time
        self.assertEqual(meter.clock.steps, 2)
        truth_wh = board.load.energy_wh(meter.intervals.began_us, board.time.now_us, board.interruptions)
        self.assertLess(abs(meter.intervals.register_wh - truth_wh), truth_wh * 0.01)

    def test_back_by_an_hour_does_not_hold_up_the_uplink(self):
        board, meter = self.make()
        self.ledger.down = True

        def mend():
            self.ledger.down = False

        self.run_to(
            board,
            meter,
            1_000,
            self.set_clock(board, -3_600),
            mend,
            2_800,
            self.set_clock(board, 3_600),
            3_700,
        )
        self.assertGreaterEqual(len(self.readings), 2)

    def after_a_loss_of_the_clock(self, epoch):
        board, _ = self.make(start_s=START + 5 * INTERVAL_S)
        board.ahead_us = (epoch - START - 5 * INTERVAL_S) * S
        board.quality = CLOCK_NEVER_SET
        meter = self.meter_of(board)
        seen = []

        def tell():
            seen.append(meter.intervals.closed)
            board.ahead_us = 0
            board.quality = CLOCK_SYNCED

        self.run_to(board, meter, 7 * INTERVAL_S + 300, tell, 9 * INTERVAL_S + 200)
        self.assertEqual(seen, [0])
        self.assertIsNone(meter.journal.find(7, 6))
        self.assertEqual(meter.journal.find(7, 7).reading, NO_DATA)
        self.assert_measured([meter.journal.find(7, 8).reading])

    def test_nothing_is_dated_after_a_loss_of_the_clock_until_somebody_tells_the_time(self):
        self.after_a_loss_of_the_clock(epoch_s(1970))

    def test_nor_on_a_chip_that_counts_from_2000(self):
        self.after_a_loss_of_the_clock(epoch_s(2000))

    def test_a_clock_that_nobody_confirmed_is_noted(self):
        board, meter = self.make()
        board.quality = 1
        self.run_to(board, meter, 2 * INTERVAL_S + 200)
        record = meter.journal.find(7, 1)
        self.assertEqual(record.cause & 0x7F, CLOCK_UNSURE)


if __name__ == "__main__":
    unittest.main()
