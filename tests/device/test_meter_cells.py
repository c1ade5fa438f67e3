# SPDX-License-Identifier: Apache-2.0
"""The loops over samples: what they find and sum, and that viper and plain Python agree to the last bit."""

import unittest
from array import array

from electro_meter.sensing import _cells_plain as plain

try:
    from electro_meter.sensing import _cells32 as native
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


class Ring:
    """A ring that is filled run by run from lists of samples, and the loops of one twin that follow it."""

    def __init__(self, loops, samples):
        self.loops = loops
        self.samples = samples
        self.times = array("i", [0] * 128)
        self.volts = array("H", [0] * 128)
        self.amps = array("H", [0] * 128)
        self.count = 0

    def more(self, run):
        for _ in range(run):
            if self.count == len(self.samples):
                return False
            place = self.count & 127
            self.times[place], self.volts[place], self.amps[place] = self.samples[self.count]
            self.count += 1
        return True

    def sum(self, frame):
        frame[0] = self.count
        return self.loops.sum_cells(self.times, self.volts, self.amps, frame)

    def follow(self, frame):
        frame[1] = self.count
        return self.loops.follow(self.times, self.volts, frame)


def cells_frame(middle=13_000, amps_middle=13_000, delay=0, quarter=5_000, cycles=10, earliest=6_667):
    frame = array("i", [0] * 51)
    frame[2], frame[3], frame[4], frame[5] = middle, amps_middle, delay, middle - 192
    frame[6], frame[7], frame[8], frame[10] = quarter, cycles, -1, earliest
    return frame


def pieces_frame(piece=1_250, least=0, most=1 << 30):
    frame = array("i", [0] * 47)
    frame[2], frame[5], frame[6], frame[10], frame[11] = 13_000, piece, piece, least, most
    return frame


def sums(frame):
    """Return the totals: w, w·u, w·i, w·x, w·q, w·u·u, w·i·i, w·x·i, w·q·i."""
    found = [frame[29]]
    for place in (30, 32, 34, 36):
        found.append((frame[place] << 12) + frame[place + 1])
    for place in (38, 41, 44, 47):
        found.append((frame[place] << 29) + (frame[place + 1] << 17) + frame[place + 2])
    return found


def squares_of(count, half=40, pace=250, amps=None):
    """Return samples of a voltage that is 1,000 below and above its middle in turn."""
    return [
        (k * pace, 14_000 if k // half % 2 else 12_000, amps(k) if amps else 13_000 + k % 7)
        for k in range(count)
    ]


def with_gap(samples, first, gap_us, then):
    """Return them up to sample `first`; so long after that the rest, from sample `then` on."""
    after_us = samples[first][0] + gap_us - samples[then][0]
    return samples[:first] + [(t + after_us, v, i) for t, v, i in samples[then:]]


class WhatTheyMean(unittest.TestCase):
    def summed(self, samples, run=8, **given):
        ring, frame = Ring(plain, samples), cells_frame(**given)
        while ring.more(run):
            ended = ring.sum(frame)
            if ended:
                return frame, ended
        return frame, 0

    def test_whole_cycles_between_crossings_are_summed(self):
        frame, ended = self.summed(squares_of(1_000), cycles=3)
        self.assertEqual((ended, frame[8]), (1, 3))
        # a crossing lies in the middle between the samples 39 and 40 of each half: time 2 of both
        self.assertEqual((frame[13], frame[14]), (2 * 9_875, 2 * 69_875))
        found = sums(frame)
        self.assertEqual(found[0], 2 * 60_000)
        self.assertEqual(found[1], 0)  # as long above as below
        self.assertEqual(found[5], 120_000 * 1_000_000)

    def test_the_sums_are_those_of_every_cell(self):
        samples = squares_of(1_000, amps=lambda k: 13_000 + k * 31 % 97)
        frame, _ = self.summed(samples, cycles=2)
        first2, last2 = frame[13], frame[14]
        u_i = u_u = i_sum = 0
        for k in range(1, 900):
            begin2 = max(samples[k - 1][0] + samples[k][0], first2)
            end2 = min(samples[k][0] + samples[k + 1][0], last2)
            if begin2 < end2:
                u, i = samples[k][1] - 13_000, samples[k][2] - 13_000
                i_sum += (end2 - begin2) * i
                u_u += (end2 - begin2) * u * u
                u_i += (end2 - begin2) * u * i
        found = sums(frame)
        self.assertEqual((found[2], found[5], found[7]), (i_sum, u_u, u_i))  # without a delay x is u

    def test_the_other_voltage_is_that_of_a_later_instant(self):
        # a saw that falls at once and rises by 10 in 100 µs: where it is straight, x is known
        for delay, late in ((0, 0), (100, 10), (50, 5), (-70, -7), (299, 29)):
            samples = [
                (k * 100, 12_000 + 10 * (k % 200), 13_001 if 120 <= k % 200 < 160 else 13_000)
                for k in range(800)
            ]
            frame, ended = self.summed(samples, cycles=2, delay=delay, quarter=500)
            self.assertEqual(ended, 1)
            found = sums(frame)
            u_i = sum([200 * 10 * (k - 100) for k in range(120, 160)]) * 2
            w_i = 200 * 40 * 2
            self.assertLessEqual(abs(found[7] - u_i - w_i * late), w_i)
            self.assertLessEqual(abs(found[8] - u_i - w_i * (late - 50)), w_i)  # q is 500 µs earlier than x

    def test_a_stall_does_not_move_that_instant(self):
        samples, t = [], 0
        for k in range(900):
            samples.append(
                (t, 12_000 + t % 20_000 // 10, 13_001 if 12_000 <= t % 20_000 < 16_000 else 13_000)
            )
            t += 1_100 if k % 53 == 0 else 100
        frame, ended = self.summed(samples, cycles=2, delay=150, quarter=500)
        self.assertEqual(ended, 1)
        found, u_i = sums(frame), 0
        for k in range(1, 899):
            if frame[13] < 2 * samples[k][0] < frame[14]:
                w = samples[k + 1][0] - samples[k - 1][0]
                u_i += w * (samples[k][1] - 13_000) * (samples[k][2] - 13_000)
        self.assertGreater(found[2], 14_000)
        # 150 µs later, 350 earlier, wherever that lies
        self.assertLessEqual(abs(found[7] - u_i - 15 * found[2]), found[2])
        self.assertLessEqual(abs(found[8] - u_i + 35 * found[2]), found[2])

    def test_how_long_the_runs_are_changes_nothing(self):
        samples = squares_of(1_100, amps=lambda k: 12_000 + k * 131 % 1_997)
        want, _ = self.summed(samples, delay=95)
        for run in (1, 5, 16, 64):
            frame, _ = self.summed(samples, run=run, delay=95)
            self.assertEqual(list(frame)[2:], list(want)[2:])

    def test_a_gap_ends_them_at_the_last_whole_cycle(self):
        samples = [(t + (4_000 if t > 55_000 else 0), v, i) for t, v, i in squares_of(1_000)]
        frame, ended = self.summed(samples)
        self.assertEqual((ended, frame[8], frame[14]), (3, 2, 2 * 49_875))

    def test_no_crossing_lies_in_a_gap(self):
        # below the middle before the gap, above it after
        samples = with_gap(squares_of(1_000), 390, 300_000, 440)
        frame, ended = self.summed(samples)
        self.assertEqual((ended, frame[8], frame[14]), (3, 4, 2 * 89_875))
        self.assertEqual(sums(frame)[0], 160_000)
        # one that was found just before it counts
        frame, ended = self.summed(with_gap(squares_of(1_000), 362, 300_000, 440))
        self.assertEqual((ended, frame[8], frame[14]), (3, 4, 2 * 89_875))

    def test_what_was_read_in_a_gap_is_no_crossing(self):
        samples = squares_of(1_000)
        t, _, i = samples[350]
        samples[350] = (t, 14_000, i)  # as late as the next one
        frame, ended = self.summed(with_gap(samples, 351, 300_000, 440))
        self.assertEqual((ended, frame[8], frame[14]), (3, 3, 2 * 69_875))

    def test_a_gap_before_the_first_cycle_leaves_nothing_of_what_was_before(self):
        frame, ended = self.summed(with_gap(squares_of(1_000), 30, 300_000, 70), cycles=3)
        # the crossing of sample 120 is the first whose quarter before is known
        self.assertEqual((ended, frame[8], frame[13]), (1, 3, 2 * (300_000 + 250 * 80 - 125)))

    def test_a_voltage_that_stays_ends_them(self):
        samples = [(t, v if t < 55_000 else 13_000, i) for t, v, i in squares_of(1_000)]
        frame, ended = self.summed(samples)
        self.assertEqual((ended, frame[8]), (2, 2))
        self.assertEqual(self.summed(samples[:0] + [(250 * k, 13_000, 13_000) for k in range(900)])[1], 0)

    def test_noise_about_the_middle_is_no_crossing(self):
        samples = squares_of(1_000)
        for k in range(
            85, 1_000, 80
        ):  # after each crossing down to the middle and up again, not below the level
            t, _, i = samples[k]
            samples[k] = (t, 12_900, i)
        frame, ended = self.summed(samples, cycles=4)
        self.assertEqual((ended, sums(frame)[0]), (1, 160_000))

    def test_pieces_are_followed_to_the_first_remarkable_cycle(self):
        samples = [(k * 250, 13_000 + (640 if k < 300 else 64) * (1 if k % 2 else -1), 0) for k in range(400)]
        ring, frame = Ring(plain, samples), pieces_frame(least=6_400, most=6_400)
        while ring.more(8) and ring.follow(frame) == ring.count:
            pass
        # a piece is five samples, a cycle sixteen pieces: the first with a smaller square in it
        self.assertEqual((frame[0], frame[7], frame[13]), (305, 61, 305 * 250))
        self.assertEqual(frame[12], (75 * 400 + 5 * 4) // 80 << 4)
        frame[10] = 0
        while ring.follow(frame) == ring.count and ring.more(8):
            pass
        self.assertEqual((frame[0], frame[7]), (400, 79))

    def test_a_gap_leaves_empty_pieces(self):
        samples = [(k * 250 + (5_000 if k >= 200 else 0), 13_640, 0) for k in range(400)]
        ring, frame = Ring(plain, samples), pieces_frame()
        while ring.more(8):
            ring.follow(frame)
        self.assertEqual((frame[7], frame[14]), (83, 44))
        self.assertEqual(frame[8] // frame[9], 400)

    def test_squares_are_summed(self):
        self.assertEqual(plain.squares(array("H", [1, 2, 3, 9]), 3, 2), 1 + 0 + 1)

    def test_codes_out_of_range_are_counted(self):
        table = array("H", [64 * k for k in range(513)])
        volts, amps = (
            array("H", [500, 5, 5, 500, 500, 500, 500, 5, 5]),
            array("H", [185, 186, 3_040, 3_041, 0, 4_095, 500, 1, 1]),
        )
        self.assertEqual(plain.straighten(volts, amps, table, 1 << 8 | 7), 2 << 8 | 3)
        self.assertEqual(list(volts), [500, 40, 40, 4_000, 4_000, 4_000, 4_000, 5, 5])
        self.assertEqual(list(amps)[:4], [185, 186 * 8, 3_040 * 8, 3_041 * 8])


@unittest.skipIf(native is None, "no viper, or words of 64 bits")
class Twins(unittest.TestCase):
    def samples(self, seed, count=900, pace_us=249, spread_us=9, volts=None):
        numbers, made, t = Numbers(seed), [], 0
        for k in range(count):
            made.append((t, volts(k, numbers) if volts else numbers.below(FULL + 1), numbers.below(FULL + 1)))
            t += pace_us + numbers.below(spread_us + 1)
        return made

    def assert_equal_sums(self, samples, run=8, **given):
        ours, theirs = Ring(native, samples), Ring(plain, samples)
        frame, other = cells_frame(**given), cells_frame(**given)
        ended = 0
        while not ended and ours.more(run) and theirs.more(run):
            ended = ours.sum(frame)
            self.assertEqual(theirs.sum(other), ended)
            self.assertEqual(list(frame), list(other))
        return ended, frame[8]

    def test_sums_are_equal_for_a_voltage_with_noise(self):
        for seed in range(10):
            numbers = Numbers(seed + 99)

            def noisy(k, noise):
                return (19_000 if k // 40 % 2 else 7_000) + noise.below(9_000) - 4_500

            samples = self.samples(seed, spread_us=numbers.below(200), volts=noisy)
            ended = self.assert_equal_sums(
                samples,
                (1, 8, 13, 64)[seed % 4],
                middle=12_000 + numbers.below(2_000),
                amps_middle=12_000 + numbers.below(2_000),
                delay=numbers.below(1_400) - 700,
                quarter=4_000 + numbers.below(2_000),
                cycles=6,
            )
            self.assertEqual(ended, (1, 6))

    def test_sums_are_equal_for_noise_alone_and_at_the_rails(self):
        for seed in range(6):
            self.assert_equal_sums(self.samples(seed, spread_us=60))
        rails = [(250 * k, FULL if k // 40 % 2 else 0, FULL if k // 30 % 2 else 0) for k in range(900)]
        for middle in (0, 13_000, FULL):
            self.assert_equal_sums(rails, middle=middle, amps_middle=middle, delay=95)
        steep = [
            (250 * k, FULL if k // 2 % 2 or k // 40 % 2 else 0, FULL if k // 3 % 2 else 0) for k in range(900)
        ]
        self.assert_equal_sums(steep, delay=330, quarter=5_100)

    def test_sums_end_equally_at_gaps_and_losses(self):
        samples = squares_of(700)
        gap = [(t + (4_000 if k > 500 else 0), v, i) for k, (t, v, i) in enumerate(samples)]
        self.assertEqual(self.assert_equal_sums(gap)[0], 3)
        for gap_us in (5_000, 90_000, 310_000, 1_700_000, 40_000_000):
            for first in range(480, 560, 3):
                gap = with_gap(samples, first, gap_us, first + 40 + first % 7)
                ended, cycles = self.assert_equal_sums(gap)
                self.assertEqual(ended, 3)
                self.assertLessEqual(cycles, 6)
        lost = [(t, v if k < 500 else 13_000, i) for k, (t, v, i) in enumerate(samples)]
        self.assertEqual(self.assert_equal_sums(lost)[0], 2)

    def test_squares_are_equal_however_large(self):
        volts = array("H", [Numbers(6).below(FULL + 1)] * 90 + [FULL] * 38)
        for end in (0, 1, 12, 128):
            self.assertEqual(native.squares(volts, end, 13_000), plain.squares(volts, end, 13_000))

    def test_pieces_are_equal_through_stalls_and_stops(self):
        for seed in range(6):
            numbers = Numbers(seed + 7)
            samples = self.samples(seed, spread_us=numbers.below(90))
            for k in range(400, 900):
                t, v, i = samples[k]
                samples[k] = (t + 6_000, 13_000 if 500 <= k < 700 else v, i)
            ours, theirs = Ring(native, samples), Ring(plain, samples)
            frame, other = (
                pieces_frame(least=700_000, most=1_400_000),
                pieces_frame(least=700_000, most=1_400_000),
            )
            stops = 0
            while ours.more(8) and theirs.more(8):
                while True:
                    k = ours.follow(frame)
                    self.assertEqual(theirs.follow(other), k)
                    self.assertEqual(list(frame), list(other))
                    if k == ours.count:
                        break
                    stops += 1
            self.assertGreater(stops, 3)

    def test_straightened_samples_are_equal(self):
        table = array("H", [(k * 5_557 + 3) & FULL for k in range(513)])
        numbers = Numbers(7)
        made = [array("H", [numbers.below(4_096) for _ in range(128)]) for _ in range(2)]
        others = [array("H", one) for one in made]
        for places in (0 << 8 | 8, 8 << 8 | 128, 5 << 8 | 5):
            self.assertEqual(
                native.straighten(made[0], made[1], table, places),
                plain.straighten(others[0], others[1], table, places),
            )
            self.assertEqual([list(one) for one in made], [list(one) for one in others])
            table = array("H", [min(k * 8, 4_095) for k in range(513)])


if __name__ == "__main__":
    unittest.main()
