# SPDX-License-Identifier: Apache-2.0
"""Workbooks: XLSX, XLSB, XLS and ODS, by calamine; a sheet is a table like any other."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from electro_plan.errors import Choice, PlanError, Undecided
from electro_plan.formats.extra import need
from electro_plan.sentence import foreign, sentence
from electro_plan.tables.interpreting import interpret
from electro_plan.tables.table import Cell, Table
from electro_plan.text.printing import listed

if TYPE_CHECKING:
    from electro_plan.opening import Opened
    from electro_plan.reading_result import Reading
    from electro_plan.settings import ReadSettings

_HALF_SECOND = timedelta(milliseconds=500)
_MOST_CELLS = 20_000_000


def read(opened: Opened, settings: ReadSettings) -> Reading:
    """Read the one sheet with figures, or the one asked for.

    Raises:
        Undecided: several sheets have rows, or it can be read in more than one way.
        PlanError: it is damaged, or its parts contradict each other.
    """
    calamine = need("python_calamine", "reading a workbook")
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(opened.data))
        name = _sheet(book, opened, settings.dialect.sheet)
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except (calamine.CalamineError, OSError, ValueError, OverflowError) as error:
        raise PlanError(
            sentence("{0} can't be read as a workbook{1}", opened.shown, foreign(error))
        ) from error
    table = Table([], [], opened.shown, kind="row", notes=[sentence("It is sheet {0} of a workbook.", name)])
    for number, row in enumerate(rows, start=1):
        cells = [_cell(cell) for cell in row]
        if any(cell not in (None, "") for cell in cells):
            table.rows.append(cells)
            table.places.append(number)
    return replace(interpret(table, settings, opened.name), format="xlsx")


def _sheet(book: Any, opened: Opened, wanted: str | None) -> str:
    names: list[str] = book.sheet_names
    if wanted is not None:
        if wanted not in names:
            raise PlanError(
                sentence("{0} has no sheet {1!r}; it has {2}", opened.shown, wanted[:60], listed(names))
            )
        return wanted
    filled = [name for name in names if _size(book, opened, name) > 1]
    if len(filled) == 1:
        return filled[0]
    if not filled:
        raise PlanError(sentence("{0} has no sheet with rows", opened.shown))
    raise Undecided(
        sentence("{0} has {1} sheets: {2}", opened.shown, len(filled), listed(filled)),
        "--dialect sheet",
        tuple(Choice(name, sentence("this sheet")) for name in filled[:20]),
    )


def _size(book: Any, opened: Opened, name: str) -> int:
    """Return how many rows a sheet has."""
    sheet = book.get_sheet_by_name(name)
    if sheet.total_height * sheet.total_width > min(_MOST_CELLS, opened.most_cells):
        raise PlanError(
            sentence(
                "{0}, sheet {1}, claims {2:,} cells",
                opened.shown,
                name[:60],
                sheet.total_height * sheet.total_width,
            )
        )
    return int(sheet.height)


def _cell(cell: Any) -> Cell:
    """Return a cell: times of the day and lengths of time as a clock's text, days as midnights."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, int | float):
        return float(cell)
    if isinstance(cell, datetime):
        return (cell + _HALF_SECOND).replace(microsecond=0)  # fractions of a day are off by microseconds
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)
    if isinstance(cell, time):
        return f"{cell:%H:%M:%S}"
    if isinstance(cell, timedelta):
        minutes, seconds = divmod(round(cell.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    return str(cell)
