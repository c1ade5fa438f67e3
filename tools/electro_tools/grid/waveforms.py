# SPDX-License-Identifier: Apache-2.0
"""Describe one cycle of voltage and of current by harmonics, and give the power that they truly carry.

| load | what | source |
|---|---|---|
| PF 1, PF 0.5 lag, PF 0.8 lead | sines | the test points of IEC 62053-21 and -22 |
| harmonics | 5th: 10% of the voltage, 40% of the current, in phase | IEC 62053-21, 8.2: the harmonics test |
| rectifier | single phase with a smoothing capacitor: 3rd 70%, 5th 45%, 7th 20%, 9th 6% | power supplies without PFC |
| VFD | six-pulse drive with a choke: 5th 32%, 7th 12%, 11th 8%, 13th 5% | IEEE 519's usual spectrum |
| switching | phase-angle control at 90° | Fourier series of a sine cut at its peak |
"""

import math
from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

STEPS = 4_096
# A supply within EN 50160 (3rd 5%, 5th 6%, 7th 5%), not at its limits.
DISTORTED_MAINS = ((3, 0.01, 0.0), (5, 0.025, 180.0), (7, 0.015, 0.0))


def cycle(harmonics: "Sequence[tuple[int, float, float]]") -> "array[float]":
    """Return one cycle of Σ √2·share·sin(order·x − lag°): a share of one is one RMS unit."""
    wave = array("f", [0.0] * STEPS)
    for order, share, lag_deg in harmonics:
        peak, lag = math.sqrt(2) * share, math.radians(lag_deg)
        for step in range(STEPS):
            wave[step] += peak * math.sin(2 * math.pi * order * step / STEPS - lag)
    return wave


def power(
    volts: "Sequence[tuple[int, float, float]]",
    amps: "Sequence[tuple[int, float, float]]",
    turn_deg: float = 0.0,
) -> float:
    """Return the mean product, in RMS units of both; the whole current is turn_deg of the fundamental late."""
    total = 0.0
    for order, share, lag_deg in volts:
        for other, part, late_deg in amps:
            if other == order:
                total += share * part * math.cos(math.radians(late_deg + order * turn_deg - lag_deg))
    return total


def _cut_sine(orders: int = 15) -> "list[tuple[int, float, float]]":
    """Return the harmonics of a sine that begins to flow only at its peak, scaled to a fundamental of one."""
    found = []
    samples = 720
    for order in range(1, orders + 1, 2):
        a = b = 0.0
        for k in range(samples):
            x = 2 * math.pi * (k + 0.5) / samples
            value = math.sin(x) if (x % math.pi) >= math.pi / 2 else 0.0
            a += value * math.sin(order * x) * 2 / samples
            b += value * math.cos(order * x) * 2 / samples
        found.append((order, math.sqrt(a * a + b * b), math.degrees(math.atan2(-b, a))))
    first = found[0][1]
    return [(order, share / first, lag_deg) for order, share, lag_deg in found]


SINE = ((1, 1.0, 0.0),)
# By name, voltage and current.
LOADS = {
    "PF 1": (SINE, SINE),
    "PF 0.5 lag": (SINE, ((1, 1.0, 60.0),)),
    "PF 0.8 lead": (SINE, ((1, 1.0, -36.87),)),
    "harmonics": (((1, 1.0, 0.0), (5, 0.1, 0.0)), ((1, 1.0, 0.0), (5, 0.4, 0.0))),
    "rectifier": (
        SINE + DISTORTED_MAINS,
        ((1, 1.0, -5.0), (3, 0.7, 165.0), (5, 0.45, -25.0), (7, 0.2, 145.0), (9, 0.06, -45.0)),
    ),
    "VFD": (
        SINE + DISTORTED_MAINS,
        ((1, 1.0, 12.0), (5, 0.32, 240.0), (7, 0.12, 84.0), (11, 0.08, 312.0), (13, 0.05, 156.0)),
    ),
    "switching": (SINE, tuple(_cut_sine())),
}
