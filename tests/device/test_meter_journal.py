# SPDX-License-Identifier: Apache-2.0
"""The journal: cut at every byte, damaged, full; nothing lost but the record in flight, nothing twice."""

import unittest

import scratch

from electro_meter.journal import (
    INTERVAL,
    OUTAGE,
    RECORD_BYTES,
    RECORDS_PER_FILE,
    REGISTER,
    RESTORED,
    TOLD,
    Journal,
)


def first_file(folder):
    return folder + "/00000000.journal"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, raw):
    with open(path, "wb") as file:
        file.write(raw)


class Journals(unittest.TestCase):
    def setUp(self):
        self.folder = scratch.folder()

    def tearDown(self):
        scratch.remove(self.folder)

    def fill(self, journal, first, count, agreement=7):
        for index in range(first, first + count):
            journal.append(INTERVAL, agreement, index, 1000 + index, 50_000 + index, 123, 456, 1_800_000_000)

    def readings(self, journal, count, agreement=7):
        found = [journal.find(agreement, index) for index in range(count)]
        return [record.reading if record else None for record in found]


class Keeping(Journals):
    def test_what_was_written_is_found_now_and_after_a_restart(self):
        journal = Journal(self.folder)
        self.fill(journal, 0, 5)
        for again in (journal, Journal(self.folder)):
            self.assertEqual(self.readings(again, 6), [1000, 1001, 1002, 1003, 1004, None])
            record = again.find(7, 3)
            self.assertEqual((record.register_wh, record.fraction_uj, record.carry_uj), (50_003, 123, 456))
            self.assertEqual(record.start_s, 1_800_000_000)
            self.assertEqual(again.newest_index(7), 4)
            self.assertEqual(again.last_register.index, 4)

    def test_agreements_do_not_mix(self):
        journal = Journal(self.folder)
        self.fill(journal, 0, 2, agreement=7)
        self.fill(journal, 0, 1, agreement=8)
        self.assertIsNone(journal.find(8, 1))
        self.assertEqual(journal.find(7, 1).reading, 1001)
        self.assertEqual(journal.newest_index(9), -1)

    def test_large_numbers_survive(self):
        journal = Journal(self.folder)
        journal.append(INTERVAL, 2**64 - 1, 2**32 - 1, 0xFFFF, 2**63 + 1, 3_599_999_999, 2**64 - 1, 2**32 - 1)
        record = Journal(self.folder).find(2**64 - 1, 2**32 - 1)
        self.assertEqual((record.register_wh, record.carry_uj), (2**63 + 1, 2**64 - 1))

    def test_a_register_record_is_the_last_register_and_no_interval(self):
        journal = Journal(self.folder)
        self.fill(journal, 0, 1)
        journal.append(REGISTER, register_wh=99, fraction_uj=5)
        again = Journal(self.folder)
        self.assertEqual(again.last_register.register_wh, 99)
        self.assertEqual(again.newest_index(7), 0)

    def test_an_outage_is_open_then_ended_then_told(self):
        journal = Journal(self.folder)
        number = journal.append_outage(OUTAGE, 7, 0, 1_800_000_000, 0, 2, 0)
        again = Journal(self.folder)
        self.assertEqual(again.open_outage.outage, number)
        again.append_outage(TOLD, 7, number, 1_800_000_000, 0, 2, 0)
        self.assertEqual(again.outages, {})
        self.assertEqual(Journal(self.folder).open_outage.started_at, 1_800_000_000)
        again.append_outage(RESTORED, 7, number, 1_800_000_000, 1_800_000_060, 2, 0)
        again = Journal(self.folder)
        self.assertIsNone(again.open_outage)
        self.assertEqual(again.outages[number].ended_at, 1_800_000_060)
        again.append_outage(TOLD, 7, number, 1_800_000_000, 0, 2, 0)  # an old answer: its end is not told yet
        self.assertIn(number, again.outages)
        again.append_outage(TOLD, 7, number, 1_800_000_000, 1_800_000_060, 2, 0)
        self.assertEqual(Journal(self.folder).outages, {})


class PowerCuts(Journals):
    def test_a_cut_at_every_byte_of_a_record_loses_that_record_alone(self):
        journal = Journal(self.folder)
        self.fill(journal, 0, 3)
        whole = read(first_file(self.folder))
        for size in range(2 * RECORD_BYTES, 3 * RECORD_BYTES):
            write(first_file(self.folder), whole[:size])
            journal = Journal(self.folder)
            self.assertEqual(self.readings(journal, 3), [1000, 1001, None], str(size))
            self.assertEqual(journal.skipped, 0 if size == 2 * RECORD_BYTES else 1)
            journal.append(INTERVAL, 7, 2, 2002)
            journal.append(INTERVAL, 7, 3, 2003)
            self.assertEqual(self.readings(journal, 4), [1000, 1001, 2002, 2003])
            self.assertEqual(self.readings(Journal(self.folder), 4), [1000, 1001, 2002, 2003])

    def test_a_cut_in_the_very_first_record(self):
        journal = Journal(self.folder)
        self.fill(journal, 0, 1)
        whole = read(first_file(self.folder))
        for size in range(RECORD_BYTES):
            write(first_file(self.folder), whole[:size])
            journal = Journal(self.folder)
            self.assertEqual(self.readings(journal, 1), [None])
            self.fill(journal, 0, 1)
            self.assertEqual(self.readings(Journal(self.folder), 1), [1000])

    def test_a_cut_while_a_cut_is_repaired(self):
        journal = Journal(self.folder)
        self.fill(journal, 0, 2)
        whole = read(first_file(self.folder))
        for padding in range(RECORD_BYTES - 20):
            write(first_file(self.folder), whole[: RECORD_BYTES + 20] + bytes(padding))
            journal = Journal(self.folder)
            self.assertEqual((self.readings(journal, 2), journal.next_sequence), ([1000, None], 2))

    def test_a_cut_at_the_border_of_two_files(self):
        journal = Journal(self.folder)
        self.fill(journal, 0, RECORDS_PER_FILE + 1)
        second = self.folder + "/00000001.journal"
        raw = read(second)
        for size in (0, 1, RECORD_BYTES - 1):
            write(second, raw[:size])
            journal = Journal(self.folder)
            self.assertEqual(journal.newest_index(7), RECORDS_PER_FILE - 1)
            self.fill(journal, RECORDS_PER_FILE, 1)
            self.assertEqual(Journal(self.folder).newest_index(7), RECORDS_PER_FILE)

    def test_every_flipped_bit_of_a_record_is_noticed(self):
        journal = Journal(self.folder)
        self.fill(journal, 0, 3)
        whole = read(first_file(self.folder))
        for bit in range(8 * RECORD_BYTES):
            raw = bytearray(whole)
            raw[RECORD_BYTES + bit // 8] ^= 1 << bit % 8
            write(first_file(self.folder), raw)
            self.assertEqual(self.readings(Journal(self.folder), 3), [1000, None, 1002])

    def test_a_record_in_a_foreign_place_is_none(self):
        journal = Journal(self.folder)
        self.fill(journal, 0, 2)
        raw = read(first_file(self.folder))
        write(first_file(self.folder), raw[RECORD_BYTES:] + raw[:RECORD_BYTES])
        self.assertEqual(Journal(self.folder).skipped, 2)


class TheRing(Journals):
    def test_the_oldest_file_goes_and_nothing_else(self):
        journal = Journal(self.folder, files=3)
        self.fill(journal, 0, 3 * RECORDS_PER_FILE)
        self.assertEqual(journal.find(7, 0).reading, 1000)
        self.fill(journal, 3 * RECORDS_PER_FILE, 1)
        for again in (journal, Journal(self.folder, files=3)):
            self.assertIsNone(again.find(7, 0))
            self.assertIsNone(again.find(7, RECORDS_PER_FILE - 1))
            self.assertEqual(again.find(7, RECORDS_PER_FILE).reading, 1000 + RECORDS_PER_FILE)
            self.assertEqual(again.newest_index(7), 3 * RECORDS_PER_FILE)


if __name__ == "__main__":
    unittest.main()
