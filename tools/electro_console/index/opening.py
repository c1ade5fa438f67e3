# SPDX-License-Identifier: Apache-2.0
"""Sealed readings with their viewing key: what was used, in which band; kinds and costs stay those of the chain."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from electro_console.agreement.intervals import INTERRUPTED, MEASURED

if TYPE_CHECKING:
    from electro_console.agreement.paper import Paper

    from .records import Readings


def opened(sealed: Readings, paper: Paper) -> Readings:
    """Return a place's intervals as who has the key sees them.

    Args:
        sealed: as the chain shows them.
        paper: of the agreement, with the key.
    """
    bands = np.array(paper.terms.bands, np.int32)
    held = bands[np.arange(sealed.first, sealed.first + len(sealed)) % len(bands)]
    units = sealed.units.copy()
    for ordinal, meter in enumerate(sealed.meters):
        for each in paper.intervals(meter):
            at = each.index - sealed.first
            if each.used is None or each.kind not in (MEASURED, INTERRUPTED):
                continue
            if 0 <= at < len(sealed) and sealed.meter[at] == ordinal:
                units[at] = each.used
    return dataclasses.replace(sealed, units=units, least=held[:, 0].copy(), greatest=held[:, 1].copy())
