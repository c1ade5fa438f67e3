# SPDX-License-Identifier: Apache-2.0
"""A whole meter on a Board of sines, driven step by step, without tasks: for tests of what it measures and does."""

import asyncio
import unittest

import scratch
from accounts import START, S, told
from phase_board import UA_PER_COUNT, UV_PER_COUNT, PhaseBoard

from electro_meter.app import Meter
from electro_meter.config import Config
from electro_meter.quality import Quality
from electro_meter.registers import UJ_PER_WH


class OnTheBench(unittest.TestCase):
    channels = 3

    def setUp(self):
        if not hasattr(asyncio, "run"):
            raise unittest.SkipTest("the WebAssembly build has no event loop of its own")
        self.folder = scratch.folder()
        self.addCleanup(scratch.remove, self.folder)
        self.board = PhaseBoard(self.folder, START - 10, self.channels)
        self.meter = self.make()
        self.meter.agreements.adopt([told(interval_seconds=20, unit_wh=1, bounds_of=(1, 60_000))], START)

    def make(self, **entries):
        channel = {"uv_per_count": UV_PER_COUNT, "ua_per_count": UA_PER_COUNT}
        settings = {
            "version": 2,
            "chain_id": 1337,
            "contract": "0x" + "ab" * 20,
            "hardware_id": "0x" + "11" * 32,
            "relayers": ["http://one"],
            "channels": [channel] * self.channels,
            "creep_mw": 100,
            "outage_declare_ms": 8_000,
        }
        settings.update(entries)
        return Meter(self.board, Config(settings))

    def run_for(self, seconds):
        """Let the meter sample, without a pause while there is supply."""
        until_us = self.board.now_us + int(seconds * S)
        while self.board.now_us < until_us:
            self.board.rest(self.meter._pause_ms() * 1000)
            self.meter.step()

    def register_uj(self):
        registers = self.meter.intervals.registers
        return registers.import_wh * UJ_PER_WH + registers.import_uj

    def accounted_s(self):
        intervals = self.meter.intervals
        return (intervals.accounted_us - intervals.began_us) / S


class Measured(OnTheBench):
    """The same with what tests of measured values ask."""

    def assert_within(self, value, truth, percent):
        self.assertLess(abs(value - truth), abs(truth) * percent / 100, "{} is not {}".format(value, truth))

    def record(self, index):
        return self.meter.journal.find(7, index)

    def quality(self, index):
        record = self.record(index)
        return Quality.unpack(record.cause, record.start_s)
