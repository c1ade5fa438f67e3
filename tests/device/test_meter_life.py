# SPDX-License-Identifier: Apache-2.0
"""What happens after crashes, and what does not happen after losses of power."""

import os
import unittest

import scratch

from electro_meter.life import LOG_BYTES, MOST_CRASHES, Life


class Starts(unittest.TestCase):
    def setUp(self):
        self.folder = scratch.folder()
        self.addCleanup(scratch.remove, self.folder)
        self.life = Life(self.folder)

    def test_after_five_crashes_in_a_row_it_stays_off_once_and_then_tries_once(self):
        self.assertEqual([self.life.begin(False) for _ in range(MOST_CRASHES)], [True] * MOST_CRASHES)
        self.assertFalse(self.life.begin(False))
        self.assertTrue(self.life.begin(False))
        self.assertFalse(self.life.begin(False))

    def test_a_start_that_lasts_forgets_the_crashes(self):
        for _ in range(MOST_CRASHES):
            self.life.begin(False)
        self.life.lasted()
        self.assertEqual(self.life.crashes(), 0)
        self.assertTrue(self.life.begin(False))

    def test_losses_of_power_are_no_crashes(self):
        for _ in range(3 * MOST_CRASHES):
            self.assertTrue(self.life.begin(True))

    def test_a_damaged_count_is_none(self):
        with open(self.folder + "/starts", "w") as file:
            file.write("x")
        self.assertTrue(self.life.begin(False))

    def test_the_log_says_what_and_when_and_stays_small(self):
        for number in range(400):
            try:
                int("broken {}".format(number))
            except ValueError as error:
                self.life.note(error, 1_800_000_000 + number)
        with open(self.folder + "/crash.log") as file:
            text = file.read()
        self.assertIn("broken 399", text)
        self.assertIn("at 1800000399", text)
        for name in ("crash.log", "crash.old.log"):
            self.assertLess(os.stat(self.folder + "/" + name)[6], LOG_BYTES + 400)


if __name__ == "__main__":
    unittest.main()
