# SPDX-License-Identifier: Apache-2.0
"""The figures of a table in one row each, with the times that the table gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from electro_plan.errors import PlanError
from electro_plan.history import DAY_S
from electro_plan.sentence import Sentence, sentence
from electro_plan.tables import wide
from electro_plan.tables.columns import figure_columns
from electro_plan.text import times
from electro_plan.text.printing import quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from electro_plan.settings import ReadSettings
    from electro_plan.tables.layout import Layout
    from electro_plan.tables.table import Cell, Table

_INCLUSIVE_S = (1, 60)  # by which ends such as 00:14 or 00:14:59 fall short of where the next one begins


@dataclass
class Rows:
    """A table's figures in one row each, as they go through the steps.

    Args:
        wall_s: times; instants already if `instants`.
        offset_s: that the file writes with them.
        cells: of each chosen column.
        rows: of the table.
        until_s: ends, where the table has them.
        heading: of the times.
    """

    wall_s: NDArray[np.int64]
    cells: list[list[Cell]]
    rows: NDArray[np.int64]
    offset_s: NDArray[np.int64] | None = None
    until_s: NDArray[np.int64] | None = None
    instants: bool = False
    dates_only: bool = False
    has_24: bool = False
    interval_s: int | None = None
    stamps: str | None = None
    heading: str = ""


def unfold(
    table: Table, found: Layout, settings: ReadSettings, clock: str | None, notes: list[Sentence]
) -> tuple[list[int], Rows]:
    """Return the chosen columns and their figures with times, one a row."""

    def where(index: int) -> str:
        return table.where(found.body[index])

    beside = found.clock if found.clock is not None else None
    clocks = table.column(beside, found.body) if beside is not None else None
    read = times.parse(table.column(found.date, found.body), settings.dialect, where, clocks)
    if read.order:
        notes.append(read.order)
    if found.slots and read.dates_only:
        slots = wide.find(table, found, settings.dialect.stamps)
        wall, cells, rows, instants = wide.unfold(table, found, slots, read.wall_s, clock)
        notes.append(sentence("A row is a day, its columns are {0}.", slots.stamps))
        return [], Rows(wall, [cells], rows, instants=instants, interval_s=slots.interval_s, stamps="start")
    columns = figure_columns(table, found, settings, notes)
    result = Rows(
        read.wall_s, [table.column(column, found.body) for column in columns], np.array(found.body, np.int64),
        read.offset_s, read.until_s, dates_only=read.dates_only, has_24=read.has_24,
        heading=" ".join(found.headings[each] for each in (found.date, found.clock) if each is not None),
    )  # fmt: skip
    if found.period is not None and read.dates_only:
        _add_periods(table, found, result)
    _add_ends(table, found, settings, result, where)
    return columns, result


def _add_periods(table: Table, found: Layout, rows: Rows) -> None:
    assert found.period is not None
    counted = np.array([int(float(str(cell))) for cell in table.column(found.period, found.body)], np.int64)
    base, most = int(counted.min()), int(counted.max())
    per_day = next((each for each in (24, 48, 96, 288) if most - min(base, 1) + 1 <= each), None)
    if base not in (0, 1) or per_day is None:
        raise PlanError(
            sentence(
                "{0}: column {1} from {2} to {3} counts no day's intervals",
                table.shown,
                quoted(found.name(found.period)),
                base,
                most,
            )
        )
    rows.interval_s = DAY_S // per_day
    rows.wall_s = rows.wall_s + (counted - base) * rows.interval_s
    rows.dates_only, rows.stamps = False, "start"


def _add_ends(
    table: Table, found: Layout, settings: ReadSettings, rows: Rows, where: Callable[[int], str]
) -> None:
    """Take the interval's end from a column of its own, where there is one."""
    if found.end is not None:
        ends = times.parse(table.column(found.end, found.body), settings.dialect, where)
        rows.until_s = ends.wall_s
    elif found.end_clock is not None:
        clocks = table.column(found.end_clock, found.body)
        ends = times.parse(table.column(found.date, found.body), settings.dialect, where, clocks)
        rows.until_s = ends.wall_s + np.where(ends.wall_s <= rows.wall_s, DAY_S, 0)
    if rows.until_s is None:
        return
    lengths, counts = np.unique(rows.until_s - rows.wall_s, return_counts=True)
    usual = int(lengths[np.argmax(counts)])
    if usual <= 0:
        raise PlanError(
            sentence("{0}: an interval ends before it begins", where(0)),
            "which column is which? --time-column names the beginnings",
        )
    steps, times_each = np.unique(np.diff(np.unique(rows.wall_s)), return_counts=True)
    step = int(steps[np.argmax(times_each)]) if len(steps) else usual
    if step - usual in _INCLUSIVE_S:
        usual = step
    rows.interval_s, rows.stamps = usual, "start"
