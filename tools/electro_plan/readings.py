# SPDX-License-Identifier: Apache-2.0
"""Energies as a meter's readings: whole units, rounded down with the rest carried on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from electro_plan.errors import PlanError
from electro_plan.sentence import sentence
from electro_protocol.readings import MAX_UNITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_READING = -1
_ROUNDING = 1e-9  # of a unit: a register of floats is this exact


def metered(energy_wh: NDArray[np.float64], unit_wh: int) -> NDArray[np.int64]:
    """Return shape (n,): units of each interval; NO_READING where the energy is NaN.

    Raises:
        PlanError: an interval has more than a reading holds.
    """
    register = np.floor(np.cumsum(np.nan_to_num(energy_wh)) / unit_wh + _ROUNDING)
    units = np.diff(register, prepend=0.0).astype(np.int64)
    if len(units) and units.max() > MAX_UNITS:
        raise PlanError(
            sentence(
                "{0:,.10g} kWh in an interval are more than a reading holds: {1} units of {2} Wh",
                float(np.nanmax(energy_wh)) / 1000,
                MAX_UNITS,
                unit_wh,
            ),
            "take a larger unit",
        )
    return np.where(np.isfinite(energy_wh), units, NO_READING)
