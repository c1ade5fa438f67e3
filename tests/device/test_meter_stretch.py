# SPDX-License-Identifier: Apache-2.0
"""A stretch takes nothing from the heap: not a byte between its beginning and its end, on a real MicroPython."""

import gc
import math
import sys
import unittest
from array import array

import chip_board

from electro_meter.life.settings import Channel, Settings
from electro_meter.sensing.phases import Phases
from electro_meter.world import Board

PAIR_US = 250
CYCLE = 80  # pairs
GARBAGE = 20_000
# CPython counts nothing; the WebAssembly build puts a collection off until it is back in JavaScript
COUNTS = hasattr(gc, "threshold") and hasattr(gc, "mem_alloc") and sys.platform != "webassembly"
try:
    from electro_meter.sensing import _cells32 as native
except (ImportError, SyntaxError, ValueError):
    native = None  # the loops in plain Python take memory, as all of Python does


class Table(Board):
    """A board whose samples come from a table; it has no more locals than the heap lets pass."""

    def __init__(self, channels):
        self.channels = channels
        self.at = 0
        self.t = 0
        self.volts = array("H", [int(1625 + 884 * math.sin(2 * math.pi * k / CYCLE)) for k in range(CYCLE)])
        self.amps = array("H", [int(1625 + 400 * math.sin(2 * math.pi * k / CYCLE)) for k in range(CYCLE)])

    def uptime_us(self):
        return 1_000_000 + self.t

    def begin(self):
        self.t = 0
        return 1_000_000

    def sample(self, times_us, volts, amps, first, end):
        while first < end:
            times_us[first] = self.t
            volts[first] = self.volts[self.at]
            amps[first] = self.amps[self.at]
            self.t += PAIR_US
            self.at = (self.at + 1) % CYCLE
            first += 1


def settings(channels):
    made = Settings()
    made.nominal_mv, made.rated_ma, made.mains_hz = 230_000, 100_000, 50
    made.max_gap_ms, made.window_period_ms, made.creep_mw, made.exports = 5_000, 0, 0, 0
    made.linearisation = []
    made.channels = []
    for _ in range(channels):
        one = Channel()
        one.uv_per_count, one.ua_per_count, one.phase_mdeg = 368_000, 177_778, 0
        one.fine_ua_per_count = one.no_load_mw = one.fine_no_load_mw = 0
        one.sensors = []
        made.channels.append(one)
    return made


def allocates(run):
    """Return whether something is allocated: then a collection comes, and garbage that lies ready is gone."""
    gc.collect()
    bytearray(GARBAGE)
    before = gc.mem_alloc()
    gc.threshold(1)
    run()
    gc.threshold(-1)
    return gc.mem_alloc() < before - GARBAGE // 2


@unittest.skipIf(not COUNTS, "nobody counts here")
class Stretches(unittest.TestCase):
    def test_the_test_sees_what_is_allocated(self):
        self.assertTrue(allocates(lambda: [1]))
        self.assertFalse(allocates(lambda: None))

    @unittest.skipIf(native is None, "no viper, or words of 64 bits")
    def test_a_stretch_allocates_nothing(self):
        for channels in (1, 3):
            self.assert_a_stretch_allocates_nothing(Table(channels), channels)

    @unittest.skipIf(native is None, "no viper, or words of 64 bits")
    def test_nor_does_the_chips_own_board(self):
        made = settings(1)
        made.board, made.wifi_ssid, made.wifi_password = "esp32", "", ""
        board = chip_board.make(made)
        board._uptime_us = 3 * 86_400_000_000  # a number that is an object on a chip
        self.assert_a_stretch_allocates_nothing(board, 1)

    def assert_a_stretch_allocates_nothing(self, board, channels):
        phases = Phases(board, settings(channels))
        for _ in range(2 * channels):  # what is made once is made
            phase = phases.next()
            while not phase.take():
                pass
            phase.measure()
            phases.conclude()
        phase = phases.next()
        phase.begin()
        taken = []

        def run(phase=phase, phases=phases):
            while phase._sample(phase.detector.supplied):
                phases.next()
                phases.pressing  # noqa: B018 - what the meter asks in between
                phases.supplied  # noqa: B018
                phases.fault  # noqa: B018

        self.assertFalse(allocates(run), "with {} phases".format(channels))
        phase.running = False
        taken.append(phase.measure())
        self.assertEqual(taken, [True])
        self.assertGreater(phase.window.cycles, 9)


@unittest.skipIf(sys.platform == "webassembly", "it has no sockets, which a chip's board imports")
class Lateness(unittest.TestCase):
    def test_what_stalls_a_start_moves_no_current_against_its_voltage(self):
        made = settings(1)
        made.board, made.wifi_ssid, made.wifi_password = "", "", ""
        made.channels[0].fine_ua_per_count = 0
        self.assertEqual(chip_board.make(made).skew_us, chip_board.READ_US)
        chip_board.Converter.stalls = 3
        self.addCleanup(setattr, chip_board.Converter, "stalls", 0)
        self.assertEqual(chip_board.make(made).skew_us, chip_board.READ_US)

    def test_a_pair_that_is_stalled_in_its_middle_is_read_again(self):
        made = settings(1)
        made.board, made.wifi_ssid, made.wifi_password = "esp32", "", ""
        board = chip_board.make(made)
        self.addCleanup(setattr, chip_board.Converter, "stalls", 0)
        times, volts, amps = array("i", [0] * 12), array("H", [0] * 12), array("H", [0] * 12)
        board.begin()
        board.sample(times, volts, amps, 0, 4)
        chip_board.Converter.stalls = 1
        board.sample(times, volts, amps, 4, 8)
        self.assertGreater(times[4] - times[3], 5_000)
        self.assertLess(times[7] - times[4], 1_000)
        for k in range(8):  # each is what there was at its time
            at_us = board._origin + times[k]
            self.assertEqual(volts[k], chip_board.wave(at_us + chip_board.READ_US))
            self.assertEqual(amps[k], chip_board.wave(at_us + 2 * chip_board.READ_US))
        chip_board.Converter.stalls = 3  # again and again: it is taken as it is
        board.sample(times, volts, amps, 8, 12)
        self.assertEqual(chip_board.Converter.stalls, 0)
        self.assertLess(times[11] - times[7], 18_000)


if __name__ == "__main__":
    unittest.main()
