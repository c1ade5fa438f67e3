# SPDX-License-Identifier: Apache-2.0
"""Measure the error of the sum of three phases, balanced and not, on calibrated simulated devices.

    python tests/bench/metering_phases.py [--chips N] [--rounds N] [--json]

Simulated as in metering.py, bad noise, class 0.5S; one chip samples the phases one after the other. Each phase is
calibrated by itself, as `electro device calibrate` would. The error is that of the time in which a round is measured;
that each phase stands for the while in which the others are sampled costs nothing while the load is steady.
"""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from electro_tools.grid.bench import FINE_GAIN, Bench
from electro_tools.grid.calibrating import NOMINAL_V, RATED_A, calibrate
from electro_tools.grid.chip import BAD, Chip
from electro_tools.grid.three_phases import ThreePhases, meter
from electro_tools.grid.transformers import CLASS_05S
from electro_tools.grid.waveforms import LOADS

if TYPE_CHECKING:
    from electro_meter.sensing.phases import Phases

PERCENTS = (1, 5, 20, 100)
# name: (share of the current, load) of each phase
CASES = {
    "balanced, PF 1": ((1.0, "PF 1"), (1.0, "PF 1"), (1.0, "PF 1")),
    "balanced, PF 0.5": ((1.0, "PF 0.5 lag"), (1.0, "PF 0.5 lag"), (1.0, "PF 0.5 lag")),
    "one phase alone": ((1.0, "PF 1"), (0.0, "PF 1"), (0.0, "PF 1")),
    "unbalanced, mixed": ((1.0, "PF 0.8 lead"), (0.5, "harmonics"), (0.2, "PF 0.5 lag")),
}


def device(serial: int, hz: int) -> tuple[ThreePhases, Phases]:
    """Calibrate the three phases of one chip."""
    chip = Chip(serial, BAD)
    benches = [Bench(chip, CLASS_05S, hz, LOADS["PF 1"], 50) for _ in range(3)]
    found = [calibrate(bench, chip, 10 * serial + number) for number, bench in enumerate(benches)]
    board = ThreePhases(benches)
    board.now_us = max(bench.now_us for bench in benches)
    return board, meter(board, hz, found)


def error(board: ThreePhases, phases: Phases, rounds: int) -> float:
    """Return the relative error of the energy of some rounds, after a few to settle."""
    measured = true = 0.0
    taken = -4
    while taken < rounds:
        phase = phases.next()
        if not phase.take():
            continue
        phase.measure()
        if not phases.conclude():
            continue
        taken += 1
        if taken > 0:
            measured += phases.energy_uj
            true += board.true_power * NOMINAL_V * RATED_A * (phases.end_us - phases.start_us)
    return measured / true - 1


def measure(chips: int, rounds: int) -> dict[str, Any]:
    points = []
    for serial in range(1, chips + 1):
        board, phases = device(serial, (60, 50)[serial % 2])
        for case, shares in CASES.items():
            for percent in PERCENTS:
                for bench, (share, load) in zip(board.phases, shares, strict=True):
                    bench.carry(LOADS[load], percent * share)
                found = error(board, phases, rounds)
                points.append(
                    {
                        "chip": serial,
                        "case": case,
                        "current_percent": percent,
                        "error_percent": round(100 * found, 4),
                    }
                )
    return {"simulated": True, "fine_gain": FINE_GAIN, "chips": chips, "rounds": rounds, "points": points}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chips", type=int, default=2, help="simulated chips (default: 2)")
    parser.add_argument("--rounds", type=int, default=96, help="rounds at each point (default: 96, a minute)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    found = measure(arguments.chips, arguments.rounds)
    if arguments.json:
        print(json.dumps(found))
        return
    table = Table(
        "three phases", *(f"{percent}%" for percent in PERCENTS),
        title=f"Worst active-energy error of {found['chips']} chips, bad noise, in % (simulated)",
    )  # fmt: skip
    for case in CASES:
        worst = [
            max(
                abs(point["error_percent"])
                for point in found["points"]
                if (point["case"], point["current_percent"]) == (case, percent)
            )
            for percent in PERCENTS
        ]
        table.add_row(case, *(f"{one:.2f}" for one in worst))
    Console().print(table)


if __name__ == "__main__":
    main()
