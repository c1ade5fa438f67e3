# SPDX-License-Identifier: Apache-2.0
"""Measure how soon the meter knows of an interruption, and how often it believes in one that is none.

    python tests/bench/outage.py [--each N] [--json]

Simulated, on chips with bad noise. Latency counts from the loss of voltage (for a spin-down: from where it falls below
10%) to the end of the block in which the meter decides; the chip's time to work on that block comes on top.
"""

from __future__ import annotations

import argparse
import json
import statistics
from typing import Any

from rich.console import Console
from rich.table import Table

from electro_meter.sensing.linearisation import table_of
from electro_meter.sensing.metering import Metering
from electro_meter.sensing.phases import Phase
from electro_meter.sensing.sampling import Sampler
from electro_meter.sensing.supply import DOWN, SupplyDetector
from electro_tools.grid.bench import Bench
from electro_tools.grid.calibrating import RATED_A, Calibrated, nominal
from electro_tools.grid.chip import BAD, Chip
from electro_tools.grid.disturbances import (
    DIP,
    FLICKER,
    INTERRUPTION,
    NOTCH,
    SPIN_DOWN,
    SWELL,
    TRANSIENT,
    Disturbance,
)
from electro_tools.grid.randomness import Randomness
from electro_tools.grid.three_phases import ThreePhases, meter
from electro_tools.grid.transformers import IDEAL
from electro_tools.grid.waveforms import LOADS

MUST_MS, GOAL_MS = 45.0, 41.0
_CHIPS = 5


class Scene:
    """A chip on the bench with a disturbance anywhere in its stretches, and a phase that follows."""

    def __init__(self, seed: int, hz: int) -> None:
        self.bench = Bench(Chip(seed % _CHIPS + 1, BAD), IDEAL, hz, LOADS["PF 1"], 50)
        self.detector = SupplyDetector(230_000, nominal().uv_per_count, hz)
        metering = Metering(nominal(), hz)
        self.phase = Phase(
            Sampler(self.bench, table_of([])), metering, self.detector, nominal(), int(RATED_A * 1000)
        )
        self.bench.advance(seed * 1_237)  # begin anywhere in the cycle
        self._follow(1 + seed * 7_919 % 1_100_000)  # and anywhere in a stretch

    def _follow(self, for_us: int) -> bool:
        """Sample until the detector believes in an interruption; return whether it does."""
        until_us = self.bench.now_us + for_us
        while self.bench.now_us < until_us:
            if self.phase.take():
                self.phase.measure()
            if self.detector.state == DOWN:
                return True
        return False

    def run(self, disturbance: Disturbance) -> int | None:
        """Return the microseconds from the interruption to the decision, None if it never comes.

        Negative: a chip whose gain is low, and not calibrated here, sees a decaying voltage cross 10% early.
        """
        began_us = self.bench.now_us
        disturbance.start_us += began_us
        disturbance.end_us += began_us
        self.bench.disturbance = disturbance
        if not self._follow(4_000_000):
            return None
        return self.bench.now_us - disturbance.interrupted_us()


def three_phases(seed: int, hz: int, all_of_them: bool) -> int | None:
    """Return the microseconds from the loss of all phases to the decision, None if it never comes.

    Else one phase stays: that must be no outage.
    """
    chip = Chip(seed % _CHIPS + 1, BAD)
    board = ThreePhases([Bench(chip, IDEAL, hz, LOADS["PF 1"], 50) for _ in range(3)])
    board.phases[0].advance(seed * 1_237)
    board.now_us = board.phases[0].now_us
    polyphase = meter(board, hz, [Calibrated(bench, table_of([]), nominal()) for bench in board.phases])

    def live(for_us: int) -> None:
        until_us = board.now_us + for_us
        while board.now_us < until_us and polyphase.supplied:
            phase = polyphase.next()
            if phase.take():
                phase.measure()
                polyphase.conclude()

    live(1_000_000)
    lost_us = board.now_us + seed * 7_919 % 700_000
    for bench in board.phases[: 3 if all_of_them else 2]:
        bench.disturbance = Disturbance(INTERRUPTION, lost_us, lost_us + 9_000_000, 0.0)
    live(3_000_000)
    return None if polyphase.supplied else board.now_us - lost_us


def disturbances(each: int) -> list[tuple[str, int, Disturbance]]:
    """Return (name, mains frequency, disturbance): lengths, depths and places drawn from the whole range."""
    randomness = Randomness(2026)
    found = []
    for number in range(each):
        hz = (50, 60)[number % 2]
        cycle_us = 1_000_000 // hz
        at = int(randomness.unit() * 300_000)
        found.append(
            ("interruption", hz, Disturbance(INTERRUPTION, at, at + 9_000_000, 0.08 * randomness.unit()))
        )
        length = int(cycle_us * (0.5 + 60 * randomness.unit() ** 2))
        found.append(("dip", hz, Disturbance(DIP, at, at + length, 0.13 + 0.77 * randomness.unit())))
        # nothing at all, but for less than a cycle: too short to be an interruption of any kind
        brief = int(cycle_us * (0.5 + 0.45 * randomness.unit()))
        found.append(("brief loss", hz, Disturbance(DIP, at, at + brief, 0.0)))
        tau = int(50_000 + 400_000 * randomness.unit())
        found.append(("motors' spin-down", hz, Disturbance(SPIN_DOWN, at, at + 99_000_000, 0.0, tau)))
        if number % 2 == 0:
            notch = int(100 + 1_900 * randomness.unit())
            found.append(("notches", hz, Disturbance(NOTCH, at, at + notch, 0.0, 0, cycle_us // 2)))
        period = int(1_000_000 / (0.5 + 24.5 * randomness.unit() ** 2))
        depth = 0.5 + 0.45 * randomness.unit()
        found.append(("flicker", hz, Disturbance(FLICKER, at, at + 9_000_000, depth, 0, period)))
        tau, ring = int(500 + 7_500 * randomness.unit()), int(200 + 3_000 * randomness.unit())
        swing = 0.3 + 0.7 * randomness.unit()
        found.append(("transient", hz, Disturbance(TRANSIENT, at, at + 60_000, swing, tau, ring)))
        if number % 4 == 0:
            swell = 1.1 + 0.2 * randomness.unit()
            found.append(("swell", hz, Disturbance(SWELL, at, at + length, swell)))
    return found


def measure(each: int) -> dict[str, Any]:
    kinds: dict[str, list[int | None]] = {}
    for seed, (name, hz, disturbance) in enumerate(disturbances(each)):
        latency_us = Scene(seed, hz).run(disturbance)
        kinds.setdefault(name, []).append(latency_us)
    for seed in range(max(1, each // 4)):
        for name, lost in (("interruption of three phases", True), ("loss of two phases", False)):
            kinds.setdefault(name, []).append(three_phases(seed, (50, 60)[seed % 2], lost))
    rows = []
    for name, latencies in kinds.items():
        known = [latency / 1000 for latency in latencies if latency is not None]
        row: dict[str, Any] = {"kind": name, "generated": len(latencies)}
        if name in ("interruption", "motors' spin-down", "interruption of three phases"):
            row |= {
                "found": len(known),
                "median_ms": round(statistics.median(known), 1),
                "worst_ms": round(max(known), 1),
            }
        else:
            row["false_alarms"] = sum(latency is not None for latency in latencies)
        rows.append(row)
    return {"simulated": True, "noise": "bad", "rows": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--each",
        type=int,
        default=200,
        help="of most kinds (default: 200; notches half, swells and three phases a quarter)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    found = measure(max(1, arguments.each))
    if arguments.json:
        print(json.dumps(found))
        return
    columns = ("kind", "generated", "found", "median_ms", "worst_ms", "false_alarms")
    table = Table(
        *(name.replace("_", " ") for name in columns),
        title="Outage detection, simulated, bad noise, 50 and 60 Hz",
    )
    for row in found["rows"]:
        table.add_row(*(str(row.get(name, "")) for name in columns))
    Console().print(table)
    Console().print(f"must: at most {MUST_MS:.0f} ms and no false alarm; goal: {GOAL_MS:.0f} ms")


if __name__ == "__main__":
    main()
