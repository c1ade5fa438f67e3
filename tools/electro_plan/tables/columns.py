# SPDX-License-Identifier: Apache-2.0
"""Which columns hold the figures that are meant, and which rows the meter that is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from electro_plan.errors import Choice, PlanError, Undecided
from electro_plan.sentence import Sentence, sentence
from electro_plan.series import Series, choose
from electro_plan.tables import headings
from electro_plan.tables.layout import only
from electro_plan.text.printing import listed, quoted, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from electro_plan.settings import ReadSettings
    from electro_plan.tables.layout import Layout
    from electro_plan.tables.rows import Rows
    from electro_plan.tables.table import Table


def figure_columns(table: Table, found: Layout, settings: ReadSettings, notes: list[Sentence]) -> list[int]:
    """Return the columns of figures that are meant.

    Raises:
        Undecided: several may be.
        PlanError: there is none, or one that was named is not there.
    """
    wanted = settings.energy_columns
    known = {column: headings.meaning(found.headings[column]) for column in found.figures}
    own = [column for column, each in known.items() if not each.foreign]
    taken = [column for column in own if not known[column].export]
    named = [
        column
        for column in taken
        if known[column].unit or known[column].energy or known[column].register or known[column].power
    ]
    if wanted and not (wanted == ("all",) and not found.named("all")):
        columns = [only(found, name, table, "--energy-column") for name in wanted]
    else:
        columns = named or taken or own
        if not columns:
            raise PlanError(
                sentence(
                    "{0} has no column of figures beside {1!r}; its columns are {2}",
                    table.shown,
                    shown(found.name(found.date)),
                    listed([found.name(each) for each in range(len(found.headings))]),
                ),
                "name it with --energy-column",
            )
        if len(columns) > 1 and not wanted:
            names = [found.name(column) for column in columns]
            raise Undecided(
                sentence("{0} has {1} columns of figures: {2}", table.shown, len(columns), listed(names)),
                "--energy-column",
                (
                    *(Choice(name, sentence("this one")) for name in names[:20]),
                    Choice("all", sentence("their sum")),
                ),
            )
    for column in columns:
        _refuse_cut_decimals(table, found, column)
    left = [found.name(column) for column in found.figures if column not in columns]
    if left:
        notes.append(sentence("Left aside: {0}.", listed(left)))
    notes.extend(
        sentence(
            "Warning: {0} names a factor; figures are taken as they are written, and not multiplied.",
            quoted(words),
        )
        for words in _factors(table, found, columns)
    )
    return columns


def _factors(table: Table, found: Layout, columns: list[int]) -> list[str]:
    """Return where the file names a factor other than 1 that may belong to its figures."""
    named = [line for line in found.preamble if headings.is_factor(line)]
    for column in found.figures:
        if column in columns or not headings.is_factor(found.headings[column]):
            continue
        values = {str(cell).strip() for cell in table.column(column, found.body)} - {"", "1", "1.0", "1,0"}
        named += [f"{found.name(column)} {min(values)}"] if values else []
    return named


def _refuse_cut_decimals(table: Table, found: Layout, column: int) -> None:
    """Refuse a column behind which stand digits without a heading: decimals behind a comma, most likely."""
    after = column + 1
    if table.separator != "," or after >= len(found.headings) or found.headings[after]:
        return
    cells = [cell for cell in table.column(after, found.body) if cell]
    if cells and all(isinstance(cell, str) and cell.strip().isdigit() for cell in cells):
        row = found.body[0]
        raise PlanError(
            sentence(
                "{0}: behind {1} stands {2} in a column without a heading: decimals behind a comma?",
                table.where(row),
                quoted(table.rows[row][column]),
                quoted(table.rows[row][after]),
            ),
            "put figures in quotes, or use another separator",
        )


def meter_names(table: Table, found: Layout, rows: Rows, columns: list[int]) -> list[str] | None:
    """Return a meter's name each row; None if nothing tells meters apart."""
    telling = [column for column in found.meters if column not in columns]
    if not telling:
        return None
    by_row = {
        row: " ".join(
            str(table.rows[row][column]).strip() for column in telling if column < len(table.rows[row])
        )
        for row in found.body
    }
    return [by_row[int(row)] for row in rows.rows]


def by_meter(meters: list[str] | None, count: int) -> dict[str, NDArray[np.int64]]:
    """Return the rows of each meter, by its name; "" where nothing tells meters apart."""
    if meters is None:
        return {"": np.arange(count, dtype=np.int64)}
    names = np.array(meters)
    return {name: np.flatnonzero(names == name).astype(np.int64) for name in dict.fromkeys(meters)}


def chosen_meters(
    groups: dict[str, NDArray[np.int64]], settings: ReadSettings, table: Table
) -> dict[str, NDArray[np.int64]]:
    """Return the rows of the meters that are meant.

    Raises:
        Undecided: there are several, and none was asked for.
        PlanError: one that was asked for is not there.
    """
    if groups.keys() == {""}:
        if settings.meters and settings.meters != ("all",):
            raise PlanError(
                sentence("{0} does not tell meters apart", table.shown), "name a column with --energy-column"
            )
        return groups
    stubs = [
        Series(name, index, 1, np.zeros(len(index)), np.zeros(len(index), np.uint8), index, table.where)
        for name, index in groups.items()
    ]
    return {each.meter: groups[each.meter] for each in choose(stubs, settings.meters, table.shown)}
