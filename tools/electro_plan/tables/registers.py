# SPDX-License-Identifier: Apache-2.0
"""A register's readings to the energies between them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from electro_plan.errors import PlanError
from electro_plan.history import DAY_S, Quality
from electro_plan.sentence import Sentence, sentence
from electro_plan.wording import figure, instant

if TYPE_CHECKING:
    from electro_plan.series import Series


def differences(readings: Series, zone: str | None, notes: list[Sentence]) -> Series:
    """Return the energies between a register's readings.

    Raises:
        PlanError: the register falls.
    """
    keep = ~np.isnan(readings.energy_wh)
    order = np.flatnonzero(keep)[np.argsort(readings.starts_s[keep], kind="stable")]
    at, counted, places = readings.starts_s[order], readings.energy_wh[order], readings.places[order]
    if len(at) < 2:
        raise PlanError(
            sentence("{0}: a register needs two readings", readings.where(int(readings.places[0])))
        )
    steps, energy = np.diff(at), np.diff(counted)
    if np.any(energy < 0):
        row = int(np.flatnonzero(energy < 0)[0])
        raise PlanError(
            sentence(
                "{0}: the register falls from {1} to {2} kWh",
                readings.where(int(places[row + 1])),
                figure(counted[row] / 1000),
                figure(counted[row + 1] / 1000),
            ),
            "cut the file where the register was changed or turned over; if figures are energies, --quantity energy",
        )
    whole = steps == readings.interval_s
    if np.any(steps % readings.interval_s) and readings.interval_s < DAY_S:
        row = int(np.flatnonzero(steps % readings.interval_s)[0])
        raise PlanError(
            sentence(
                "{0}: {1} is not where an interval ends",
                readings.where(int(places[row + 1])),
                instant(int(at[row + 1]), zone),
            )
        )
    if not whole.all() and readings.interval_s < DAY_S:
        lost = float(energy[~whole & (steps > 0)].sum())
        notes.append(
            sentence(
                "Between readings further apart {0} kWh were taken, in which interval is not known.",
                figure(lost / 1000),
            )
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
    notes.append(sentence("It is a register: energies are differences between readings."))
    return replace(readings, starts_s=starts, energy_wh=energy, quality=worse, places=places)
