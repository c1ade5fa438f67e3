# SPDX-License-Identifier: Apache-2.0
"""The journal's rings: found after a restart, indifferent to strangers' files and to a flash that takes nothing."""

import os
import unittest

import scratch
from flash import Nameless

from electro_meter.account import journal as journal_module
from electro_meter.account import opening
from electro_meter.account.journal import MOST_WAITING, Ring
from electro_meter.account.records import (
    BASE,
    JOINED,
    RECORD_BYTES,
    doubt_permille,
    gap_code,
    gap_ms,
    is_whole,
    seal,
)

ENOSPC, EIO, EACCES = 28, 5, 13  # MicroPython names not all of them
SLOTS = 16
FILES = 8


def fields(number, flags=JOINED, kind=BASE):
    return (kind, flags, 3_000, number, 1_000 * number, 7 * number, 0, 3, 0)


class Full:
    """Files that can't be opened for writing, in the place of the journal's own open."""

    def __init__(self, code=ENOSPC):
        self.code = code
        self.left = -1  # so many writes succeed; -1: none

    def __call__(self, path, mode="r"):
        if mode not in ("rb", "r"):
            if self.left <= 0:
                raise OSError(self.code, "simulated")
            self.left -= 1
        return open(path, mode)


class Journals(unittest.TestCase):
    def setUp(self):
        self.folder = scratch.folder()
        self.addCleanup(scratch.remove, self.folder)

    def tearDown(self):
        if "open" in journal_module.__dict__:
            del journal_module.open

    def ring(self, files=FILES):
        return Ring(self.folder, ".base", SLOTS, files)

    def numbers(self, ring, among):
        return [number for number in among if ring.find(number) >= 0]


class Rings(Journals):
    def test_what_was_appended_is_found_after_a_restart(self):
        ring = self.ring()
        for number in range(100, 140):
            ring.append(*fields(number))
        for one in (ring, self.ring()):
            self.assertEqual(one.next, ring.next)
            self.assertEqual(one.newest, fields(139))
            self.assertEqual(self.numbers(one, range(90, 150)), list(range(100, 140)))
            self.assertEqual(one.read(one.find(117)), fields(117))
            self.assertEqual(one.skipped, 0)

    def test_the_oldest_file_goes_when_the_ring_is_full(self):
        ring = self.ring(files=3)
        for number in range(100):
            ring.append(*fields(number))
        self.assertEqual(len(os.listdir(self.folder)), 3)
        kept = self.numbers(self.ring(files=3), range(100))
        self.assertEqual(kept, list(range(kept[0], 100)))
        self.assertGreaterEqual(len(kept), 2 * (SLOTS - 1))

    def test_bases_that_go_back_are_found_as_well(self):
        ring = self.ring()
        for number in list(range(500, 520)) + list(range(480, 500)) + [900, 520]:
            ring.append(*fields(number))
        for one in (ring, self.ring()):
            self.assertEqual(self.numbers(one, range(470, 530)), list(range(480, 521)))
            self.assertEqual(one.before(520)[3], 519)
            self.assertEqual(one.before(480), None)
            self.assertEqual(one.before(901)[3], 900)

    def test_a_full_file_is_opened_by_its_last_record_alone(self):
        ring = self.ring()
        for number in range(5 * SLOTS):
            ring.append(*fields(number))
        reads = []
        load = Ring._load
        Ring._load = lambda self, first: reads.append(first) or load(self, first)
        try:
            self.ring()
        finally:
            Ring._load = load
        self.assertLessEqual(len(reads), 2 * len(os.listdir(self.folder)))

    def test_a_record_in_a_wrong_place_is_none(self):
        record = seal(b"\x01" + bytes(27), 5)
        self.assertTrue(is_whole(record, 0, 5))
        for other in (4, 6, 5 + 256, 0):
            self.assertFalse(is_whole(record, 0, other))

    def test_gaps_and_doubts_have_an_octet(self):
        for ms in (0, 1, 2, 3, 7, 8, 9, 96, 200, 1_000, 5_000, 44_000, 3_600_000, 1 << 31):
            code = gap_code(ms * 1000)
            self.assertTrue(0 <= code <= 255)
            self.assertGreaterEqual(gap_ms(code), min(ms, 0x7000_0000))
            self.assertLessEqual(gap_ms(code), ms + ms // 8 + 1 if ms else 0)
        self.assertEqual(
            [doubt_permille(d, e) for d, e in ((0, 0), (1, 0), (1, 1_000), (9, 9))], [0, 255, 1, 255]
        )


class Strangers(Journals):
    def test_no_stray_file_of_any_kind_ends_a_start(self):
        ring = self.ring()
        for number in range(20):
            ring.append(*fields(number))
        anything = bytes(k * k * 37 // 5 % 256 for k in range(700))
        contents = (b"", b"x", bytes(RECORD_BYTES), b"\xff" * SLOTS * RECORD_BYTES, anything)
        for k, content in enumerate(contents):
            for name in (
                "{:08x}.base".format(90 + k),
                "zzzzzzz{}.base".format(k),
                "ffffff{:02x}.base".format(k),
                "x.base",
            ):
                with open(self.folder + "/" + name, "wb") as file:
                    file.write(content)
        again = self.ring()
        self.assertEqual(self.numbers(again, range(20)), list(range(20)))
        self.assertEqual(again.next, ring.next)
        again.append(*fields(20))
        self.assertEqual(self.numbers(self.ring(), range(25)), list(range(21)))

    def test_a_folder_with_a_journal_s_name_is_no_journal(self):
        # nor are numbers that no ring comes to, or that it writes in another way
        for name in (
            "00000003",
            "ffffffff",
            "fffffffe",
            "00100000",
            "-0000001",
            "+0000001",
            "0x000001",
            "0000000A",
        ):
            os.mkdir(self.folder + "/" + name + ".base")
            try:
                ring = self.ring()
                for number in range(40):
                    ring.append(*fields(number))
                self.assertEqual(self.numbers(self.ring(), range(40)), list(range(40)))
                self.assertLess(ring.next, 1_000)
            finally:
                os.rmdir(self.folder + "/" + name + ".base")
                for file in os.listdir(self.folder):
                    os.remove(self.folder + "/" + file)

    def test_one_unreadable_old_file_costs_what_is_in_it(self):
        ring = self.ring()
        for number in range(60):
            ring.append(*fields(number))
        names = sorted(os.listdir(self.folder))
        os.remove(self.folder + "/" + names[1])
        os.mkdir(self.folder + "/" + names[1])
        try:
            kept = self.numbers(self.ring(), range(60))
        finally:
            os.rmdir(self.folder + "/" + names[1])
        self.assertEqual(kept, list(range(15)) + list(range(30, 60)))


class Unreadable(Journals):
    """A flash that can't be read when the meter starts, and can later."""

    def start_blind(self):
        ring = self.ring()
        for number in range(100, 120):
            ring.append(*fields(number))

        def blind(path, mode="r"):
            raise OSError(EIO, "simulated")

        journal_module.open = blind
        ring = self.ring()
        self.assertFalse(ring.is_all_known)
        return ring

    def test_a_piece_that_can_not_be_read_is_tried_once_a_question(self):
        ring = Ring(self.folder, ".base", 256, 8)
        for number in range(200):
            ring.append(*fields(number))
        opened = []

        def blind(path, mode="r"):
            opened.append(path)
            raise OSError(EIO, "simulated")

        journal_module.open = blind
        try:
            self.assertEqual(ring.find(3), -1)
            self.assertIsNone(ring.before(150))
        finally:
            del journal_module.open
        self.assertLess(len(opened), 30)
        self.assertEqual(self.numbers(ring, range(200)), list(range(200)))

    def test_nothing_is_written_over_what_could_not_be_read(self):
        ring = self.start_blind()
        ring.append(*fields(120))
        del journal_module.open
        ring.append(*fields(121))
        for again in (ring, self.ring()):
            self.assertEqual(self.numbers(again, range(99, 123)), list(range(100, 122)))
            self.assertTrue(again.is_all_known)

    def test_what_stays_unreadable_is_given_up_after_hours(self):
        ring = self.start_blind()
        for number in range(120, 120 + 12 * 6):
            ring.append(*fields(number))
        self.assertTrue(ring.is_all_known)
        self.assertTrue(ring.skipped)
        del journal_module.open
        ring.append(*fields(300))
        self.assertEqual(self.numbers(self.ring(), [100, 119, 191, 300]), [100, 119, 191, 300])

    def test_where_not_even_names_can_be_read_records_wait(self):
        ring = self.ring()
        ring.append(*fields(100))

        opening.os = Nameless
        try:
            ring = self.ring()
            ring.append(*fields(101))
            self.assertEqual((ring.waiting, ring.is_all_known), (1, False))
        finally:
            opening.os = os
        ring.append(*fields(102))
        self.assertEqual(self.numbers(ring, range(99, 104)), [100, 101, 102])
        self.assertEqual(self.numbers(self.ring(), range(99, 104)), [100, 101, 102])


class NoFlash(Journals):
    def test_records_wait_in_memory_and_are_found_there(self):
        for code in (ENOSPC, EIO, EACCES):
            ring = self.ring()
            first = ring.next
            journal_module.open = Full(code)
            for number in range(1_000 * code, 1_000 * code + 40):
                ring.append(*fields(number))
            self.assertTrue(ring.trouble)
            self.assertEqual(ring.waiting, 40 + (first + 40) // (SLOTS - 1) - first // (SLOTS - 1))
            self.assertEqual(ring.read(ring.find(1_000 * code + 39)), fields(1_000 * code + 39))
            del journal_module.open
            ring.append(*fields(1_000 * code + 40))
            self.assertEqual((ring.waiting, ring.trouble), (0, ""))
            self.assertEqual(
                self.numbers(self.ring(), range(1_000 * code, 1_000 * code + 50)),
                list(range(1_000 * code, 1_000 * code + 41)),
            )

    def test_what_waits_is_bounded_and_the_oldest_goes(self):
        ring = self.ring(files=1_000)
        journal_module.open = Full(EIO)
        for number in range(MOST_WAITING + 100):
            ring.append(*fields(number))
        self.assertEqual(ring.waiting, MOST_WAITING)
        newest = MOST_WAITING + 99
        self.assertGreaterEqual(ring.find(newest), 0)
        del journal_module.open
        ring.append(*fields(newest + 1))
        kept = self.numbers(self.ring(files=1_000), range(newest + 2))
        self.assertEqual(kept, list(range(kept[0], newest + 2)))
        self.assertGreater(len(kept), MOST_WAITING - 30)

    def test_a_full_flash_makes_room_by_the_ring_s_own_oldest_file(self):
        ring = self.ring()
        for number in range(110):
            ring.append(*fields(number))
        before = len(os.listdir(self.folder))
        real, full = os.remove, Full()
        journal_module.open = full

        def remove(path):
            real(path)
            full.left = 2  # two more writes fit now

        os_module = journal_module.os
        journal_module.os = type(
            "Os", (), {"remove": staticmethod(remove), "listdir": os.listdir, "stat": os.stat}
        )
        try:
            for number in range(110, 118):
                ring.append(*fields(number))
            self.assertEqual(ring.waiting, 0)
        finally:
            journal_module.os = os_module
        self.assertLess(len(os.listdir(self.folder)), before)
        self.assertEqual(self.numbers(ring, range(100, 118)), list(range(100, 118)))

    def test_a_write_that_is_cut_short_is_done_again_at_its_place(self):
        ring = self.ring()
        for number in range(5):
            ring.append(*fields(number))
        name = sorted(os.listdir(self.folder))[0]
        for extra in (1, 7, 31):
            with open(self.folder + "/" + name, "ab") as file:
                file.write(b"\x01" * extra)
            ring.append(*fields(ring.newest[3] + 1))
            self.assertEqual(self.numbers(self.ring(), range(9)), list(range(ring.newest[3] + 1)))


if __name__ == "__main__":
    unittest.main()
