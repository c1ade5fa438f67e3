# SPDX-License-Identifier: Apache-2.0
"""Turn what references and a meter said into the meter's coefficients: the arithmetic of every calibration.

A load shows (1 + r)·cos(φ + δ) / cos φ of its true power, where the current's sensor says too much by r and is late
by δ: with a = (1 + r)·cos δ and b = (1 + r)·sin δ that is a − b·tan φ, and two loads of different φ give both.
"""

import math

from electro_meter.sensing.linearisation import FINE_BITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

LSB_V = 3.3 / 4_096  # 11 dB
# Of rated current: from here on the meter can be in its direct range, up to there in its fine one
# (electro_meter.sensing.sampling). A load between is measured in both, and each range's error goes to its own end.
DIRECT_FROM_PERCENT = 9.8
FINE_UP_TO_PERCENT = 10.8


def sensor_error(first: "tuple[float, float]", second: "tuple[float, float]") -> "tuple[float, float]":
    """Return (ratio error, lateness in degrees) from two loads, each (shown / true power, tan φ; lagging positive)."""
    shown1, tan1 = first
    shown2, tan2 = second
    b = (shown1 - shown2) / (tan2 - tan1)
    a = shown1 + b * tan1
    return math.sqrt(a * a + b * b) - 1, math.degrees(math.atan2(b, a))


def ranges(percent: float, has_fine: bool) -> "list[tuple[bool | None, float]]":
    """Return how to calibrate at a load: (range, or None for the meter's choice; the % of rated that it is for)."""
    if has_fine and DIRECT_FROM_PERCENT <= percent <= FINE_UP_TO_PERCENT:
        return [(True, DIRECT_FROM_PERCENT), (False, FINE_UP_TO_PERCENT)]
    return [(None, percent)]


def sensor_rows(
    points: "Sequence[tuple[float, float, float]]",
) -> "list[tuple[int, int, int]]":
    """Return a sensor table's rows from (amperes, ratio error, lateness in degrees), by rising current.

    Two more lie between each pair, for transformers err by the logarithm of the current, and the meter goes straight
    from row to row.
    """
    dense = []
    for k in range(len(points)):
        amperes, ratio, late_deg = points[k]
        dense.append((amperes, ratio, late_deg))
        if k + 1 < len(points):
            after = points[k + 1]
            for part in (1 / 3, 2 / 3):
                dense.append(
                    (
                        amperes * (after[0] / amperes) ** part,
                        ratio + (after[1] - ratio) * part,
                        late_deg + (after[2] - late_deg) * part,
                    )
                )
    return [
        (nearest(amperes * 1000), nearest(ratio * 1e6), nearest(late_deg * 1000))
        for amperes, ratio, late_deg in dense
    ]


def table_rows(points: "Sequence[tuple[float, float]]") -> "list[tuple[int, int]]":
    """Return a linearisation's rows from (what the converter said, what was there), both in counts."""
    return [(nearest(said * (1 << FINE_BITS)), nearest(was * (1 << FINE_BITS))) for said, was in points]


def nearest(value: float) -> int:
    return math.floor(value + 0.5)
