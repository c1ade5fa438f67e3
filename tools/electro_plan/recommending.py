# SPDX-License-Identifier: Apache-2.0
"""Which margin to agree on, from a back-test, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from electro_plan.sentence import sentence

if TYPE_CHECKING:
    from electro_plan.backtest import BackTest, Row

_KEPT_SHARE = 0.9  # of a bonus: below that the agreement is worth little to a consumer
_FEW = 1000  # at most one interval in so many may lie outside, where neither a bonus nor a price of width decides


@dataclass(frozen=True)
class Recommendation:
    """A margin and the reason for it.

    Args:
        row: of the back-test.
        why: one sentence.
    """

    row: Row
    why: str


def width_cost(row: Row, intervals: int, price_per_kwh: float) -> float:
    """Return what a margin's width costs in all judged intervals, at minor units a kWh of width an interval."""
    return row.mean_width_wh / 1000 * price_per_kwh * intervals


def recommend(
    test: BackTest, *, price_per_kwh: float | None = None, bonus_of_all: float | None = None
) -> Recommendation:
    """Choose a margin: by the price of width if there is one, else by the bonus, else by how seldom a band is left.

    Args:
        test: of some margins.
        price_per_kwh: what a kWh of width costs in an interval, minor units.
        bonus_of_all: of all judged time, minor units.
    """
    narrow_first = sorted(test.rows, key=lambda row: row.mean_width_wh)
    if price_per_kwh is not None:
        best = min(narrow_first, key=lambda row: row.penalty + width_cost(row, test.intervals, price_per_kwh))
        return Recommendation(best, sentence("penalties and the price of width together are least"))
    if bonus_of_all is not None:
        most = (1 - _KEPT_SHARE) * bonus_of_all
        for row in narrow_first:
            if row.penalty <= most:
                return Recommendation(
                    row,
                    sentence("the narrowest that left {0:.0%} of the bonus in the back-test", _KEPT_SHARE),
                )
        return Recommendation(
            narrow_first[-1],
            sentence("the widest tried; none left {0:.0%} of the bonus in the back-test", _KEPT_SHARE),
        )
    for row in narrow_first:
        if row.violations * _FEW <= test.intervals:
            return Recommendation(
                row,
                sentence(
                    "the narrowest with at most one interval in {0:,} outside its band in the back-test", _FEW
                ),
            )
    return Recommendation(
        narrow_first[-1],
        sentence("the widest tried; all had more than one interval in {0:,} outside its band", _FEW),
    )


def dearer(one: BackTest, other: BackTest) -> bool:
    """Say whether more margins of one way of making bands are beaten at their width by the other than the reverse."""
    return _beaten(one, other) > _beaten(other, one)


def _beaten(test: BackTest, by: BackTest) -> int:
    """Count the margins of a test for which another costs less at no more width."""
    rows = sorted(by.rows, key=lambda row: row.mean_width_wh)
    widths = np.array([row.mean_width_wh for row in rows])
    penalties = np.array([row.penalty for row in rows])
    at = np.array([row.mean_width_wh for row in test.rows])
    # wider than its widest it need not be, narrower than its narrowest it was not tried
    cost = np.interp(at, widths, penalties, left=np.inf)
    return int((cost < np.array([row.penalty for row in test.rows])).sum())
