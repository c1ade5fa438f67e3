# SPDX-License-Identifier: Apache-2.0
"""Words for how a figure came about, as portals and grid companies write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from electro_plan.history import Quality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from electro_plan.tables.table import Cell

_WORDS = {
    Quality.OK: (
        "", "ok", "a", "act", "actual", "v", "valid", "good", "measured", "real", "true", "w", "wahr", "gemessen",
        "wahrer wert", "0", "достоверно", "достоверный", "факт", "измерено", "normal",
    ),
    Quality.ESTIMATED: (
        "estimated", "e", "est", "estimate", "s", "subst", "substituted", "substitute", "ersatzwert", "ersatz",
        "geschätzt",        "interpoliert", "interpolated", "calculated", "forecast", "расчет",
        "расчёт", "расчетный", "замещение", "недостоверно",
        "vorläufiger wert", "f",
    ),
    Quality.MISSING: (
        "missing", "n", "null", "bad", "invalid", "fault", "error", "fehlt", "fehlend", "fehlwert", "ungültig",
        "нет данных", "отсутствует", "no data",
    ),
}  # fmt: skip
_KNOWN = {word: quality for quality, words in _WORDS.items() for word in words}


def parse(cells: Sequence[Cell]) -> NDArray[np.uint8] | None:
    """Return a quality each; None if a word is not known."""
    words = [("" if cell is None else str(cell)).strip().lower() for cell in cells]
    if not all(word in _KNOWN for word in set(words)):
        return None
    return np.array([_KNOWN[word] for word in words], np.uint8)
