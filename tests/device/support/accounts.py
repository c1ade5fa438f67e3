# SPDX-License-Identifier: Apache-2.0
"""Keep the books of a steady load for tests: rings, account, outages and reports without a meter around them."""

import asyncio
import unittest
from array import array

import scratch

from electro_meter.account.account import Account
from electro_meter.account.journal import BASE_FILES, BASE_SLOTS, OUTAGE_FILES, OUTAGE_SLOTS, Ring
from electro_meter.account.outages import Outages
from electro_meter.account.records import BASE
from electro_meter.account.reports import Reports
from electro_meter.account.snapshot import Snapshot

START = 1_800_000_000
S = 1_000_000
BASE_S = 300
UJ_PER_WH = 3_600_000_000


class Clock:
    """A clock that a test sets."""

    def __init__(self, board):
        self.board = board
        self.offset_us = (START - 1) * S  # the meter starts at START
        self.dated = self.confirmed = self.sure = True

    def forget(self):
        pass  # what it has is told by the test

    def at_us(self, uptime_us):
        return uptime_us + self.offset_us

    def now_us(self):
        return self.at_us(self.board.now_us)

    def unix_s(self):
        return self.now_us() // S


class Memory:
    """What of a board the account needs: uptime, and what outlives a reset or a loss of power."""

    def __init__(self):
        self.now_us = S
        self.rtc = None
        self.nvs = {}
        self.stores = 0

    def uptime_us(self):
        return self.now_us

    def retained(self):
        return self.rtc

    def retain(self, content):
        assert len(content) <= 512
        self.rtc = content

    def load_blob(self, name):
        return self.nvs.get(name)

    def store_blob(self, name, content):
        self.stores += 1
        self.nvs[name] = content


class Terms:
    """An agreement as reports need it."""

    def __init__(self, start=START, intervals=96, slots=96, unit_wh=10, interval_s=900, number=7):
        self.id = number
        self.start_s = start
        self.interval_s = interval_s
        self.intervals = self.end = intervals
        self.slots = slots
        self.unit_wh = unit_wh
        self.terms = bytes(16)
        self.seal = b""
        self.pinned = False
        self.end_s = start + interval_s * intervals


class Signal:
    def __init__(self):
        self.times = 0

    def set(self):
        self.times += 1


class Detector:
    undecided = False

    def __init__(self, outer):
        self._outer = outer

    def is_voltage(self, mean_square):
        return self._outer.grid_side == "voltage"


class Sampler:
    def __init__(self, outer):
        self._outer = outer
        self.volts = array("H", bytes(256))

    def fill_grid(self):
        return self._outer.grid_side != ""


class Phase:
    """What an interruption asks of a phase: whether it is decided, and the grid side."""

    def __init__(self):
        self.grid_side = ""  # "voltage", "none"; "": no such input
        self.detector = Detector(self)
        self.sampler = Sampler(self)


class Books:
    """The books of who has folder, board, clock and changed, made as a start of the meter makes them."""

    base_s = BASE_S
    max_gap_ms = 5_000
    least_permille = 500
    declare_ms = 30_000

    def make(self):
        self.ring = Ring(self.folder, ".base", BASE_SLOTS, BASE_FILES)
        self.outage_ring = Ring(self.folder, ".out", OUTAGE_SLOTS, OUTAGE_FILES)
        self.account = Account(
            self.ring, self.clock, self.base_s, self.max_gap_ms, self.least_permille, self.changed
        )
        self.snapshot = Snapshot(self.board, self.account, self.ring)
        self.outages = Outages(self.outage_ring, self.account, self.snapshot, self.clock, self.declare_ms)
        self.reports = Reports(self.ring, self.outages, self.account, self.clock)


class Accounts(unittest.TestCase, Books):
    """A folder with the rings; `restart` is what a meter does after a loss of power or a reset."""

    def setUp(self):
        self.folder = scratch.folder()
        self.board = Memory()
        self.changed = Signal()
        self.clock = Clock(self.board)
        self.make()

    def tearDown(self):
        scratch.remove(self.folder)

    def restart(self, after_s=10, power=False):
        """Let the meter be off for some seconds; power: RTC memory is lost, and with it the time."""
        dated_us = self.clock.now_us() + after_s * S
        if power:
            self.board.rtc = None
        self.board.now_us = S
        self.clock = Clock(self.board)
        self.clock.offset_us = dated_us - S
        self.make()

    def now_s(self):
        return (self.clock.now_us() - START * S) // S

    def run_steady(self, seconds, watts, window_ms=200):
        """Add windows of that length, one after the other."""
        until_us = self.board.now_us + int(seconds * S)
        while self.board.now_us < until_us:
            start_us = self.board.now_us
            self.board.now_us = min(start_us + window_ms * 1000, until_us)
            self.add(start_us, watts)

    def add(self, start_us, watts, measured=True):
        end_us = self.board.now_us
        self.outages.settle()
        self.account.add(start_us, end_us, watts * (end_us - start_us), measured)
        self.snapshot.window()

    def wait(self, seconds):
        self.board.now_us += int(seconds * S)

    def records(self):
        found = [self.ring.read(k) for k in range(self.ring.oldest(), self.ring.next)]
        return [one for one in found if one is not None and one[0] == BASE]

    def record(self, base):
        """Return the record of the base that begins so many bases after START."""
        at = self.ring.find(START // self.base_s + base)
        return self.ring.read(at) if at >= 0 else None

    def lanes(self, terms, first=0, end=None):
        from electro_protocol.readings import unpack

        if not hasattr(asyncio, "run"):
            raise unittest.SkipTest("the WebAssembly build has no event loop of its own")
        report = asyncio.run(
            self.reports.build(terms, first, self.reports.closed(terms) if end is None else end)
        )
        return unpack(report.readings)
