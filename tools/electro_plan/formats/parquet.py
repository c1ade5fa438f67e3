# SPDX-License-Identifier: Apache-2.0
"""Parquet, by polars: typed columns, which are a table like any other."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from electro_plan.errors import PlanError
from electro_plan.formats.extra import need
from electro_plan.sentence import foreign, sentence
from electro_plan.tables.headings import is_meter, is_time
from electro_plan.tables.interpreting import interpret
from electro_plan.tables.table import Cell, Table

if TYPE_CHECKING:
    from electro_plan.opening import Opened
    from electro_plan.reading_result import Reading
    from electro_plan.settings import ReadSettings


def read(opened: Opened, settings: ReadSettings) -> Reading:
    """Read a Parquet file.

    Raises:
        Undecided: it can be read in more than one way.
        PlanError: it is damaged, or its parts contradict each other.
    """
    polars = need("polars", "reading Parquet")
    try:
        scanned = polars.scan_parquet(io.BytesIO(opened.data))
        size = int(scanned.select(polars.len()).collect().item()) * len(scanned.collect_schema())
        if size > opened.most_cells:
            raise PlanError(sentence("{0} claims {1:,} cells", opened.shown, size))
        frame = scanned.collect()
        rows = frame.rows()
    except (
        polars.exceptions.PolarsError,
        polars.exceptions.PanicException,
        OSError,
        ValueError,
        OverflowError,
    ) as error:
        raise PlanError(sentence("{0} can't be read as Parquet{1}", opened.shown, foreign(error))) from error
    table = Table([list(frame.columns)], [0], opened.shown, kind="row", notes=[sentence("It is Parquet.")])
    written = [is_time(name) or is_meter(name) for name in frame.columns]
    for number, row in enumerate(rows, start=1):
        table.rows.append([_cell(cell, text) for cell, text in zip(row, written, strict=True)])
        table.places.append(number)
    return replace(interpret(table, settings, opened.name), format="parquet")


def _cell(cell: Any, text: bool) -> Cell:
    """Return a cell; whole numbers in a column of times or names as their digits."""
    if cell is None or isinstance(cell, str | datetime):
        return cell
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, int) and text:
        return str(cell)
    if isinstance(cell, int | float | Decimal):
        return float(cell)
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)
    if isinstance(cell, time):
        return f"{cell:%H:%M:%S}"
    return str(cell)
