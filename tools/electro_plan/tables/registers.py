# SPDX-License-Identifier: Apache-2.0
"""A register's readings to the energies between them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from electro_plan.errors import PlanError
from electro_plan.history import DAY_S, Quality
from electro_plan.wording import figure, instant

if TYPE_CHECKING:
    from electro_plan.series import Series


def differences(readings: Series, zone: str | None, notes: list[str]) -> Series:
    """Return the energies between a register's readings.

    Raises:
        PlanError: the register falls.
    """
    keep = ~np.isnan(readings.energy_wh)
    order = np.flatnonzero(keep)[np.argsort(readings.starts_s[keep], kind="stable")]
    at, counted, places = readings.starts_s[order], readings.energy_wh[order], readings.places[order]
    if len(at) < 2:
        raise PlanError(f"{readings.where(int(readings.places[0]))}: a register needs two readings")
    steps, energy = np.diff(at), np.diff(counted)
    if np.any(energy < 0):
        row = int(np.flatnonzero(energy < 0)[0])
        raise PlanError(
            f"{readings.where(int(places[row + 1]))}: the register falls from {figure(counted[row] / 1000)} to "
            f"{figure(counted[row + 1] / 1000)} kWh",
            "cut the file where the register was changed or turned over; if figures are energies, --quantity energy",
        )
    whole = steps == readings.interval_s
    if np.any(steps % readings.interval_s) and readings.interval_s < DAY_S:
        row = int(np.flatnonzero(steps % readings.interval_s)[0])
        raise PlanError(
            f"{readings.where(int(places[row + 1]))}: {instant(int(at[row + 1]), zone)} is not where an interval ends"
        )
    if not whole.all() and readings.interval_s < DAY_S:
        lost = float(energy[~whole & (steps > 0)].sum())
        notes.append(
            f"Between readings further apart {figure(lost / 1000)} kWh were taken, in which interval is not known."
        )
    elif readings.interval_s >= DAY_S:
        whole = np.abs(steps - readings.interval_s) <= 3600
    kept = np.flatnonzero(whole | (steps == 0))
    worse = np.maximum(readings.quality[order][1:], readings.quality[order][:-1])
    starts, ends = at[:-1][kept], int(at[-1])
    energy, worse, places = energy[kept], worse[kept], places[1:][kept]
    if not len(starts) or starts[-1] + readings.interval_s < ends - readings.interval_s:
        starts, energy = np.append(starts, ends - readings.interval_s), np.append(energy, np.nan)
        worse, places = np.append(worse, np.uint8(Quality.MISSING)), np.append(places, order[-1])
    notes.append("It is a register: energies are differences between readings.")
    return replace(readings, starts_s=starts, energy_wh=energy, quality=worse, places=places)
