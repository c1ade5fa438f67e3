# SPDX-License-Identifier: Apache-2.0
"""A year of quarter hours in the journal with the power cut at random: only a record in flight is ever lost.

By default a month and a ring of 11 days; with ELECTRO_CUTS=2000 so many cuts in a year, in the ring as it ships.
The number of cuts, and what they cost, is printed.
"""

import os
import unittest

import scratch

from electro_meter.journal import (
    FILES,
    INTERVAL,
    OUTAGE,
    RECORD_BYTES,
    RECORDS_PER_FILE,
    REGISTER,
    RESTORED,
    TOLD,
    Journal,
)
from electro_tools.grid.randomness import Randomness
from electro_tools.grid.wear import erasures_a_year, years

CUTS = int((hasattr(os, "getenv") and os.getenv("ELECTRO_CUTS")) or 0)
DAY = 96


class Year(unittest.TestCase):
    def setUp(self):
        self.folder = scratch.folder()

    def tearDown(self):
        scratch.remove(self.folder)

    def newest(self):
        names = sorted(os.listdir(self.folder))
        return f"{self.folder}/{names[-1]}"

    def cut(self, randomness, whole):
        """Leave of the record just written a part, perhaps with a torn rest; return whether it is lost."""
        path = self.newest()
        size = len(whole) - RECORD_BYTES + randomness.word() % (RECORD_BYTES + 1)
        torn = randomness.octets(len(whole) - size) if randomness.word() & 0x100 else b""
        with open(path, "wb") as file:
            file.write(whole[:size] + torn)
        return size < len(whole)

    def test_only_the_record_in_flight_is_lost(self):
        files, days, cuts = (FILES, 365, CUTS) if CUTS else (4, 30, 60)
        self.files = files
        intervals = days * DAY
        randomness = Randomness(7)
        journal = Journal(self.folder, files)
        expected = {}
        lost = done = register = 0
        outage = None  # (number, started)
        for index in range(intervals):
            kind = randomness.word() % 100
            if kind < 2 and outage is None:
                started = 1_800_000_000 + index * 900
                outage = (journal.append_outage(OUTAGE, 7, 0, started, 0, 1, 0), started)
            elif outage is not None and kind < 30:
                number, started = outage
                journal.append_outage(RESTORED, 7, number, started, started + 900, 1, 0)
                journal.append_outage(TOLD, 7, number, started, started + 900, 1, 0)
                outage = None
            elif kind == 99:
                journal.append(REGISTER, register_wh=register)
            register += 1 + randomness.word() % 999
            reading = 1 + randomness.word() % 30_000
            journal.append(INTERVAL, 7, index, reading, register, 0, 0, 0)
            expected[index] = reading
            expected.pop(index - files * RECORDS_PER_FILE, None)
            if randomness.word() % intervals >= cuts:
                continue
            done += 1
            with open(self.newest(), "rb") as file:
                whole = file.read()
            if self.cut(randomness, whole):
                lost += 1
                del expected[index]
            journal = Journal(self.folder, files)
            self.compare(journal, expected, index)
        self.compare(Journal(self.folder, files), expected, intervals - 1)
        self.assertTrue(done > cuts // 2)
        print(f"{done} power cuts in {days} days: {lost} records in flight lost, no other")

    def compare(self, journal, expected, index):
        """Look at the newest ones, and at some of all that the ring must still hold."""
        held = (journal.next_sequence - 1) // RECORDS_PER_FILE - self.files + 1
        for back in list(range(6)) + list(range(50, len(expected), 211)):
            at = index - back
            record = journal.find(7, at)
            if at in expected:
                if record is None:  # then it went with the oldest file
                    self.assertTrue(
                        held > 0 and back > (self.files - 1) * RECORDS_PER_FILE * 0.9, f"{at} is lost"
                    )
                else:
                    self.assertEqual(record.reading, expected[at])
            else:
                self.assertTrue(record is None, f"{at} came from nowhere")


class TheSize(unittest.TestCase):
    def test_ninety_days_stay_with_an_outage_every_day(self):
        # the oldest file goes when the newest begins: so many records are always there
        always = (FILES - 1) * RECORDS_PER_FILE
        a_day = DAY + 3 + 4  # an outage's three records, and what a restart adds
        self.assertTrue(always >= 90 * a_day, f"{always // a_day} days")

    def test_the_flash_outlives_the_meter(self):
        # a quarter hour is 97 appends a day with its register; 100,000 erasures a block, as flash makers promise
        worst = erasures_a_year(DAY + 3 + 4)
        self.assertTrue(worst < 2_000, str(worst))
        self.assertTrue(years(DAY + 3 + 4) > 40)
        self.assertTrue(erasures_a_year(2 * DAY) > worst)


if __name__ == "__main__":
    unittest.main()
