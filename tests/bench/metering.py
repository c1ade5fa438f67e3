# SPDX-License-Identifier: Apache-2.0
"""Measure the meter's active-energy error on the simulated grid, and the time a window takes.

    python tests/bench/metering.py [--windows N] [--json]

Simulated: sine waves, quantisation and noise of a quiet board, a uniform pace. The converter's curvature (INL), the
transformers’ errors and harmonics are not in it: the figures are the algorithm’s part of the error, not a device’s.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from electro_meter.metering import Calibration, Metering
from electro_meter.sampling import BLOCK_US, Sampler
from electro_tools.grid.board import SimulatedBoard
from electro_tools.grid.converter import NOISE_LSB, NOMINAL_COUNTS, RATED_COUNTS, Converter
from electro_tools.grid.load import LoadCurve
from electro_tools.grid.periods import Periods
from electro_tools.grid.randomness import Randomness

NOMINAL_V, RATED_A = 230.0, 100.0
PERCENTS = (1, 5, 10, 50, 100)
POWER_FACTORS = (1.0, 0.5)
MAINS_HZ = (50, 60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--windows", type=int, default=225, help="windows in each point (default: 225, 45 s of mains)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    if arguments.windows < 2:
        parser.error("--windows must be at least 2")
    found = measure(arguments.windows)
    if arguments.json:
        print(json.dumps(found))
    else:
        show(found)


def measure(windows: int) -> dict[str, Any]:
    """Return the error of every point, and the time of a window."""
    points = [
        _point(percent, power_factor, mains_hz, windows)
        for mains_hz in MAINS_HZ
        for power_factor in POWER_FACTORS
        for percent in PERCENTS
    ]
    return {
        "simulated": True,
        "not_modelled": ["INL", "transformer errors", "harmonics", "stalls"],
        "noise_lsb": NOISE_LSB,
        "windows": windows,
        "points": points,
        "us_per_window": statistics.median([point["us_per_window"] for point in points]),
        "python": f"{sys.implementation.name} {'.'.join(map(str, sys.version_info[:3]))}",
    }


def _point(percent: int, power_factor: float, mains_hz: int, windows: int) -> dict[str, Any]:
    """Measure `windows` windows at a steady load; the grid's own small variation is the truth's too."""
    watts = NOMINAL_V * RATED_A * power_factor * percent / 100
    randomness = Randomness(percent * 1000 + mains_hz)
    with tempfile.TemporaryDirectory() as folder:
        board = SimulatedBoard(
            folder,
            1_800_000_000,
            LoadCurve([watts] * 96, 1_800_000_000, 900, 1),
            Converter(randomness, mains_hz, power_factor),
            randomness,
            NOMINAL_V,
            RATED_A,
            power_factor,
            Periods([]),
            Periods([]),
        )
        sampler = Sampler(board)
        metering = Metering(
            Calibration(round(NOMINAL_V * 1e6 / NOMINAL_COUNTS), round(RATED_A * 1e6 / RATED_COUNTS))
        )
        metered_uj = truth_uj = 0.0
        errors, spent_us = [], []
        for _ in range(windows):
            # what flows is constant through a block: the grid holds the load's value at its start
            block_w = board.load.watts_at(board.unix_us())
            sampler.take(BLOCK_US)
            start = time.perf_counter()
            assert metering.measure(sampler)
            spent_us.append((time.perf_counter() - start) * 1e6)
            window = metering.window
            true_uj = block_w * (window.end_us - window.start_us)
            metered_uj += window.energy_uj
            truth_uj += true_uj
            errors.append(window.energy_uj / true_uj - 1)
    return {
        "current_percent": percent,
        "power_factor": power_factor,
        "mains_hz": mains_hz,
        "error_percent": 100 * (metered_uj / truth_uj - 1),
        "window_deviation_percent": 100 * math.sqrt(statistics.fmean([error * error for error in errors])),
        "us_per_window": statistics.median(spent_us),
    }


def show(found: dict[str, Any]) -> None:
    table = Table(
        title=f"Active energy, simulated: error over {found['windows']} windows (rms of one window), in %",
        caption=f"{found['us_per_window']:.0f} µs a window on {found['python']}; "
        f"not modelled: {', '.join(found['not_modelled'])}",
    )
    table.add_column("current, % of rated", justify="right")
    series = [(hz, factor) for hz in MAINS_HZ for factor in POWER_FACTORS]
    for hz, factor in series:
        table.add_column(f"{hz} Hz, PF {factor}", justify="right")
    for percent in PERCENTS:
        cells = []
        for hz, factor in series:
            (point,) = [
                one
                for one in found["points"]
                if (one["current_percent"], one["mains_hz"], one["power_factor"]) == (percent, hz, factor)
            ]
            cells.append(f"{point['error_percent']:+.3f} ({point['window_deviation_percent']:.2f})")
        table.add_row(str(percent), *cells)
    Console().print(table)


if __name__ == "__main__":
    main()
