# SPDX-License-Identifier: Apache-2.0
"""Whether a row's time is the beginning or the end of its interval: proved by days that are whole, or asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from electro_plan.errors import Choice, PlanError, Undecided
from electro_plan.sentence import Sentence, sentence
from electro_plan.text.dates import DAY_S
from electro_plan.text.printing import within
from electro_plan.text.times import wall_text
from electro_plan.wording import span

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

# Where times fall more often, rows are in no order, and what stands behind what says nothing.
_ROWS_PER_FALL = 10


def with_late_midnights(
    wall_s: NDArray[np.int64], interval_s: int, where: Callable[[int], str]
) -> tuple[NDArray[np.int64], bool]:
    """Move midnights that carry the date of the day they end to where they belong; say whether there were any.

    Some exports write 00:15 … 23:45, 00:00, all with one date.

    Raises:
        PlanError: some midnights stand at the end of their date, others at its beginning.
    """
    midnight = wall_s[1:] % DAY_S == 0
    before, after = wall_s[:-1], np.append(wall_s[2:], np.iinfo(np.int64).max)
    late = midnight & (before == wall_s[1:] + DAY_S - interval_s) & (after > wall_s[1:] + DAY_S)
    mixed = np.sum((np.diff(wall_s) < 0) & ~late) > len(wall_s) // _ROWS_PER_FALL
    if interval_s >= DAY_S or mixed or not late.any():
        return wall_s, False
    usual = midnight & (before == wall_s[1:] - interval_s)
    if usual.any():
        raise PlanError(
            sentence(
                "{0}: midnight stands behind its own day, and in {1} before it",
                where(int(np.flatnonzero(late)[0]) + 1),
                within(where(int(np.flatnonzero(usual)[0]) + 1)),
            )
        )
    moved = wall_s.copy()
    moved[1:][late] += DAY_S
    return moved, True


def prove(walls: list[NDArray[np.int64]], interval_s: int, shown: str) -> tuple[str, Sentence]:
    """Return "start" or "end", and by what it is proved.

    Args:
        walls: the times as written; then, if there is one, as a clock in the person's zone shows them.
        interval_s: length of an interval.
        shown: the file's name.

    Raises:
        Undecided: the first and the last row fit both, or neither.
    """
    for wall_s in walls:
        first, last = int(wall_s.min()), int(wall_s.max())
        start = (first % DAY_S == 0) + ((last + interval_s) % DAY_S == 0)
        end = (first % DAY_S == interval_s % DAY_S) + (last % DAY_S == 0)
        if interval_s >= DAY_S:
            start, end = int(first % DAY_S == 0), 0
        if start != end:
            way = "start" if start > end else "end"
            return way, sentence(
                "the first is {0} and the last {1}", wall_text(first)[11:], wall_text(last)[11:]
            )
    first, last = int(walls[0].min()), int(walls[0].max())
    raise Undecided(
        sentence(
            "{0}: times from {1} to {2}, every {3}, may be where intervals begin or where they end",
            shown,
            wall_text(first),
            wall_text(last),
            span(interval_s),
        ),
        "--dialect stamps",
        (Choice("start", sentence("they begin then")), Choice("end", sentence("they end then"))),
    )
