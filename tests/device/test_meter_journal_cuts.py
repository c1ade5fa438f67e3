# SPDX-License-Identifier: Apache-2.0
"""The journal's proof: power cut at every byte of every kind of write, at wraps and erasures; damage of any record."""

import os
import sys
import unittest

import flash
import scratch

from electro_meter.account.journal import Ring
from electro_meter.account.records import BASE, JOINED, OUTAGE, RECORD_BYTES, START
from electro_tools.grid.randomness import Randomness

SLOTS = 32
FILES = 3
# What may stand behind the last byte written: nothing, an erased page, zeros, the rest of something else.
TAILS = (b"", b"\xff" * RECORD_BYTES, bytes(RECORD_BYTES), b"\x5a\xc3" * RECORD_BYTES)
if sys.implementation.name != "cpython":
    TAILS = (TAILS[0], TAILS[3])
CUTS = int((hasattr(os, "getenv") and os.getenv("ELECTRO_CUTS")) or 60)


def fields(number, kind=BASE):
    return (kind, JOINED, 3_000, number, 1_000 + number, 9, 0, 3, 0)


class Cuts(unittest.TestCase):
    def setUp(self):
        self.folder = scratch.folder()

    def tearDown(self):
        scratch.remove(self.folder)

    def ring(self):
        return Ring(self.folder, ".base", SLOTS, FILES)

    def known(self, ring):
        """Return the numbers that are found, each with its whole record."""
        found = {}
        for number in range(150):
            at = ring.find(number)
            if at >= 0:
                found[number] = ring.read(at)
        return found

    def survive(self, count, kind, label):
        """Cut the append of one more record everywhere: what stood before stays; the record is there or not."""
        flash.restore(self.folder, {})
        ring = self.ring()
        for number in range(count):
            ring.append(*fields(number))
        prepared = flash.content(self.folder)
        before = self.known(self.ring())
        ring = self.ring()
        ring.append(*fields(count, kind))
        after_files = flash.content(self.folder)
        after = self.known(self.ring())
        # a new file may push the oldest one out
        states = flash.cuts(prepared, after_files, TAILS)
        for state in states:
            flash.restore(self.folder, state)
            ring = self.ring()
            seen = self.known(ring)
            for number in after:
                if number != count:
                    self.assertEqual(seen.get(number), before[number], label)
            self.assertIn(seen.get(count), (None, fields(count, kind)))
            ring.append(*fields(count + 1))
            again = self.known(self.ring())
            self.assertEqual(again.get(count + 1), fields(count + 1), label)
            self.assertEqual(again.get(count), seen.get(count), label)
            self.assertEqual(self.ring().next, ring.next, label)
        return len(states)

    def test_every_kind_of_record_is_there_whole_or_not_at_all(self):
        for kind in (BASE, START, OUTAGE):
            flash.restore(self.folder, {})
            self.assertGreater(self.survive(3, kind, "kind {}".format(kind)), RECORD_BYTES)

    def test_a_cut_at_the_change_from_file_to_file(self):
        for count in (SLOTS - 3, SLOTS - 2, SLOTS - 1, SLOTS):
            self.survive(count, BASE, "record {}".format(count))

    def test_a_cut_where_the_ring_is_full_and_its_oldest_file_goes(self):
        count = FILES * (SLOTS - 1)
        self.survive(count, BASE, "wrap")
        self.assertLessEqual(len(flash.content(self.folder)), FILES + 1)

    def test_any_bit_of_a_full_ring_costs_its_own_record_alone(self):
        ring = self.ring()
        for number in range(FILES * (SLOTS - 1)):
            ring.append(*fields(number))
        files, whole = flash.content(self.folder), self.known(ring)
        names = sorted(files)
        for turn in range(60):
            sequence = turn * 7_919 % (FILES * SLOTS)
            bit = turn * 104_729 % (8 * RECORD_BYTES)
            raw = bytearray(files[names[sequence // SLOTS]])
            raw[sequence % SLOTS * RECORD_BYTES + bit // 8] ^= 1 << bit % 8
            flash.restore(self.folder, dict(files, **{names[sequence // SLOTS]: bytes(raw)}))
            seen = self.known(self.ring())
            gone = [number for number in whole if number not in seen]
            self.assertLessEqual(len(gone), 1)
            self.assertEqual([seen[number] for number in seen], [whole[number] for number in seen])

    def test_in_months_of_random_cuts_only_the_record_in_flight_is_lost(self):
        randomness = Randomness(7)
        ring = Ring(self.folder, ".base", 256, 8)
        expected = set()
        lost = done = 0
        total = 1_500 if CUTS == 60 else 100_000
        for number in range(total):
            ring.append(*fields(number))
            expected.add(number)
            expected.discard(number - 8 * 256)
            if randomness.word() % total >= CUTS:
                continue
            done += 1
            path = self.folder + "/" + sorted(os.listdir(self.folder))[-1]
            with open(path, "rb") as file:
                content = file.read()
            size = len(content) - 1 - randomness.word() % RECORD_BYTES
            torn = randomness.octets(len(content) - size) if randomness.word() & 0x100 else b""
            with open(path, "wb") as file:
                file.write(content[:size] + torn)
            ring = Ring(self.folder, ".base", 256, 8)
            if ring.find(number) < 0:
                lost += 1
                expected.discard(number)
        oldest = ring.read(ring.oldest())[3]
        for number in expected:
            if number >= oldest:
                self.assertGreaterEqual(ring.find(number), 0, "{} is lost".format(number))
        print("{} power cuts: {} records in flight lost, no other".format(done, lost))
        self.assertGreater(done, CUTS // 3)


if __name__ == "__main__":
    unittest.main()
