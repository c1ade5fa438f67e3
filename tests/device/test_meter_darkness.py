# SPDX-License-Identifier: Apache-2.0
"""A loss of supply that takes the meter's own power with it, and what is counted of losses over restarts."""

import json
import unittest

import scratch
from accounts import START, S, told
from bench_meter import OnTheBench

from electro_meter.counters import FILE, SUSTAINED_S, Counters
from electro_meter.events import Tally
from electro_meter.journal import RESTORED
from electro_meter.registers import Registers
from electro_meter.world import CLOCK_NEVER_SET
from electro_protocol.messages import CAUSE_CONSUMER, CAUSE_GRID
from electro_protocol.readings import INTERRUPTED, NO_DATA, is_interrupted


class PowerCuts(OnTheBench):
    channels = 1

    def lose(self):
        self.board.volts[0] = self.board.amps[0] = 0.0
        return self.board.now_us // S

    def notice(self):
        """Let the meter run until it knows of the loss; then its power goes."""
        while not self.meter.darkness.since_us:
            self.meter.step()

    def back_after(self, seconds, told_after=0):
        """Start the meter again with supply; told_after: seconds until the network tells the time, 0: it is kept."""
        self.board.rest(seconds * S)
        self.board.volts[0], self.board.amps[0] = 230.0, 10.0
        if told_after:
            true, quality = self.board.unix_us, self.board.clock_quality
            booted_us = self.board.now_us
            self.board.uptime_us = lambda: self.board.now_us
            self.board.unix_us = lambda: self.board.now_us - booted_us
            self.board.clock_quality = lambda: CLOCK_NEVER_SET
            self.meter = self.make()
            self.run_for(told_after)
            self.board.unix_us, self.board.clock_quality = true, quality
        else:
            self.meter = self.make()

    def readings(self, count):
        found = [self.meter.journal.find(7, k) for k in range(count)]
        return [record.reading if record else None for record in found]

    def test_registers_and_beginning_are_saved_as_soon_as_the_loss_is_known(self):
        self.run_for(15)
        lost_s = self.lose()
        self.notice()
        kept = Counters(self.folder)
        self.assertIn(kept.dark_since_s - lost_s, (0, 1))
        self.assertEqual(self.meter.journal.last_register.register_wh, self.meter.intervals.register_wh)
        self.assertIsNone(self.meter.journal.open_outage)

    def test_no_energy_is_lost_with_the_power(self):
        self.run_for(15)
        self.lose()
        self.notice()
        before_uj = self.register_uj()
        self.back_after(3)
        self.assertEqual(self.register_uj(), before_uj)

    def outage_without_power(self, told_after):
        self.run_for(15)
        lost_s = self.lose()
        self.notice()
        self.back_after(60, told_after)
        back_s = self.board.now_us // S - told_after
        self.run_for(5)
        (record,) = self.meter.journal.outages.values()
        self.assertEqual(record.kind, RESTORED)
        self.assertIn(record.started_at - lost_s, (0, 1))
        self.assertLess(abs(record.ended_at - back_s), 2)
        self.assertEqual(self.meter.counters.dark_since_s, 0)
        self.run_for(40)
        readings = self.readings(5)
        self.assertTrue(all(is_interrupted(reading) for reading in readings[:4]))
        self.assertEqual(readings[1:3], [INTERRUPTED] * 2)  # though nobody measured them
        self.assertFalse(is_interrupted(readings[4]) or readings[4] == NO_DATA)

    def test_an_outage_through_which_the_meter_was_off_is_told_when_it_is_back(self):
        self.outage_without_power(0)

    def test_also_if_the_clock_was_lost_with_the_power(self):
        self.outage_without_power(5)

    def test_it_is_told_to_both_agreements_that_it_touched(self):
        self.meter.agreements.all = []
        first = told(7, intervals=2, interval_seconds=20, unit_wh=1)
        self.meter.agreements.adopt([first, told(8, start=START + 40, interval_seconds=20, unit_wh=1)], START)
        self.run_for(15)
        self.lose()
        self.notice()
        self.back_after(60)
        self.run_for(30)
        outages = [self.meter.journal.outages[number] for number in sorted(self.meter.journal.outages)]
        self.assertEqual([one.agreement_id for one in outages], [7, 8])
        self.assertEqual((outages[0].ended_at, outages[1].started_at), (START + 40, outages[0].started_at))
        self.assertIn(outages[1].ended_at - START, range(64, 68))
        self.assertTrue(all(is_interrupted(reading) for reading in self.readings(2)))
        self.assertEqual(self.meter.journal.find(8, 0).reading, INTERRUPTED)

    def short_loss_of_power(self, told_after):
        self.run_for(15)
        self.lose()
        self.notice()
        self.back_after(4, told_after)
        self.run_for(20)
        self.assertEqual(self.meter.journal.outages, {})
        (reading,) = self.readings(1)
        self.assertIn(reading, range(9, 12))  # of 12.8 Wh; what was before the loss is in it
        self.assertEqual(self.meter.counters.momentary, 1)

    def test_in_a_loss_shorter_than_the_limit_nothing_flowed(self):
        self.short_loss_of_power(0)

    def test_nor_one_if_the_clock_was_lost_with_the_power(self):
        self.short_loss_of_power(2)

    def test_without_a_loss_of_supply_a_restart_tells_none(self):
        self.run_for(15)
        self.back_after(60)
        self.run_for(30)
        self.assertEqual(self.meter.journal.outages, {})
        self.assertEqual(self.meter.counters.momentary + self.meter.counters.sustained, 0)

    def test_the_cause_is_looked_for_before_the_power_goes(self):
        self.board.grid_side = 230.0
        self.run_for(15)
        self.lose()
        self.notice()
        self.assertEqual(Counters(self.folder).dark_cause, CAUSE_CONSUMER)
        self.back_after(60)
        self.run_for(5)
        (record,) = self.meter.journal.outages.values()
        self.assertEqual(record.cause, CAUSE_CONSUMER)


class Counted(unittest.TestCase):
    def setUp(self):
        self.folder = scratch.folder()
        self.addCleanup(scratch.remove, self.folder)
        self.counters = Counters(self.folder)

    def again(self):
        self.counters = Counters(self.folder)
        return self.counters

    def test_interruptions_are_counted_as_the_indices_want_them(self):
        for lasted_s, cause in (
            (10, CAUSE_GRID),
            (SUSTAINED_S, CAUSE_GRID),
            (SUSTAINED_S + 1, CAUSE_CONSUMER),
            (7_200, 0),
        ):
            self.counters.lose(START, cause)
            self.counters.regain(lasted_s, cause)
        again = self.again()
        self.assertEqual((again.momentary, again.sustained, again.sustained_s), (2, 2, SUSTAINED_S + 7_201))
        self.assertEqual(
            (again.grid_s, again.consumer_s, again.unknown_s), (SUSTAINED_S + 10, SUSTAINED_S + 1, 7_200)
        )

    def test_events_and_export_go_on_after_restarts(self):
        for _ in range(3):
            tally = Tally(1)
            registers = Registers(export_wh=self.counters.export_wh, export_uj=self.counters.export_uj)
            tally.dips, tally.swells, tally.interruptions = 2, 1, 1
            registers.take(-1_800_000_001)
            self.counters.gather(tally, registers)
            self.counters.gather(tally, registers)  # the same once more counts nothing twice
            self.again()
        found = self.counters
        self.assertEqual((found.dips, found.swells, found.interruptions), (6, 3, 3))
        self.assertEqual((found.export_wh, found.export_uj), (1, 1_800_000_003))

    def test_a_beginning_is_kept_until_the_end(self):
        self.counters.lose(START, 1)
        self.assertEqual((self.again().dark_since_s, self.counters.dark_cause), (START, 1))
        self.counters.regain(5, 1)
        self.assertEqual(self.again().dark_since_s, 0)

    def test_nothing_new_is_not_written(self):
        self.counters.lose(START, 1)
        with open(self.folder + "/" + FILE, "w") as file:
            file.write("untouched")
        self.counters.save()
        with open(self.folder + "/" + FILE) as file:
            self.assertEqual(file.read(), "untouched")

    def test_a_damaged_file_counts_from_zero(self):
        for text in ("", "{", "[]", json.dumps({"dips": -1, "swells": "x", "momentary": None, "foreign": 3})):
            with open(self.folder + "/" + FILE, "w") as file:
                file.write(text)
            self.assertEqual(sum(self.again().to_json().values()), 0)


if __name__ == "__main__":
    unittest.main()
