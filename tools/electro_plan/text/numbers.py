# SPDX-License-Identifier: Apache-2.0
"""Numbers as people write them: what the signs between digits mean is proved by all figures of a file together.

"1.234,5" proves a decimal comma, "12.34" a decimal point, "1.234.567" points between thousands. "1.234" proves nothing:
such a column is read with decimals, and is told to be open.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from electro_plan.errors import PlanError
from electro_plan.sentence import Sentence, sentence
from electro_plan.text.printing import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from electro_plan.tables.table import Cell

SIGN_WORDS = {
    ",": sentence("comma"),
    ".": sentence("point"),
    "'": sentence("apostrophe"),
    " ": sentence("space"),
}
MISSING = frozenset(
    [
        "",
        "-",
        "--",
        "—",
        "–",
        "n/a",
        "na",
        "nan",
        "null",
        "none",
        "#n/a",
        "#nv",
        "n.a.",
        "k.a.",
        "нет",
        "нет данных",
    ]
)
_NUMBER = re.compile(r"([+-]?)(\d+(?:[.,' ]\d+)*|[.,]\d+)(?:[eE]([+-]?\d{1,2}))?\s*([^\W\d_][^\d]{0,9})?")
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2212": "-", "’": "'", "\u2013": "-"})
_OTHER = {",": ".", ".": ","}


@dataclass(frozen=True)
class Signs:
    """What the signs between digits mean.

    Args:
        decimal: before decimals; None if no figure has decimals.
        thousands: between thousands; "" if none.
        open: the sign that may be either: read as decimal. Where it stands three digits follow, so that the other
            reading is a thousand times as much.
        example: a figure with the open sign, as it is written.
        mixed: there are figures without the open sign too, as thousands leave them, and decimals of one length do not.
    """

    decimal: str | None = None
    thousands: str = ""
    open: str | None = None
    example: str = ""
    mixed: bool = False


@dataclass(frozen=True)
class Column:
    """Figures of a column.

    Args:
        values: shape (n,), float64; NaN where there is none.
        grouped: shape (n,): figures with the open sign, if there is one.
        suffix: what stands behind every figure, such as a unit; "" if nothing.
    """

    values: NDArray[np.float64]
    grouped: NDArray[np.bool_]
    suffix: str = ""

    def as_thousands(self) -> Column:
        """Return what the figures are if the open sign stands between thousands."""
        return replace(self, values=np.where(self.grouped, np.round(self.values * 1000), self.values))


def is_number(cell: Cell) -> bool:
    """Return whether a cell is written as a number, whatever its signs mean."""
    if isinstance(cell, str):
        return _NUMBER.fullmatch(cell.translate(_SPACES).strip()) is not None
    return isinstance(cell, float)


def is_missing(cell: Cell) -> bool:
    """Return whether a cell says that there is no figure."""
    return cell is None or (isinstance(cell, str) and cell.strip().lower() in MISSING)


def prove_signs(columns: Iterable[Sequence[Cell]], where: Callable[[int], str], settled: Signs) -> Signs:
    """Return what the signs of these columns mean together.

    Args:
        columns: cells, row by row.
        where: names a row in a sentence.
        settled: what the person said, or the file's dates prove: its `decimal` and `thousands`.

    Raises:
        PlanError: figures contradict each other.
    """
    decimals: dict[str, tuple[int, str]] = {}
    groups: dict[str, tuple[int, str]] = {}
    undecided: dict[str, tuple[int, str]] = {}
    bare = rounded = 0
    for cells in columns:
        for row, cell in enumerate(cells):
            if not isinstance(cell, str):
                continue
            found = _NUMBER.fullmatch(cell.translate(_SPACES).strip())
            if found is None:
                continue
            body = found[2]
            signs = [sign for sign in body if sign in ".,' "]
            if not signs:
                bare += 1
                continue
            _note(body, signs, (row, cell), decimals, groups, undecided)
            rounded += body.endswith("000")
    if settled.decimal is not None:
        return Signs(settled.decimal, settled.thousands)
    if len(decimals) > 1:
        (row, cell), (other, else_) = decimals["."], decimals[","]
        raise PlanError(
            sentence(
                "{0} has {1} and {2} {3}: a decimal point and a decimal comma",
                where(row),
                quoted(cell),
                where(other),
                quoted(else_),
            ),
            "set one with --dialect decimal=point or --dialect decimal=comma",
        )
    between = [sign for sign in groups if sign in ".,"]
    if decimals:
        decimal = next(iter(decimals))
        if decimal in between:
            row, cell = groups[decimal]
            raise PlanError(
                sentence(
                    "{0}: {1} has {2!r} between thousands, other rows before decimals",
                    where(row),
                    quoted(cell),
                    decimal,
                )
            )
        return Signs(decimal, next(iter(groups), ""))
    if between or settled.thousands:
        sign = settled.thousands or between[0]
        return Signs(_OTHER.get(sign, "."), sign)
    if len(undecided) == 1:
        sign, (_, cell) = next(iter(undecided.items()))
        if groups or (
            not bare and rounded == sum(1 for c in columns for x in c if isinstance(x, str) and sign in x)
        ):
            # other signs stand between thousands; or as thousands every figure would be a round thousand
            return Signs(sign, next(iter(groups), ""))
        return Signs(sign, "", open=sign, example=cell, mixed=bare > 0)
    if len(undecided) == 2:
        (row, cell), (other, else_) = undecided["."], undecided[","]
        raise PlanError(
            sentence(
                "{0} has {1} and {2} {3}: one of them has no decimals",
                where(row),
                quoted(cell),
                where(other),
                quoted(else_),
            ),
            "set it with --dialect decimal=point or --dialect decimal=comma",
        )
    return Signs(None, next(iter(groups), ""))


def parse(cells: Sequence[Cell], signs: Signs, heading: str, where: Callable[[int], str]) -> Column:
    """Return a column's figures.

    Raises:
        PlanError: a cell is no number.
    """
    values = np.full(len(cells), np.nan)
    grouped = np.zeros(len(cells), np.bool_)
    decimal, thousands = signs.decimal or ".", signs.thousands
    other = _OTHER.get(decimal, "")
    suffix: str | None = None
    for row, cell in enumerate(cells):
        if isinstance(cell, float):
            values[row] = cell
            continue
        if is_missing(cell):
            continue
        if not isinstance(cell, str):
            raise PlanError(sentence("{0}: {1} is {2}, which is no number", where(row), heading, cell))
        found = _NUMBER.fullmatch(cell.translate(_SPACES).strip())
        if found is None:
            raise PlanError(
                sentence("{0}: {1} is {2}, which is no number", where(row), heading, quoted(cell))
            )
        sign, body, exponent, behind = found.groups()
        if suffix is None:
            suffix = behind or ""
        elif suffix != (behind or ""):
            raise PlanError(
                sentence(
                    "{0}: {1} is {2}, in rows before in {3}",
                    where(row),
                    heading,
                    quoted(cell),
                    suffix or sentence("no unit"),
                )
            )
        grouped[row] = bool(signs.open) and signs.open in body
        plain = _plain(body, decimal, thousands, other)
        if plain is None:
            raise PlanError(
                sentence(
                    "{0}: {1} is {2}, which is no number with {3}",
                    where(row),
                    heading,
                    quoted(cell),
                    _say(decimal, thousands),
                ),
                "set the signs with --dialect decimal=… and --dialect thousands=…",
            )
        values[row] = float(f"{sign}{plain}e{exponent or 0}")
    return Column(values, grouped, (suffix or "").strip())


def _note(
    body: str,
    signs: list[str],
    at: tuple[int, str],
    decimals: dict[str, tuple[int, str]],
    groups: dict[str, tuple[int, str]],
    undecided: dict[str, tuple[int, str]],
) -> None:
    """Note what one figure proves about its signs."""
    last = signs[-1]
    before, _, after = body.rpartition(last)
    if len(set(signs)) > 1 or (len(signs) == 1 and last in ".,"):
        # the last sign of two kinds stands before decimals: "1.234,5", "1 234,567"
        if len(signs) == 1 and len(after) == 3 and 1 <= len(before) <= 3 and before[0] != "0":
            undecided.setdefault(last, at)
            return
        if last in ".,":
            decimals.setdefault(last, at)
        for sign in set(signs[:-1]) - {last}:
            groups.setdefault(sign, at)
    else:
        groups.setdefault(last, at)


def _plain(body: str, decimal: str, thousands: str, other: str) -> str | None:
    """Return digits with a point before decimals, or None where the groups are no thousands."""
    whole, point, part = body.partition(decimal)
    if not part.isdigit() and point:
        return None
    if not whole.isdigit() and whole:
        groups = re.split(r"[.,' ]", whole)
        used = set(re.findall(r"[.,' ]", whole))
        if len(used) > 1 or not used <= ({thousands} if thousands else {other, "'", " "}):
            return None
        if not 1 <= len(groups[0]) <= 3 or any(len(group) != 3 for group in groups[1:]):
            return None
        whole = "".join(groups)
    return f"{whole or '0'}.{part or '0'}"


def _say(decimal: str, thousands: str) -> Sentence:
    if not thousands:
        return sentence("a decimal {0}", SIGN_WORDS[decimal])
    return sentence("a decimal {0} and {1}s between thousands", SIGN_WORDS[decimal], SIGN_WORDS[thousands])
