# SPDX-License-Identifier: Apache-2.0
"""Text with separated fields, in the dialects that people have: CSV and its like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_plan.sentence import sentence
from electro_plan.tables.interpreting import interpret
from electro_plan.text.encoding import decode
from electro_plan.text.fields import join_decimals, split

if TYPE_CHECKING:
    from electro_plan.opening import Opened
    from electro_plan.reading_result import Reading
    from electro_plan.settings import ReadSettings

_NAMES = {
    ",": sentence("commas"),
    ";": sentence("semicolons"),
    "\t": sentence("tabs"),
    "|": sentence("pipes"),
}


def read(opened: Opened, settings: ReadSettings) -> Reading:
    """Read separated text.

    Raises:
        Undecided: it can be read in more than one way.
        PlanError: it can't be read, or its parts contradict each other.
    """
    dialect = settings.dialect
    text, encoding = decode(opened.data, opened.shown, dialect.encoding)
    table = split(text, opened.shown, dialect.separator, any_time=dialect.time is not None)
    if dialect.decimal == ",":
        join_decimals(table)
    table.notes.append(
        sentence("It is text in {0}, its fields are separated by {1}.", encoding, _NAMES[table.separator])
    )
    if text and not text.endswith(("\n", "\r")):
        table.notes.append(sentence("Its last line has no end: the file may have been cut."))
    return interpret(table, settings, opened.name)
