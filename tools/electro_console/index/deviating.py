# SPDX-License-Identifier: Apache-2.0
"""What everybody sees of a report's intervals, as readings: of a sealed one, which were interrupted or have no data.

The units of such a reading are 0 and mean nothing: by how much an interval is out of its band is in `deviations_of`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from electro_protocol.judging import CUT_OFF, UNDER, UNKNOWN, read
from electro_protocol.readings import INTERRUPTED, NO_DATA
from electro_protocol.sealing import AROUND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .decoding import Report


def marks_of(report: Report) -> bytes:
    """Return what is to be seen of a report."""
    return seen_of(report.readings, report.deviations)


def seen_of(readings: bytes, deviations: bytes | None) -> bytes:
    """Return readings as they are, or of ciphertext those that its deviations mark."""
    if deviations is None:
        return readings
    lanes = np.zeros((len(readings) - AROUND) // 2, ">u2")
    for offset, kind, _ in read(deviations, len(lanes)):
        if kind in (CUT_OFF, UNKNOWN):
            lanes[offset] = INTERRUPTED if kind == CUT_OFF else NO_DATA
    return lanes.tobytes()


def deviations_of(deviations: bytes, intervals: int) -> NDArray[np.int32]:
    """Return by how many units each interval of a sealed report is over its band, negative: under it."""
    found = np.zeros(intervals, np.int32)
    for offset, kind, units in read(deviations, intervals):
        found[offset] = -units if kind == UNDER else units
    return found
