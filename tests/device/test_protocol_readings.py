# SPDX-License-Identifier: Apache-2.0
"""The lanes of an energy report."""

import unittest

from electro_protocol.readings import (
    ESTIMATE,
    MAX_ESTIMATED_UNITS,
    MAX_UNITS,
    NO_DATA,
    NO_SUPPLY,
    pack,
    units,
    unpack,
)


class Readings(unittest.TestCase):
    def test_a_lane_is_a_big_endian_word(self):
        self.assertEqual(pack([0x0102, NO_SUPPLY]), b"\x01\x02\xff\xfe")
        self.assertEqual(unpack(b"\x01\x02\xff\xfe"), [0x0102, NO_SUPPLY])

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
        self.assertEqual(units(ESTIMATE), 0)
        self.assertEqual(units(ESTIMATE | MAX_ESTIMATED_UNITS), 0x7FFD)
        self.assertIsNone(units(NO_SUPPLY))
        self.assertIsNone(units(NO_DATA))

    def test_no_estimate_looks_like_a_sentinel(self):
        self.assertTrue(ESTIMATE | MAX_ESTIMATED_UNITS < NO_SUPPLY < NO_DATA)


if __name__ == "__main__":
    unittest.main()
