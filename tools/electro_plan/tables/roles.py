# SPDX-License-Identifier: Apache-2.0
"""What each column of a table holds beside the times: figures, meters, qualities, units, clocks, a day's slots."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from electro_plan.tables import headings
from electro_plan.tables.headings import is_meter, is_quality, meaning, stamps_in
from electro_plan.tables.slots import slot_of
from electro_plan.text.numbers import is_missing, is_number
from electro_plan.text.times import looks_like_clock

if TYPE_CHECKING:
    from electro_plan.tables.layout import Layout
    from electro_plan.tables.table import Cell, Table

_SAMPLE_ROWS = 300
_PERIOD = re.compile(r"hour|stunde|час|\bhe\b|period|interval|\bsp\b|viertelst|slot|\bhr\b", re.IGNORECASE)


def name_columns(table: Table, layout: Layout) -> None:
    """Say of every column but the date's what it holds."""
    sample = layout.body[:: max(1, len(layout.body) // _SAMPLE_ROWS)]
    taken = {layout.date, layout.end}
    clocks = []
    for column in range(len(layout.headings)):
        if column in taken:
            continue
        cells = [cell for cell in table.column(column, sample) if not is_missing(cell)]
        heading = layout.headings[column]
        if not cells:
            continue
        if all(looks_like_clock(cell) for cell in cells):
            clocks.append(column)
        elif all(is_number(cell) for cell in cells):
            _name_numbers(layout, column, cells)
        elif is_quality(heading):
            layout.quality = column
        elif all(isinstance(cell, str) and headings.canonical_unit(cell) for cell in cells):
            layout.unit = column
        elif is_meter(heading):
            layout.meters.append(column)
        elif any(is_number(cell) for cell in cells) and (
            sum(is_number(cell) for cell in cells) * 2 > len(cells) or headings.meaning(heading).unit
        ):
            layout.figures.append(column)  # a cell in it that is no number is refused with its line
        elif headings.meaning(heading).unit:
            layout.figures.append(column)
    slots = [column for column in layout.figures if _is_slot(layout, column)]
    if len(slots) >= 12:
        layout.slots = slots
        layout.figures = [column for column in layout.figures if column not in slots]
    if clocks:
        layout.clock = clocks[0]
        if len(clocks) == 2:
            layout.end_clock = clocks[1]
            if (
                stamps_in(layout.headings[clocks[0]]) == "end"
                or stamps_in(layout.headings[clocks[1]]) == "start"
            ):
                layout.clock, layout.end_clock = clocks[1], clocks[0]


def _is_slot(layout: Layout, column: int) -> bool:
    """Return whether a heading is a time of the day, or the number of an interval."""
    texts = [row[column] for row in layout.header_cells if column < len(row)]
    return any(slot_of(text) is not None for text in texts)


def _name_numbers(layout: Layout, column: int, cells: list[Cell]) -> None:
    heading = layout.headings[column]
    whole = [int(float(str(cell))) for cell in cells if str(cell).replace(".0", "").isdigit()]
    if (
        _PERIOD.search(heading)
        and len(whole) == len(cells)
        and not meaning(heading).unit
        and max(whole) <= 1500
    ):
        layout.period = column
    elif is_meter(heading) and not meaning(heading).unit:
        layout.meters.append(column)
    elif is_quality(heading):
        layout.quality = column
    elif (
        not heading
        and len(whole) == len(cells)
        and whole == sorted(set(whole))
        and whole[0] in (0, 1)
        and column == 0
    ):
        pass  # numbers of rows, as some tools put before them
    else:
        layout.figures.append(column)
