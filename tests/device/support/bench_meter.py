# SPDX-License-Identifier: Apache-2.0
"""A whole meter on a Board of sines, driven step by step, without tasks: for tests of what it measures and does."""

import asyncio
import unittest

import scratch
from accounts import START, S
from phase_board import UA_PER_COUNT, UV_PER_COUNT, PhaseBoard

from electro_meter.life.app import Meter
from electro_meter.life.config import Config


class OnTheBench(unittest.TestCase):
    channels = 3
    first_us = 0

    def setUp(self):
        if not hasattr(asyncio, "run"):
            raise unittest.SkipTest("the WebAssembly build has no event loop of its own")
        self.folder = scratch.folder()
        self.addCleanup(scratch.remove, self.folder)
        self.board = PhaseBoard(self.folder, START - 10, self.channels)
        self.meter = self.make()

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
            "base_seconds": 20,
        }
        settings.update(entries)
        return Meter(self.board, Config(settings))

    def run_for(self, seconds):
        """Let the meter sample, without a pause while there is supply."""
        until_us = self.board.now_us + int(seconds * S)
        while self.board.now_us < until_us:
            self.board.rest(self.meter._pause_ms() * 1000)
            self.step()

    def register_uj(self):
        return self.meter.account.import_uj

    def measured_s(self):
        """Return how long the meter has measured: from its first window's start to its last one's end."""
        return (self.meter.account.dated_us - self.first_us) / S

    def step(self):
        self.meter.step()
        if not self.first_us and self.meter.windows:
            phases = self.meter.phases
            self.first_us = self.meter.clock.at_us(phases.start_us)


class Measured(OnTheBench):
    """The same with what tests of measured values ask."""

    def assert_within(self, value, truth, percent):
        self.assertLess(abs(value - truth), abs(truth) * percent / 100, "{} is not {}".format(value, truth))

    def record(self, base):
        """Return the record of the base that begins so many bases after START."""
        at = self.meter.ring.find(START // 20 + base)
        return self.meter.ring.read(at) if at >= 0 else None

    def energy_uj(self, base):
        """Return what was imported in a base, to a joule."""
        return (self.record(base)[4] - self.record(base - 1)[4]) * 1_000_000
