# SPDX-License-Identifier: Apache-2.0
"""Where a table's headings, rows and foot are, and which column is what."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from electro_plan.errors import Choice, PlanError, Undecided
from electro_plan.sentence import counted, sentence
from electro_plan.tables.headings import is_time, stamps_in
from electro_plan.tables.roles import name_columns
from electro_plan.text.numbers import is_missing, is_number
from electro_plan.text.printing import listed, quoted, shown
from electro_plan.text.times import clock_s, looks_like_time

if TYPE_CHECKING:
    from electro_plan.settings import ReadSettings
    from electro_plan.tables.table import Cell, Table

_SAMPLE_ROWS = 300
_MOST_HEADER_ROWS = 3  # names, channels, units


@dataclass
class Layout:
    """What a table's parts are; columns by index.

    Args:
        preamble: texts of rows above the headings.
        headings: of each column, the texts of its header rows joined.
        body: indices of the rows with figures.
        foot: how many rows after them are left out.
        date: the column with dates, or dates with times.
        clock: a column with times of the day beside it.
        period: a column with the number of the interval in the day.
        end, end_clock: the same of ends.
        figures: columns that hold numbers and no time.
        meters: columns that tell meters apart.
        quality: the column that says how figures came about.
        slots: of a wide table, the columns of a day's intervals.
    """

    preamble: list[str]
    headings: list[str]
    header_cells: list[list[str]]
    body: list[int]
    foot: int
    date: int
    clock: int | None = None
    period: int | None = None
    end: int | None = None
    end_clock: int | None = None
    figures: list[int] = field(default_factory=list)
    meters: list[int] = field(default_factory=list)
    quality: int | None = None
    unit: int | None = None
    slots: list[int] = field(default_factory=list)

    def named(self, name: str) -> list[int]:
        """Return the columns of that name: as it stands in one of the header rows, or joined, or "column 2"."""
        return [
            index
            for index, heading in enumerate(self.headings)
            if name
            in (
                heading,
                *(row[index] for row in self.header_cells if index < len(row)),
                f"column {index + 1}",
            )
        ]

    def name(self, index: int) -> str:
        return self.headings[index] or f"column {index + 1}"


def find(table: Table, settings: ReadSettings) -> Layout:
    """Return a table's layout.

    Raises:
        PlanError: there are no rows with times, or rows that fit no place.
        Undecided: several columns may be meant.
    """
    width = max((len(row) for row in table.rows), default=0)
    if settings.dialect.time or settings.dialect.line:
        first = _first_by_line(table, settings)
        times = _time_columns(table, width, first) if not settings.dialect.time else []
    else:
        times = _time_columns(table, width, 0)
        first = next(
            (row for row, cells in enumerate(table.rows) if any(_is_time(cells, each) for each in times)), -1
        )
    if first < 0 or (not times and not settings.dialect.time):
        raise PlanError(
            sentence("{0} has no column of times in a form that is known", table.shown),
            "say how times are written, such as --dialect time='%d/%m/%Y %H:%M'",
        )
    layout = _headed(table, width, first)
    _choose_times(table, layout, times, settings)
    _take_body(table, layout, first, settings)
    name_columns(table, layout)
    return layout


def _first_by_line(table: Table, settings: ReadSettings) -> int:
    """Return the first row below the line of the headings that the person named; the first row is that line else."""
    line = settings.dialect.line or table.places[0] if table.places else 0
    if line not in table.places:
        raise PlanError(
            sentence("{0} has no line {1} with anything in it", table.shown, str(line))
            if table.kind == "line"
            else sentence("{0} has no row {1} with anything in it", table.shown, str(line))
        )
    return table.places.index(line) + 1 if table.places.index(line) + 1 < len(table.rows) else -1


def _is_time(cells: list[Cell], column: int) -> bool:
    return column < len(cells) and looks_like_time(cells[column])


def _time_columns(table: Table, width: int, first: int) -> list[int]:
    """Return the columns that hold times in most rows; digits alone only where no other does."""
    rows = range(first, len(table.rows))
    sample = rows[:: max(1, len(rows) // _SAMPLE_ROWS)]
    counts = [sum(_is_time(table.rows[row], column) for row in sample) for column in range(min(width, 64))]
    most = max(counts, default=0)
    found = [column for column, count in enumerate(counts) if count and count >= 0.6 * most]
    written = [
        column
        for column in found
        if any(
            _is_time(table.rows[row], column) and not str(table.rows[row][column]).strip().isdigit()
            for row in sample
        )
    ]
    return written or found


def _headed(table: Table, width: int, first: int) -> Layout:
    """Return a layout with headings: texts right above the first row with times."""
    header: list[int] = []
    body_width = _width(table.rows[first])
    for row in range(first - 1, max(-1, first - 1 - _MOST_HEADER_ROWS), -1):
        cells = table.rows[row]
        if (
            _width(cells) < 2
            or (header and _width(cells) < body_width)
            or any(is_number(cell) for cell in cells[1:3])
        ):
            slotted = sum(
                isinstance(cell, str) and (clock_s(cell) is not None or cell.strip().isdigit())
                for cell in cells
            )
            if slotted < 12:
                break
        header.insert(0, row)
    texts = [[("" if cell is None else str(cell)).strip() for cell in table.rows[row]] for row in header]
    if header and _width(table.rows[header[-1]]) < body_width and table.separator:
        hint = "give decimals a point, or put figures in quotes"
        if table.separator == ",":
            hint = "a comma before decimals? then say --dialect decimal=comma; or put figures in quotes"
        raise PlanError(
            sentence(
                "{0} has {1} fields, the header {2}: {3}",
                table.where(first),
                body_width,
                _width(table.rows[header[-1]]),
                quoted(table.separator.join(str(cell) for cell in table.rows[first])),
            ),
            hint,
        )
    joined = [
        " ".join(dict.fromkeys(filter(None, (row[column] if column < len(row) else "" for row in texts))))
        for column in range(width)
    ]
    above = [
        " ".join(str(cell) for cell in table.rows[row] if cell is not None)
        for row in range(first)
        if row not in header
    ]
    return Layout(above, joined, texts, [], 0, 0)


def _width(cells: list[Cell]) -> int:
    """Return how many fields a row has without the empty ones at its end."""
    count = len(cells)
    while count and (cells[count - 1] is None or cells[count - 1] == ""):
        count -= 1
    return count


def _choose_times(table: Table, layout: Layout, times: list[int], settings: ReadSettings) -> None:
    if settings.time_column is not None:
        layout.date = only(layout, settings.time_column, table, "--time-column")
        return
    if not times:
        layout.date = 0
        return
    if len(times) == 2:
        told = [stamps_in(layout.headings[column]) for column in times]
        if sorted(filter(None, told)) in (["end"], ["start"], ["end", "start"]):
            start = times[told.index("start")] if "start" in told else times[1 - told.index("end")]
            layout.date, layout.end = start, next(each for each in times if each != start)
            return
    if len(times) > 1:
        headed = [column for column in times if is_time(layout.headings[column])]
        if len(headed) != 1:
            raise Undecided(
                sentence(
                    "{0} has {1} columns with times: {2}",
                    table.shown,
                    len(times),
                    listed([layout.name(each) for each in times]),
                ),
                "--time-column",
                tuple(Choice(layout.name(each), sentence("this one")) for each in times),
            )
        times = headed
    layout.date = times[0]


def only(layout: Layout, name: str, table: Table, option: str) -> int:
    """Return the one column of a name.

    Raises:
        PlanError: there is none, or more than one; `option` names it.
    """
    found = layout.named(name)
    if len(found) != 1:
        told = table.shown, shown(name), listed([layout.name(index) for index in range(len(layout.headings))])
        raise PlanError(
            sentence("{0} has {3} columns {1!r}; it has {2}", *told, len(found))
            if found
            else sentence("{0} has no column {1!r}; it has {2}", *told),
            f"name one of them with {option}",
        )
    return found[0]


def _take_body(table: Table, layout: Layout, first: int, settings: ReadSettings) -> None:
    """Set the rows with figures, and refuse rows among them that are none."""
    rows = range(first, len(table.rows))
    if settings.dialect.time:
        timed = [
            row
            for row in rows
            if layout.date < len(table.rows[row]) and not is_missing(table.rows[row][layout.date])
        ]
    else:
        timed = [row for row in rows if _is_time(table.rows[row], layout.date)]
    if not timed:
        raise PlanError(
            sentence("{0} has no times in column {1!r}", table.shown, shown(layout.name(layout.date)))
        )
    known = set(timed)
    last = timed[-1]
    header = {tuple(row) for row in layout.header_cells}
    for row in rows:
        if row in known:
            continue
        cells = table.rows[row]
        lead = next((str(cell).strip() for cell in cells if not is_missing(cell)), "")
        if row > last and not lead[:1].isdigit():
            layout.foot += 1  # a sum, a remark
        elif tuple(str(cell).strip() for cell in cells) not in header:
            what = table.rows[row][layout.date] if layout.date < len(cells) else ""
            raise PlanError(
                sentence("{0}: {1} is no time", table.where(row), quoted(what if what is not None else "")),
                "times look like 2018-01-31 23:45; another form is set with --dialect time='%d/%m/%Y %H:%M'",
            )
    usual = Counter(_width(table.rows[row]) for row in timed).most_common(1)[0][0] if table.separator else 0
    headed = max((len(row) for row in layout.header_cells), default=usual)
    for row in timed if table.separator else ():
        fields = len(table.rows[row])
        if _width(table.rows[row]) > max(usual, headed) or fields < min(usual, headed):
            raise PlanError(
                counted(
                    "{1} has {0} field, the header {2}",
                    "{1} has {0} fields, the header {2}",
                    fields,
                    table.where(row),
                    headed,
                )
                if layout.header_cells
                else counted(
                    "{1} has {0} field, other rows {2}",
                    "{1} has {0} fields, other rows {2}",
                    fields,
                    table.where(row),
                    usual,
                ),
                "is it cut, or is there a separator inside a figure?",
            )
    layout.body = timed
