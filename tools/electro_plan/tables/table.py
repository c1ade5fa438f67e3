# SPDX-License-Identifier: Apache-2.0
"""A table as it stands in a file: rows of cells, each row with its place, nothing understood yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from electro_plan.sentence import Sentence, sentence

Cell = str | float | datetime | None
"""A text, or what a typed file holds: a number, a date with time, nothing."""


@dataclass
class Table:
    """Rows of cells.

    Args:
        rows: of a cell each column, not all of the same length.
        places: the number of each row's line in the file.
        shown: how sentences name the file.
        kind: what a row is in the file: "line" or "row".
        separator: between fields of a text; "" for a typed file.
        notes: what there is to say about how it was read.
    """

    rows: list[list[Cell]]
    places: list[int]
    shown: str
    kind: str = "line"
    separator: str = ""
    notes: list[Sentence] = field(default_factory=list)

    def where(self, row: int) -> Sentence:
        """Return the name of a row in a sentence."""
        place = self.places[row]
        return sentence(
            "{0}, {1}",
            self.shown,
            sentence("line {0}", place) if self.kind == "line" else sentence("row {0}", place),
        )

    def column(self, index: int, rows: range | list[int]) -> list[Cell]:
        """Return the cells of a column; None where a row is too short."""
        return [cells[index] if index < len(cells) else None for cells in (self.rows[row] for row in rows)]
