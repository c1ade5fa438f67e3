# SPDX-License-Identifier: Apache-2.0
"""Calibrate a simulated device as a person with references would: DC for the table, no load, then known loads.

What the references themselves err by is part of it: 0.2 LSB (0.16 mV) on each DC point, 0.02% on each load.
"""

import math

from electro_meter.sensing.linearisation import table_of
from electro_meter.sensing.metering import Calibration, SensorTable
from electro_tools.device.on_chip import Station
from electro_tools.grid.bench import FINE_GAIN, Bench
from electro_tools.grid.chip import Chip
from electro_tools.grid.coefficients import (
    DIRECT_FROM_PERCENT,
    nearest,
    ranges,
    sensor_error,
    sensor_rows,
    table_rows,
)
from electro_tools.grid.converter import NOMINAL_COUNTS, RATED_COUNTS
from electro_tools.grid.randomness import Randomness
from electro_tools.grid.waveforms import LOADS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array

NOMINAL_V, RATED_A = 230.0, 100.0
DC_STEP_COUNTS = 32
DC_READS = 4_096  # on a bad board 512 would leave 0.4 LSB of noise in each point
_DC_LSB = 0.2
_LOAD_SHARE = 0.0002
_POINTS = (1, 2, 5, 10, 15, 20, 50, 100, 120)  # % of rated
_WINDOWS = 48  # six rounds of the bias
# On a bad board noise is 1.1% of a direct window at a tenth of rated current and power factor 0.5.
_MORE_WINDOWS = 192
_NOISY_BELOW = 25  # % of rated


def dc_rows(chip: Chip, randomness: Randomness) -> "list[tuple[int, int]]":
    """Feed DC from 0.12 to 2.5 V to the converter and return its table's rows."""
    points = []
    for ideal in range(150, 3_130, DC_STEP_COUNTS):
        said = chip.reference(ideal + randomness.normal() * _DC_LSB, DC_READS)
        points.append((said, ideal))
    return table_rows(points)


class Calibrated(Station):
    """A station of one device, on its bench."""

    def __init__(self, bench: Bench, table: "array[int]", calibration: Calibration) -> None:
        super().__init__(bench, table, calibration, int(RATED_A * 1000), int(bench.mains_hz + 0.5))
        self.bench = bench
        self.calibration = calibration
        self.table_rows: "list[tuple[int, int]]" = []
        self.sensor_rows: "list[tuple[int, int, int]]" = []

    def error(self, windows: int, forced: bool = False) -> "tuple[float, float]":
        """Return (active energy's relative error, the current in mA) over some windows, after a few to settle.

        Without a load it is the energy in microjoules.
        """
        found = self.sums(windows, forced)
        current = found["irms_ma"] / found["windows"]
        true = self.bench.true_power * NOMINAL_V * RATED_A * found["time_us"]
        return (found["energy_uj"] / true - 1 if true else found["energy_uj"]), current


def nominal() -> Calibration:
    """Return what the parts' names promise."""
    uv = int(NOMINAL_V * 1e6 / NOMINAL_COUNTS + 0.5)
    ua = int(RATED_A * 1e6 / RATED_COUNTS + 0.5)
    return Calibration(uv, ua, 0, 0, int(RATED_A * 1e6 / RATED_COUNTS / FINE_GAIN + 0.5))


def calibrate(bench: Bench, chip: Chip, seed: int, table: bool = True) -> Calibrated:
    """Go through all steps on a bench; its load is changed on the way."""
    randomness = Randomness(seed)
    rows_of_dc = dc_rows(chip, randomness) if table else []
    codes = table_of(rows_of_dc)
    found = nominal()
    device = Calibrated(bench, codes, found)
    bench.carry(LOADS["PF 1"], 50)
    shown = device.sums(_WINDOWS)
    found.uv_per_count = nearest(found.uv_per_count * NOMINAL_V * 1000 * shown["windows"] / shown["urms_mv"])
    _no_load(device, found)
    rows: "list[tuple[float, float, float]]" = []
    for percent in _POINTS:
        for fine, at_percent in ranges(percent, bench.has_fine):
            ratio, late_deg = _point(device, percent, fine, randomness)
            rows.append((at_percent * RATED_A / 100, ratio, late_deg))
    found_rows = sensor_rows(rows)
    found.sensors = SensorTable(found_rows)
    done = Calibrated(bench, codes, found)
    done.table_rows, done.sensor_rows = rows_of_dc, found_rows
    return done


def _no_load(device: Calibrated, found: Calibration) -> None:
    """Let nothing flow and note what is shown, in both ranges."""
    device.bench.carry(LOADS["PF 1"], 0)
    for fine in (False, True):
        if fine and not device.bench.has_fine:
            break
        device.force(fine)
        shown = device.sums(_WINDOWS, forced=True)
        shown_mw = shown["energy_uj"] * 1_000 // shown["time_us"]
        if fine:
            found.fine_no_load_mw = shown_mw
        else:
            found.no_load_mw = shown_mw


def _point(
    device: Calibrated, percent: float, fine: "bool | None", randomness: Randomness
) -> "tuple[float, float]":
    """Return (ratio error, lateness in degrees) at a current, from loads of power factor 1 and 0.5."""
    windows = _MORE_WINDOWS if not fine and DIRECT_FROM_PERCENT <= percent < _NOISY_BELOW else _WINDOWS
    shown = []
    for load in ("PF 1", "PF 0.5 lag"):
        device.bench.carry(LOADS[load], percent)
        if fine is not None:
            device.force(fine)
        error, _ = device.error(windows, fine is not None)
        shown.append(1 + error + randomness.normal() * _LOAD_SHARE)
    return sensor_error((shown[0], 0.0), (shown[1], math.sqrt(3)))
