# SPDX-License-Identifier: Apache-2.0
"""Keep the books of a steady load for tests: journal, agreements and intervals without a meter around them."""

import unittest

import scratch
from agreed import with_terms

from electro_meter.agreements import Agreements
from electro_meter.intervals import Intervals
from electro_meter.journal import Journal
from electro_meter.quality import Quality
from electro_meter.registers import UJ_PER_WH

START = 1_800_000_000
S = 1_000_000


def told(
    agreement_id=7,
    start=START,
    intervals=96,
    slots=96,
    unit_wh=10,
    interval_seconds=900,
    latest=0,
    bounds_of=(1, 9),
):
    """Return what a relayer says of an agreement."""
    return with_terms(
        {
            "agreement_id": agreement_id,
            "state": "accepted",
            "start": start,
            "interval_seconds": interval_seconds,
            "intervals": intervals,
            "slots": slots,
            "unit_wh": unit_wh,
            "end": intervals,
            "next": {"latest": latest, "final": latest},
            "next_outage": {"latest": 0, "final": 0},
            "remaining_bonus": "1000",
            "bounds": {"first_interval": 0, "min": [bounds_of[0]] * slots, "max": [bounds_of[1]] * slots},
        }
    )


class Accounts(unittest.TestCase):
    """A folder with a journal; `restart` is what a meter does after a loss of power."""

    least_coverage_permille = 0

    def setUp(self):
        self.folder = scratch.folder()
        self.restart()

    def tearDown(self):
        scratch.remove(self.folder)

    def restart(self):
        self.journal = Journal(self.folder)
        self.agreements = Agreements(self.folder)
        self.intervals = Intervals(self.journal, self.agreements, 90_000, self.least_coverage_permille)

    def run_steady(self, from_s, to_s, watts, period_s=60):
        """Add windows of 0.2 s in the middle of their periods."""
        for after_s in range(0, to_s - from_s, period_s):  # MicroPython's range wraps beyond 31 bits
            middle_us = (from_s + after_s) * S + period_s * S // 2
            self.intervals.add(middle_us - 100_000, middle_us + 100_000, watts * 200_000)

    def reading(self, index, agreement_id=7):
        record = self.journal.find(agreement_id, index)
        return record.reading if record else None

    def quality(self, index):
        record = self.journal.find(7, index)
        return Quality.unpack(record.cause, record.start_s)

    def register_uj(self):
        return self.intervals.registers.import_wh * UJ_PER_WH + self.intervals.registers.import_uj
