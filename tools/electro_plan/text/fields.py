# SPDX-License-Identifier: Apache-2.0
"""Split a text into rows of fields, by the separator under which rows have times in them."""

from __future__ import annotations

import csv
import io
from itertools import islice

from electro_plan.errors import Choice, PlanError, Undecided
from electro_plan.sentence import foreign, sentence
from electro_plan.tables.table import Cell, Table
from electro_plan.text.printing import quoted
from electro_plan.text.times import looks_like_time

_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}  # as --dialect names them
_SAMPLE_ROWS = 400  # headers are shorter, and the body shows its separator in each row


def split(text: str, shown: str, separator: str | None = None, *, any_time: bool = False) -> Table:
    """Return the rows of a text; blank lines are left out.

    Args:
        text: with any line ends.
        shown: the file's name in sentences.
        separator: the one to take.
        any_time: times may look like anything: the person said how they are written.

    Raises:
        PlanError: no separator gives rows with times.
        Undecided: several do.
    """
    if separator is None:
        separator = _prove(text, shown, any_time=any_time)
    rows: list[list[Cell]] = []
    places: list[int] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    try:
        for row in reader:
            if any(cell and not cell.isspace() for cell in row):
                rows.append(list(row))
                places.append(reader.line_num)
    except csv.Error as error:
        raise PlanError(
            sentence("{0}, line {1}, is no row of a table{2}", shown, str(reader.line_num), foreign(error))
        ) from error
    return Table(rows, places, shown, separator=separator)


def _prove(text: str, shown: str, *, any_time: bool) -> str:
    scores: dict[str, int] = {}
    for separator in _SEPARATORS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
        try:
            rows = [row for row in islice(reader, _SAMPLE_ROWS) if len(row) > 1]
        except csv.Error:
            continue
        score = sum(any_time or any(looks_like_time(cell) for cell in row[:12]) for row in rows)
        if score:
            scores[separator] = score
    if not scores:
        first = text.lstrip().partition("\n")[0].strip()
        raise PlanError(
            sentence(
                "{0} has no rows with times in a form that is known; it begins with {1}", shown, quoted(first)
            )
            if first
            else sentence("{0} has no rows with times in a form that is known: it is empty", shown),
            "say how times are written, such as --dialect time='%d/%m/%Y %H:%M', and --dialect separator=…",
        )
    best = max(scores.values())
    chosen = [separator for separator, score in scores.items() if score == best]
    if len(chosen) > 1:
        raise Undecided(
            sentence(
                "{0} can be split at any of {1}", shown, ", ".join(_SEPARATORS[each] for each in chosen)
            ),
            "--dialect separator",
            tuple(Choice(_SEPARATORS[each], sentence("between fields")) for each in chosen),
        )
    return chosen[0]


def join_decimals(table: Table) -> None:
    """Put figures together whose unquoted decimal comma was taken for a separator, in a file of time and figure.

    Done only where the person said that decimals follow a comma, and each row has the one field more.
    """
    if table.separator != "," or len(table.rows) < 2 or len(table.rows[0]) != 2:
        return
    body = table.rows[1:]
    if all(
        len(row) == 3 and str(row[1]).strip().lstrip("-").isdigit() and str(row[2]).strip().isdigit()
        for row in body
    ):
        table.rows[1:] = [[row[0], f"{str(row[1]).strip()},{str(row[2]).strip()}"] for row in body]
