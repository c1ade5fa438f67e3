# SPDX-License-Identifier: Apache-2.0
"""Whole lives of a meter's books, made by chance: `support/lives.py` says what must hold of each.

`python tests/bench/lives.py` plays as many as one likes.
"""

import asyncio
import sys
import unittest

import accounts  # noqa: F401 - from within lives its imports are too deep for an interpreter's stack
import scratch
from lives import Life

from electro_protocol.readings import NO_DATA

# An interpreter of 32-bit words takes a second for one.
COUNT = 40 if sys.implementation.name == "cpython" else 6
HOURS = 6


@unittest.skipUnless(hasattr(asyncio, "run"), "the WebAssembly build has no event loop of its own")
class Lives(unittest.TestCase):
    def test_no_reading_is_false_and_nothing_lost_without_a_reason(self):
        told = without = 0
        for seed in range(1, COUNT + 1):
            folder = scratch.folder()
            try:
                life = Life(seed, folder)
                life.live(HOURS)
                self.assertEqual((seed, life.judge()), (seed, []))
            finally:
                scratch.remove(folder)
            told += len(life.told)
            without += len([1 for lane in life.told.values() if lane == NO_DATA])
        self.assertGreater(told, 24 * COUNT)
        self.assertLess(without, told // 2)


if __name__ == "__main__":
    unittest.main()
