# SPDX-License-Identifier: Apache-2.0
"""The journal's proof: power cut at every byte of every kind of write, at wraps and erasures; damage of any record."""

import sys
import unittest

import flash
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

FILES = 2
# What may stand behind the last byte written: nothing, an erased page, zeros, the rest of something else.
TAILS = (b"", b"\xff" * RECORD_BYTES, bytes(RECORD_BYTES), b"\x5a\xc3" * RECORD_BYTES)
if sys.implementation.name != "cpython":
    TAILS = (TAILS[0], TAILS[3])
# Intervals looked at: about every edge, and some between.
WATCHED = (0, 1, 2, 3, 4, 9, 128, 253, 254, 255, 256, 257, 258, 400, 510, 511, 512, 513, 514)


class Cuts(unittest.TestCase):
    def setUp(self):
        self.folder = scratch.folder()

    def tearDown(self):
        scratch.remove(self.folder)

    def survive(self, prepared, step, then, label):
        """Cut a step everywhere: what stood before stays; what the step writes is there whole or not at all."""
        flash.restore(self.folder, prepared)
        before = self.known(Journal(self.folder, FILES))
        flash.restore(self.folder, prepared)
        step(Journal(self.folder, FILES))
        after_files = flash.content(self.folder)
        after = self.known(Journal(self.folder, FILES))
        states = flash.cuts(prepared, after_files, TAILS)
        for number, state in enumerate(states):
            flash.restore(self.folder, state)
            journal = Journal(self.folder, FILES)
            seen = self.known(journal)
            self.assertTrue(self.is_between(seen, before, after), f"{label} {number}")
            sequence = journal.next_sequence
            then(journal)
            again = Journal(self.folder, FILES)
            self.assertEqual(again.next_sequence, sequence + 1, f"{label} {number}")
            self.assertEqual(self.known(again), self.known(journal), f"{label} {number}: after a restart")
        return len(states)

    def known(self, journal):
        """Return what the meter can learn from a journal: readings, register, outages, the open one."""
        readings = {}
        for agreement in (7, 8):
            for index in WATCHED:
                record = journal.find(agreement, index)
                readings[(agreement, index)] = record.reading if record else None
        last = journal.last_register
        outages = sorted(
            [(number, record.kind, record.ended_at) for number, record in journal.outages.items()]
        )
        is_open = journal.open_outage.outage if journal.open_outage else None
        return readings, last.register_wh if last else None, outages, is_open

    def is_between(self, seen, before, after):
        """Return whether all is as it was before or after, each reading and the rest by itself."""
        rest = seen[1:] in (before[1:], after[1:])
        return rest and all(seen[0][key] in (before[0][key], after[0][key]) for key in seen[0])

    def filled(self, count, first=0):
        """Return the files of a journal with so many interval records."""
        journal = Journal(self.folder, FILES)
        for index in range(first, first + count):
            self.interval(journal, index)
        return flash.content(self.folder)

    def interval(self, journal, index, agreement=7):
        journal.append(INTERVAL, agreement, index, 1 + index % 30_000, 1_000 + index, 123, 456, 1_800_000_000)

    def test_every_kind_of_record_is_there_whole_or_not_at_all(self):
        prepared = self.filled(3)
        steps = [
            ("interval", lambda journal: self.interval(journal, 3)),
            ("other agreement", lambda journal: self.interval(journal, 0, 8)),
            ("register", lambda journal: journal.append(REGISTER, register_wh=9_999)),
            ("outage", lambda journal: journal.append_outage(OUTAGE, 7, 0, 1_800_000_000, 0, 1, 0)),
        ]
        total = 0
        for label, step in steps:
            total += self.survive(prepared, step, lambda journal: self.interval(journal, 9), label)
        self.assertEqual(total, len(steps) * (1 + (RECORD_BYTES + 1) * len(TAILS)))

    def test_an_outage_is_open_ended_or_told_but_never_half(self):
        journal = Journal(self.folder, FILES)
        self.interval(journal, 0)
        number = journal.append_outage(OUTAGE, 7, 0, 1_800_000_000, 0, 1, 0)
        opened = flash.content(self.folder)
        journal.append_outage(RESTORED, 7, number, 1_800_000_000, 1_800_000_600, 1, 0)
        ended = flash.content(self.folder)

        def restored(journal):
            journal.append_outage(RESTORED, 7, number, 1_800_000_000, 1_800_000_600, 1, 0)

        def told(journal):
            journal.append_outage(TOLD, 7, number, 1_800_000_000, 1_800_000_600, 1, 0)

        self.survive(opened, restored, lambda journal: self.interval(journal, 1), "restored")
        self.survive(ended, told, lambda journal: self.interval(journal, 1), "told")

    def test_what_moves_the_sending_position_back_is_whole_or_not_at_all(self):
        # the only position the journal keeps: which outages the chain knows
        journal = Journal(self.folder, FILES)
        number = journal.append_outage(OUTAGE, 7, 0, 1_800_000_000, 0, 1, 0)
        journal.append_outage(RESTORED, 7, number, 1_800_000_000, 1_800_000_600, 1, 0)
        journal.append_outage(TOLD, 7, number, 1_800_000_000, 1_800_000_600, 1, 0)
        # retold from RAM: the journal that told it
        prepared = flash.content(self.folder)
        journal.retell(7)
        after = flash.content(self.folder)
        for state in flash.cuts(prepared, after, TAILS):
            flash.restore(self.folder, state)
            again = Journal(self.folder, FILES)
            self.assertIn(len(again.outages), (0, 1))
            if not again.outages:
                again.retell(7)
            self.assertEqual(sorted(Journal(self.folder, FILES).outages), [number])

    def test_a_cut_at_the_change_from_file_to_file(self):
        for count in (RECORDS_PER_FILE - 1, RECORDS_PER_FILE):
            prepared = self.filled(count)
            self.survive(
                prepared,
                lambda journal, at=count: self.interval(journal, at),
                lambda journal, at=count: self.interval(journal, at + 1),
                f"record {count}",
            )
            flash.restore(self.folder, {})

    def test_a_cut_where_the_ring_is_full_and_its_oldest_file_goes(self):
        count = FILES * RECORDS_PER_FILE
        prepared = self.filled(count)
        self.assertEqual(len(prepared), FILES)
        self.survive(
            prepared,
            lambda journal: self.interval(journal, count),
            lambda journal: self.interval(journal, count + 1),
            "wrap",
        )
        # the file that a cut left behind goes with the next one: the ring does not grow
        state = flash.cuts(prepared, flash.content(self.folder))[0]
        flash.restore(self.folder, dict(state))
        journal = Journal(self.folder, FILES)
        for index in range(count, count + RECORDS_PER_FILE + 1):
            self.interval(journal, index)
        self.assertTrue(len(flash.content(self.folder)) <= FILES)


class Damage(unittest.TestCase):
    def setUp(self):
        self.folder = scratch.folder()
        journal = Journal(self.folder, FILES)
        self.kept = {}
        index = 0
        while journal.next_sequence < FILES * RECORDS_PER_FILE:
            if journal.next_sequence % 100 == 50:
                journal.append(REGISTER, register_wh=index)
                continue
            sequence = journal.append(INTERVAL, 7, index, 1 + index, 1_000 + index, 0, 0, 0)
            self.kept[sequence] = index
            index += 1
        self.files = flash.content(self.folder)

    def tearDown(self):
        scratch.remove(self.folder)

    def test_any_bit_of_a_full_ring_costs_its_own_record_alone(self):
        names = sorted(self.files)
        bits = 8 * RECORD_BYTES
        for turn in range(40):
            sequence = turn * 7_919 % (FILES * RECORDS_PER_FILE)
            name = names[sequence // RECORDS_PER_FILE]
            raw = bytearray(self.files[name])
            bit = turn * 104_729 % bits
            raw[sequence % RECORDS_PER_FILE * RECORD_BYTES + bit // 8] ^= 1 << bit % 8
            running = Journal(self.folder, FILES)
            flash.restore(self.folder, dict(self.files, **{name: bytes(raw)}))
            # while the meter runs, and after it starts anew
            for journal, skipped in ((running, 0), (Journal(self.folder, FILES), 1)):
                self.assertEqual(journal.skipped, skipped)
                for other in (sequence - 1, sequence, sequence + 1, (sequence + 300) % len(self.kept)):
                    if other not in self.kept:
                        continue
                    record = journal.find(7, self.kept[other])
                    if other == sequence:
                        self.assertTrue(record is None)
                    else:
                        self.assertEqual(record.reading, 1 + self.kept[other])
                self.assertEqual(journal.next_sequence, FILES * RECORDS_PER_FILE)
            flash.restore(self.folder, self.files)

    def test_a_whole_page_of_rubbish_costs_what_lies_in_it(self):
        name = sorted(self.files)[1]
        raw = bytearray(self.files[name])
        raw[4_096:8_192] = b"\xa5" * 4_096
        flash.restore(self.folder, dict(self.files, **{name: bytes(raw)}))
        journal = Journal(self.folder, FILES)
        first, last = 4_096 // RECORD_BYTES, 8_191 // RECORD_BYTES
        self.assertEqual(journal.skipped, last - first + 1)
        for slot in (first - 1, last + 1):
            sequence = RECORDS_PER_FILE + slot
            self.assertEqual(journal.find(7, self.kept[sequence]).reading, 1 + self.kept[sequence])


if __name__ == "__main__":
    unittest.main()
