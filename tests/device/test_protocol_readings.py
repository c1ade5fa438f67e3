# SPDX-License-Identifier: Apache-2.0
"""The lanes of an energy report."""

import unittest

from electro_protocol.readings import (
    INTERRUPTED,
    MAX_INTERRUPTED_UNITS,
    MAX_UNITS,
    NO_DATA,
    is_interrupted,
    pack,
    units,
    unpack,
)


class Readings(unittest.TestCase):
    def test_a_lane_is_a_big_endian_word(self):
        self.assertEqual(pack([0x0102, NO_DATA]), b"\x01\x02\xff\xff")
        self.assertEqual(unpack(b"\x01\x02\xff\xff"), [0x0102, NO_DATA])

    def test_every_lane_comes_back(self):
        lanes = list(range(0, 0x10000, 251)) + [0xFFFD, 0xFFFE, 0xFFFF]
        self.assertEqual(unpack(pack(lanes)), lanes)
        self.assertEqual(pack([]), b"")

    def test_what_is_no_word_is_refused(self):
        for lane in (-1, 0x10000):
            with self.assertRaises(ValueError):
                pack([0, lane])
        with self.assertRaises(ValueError):
            unpack(b"\x00\x01\x02")

    def test_units_of_every_kind_of_lane(self):
        self.assertEqual(units(0), 0)
        self.assertEqual(units(MAX_UNITS), 0x7FFF)
        self.assertEqual(units(INTERRUPTED), 0)
        self.assertEqual(units(INTERRUPTED | MAX_INTERRUPTED_UNITS), 0x7FFE)
        self.assertIsNone(units(NO_DATA))

    def test_an_interrupted_interval_is_neither_whole_nor_without_data(self):
        for lane in (INTERRUPTED, INTERRUPTED | 5, INTERRUPTED | MAX_INTERRUPTED_UNITS):
            self.assertTrue(is_interrupted(lane))
        for lane in (0, MAX_UNITS, NO_DATA):
            self.assertFalse(is_interrupted(lane))


if __name__ == "__main__":
    unittest.main()
