# SPDX-License-Identifier: Apache-2.0
"""Calibrate a simulated device as a person with references would: DC for the table, no load, then known loads.

What the references themselves err by is part of it: 0.2 LSB (0.16 mV) on each DC point, 0.02% on each load.
"""

import math

from electro_meter.linearisation import FINE_BITS, straighten
from electro_meter.metering import Calibration, Metering
from electro_meter.sampling import BLOCK_US, Sampler
from electro_meter.sensors import SensorTable
from electro_tools.grid.bench import FINE_GAIN, Bench
from electro_tools.grid.chip import Chip
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
_POINTS = (1, 2, 5, 10, 20, 50, 100, 120)  # % of rated
_WINDOWS = 48  # six rounds of the bias


def dc_table(chip: Chip, randomness: Randomness) -> "array[int]":
    """Feed DC from 0.12 to 2.5 V to the converter and make its table."""
    points = []
    for ideal in range(150, 3_130, DC_STEP_COUNTS):
        said = chip.reference(ideal + randomness.normal() * _DC_LSB, DC_READS)
        points.append((int(said * (1 << FINE_BITS) + 0.5), ideal << FINE_BITS))
    return straighten(points)


class Calibrated:
    """A sampler and a metering of one device, on its bench."""

    def __init__(self, bench: Bench, table: "array[int] | None", calibration: Calibration) -> None:
        self.bench = bench
        self.sampler = Sampler(bench, table, 1)
        self.metering = Metering(calibration)

    def window(self) -> bool:
        """Take one window and choose the next one's range; False if it was none."""
        self.sampler.take(BLOCK_US)
        measured = not self.sampler.clipped and self.metering.measure(self.sampler)
        self.sampler.go_on(self.metering.window.irms_ma, int(RATED_A * 1000))
        return measured

    def error(self, windows: int) -> "tuple[float, float]":
        """Return (active energy's relative error, the same of the current) over some windows, after four to settle."""
        for _ in range(4):
            self.window()
        metered = true = current = 0.0
        taken = 0
        while taken < windows:
            if not self.window():
                continue
            taken += 1
            window = self.metering.window
            metered += window.energy_uj
            true += self.bench.true_power * NOMINAL_V * RATED_A * (window.end_us - window.start_us)
            current += window.irms_ma
        if not true:
            return metered, current / taken
        return metered / true - 1, current / taken


def nominal() -> Calibration:
    """Return what the parts' names promise."""
    uv = int(NOMINAL_V * 1e6 / NOMINAL_COUNTS + 0.5)
    ua = int(RATED_A * 1e6 / RATED_COUNTS + 0.5)
    return Calibration(uv, ua, 0, 0, int(RATED_A * 1e6 / RATED_COUNTS / FINE_GAIN + 0.5))


def calibrate(bench: Bench, chip: Chip, seed: int, table: bool = True) -> Calibrated:
    """Go through all steps on a bench; its load is changed on the way."""
    randomness = Randomness(seed)
    codes = dc_table(chip, randomness) if table else None
    found = nominal()
    device = Calibrated(bench, codes, found)
    _voltage(device, found)
    _no_load(device, found)
    rows: "list[tuple[float, float, float]]" = []
    for percent in _POINTS:
        ratio, late_deg = _point(device, percent, randomness)
        rows.append((percent, ratio, late_deg))
    found.sensors = SensorTable(_dense(rows))
    return Calibrated(bench, codes, found)


def _voltage(device: Calibrated, found: Calibration) -> None:
    device.bench.carry(LOADS["PF 1"], 50)
    total = 0
    for _ in range(_WINDOWS):
        device.window()
        total += device.metering.window.urms_mv
    found.uv_per_count = int(found.uv_per_count * NOMINAL_V * 1000 * _WINDOWS / total + 0.5)


def _no_load(device: Calibrated, found: Calibration) -> None:
    """Open the current's circuit and note what is shown, in both ranges."""
    bench, sampler = device.bench, device.sampler
    bench.carry(LOADS["PF 1"], 0)
    for fine in (False, True):
        if fine and not bench.has_fine:
            break
        bench.select_range(fine)
        sampler.amplified = fine
        total = taken = 0
        while taken < _WINDOWS:
            # by hand, for nothing flows: the range stays
            bench.step_bias(taken % 8)
            sampler.take(BLOCK_US)
            if device.metering.measure(sampler):
                total += device.metering.window.power_mw
                taken += 1
        if fine:
            found.fine_no_load_mw = total // taken
        else:
            found.no_load_mw = total // taken


def _point(device: Calibrated, percent: float, randomness: Randomness) -> "tuple[float, float]":
    """Return (ratio error, lateness in degrees) at a current, from loads of power factor 1 and 0.5."""
    device.bench.carry(LOADS["PF 1"], percent)
    one, _ = device.error(_WINDOWS)
    device.bench.carry(LOADS["PF 0.5 lag"], percent)
    half, _ = device.error(_WINDOWS)
    one += randomness.normal() * _LOAD_SHARE
    half += randomness.normal() * _LOAD_SHARE
    # a sensor that is late by δ turns cos 60° into cos(60° + δ): P falls by √3·δ
    late = (one - half) / math.sqrt(3)
    for _ in range(4):  # the exact equations converge at once
        ratio = (1 + one) / math.cos(late) - 1
        late = math.acos(min(1.0, 0.5 * (1 + half) / (1 + ratio))) - math.pi / 3
    return ratio, math.degrees(late)


def _dense(rows: "list[tuple[float, float, float]]") -> "list[tuple[int, int, int]]":
    """Return the table's rows with two more between each pair: transformers err by the logarithm of the current."""
    dense = []
    for k in range(len(rows)):
        percent, ratio, late_deg = rows[k]
        dense.append((percent, ratio, late_deg))
        if k + 1 < len(rows):
            after = rows[k + 1]
            for part in (1 / 3, 2 / 3):
                dense.append(
                    (
                        percent * (after[0] / percent) ** part,
                        ratio + (after[1] - ratio) * part,
                        late_deg + (after[2] - late_deg) * part,
                    )
                )
    return [
        (
            int(percent * RATED_A * 10 + 0.5),
            math.floor(ratio * 1e6 + 0.5),
            math.floor(late_deg * 1000 + 0.5),
        )
        for percent, ratio, late_deg in dense
    ]
