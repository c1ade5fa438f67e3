# SPDX-License-Identifier: Apache-2.0
"""XLSX: typed local times, whose zone stands in the heading, since a workbook's times have no offset."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from electro_plan.errors import PlanError
from electro_plan.formats.extra import need
from electro_plan.sentence import sentence

if TYPE_CHECKING:
    from electro_plan.writing.export import Export

_MOST_ROWS = 1_048_575  # a sheet's rows without its headings
_TIME_WIDTH = 18


def write(export: Export) -> bytes:
    """Return a workbook of one sheet.

    Raises:
        PlanError: a sheet has not so many rows, or the library is not installed.
    """
    history = export.history
    if len(history) > _MOST_ROWS:
        raise PlanError(
            sentence("a sheet has {0:,} rows, and there are {1:,} intervals", _MOST_ROWS, len(history)),
            "take fewer, or another format",
        )
    xlsxwriter = need("xlsxwriter", "writing a workbook")
    stream = io.BytesIO()
    # texts from strangers must not become formulas or links
    book = xlsxwriter.Workbook(
        stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet("load")
    bold, time = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    number = book.add_format({"num_format": "#,##0.000"})
    names = (f"start ({export.zone})", f"end ({export.zone})", "energy_kwh", "quality", *export.columns)
    sheet.write_row(0, 0, names, bold)
    walls = history.wall_s
    ends = [*walls[1:].tolist(), _wall(history.end_s, export)]
    rows = zip(
        walls.tolist(), ends, export.energies_kwh(), export.qualities(), *export.columns.values(), strict=True
    )
    for row, (start, end, kwh, quality, *others) in enumerate(rows, start=1):
        sheet.write_datetime(row, 0, _moment(start), time)
        sheet.write_datetime(row, 1, _moment(end), time)
        if kwh is not None:
            sheet.write_number(row, 2, kwh, number)
        sheet.write_string(row, 3, quality)
        for column, value in enumerate(others, start=4):
            if value is not None:
                sheet.write(row, column, value)
    sheet.set_column(0, 1, _TIME_WIDTH)
    sheet.freeze_panes(1, 0)
    book.close()
    return stream.getvalue()


def _moment(wall_s: int) -> datetime:
    return datetime.fromtimestamp(wall_s, UTC).replace(tzinfo=None)


def _wall(unix_s: int, export: Export) -> int:
    import numpy as np

    from electro_plan import zones

    return int(zones.to_wall(np.array([unix_s], np.int64), export.zone)[0])
