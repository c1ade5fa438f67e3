# SPDX-License-Identifier: Apache-2.0
"""The loops over samples: what they find and sum, and that viper and plain Python agree to the last bit."""

import unittest
from array import array

from electro_meter import _cells_plain as plain

try:
    from electro_meter import _cells32 as native
except (ImportError, SyntaxError):
    native = None

FULL = 32_767


class Numbers:
    """The same words on every Python."""

    def __init__(self, seed):
        self.state = seed

    def below(self, most):
        self.state = (self.state * 1_103_515_245 + 12_345) & 0x7FFF_FFFF
        return (self.state >> 8) % most


def block(seed, count=900, pace_us=249, spread_us=9, most=FULL):
    numbers = Numbers(seed)
    times, t = array("i", [0] * count), 0
    for k in range(count):
        times[k] = t
        t += pace_us + numbers.below(spread_us + 1)
    volts = array("H", [numbers.below(most + 1) for _ in range(count)])
    amps = array("H", [numbers.below(most + 1) for _ in range(count)])
    return times, volts, amps


class WhatTheyMean(unittest.TestCase):
    def test_a_cell_reaches_half_the_way_to_both_neighbours(self):
        times = array("i", [0, 100, 300, 600, 1000, 1500, 2100])
        volts = array("H", [10, 20, 30, 40, 50, 60, 70])
        amps = array("H", [7, 7, 7, 9, 7, 7, 7])
        sums = plain.sum_cells(times, volts, amps, 2, 4, 1, 0, 20, 7)
        w2, w3 = 600 - 100, 1000 - 300
        self.assertEqual(
            sums,
            [w2 + w3, w2 * 10 + w3 * 20, w3 * 2, w2 * 10 + w3 * 20, w2 * 100 + w3 * 400, w3 * 4, w3 * 40],
        )

    def test_the_other_voltage_is_that_of_a_later_instant(self):
        times = array("i", [k * 100 for k in range(12)])
        volts = array("H", [1000 + 10 * k for k in range(12)])
        amps = array("H", [1] * 12)
        for delay, late in ((0, 0), (100, 10), (50, 5), (-70, -7), (299, 29)):
            sums = plain.sum_cells(times, volts, amps, 4, 5, 1, delay, 1000, 0)
            self.assertIn(sums[3] - sums[1], (200 * late, 200 * (late - 1)), str(delay))

    def test_a_stall_does_not_move_that_instant(self):
        times = array("i", [0, 100, 200, 300, 400, 1400, 1500, 1600, 1700, 1800])
        volts = array("H", [1000 + t // 10 for t in times])  # straight in time
        amps = array("H", [1] * 10)
        for k in (2, 3, 4, 5, 6):
            w = times[k + 1] - times[k - 1]
            sums = plain.sum_cells(times, volts, amps, k, k + 1, 1, 150, 1000, 0)
            self.assertIn((sums[3] - sums[1]) // w, (13, 14, 15, 16))  # 150 µs later, wherever that lies

    def test_crossings_levels_and_times_are_found(self):
        volts = array("H", [5, 5, 4, 5, 6, 7, 3, 9])
        self.assertEqual([plain.rising(volts, k, 8, 5) for k in (1, 4, 7)], [3, 7, 7])
        self.assertEqual(plain.rising(volts, 1, 3, 5), 3)  # the end
        self.assertEqual(plain.falling(volts, 3, 8, 3), 6)
        times = array("i", [0, 10, 20, 30])
        self.assertEqual([plain.later(times, 0, 4, t) for t in (0, 1, 30, 31)], [0, 1, 3, 4])

    def test_pieces_are_followed_to_the_first_remarkable_cycle(self):
        count = 400
        times = array("i", [k * 250 for k in range(count)])
        volts = array("H", [1_000 + (80 if k < 300 else 8) * (1 if k % 2 else -1) for k in range(count)])
        frame = array("i", [0] * 45)
        frame[1], frame[2], frame[4], frame[5] = count, 1_000, 1_250, 1_250
        frame[9], frame[10] = 6_400, 6_400
        first = plain.follow(times, volts, frame)
        # a piece is five samples, a cycle sixteen pieces: the first with a smaller square in it
        self.assertEqual((first, frame[6], frame[12]), (305, 61, 305 * 250))
        self.assertEqual(frame[11], (75 * 400 + 5 * 4) // 80 << 4)
        frame[9] = 0
        self.assertEqual(plain.follow(times, volts, frame), count)
        self.assertEqual((frame[6], frame[11]), (79, 64))

    def test_squares_are_summed(self):
        self.assertEqual(plain.squares(array("H", [1, 2, 3, 9]), 1, 4, 2), 0 + 1 + 49)


@unittest.skipIf(native is None, "no viper, or words of 64 bits")
class Twins(unittest.TestCase):
    def assert_equal_sums(self, made, *arguments):
        self.assertEqual(native.sum_cells(*made, *arguments), plain.sum_cells(*made, *arguments))

    def test_sums_are_equal_for_blocks_of_noise(self):
        for seed in range(12):
            numbers = Numbers(seed + 99)
            made = block(seed, spread_us=numbers.below(200))
            last = 830 if made[0][830] <= 250_000 else 600
            middles = 12_000 + numbers.below(2_000), 12_000 + numbers.below(2_000)
            self.assert_equal_sums(made, 20, last, 9, numbers.below(2_000) - 900, *middles)

    def test_sums_are_equal_at_the_rails_all_through(self):
        times, volts, amps = block(1)
        for value in (0, FULL):
            for k in range(900):
                volts[k] = amps[k] = value
            self.assert_equal_sums((times, volts, amps), 10, 860, 9, 95, 13_000, 13_000)

    def test_sums_are_equal_where_the_parabola_overshoots(self):
        times, volts, amps = block(2)
        for k in range(900):
            volts[k] = FULL if k // 2 % 2 else 0
            amps[k] = FULL if k // 3 % 2 else 0
        self.assert_equal_sums((times, volts, amps), 10, 860, 9, 330, 13_000, 13_000)

    def test_a_stall_and_a_long_block_are_summed_as_well(self):
        times, volts, amps = block(3)
        for k in range(500, 900):
            times[k] += 30_000
        self.assert_equal_sums((times, volts, amps), 10, 860, 9, 95, 13_000, 13_000)
        self.assert_equal_sums(block(4, pace_us=900), 10, 860, 9, 95, 13_000, 13_000)

    def test_searches_are_equal_from_every_place(self):
        times, volts, _ = block(5, count=200, most=40)
        for k in range(1, 200):
            self.assertEqual(native.rising(volts, k, 198, 20), plain.rising(volts, k, 198, 20))
            self.assertEqual(native.falling(volts, k, 198, 3), plain.falling(volts, k, 198, 3))
            self.assertEqual(native.later(times, k, 198, 25_000), plain.later(times, k, 198, 25_000))

    def test_squares_are_equal_however_large_or_many(self):
        _, volts, _ = block(6, count=1_200)
        for first, end in ((0, 1), (7, 12), (0, 1_024), (0, 1_200), (5, 5)):
            self.assertEqual(
                native.squares(volts, first, end, 13_000), plain.squares(volts, first, end, 13_000)
            )

    def test_pieces_are_equal_through_stalls_and_stops(self):
        for seed in range(6):
            numbers = Numbers(seed + 7)
            times, volts, _ = block(seed, count=900, spread_us=numbers.below(90))
            for k in range(400, 900):
                times[k] += 6_000
            for k in range(500, 700):
                volts[k] = 13_000
            ours, theirs = array("i", [0] * 45), array("i", [0] * 45)
            for frame in (ours, theirs):
                frame[1], frame[2], frame[3], frame[4], frame[5] = 900, 13_000, 3, 1_250, 1_250
                frame[9], frame[10] = 700_000, 1_400_000
            stops = 0
            while True:
                k = native.follow(times, volts, ours)
                self.assertEqual(plain.follow(times, volts, theirs), k)
                self.assertEqual(list(ours), list(theirs))
                if k == 900:
                    break
                stops += 1
            self.assertGreater(stops, 3)

    def test_straightened_samples_are_equal(self):
        table = array("H", [(k * 5_557 + 3) & FULL for k in range(513)])
        _, ours, _ = block(7, most=4_095)
        theirs = array("H", ours)
        native.straighten(ours, table, 700)
        plain.straighten(theirs, table, 700)
        self.assertEqual(list(ours), list(theirs))


if __name__ == "__main__":
    unittest.main()
