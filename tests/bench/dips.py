# SPDX-License-Identifier: Apache-2.0
"""Measure what energy a brief interruption of supply costs, from 1 to 500 ms, alone or one a second.

    python tests/bench/dips.py [--seconds N] [--json]

Simulated: the whole meter on clean sines that go to zero and come back at any place of their cycle, voltage and
current together. Lost is what the load took and no register has (negative: counted too much), for each one, in seconds
of load; flagged is the share of base intervals with an interruption of 50 ms or more whose record says so. Those too
short to be told from a notch (a cycle and its confirmation) are bridged as a gap.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from electro_meter.account.records import BASE, INTERRUPTED
from electro_meter.life.app import Meter
from electro_meter.life.config import Config
from electro_meter.world import Board

if TYPE_CHECKING:
    from array import array

MUST_S, GOAL_S = 0.3, 0.1  # of load, for an interruption of 100 ms
LENGTHS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
APART_MS = (30_000, 10_000, 1_000)
START = 1_800_000_000
BASE_S = 10
HZ, MIDDLE, PAIR_US, WORK_US = 50, 1_625, 250, 9_000
VOLTS, AMPS = 230.0, 50.0
UV, UA = 368_000, 177_778
_PEAK_V, _PEAK_A = VOLTS * 1e6 / UV * math.sqrt(2), AMPS * 1e6 / UA * math.sqrt(2)
_TURN = 2 * math.pi * HZ / 1e6


class Flickering(Board):
    """Sines that are gone for some milliseconds now and then."""

    clock_is_true = True

    def __init__(self, directory: str, length_ms: int, apart_ms: int) -> None:
        self.directory = directory
        self.now_us = 0
        self._length_us, self._apart_us = length_ms * 1000, apart_ms * 1000
        self._origin_us = 0
        self.blobs: dict[str, bytes] = {}

    def dips(self, until_us: int) -> list[tuple[int, int]]:
        """Return the interruptions so far; each begins at another place of the cycle."""
        found, k = [], 0
        while True:
            start_us = 3_000_000 + k * self._apart_us + k * 1_237 % 20_000
            if start_us >= until_us:
                return found
            found.append((start_us, min(start_us + self._length_us, until_us)))
            k += 1

    def is_out(self, at_us: int) -> bool:
        k = (at_us - 3_000_000) // self._apart_us
        return any(
            0 <= at_us - 3_000_000 - one * self._apart_us - one * 1_237 % 20_000 < self._length_us
            for one in (k - 1, k)
            if one >= 0
        )

    def uptime_us(self) -> int:
        return self.now_us + 1

    def kept_unix_us(self) -> int:
        return START * 1_000_000 + self.now_us

    def set_chip_clock(self, unix_s: int) -> None:
        pass  # it is right

    def begin(self) -> int:
        self.now_us += WORK_US
        self._origin_us = self.now_us
        return self.uptime_us()

    def sample(self, times_us: array[int], volts: array[int], amps: array[int], first: int, end: int) -> None:
        for k in range(first, end):
            times_us[k] = self.now_us - self._origin_us
            sine = 0.0 if self.is_out(self.now_us) else math.sin(_TURN * self.now_us)
            volts[k] = int(MIDDLE + 0.5 + _PEAK_V * sine)
            amps[k] = int(MIDDLE + 0.5 + _PEAK_A * sine)
            self.now_us += PAIR_US

    def sample_grid(self, volts: array[int], first: int, end: int) -> bool:
        return False

    def load_key(self) -> bytes:
        return b"\x07" * 32

    def load_blob(self, name: str) -> bytes | None:
        return self.blobs.get(name)

    def store_blob(self, name: str, content: bytes) -> None:
        self.blobs[name] = content

    def show(self, alive: bool, warning: bool, shed: bool) -> None:
        pass  # nobody looks

    def feed_watchdog(self) -> None:
        pass  # nothing to feed

    def log(self, sentence: str) -> None:
        pass  # nobody listens


def energy_j(from_us: int, to_us: int) -> float:
    """Return what the load takes between two instants while there is supply."""

    def upto(us: int) -> float:
        return VOLTS * AMPS * (us / 1e6 - math.sin(2 * _TURN * us) / (2 * _TURN * 1e6))

    return upto(to_us) - upto(from_us)


def measure(length_ms: int, apart_ms: int, seconds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        board = Flickering(folder, length_ms, apart_ms)
        entries = {
            "chain_id": 1, "contract": "0x" + "22" * 20, "hardware_id": "0x" + "11" * 32, "version": 2,
            "relayers": ["http://nobody"], "creep_mw": 0, "base_seconds": BASE_S,
            "channels": [{"uv_per_count": UV, "ua_per_count": UA}],
        }  # fmt: skip
        meter = Meter(board, Config(entries))
        began_us = 0
        while board.now_us < seconds * 1_000_000:
            board.now_us += meter._pause_ms() * 1000
            meter.step()
            if not began_us and meter.windows:
                began_us = meter.phases.start_us - 1
        # a dip that is going on at the end is not decided
        until_us = meter.account.dated_us - START * 1_000_000
        dips = board.dips(until_us)
        truth_j = energy_j(began_us, until_us) - sum(energy_j(*dip) for dip in dips)
        lost_j = truth_j - meter.account.import_uj / 1e6
        records = [meter.ring.read(k) for k in range(meter.ring.next)]
        flags = {one[3] - START // BASE_S: one[1] for one in records if one and one[0] == BASE}
        touched = {start_us // (BASE_S * 1_000_000) for start_us, _ in dips} & set(flags)
        flagged = sum(bool(flags[base] & INTERRUPTED) for base in touched)
    return {
        "length_ms": length_ms,
        "apart_s": apart_ms // 1000,
        "interruptions": len(dips),
        "lost_s_each": round(lost_j / (VOLTS * AMPS) / max(1, len(dips)), 4),
        "lost_permille": round(1000 * lost_j / truth_j, 2),
        "flagged_permille": round(1000 * flagged / len(touched)) if touched and length_ms >= 50 else None,
        "nvs_writes": meter.snapshot.stores,
        "outages": meter.outage_ring.next,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=64, help="of each row (default: 64)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    rows = [measure(length, apart, arguments.seconds) for apart in APART_MS for length in LENGTHS_MS]
    found = {
        "simulated": True,
        "worst_s": max(abs(row["lost_s_each"]) for row in rows),
        "rows": rows,
    }
    if arguments.json:
        print(json.dumps(found))
        return
    table = Table(*(name.replace("_", " ") for name in rows[0]), title="Brief interruptions, simulated")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(table)
    Console().print(f"worst: {found['worst_s']} s of load each; must: {MUST_S} s at 100 ms, goal: {GOAL_S} s")


if __name__ == "__main__":
    main()
