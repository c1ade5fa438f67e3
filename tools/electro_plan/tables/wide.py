# SPDX-License-Identifier: Apache-2.0
"""Wide tables, a row a day and a column an interval, unfolded to one figure a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from electro_plan import zones
from electro_plan.errors import Choice, PlanError, Undecided
from electro_plan.sentence import Sentence, sentence
from electro_plan.tables.slots import slot_of
from electro_plan.text.dates import DAY_S
from electro_plan.text.printing import listed, quoted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from electro_plan.tables.layout import Layout
    from electro_plan.tables.table import Cell, Table

_PER_DAY = (24, 48, 72, 96, 144, 288, 1440)
_MOST_EXTRA_HOURS = 1  # that a day has more when a clock is set back


@dataclass(frozen=True)
class Slots:
    """A day's intervals as columns.

    Args:
        columns: of the table, in the order of the day.
        interval_s: their length.
        starts_s: shape (m,): seconds from midnight at which each begins.
        elapsed: they are counted from midnight, so that a day of 25 hours has more; else they are times of a clock.
        stamps: by what it is known where they begin, for people.
    """

    columns: list[int]
    interval_s: int
    starts_s: NDArray[np.int64]
    elapsed: bool
    stamps: Sentence


def find(table: Table, layout: Layout, stamps: str | None) -> Slots:
    """Return the slots of a wide table.

    Args:
        table: of which the headings' texts are read.
        layout: with `slots`.
        stamps: "start" or "end", as the person said.

    Raises:
        PlanError: the headings are no intervals of a day.
        Undecided: they may be beginnings or ends.
    """
    slots = [
        next(filter(None, (slot_of(row[column]) for row in layout.header_cells if column < len(row))))
        for column in layout.slots
    ]
    kinds = {kind for kind, _, _ in slots}
    names = [layout.name(column) for column in layout.slots]
    if len(kinds) > 1:
        raise PlanError(sentence("{0}: headings mix times and numbers: {1}", table.shown, listed(names)))
    numbers = np.array([number for _, number, _ in slots], np.int64)
    if kinds == {"number"}:
        return _numbered(table, layout, numbers, names)
    step = int(np.median(np.diff(numbers))) if len(numbers) > 1 else 0
    if step <= 0 or DAY_S % step:
        raise PlanError(
            sentence("{0}: the headings {1} are no intervals of a day", table.shown, listed(names))
        )
    ends = slots[0][2] is None and (
        stamps == "end" or (stamps is None and numbers[0] == step and numbers[-1] in (0, DAY_S))
    )
    if slots[0][2] is None and stamps is None and not ends and numbers[0] != 0:
        raise Undecided(
            sentence(
                "{0}: columns from {1} to {2} may begin or end intervals",
                table.shown,
                quoted(names[0]),
                quoted(names[-1]),
            ),
            "--dialect stamps",
            (Choice("start", sentence("they begin then")), Choice("end", sentence("they end then"))),
        )
    starts = np.where(numbers == 0, DAY_S, numbers) - step if ends else numbers
    if np.any(np.diff(starts) <= 0) or np.any(starts % step):
        raise PlanError(
            sentence(
                "{0}: the headings {1} are no intervals of a day, one after the other",
                table.shown,
                listed(names),
            )
        )
    return Slots(
        layout.slots,
        step,
        starts,
        elapsed=False,
        stamps=sentence("ends of intervals") if ends else sentence("beginnings of intervals"),
    )


def _numbered(table: Table, layout: Layout, numbers: NDArray[np.int64], names: list[str]) -> Slots:
    if np.any(np.diff(numbers) != 1) or numbers[0] not in (0, 1):
        raise PlanError(
            sentence("{0}: the headings {1} are no numbers of a day's intervals", table.shown, listed(names))
        )
    count = len(numbers)
    per_day = next(
        (each for each in _PER_DAY if each <= count <= each + _MOST_EXTRA_HOURS * each // 24), None
    )
    if per_day is None:
        raise PlanError(
            sentence("{0} has {1} numbered columns, which are no intervals of a day", table.shown, count)
        )
    step = DAY_S // per_day
    starts = (numbers - numbers[0]) * step
    return Slots(
        layout.slots, step, starts, elapsed=count > per_day, stamps=sentence("numbers of the day's intervals")
    )


def unfold(
    table: Table, layout: Layout, slots: Slots, days_s: NDArray[np.int64], zone: str | None
) -> tuple[NDArray[np.int64], list[Cell], NDArray[np.int64], bool]:
    """Return times, cells and rows, one each interval, and whether the times are instants.

    Without a known zone, and where the columns are times of a clock, times are a clock's.

    Raises:
        Undecided: the columns count from midnight, and the zone is not known.
    """
    wall = (days_s[:, None] + slots.starts_s[None, :]).ravel()
    rows = np.repeat(np.array(layout.body, np.int64), len(slots.columns))
    cells: list[Cell] = []
    for row in layout.body:
        line = table.rows[row]
        cells += [line[column] if column < len(line) else None for column in slots.columns]
    if not slots.elapsed:
        return wall, cells, rows, False
    if zone is None:
        raise Undecided(
            sentence(
                "{0} has {1} columns, for a day on which a clock is set back", table.shown, len(slots.columns)
            ),
            "--zone",
        )
    midnights = zones.to_instants(days_s, zone)
    following = zones.to_instants(days_s + DAY_S, zone)
    instants = (midnights[:, None] + slots.starts_s[None, :]).ravel()
    within = instants < np.repeat(following, len(slots.columns))
    for index in np.flatnonzero(~within):
        cell = cells[index]
        if cell is not None and str(cell).strip() not in ("", "0", "0.0", "-"):
            name = layout.name(slots.columns[index % len(slots.columns)])
            where = table.where(int(rows[index]))
            raise PlanError(
                sentence(
                    "{0} has a figure in column {1}, beyond the end of its day in {2}",
                    where,
                    quoted(name),
                    zone,
                )
            )
    kept = np.flatnonzero(within)
    return instants[kept], [cells[index] for index in kept], rows[kept], True
