# SPDX-License-Identifier: Apache-2.0
"""Refuse what a calibration must not be made of: readings that can't be right, each with its likely cause.

Limits are those of the parts: a chip's reference is off by up to 9%, a burden by 1%, a usable transformer by 3% and 5°.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from electro_tools.errors import ToolError
from electro_tools.grid.coefficients import LSB_V

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .references import Load

LOW_CODE, HIGH_CODE = 186, 3_040  # 0.15 and 2.45 V, the converter's usable range
LEAST_SWING = 200  # codes from trough to peak: a tenth of nominal voltage swings by 180
_MOST_OFF = 0.2
_NO_CURRENT = 0.05
_MOST_LATE_DEG = 10.0  # the configuration's own limit
_ANOTHER_PHASE_DEG = 45.0
_MOST_UNSTEADY = 0.2
_MOST_DRIFT_COUNTS = 3.0
_LEAST_LEVELS = 16  # the finest ripple worth straightening needs more


def voltage(shown: dict[str, int], extremes: dict[str, int], volts: float) -> None:
    """Check that mains voltage is there, in range, and near the reference's."""
    swing = extremes["most_volts"] - extremes["least_volts"]
    if swing < LEAST_SWING:
        raise ToolError(
            f"there is no voltage at the phase's pin: it swings by {swing} counts only",
            "is the voltage transformer connected, on both sides?",
        )
    _in_range(
        "voltage",
        extremes["least_volts"],
        extremes["most_volts"],
        "take a smaller burden (R43): 0.50 V rms at the pin",
    )
    if not shown["windows"]:
        raise ToolError("the voltage has no whole cycles of 40 to 70 Hz", "is this the mains?")
    factor = shown["urms_mv"] / shown["windows"] / 1000 / volts
    if abs(factor - 1) > _MOST_OFF:
        raise ToolError(
            f"the meter shows {factor * volts:.1f} V where the reference shows {volts:.1f} V",
            "does uv_per_count fit the burden, and is the reference at the same place?",
        )


def _in_range(what: str, least: int, most: int, hint: str) -> None:
    if least < LOW_CODE or most > HIGH_CODE:
        raise ToolError(
            f"the {what} leaves the converter's range: {least} to {most}, usable are {LOW_CODE} to {HIGH_CODE}",
            hint,
        )


def current(shown: dict[str, int], extremes: dict[str, int], load: Load) -> None:
    """Check that the right current flows, the right way round, in range and steadily."""
    _in_range(
        "current",
        extremes["least_amps"],
        extremes["most_amps"],
        "take a smaller burden, or a transformer for more current",
    )
    if not shown["windows"]:
        raise ToolError(f"no window could be measured at {load.amps:g} A")
    amps = shown["irms_ma"] / shown["windows"] / 1000
    watts = shown["energy_uj"] / shown["time_us"]
    if amps < _NO_CURRENT * load.amps:
        raise ToolError(
            f"the meter shows {amps:.3g} A where the reference shows {load.amps:g} A",
            "is the transformer around one conductor alone, and its secondary connected?",
        )
    if abs(amps / load.amps - 1) > _MOST_OFF:
        raise ToolError(
            f"the meter shows {amps:.4g} A where the reference shows {load.amps:g} A: {amps / load.amps:.3g} times",
            "does ua_per_count fit transformer and burden, and is the reference on the same side of the transformer?",
        )
    turned = _turned_deg(watts, shown, amps, load)
    if abs(turned) > 180 - _ANOTHER_PHASE_DEG:
        raise ToolError(
            f"the current flows backwards: {watts:.1f} W where the reference shows {load.watts:.1f} W",
            "turn the transformer round, or swap the two wires of its secondary",
        )
    if abs(turned) > _ANOTHER_PHASE_DEG:
        raise ToolError(
            f"the current is {turned:+.0f}° off the reference's: it belongs to another phase than the voltage",
            "put the transformer around the conductor of this voltage",
        )
    spread = (shown["most_mw"] - shown["least_mw"]) / 1000
    if spread > _MOST_UNSTEADY * load.watts:
        raise ToolError(f"the load is not steady: from window to window it differs by {spread:.1f} W")


def _turned_deg(watts: float, shown: dict[str, int], amps: float, load: Load) -> float:
    """Return by how many degrees the shown power is turned against the reference's, the lagging way positive."""
    volts = shown["urms_mv"] / shown["windows"] / 1000
    cosine = max(-1.0, min(1.0, watts / (volts * amps)))
    angle = math.degrees(math.acos(cosine))
    if shown["reactive_mvar"] < 0:
        angle = -angle
    turned = angle - math.degrees(math.atan(load.tangent))
    return (turned + 180) % 360 - 180


def sensor(amps: float, ratio: float, late_deg: float) -> None:
    """Check what the current's sensor was found to err by."""
    if abs(late_deg) > _MOST_LATE_DEG:
        raise ToolError(
            f"at {amps:g} A the current is {late_deg:+.1f}° late: the limit is {_MOST_LATE_DEG:.0f}°",
            "is the burden right, and are both references read at the same moment?",
        )
    if abs(ratio) > _MOST_OFF:
        raise ToolError(f"at {amps:g} A the sensor would err by {ratio:+.1%}: that is no sensor's error")


def level(said: float, drift_counts: float, volts: float) -> None:
    """Check one reading of the DC reference."""
    if drift_counts > _MOST_DRIFT_COUNTS:
        raise ToolError(
            f"the reference moves: at {volts:.3f} V the readings drift by {drift_counts:.1f} counts",
            "wait until it has settled, and keep the wires short",
        )
    wanted = volts / LSB_V
    if abs(said - wanted) > 60 + 0.15 * wanted:
        raise ToolError(
            f"at {volts:.3f} V the converter says {said:.0f} counts; about {wanted:.0f} can be right",
            "is the reference at the first phase's current pin, alone, and its ground the chip's?",
        )


def levels(points: Sequence[tuple[float, float]]) -> None:
    """Check the readings of all DC references together."""
    if len(points) < _LEAST_LEVELS:
        raise ToolError(f"{len(points)} DC references make no table: at least {_LEAST_LEVELS} do")
    for (before, volts), (after, more) in pairwise(points):
        if after <= before:
            raise ToolError(f"from {volts:.3f} to {more:.3f} V the converter's readings don't rise")


def answered(untrusted: Any) -> dict[str, Any]:
    """Return what the chip answered, or raise its refusal."""
    if not isinstance(untrusted, dict) or "error" in untrusted:
        reason = untrusted.get("error") if isinstance(untrusted, dict) else "an answer that makes no sense"
        raise ToolError(f"the chip refuses: {str(reason)[:300]}")
    return untrusted
