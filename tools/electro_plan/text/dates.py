# SPDX-License-Identifier: Apache-2.0
"""Dates as people write them: one order of day, month and year for a whole file, proved by it, or asked."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from electro_plan.errors import Choice, PlanError, Undecided
from electro_plan.sentence import Sentence, sentence
from electro_plan.text.months import month_of
from electro_plan.text.printing import quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_plan.settings import Dialect

DAY_S = 86_400
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_LETTER = r"[^\W\d_]"
_ORDERS = ("ymd", "dmy", "mdy")
ORDER_WORDS = {
    "dmy": sentence("day first"),
    "mdy": sentence("month first"),
    "ymd": sentence("year first"),
}


def order_of(
    unique: list[str], texts: list[str], dates: list[str], dialect: Dialect, where: Callable[[int], str]
) -> tuple[str, Sentence | None]:
    """Return the order that all dates allow, and words for it."""
    if dialect.date:
        return dialect.date, sentence("Dates have the {0}.", ORDER_WORDS[dialect.date])
    allowed = {order: [day_of(each, order) for each in unique] for order in _ORDERS}
    valid = [order for order in _ORDERS if None not in allowed[order]]
    if not valid:
        bad = next((each for each in unique if all(day_of(each, order) is None for order in _ORDERS)), None)
        if bad is not None:
            raise PlanError(sentence("{0}: {1} is no date", where(dates.index(bad)), quoted(bad)))
        first = next(each for each in unique if day_of(each, "mdy") is None)
        second = next(each for each in unique if day_of(each, "dmy") is None)
        raise PlanError(
            sentence(
                "{0} has {1}, {2} {3}: a date with the day first and one with the month first",
                where(dates.index(first)),
                quoted(first),
                where(dates.index(second)),
                quoted(second),
            ),
            "a file has one order; repair it, or set it with --dialect date=dmy, mdy or ymd",
        )
    if len({tuple(allowed[order]) for order in valid}) == 1:
        return valid[0], None
    if "dmy" in valid and all("." in each for each in unique):
        return "dmy", None  # with points no country writes the month first, nor years of two digits
    raise Undecided(
        _open(valid, unique, texts, dates, where),
        "--dialect date",
        tuple(Choice(order, ORDER_WORDS[order]) for order in valid),
    )


def _open(
    valid: list[str], unique: list[str], texts: list[str], dates: list[str], where: Callable[[int], str]
) -> Sentence:
    example = next(each for each in unique if len({day_of(each, order) for order in valid}) > 1)
    meanings = ", ".join(
        f"{date.fromordinal((day_of(example, order) or 0) + _EPOCH_DAY):%Y-%m-%d}" for order in valid
    )
    row = dates.index(example)
    told = where(row), quoted(texts[row]), meanings
    smooth = [
        order
        for order in valid
        if all(abs((day_of(b, order) or 0) - (day_of(a, order) or 0)) == 1 for a, b in pairwise(unique))
    ]
    if len(smooth) == 1 and len(unique) > 1:
        return sentence(
            "{0}: {1} may be any of {2}; no row proves which, but days follow one another only with the {3}",
            *told,
            ORDER_WORDS[smooth[0]],
        )
    return sentence("{0}: {1} may be any of {2}; no row proves which", *told)


def day_of(text: str, order: str) -> int | None:
    """Return days since 1970 of a date; None if it is none in this order."""
    if text.isdigit():
        parts: list[str] = [text[:4], text[4:6], text[6:]]
    else:
        parts = re.findall(rf"\d+|{_LETTER}+", text)
    if len(parts) != 3:
        return None
    named = [index for index, part in enumerate(parts) if not part.isdigit()]
    try:
        if named:
            month = month_of(parts[named[0]])
            day, year = (int(part) for index, part in enumerate(parts) if index != named[0])
            if month is None:
                return None
        elif len(parts[0]) == 4:
            year, month, day = map(int, parts)
        else:
            if order == "ymd" and len(parts[2]) == 4:
                return None
            positions = {"dmy": (2, 1, 0), "mdy": (2, 0, 1), "ymd": (0, 1, 2)}[order]
            year, month, day = (int(parts[position]) for position in positions)
        year += 2000 if year < 100 and not any(len(part) == 4 for part in parts if part.isdigit()) else 0
        return date(year, month, day).toordinal() - _EPOCH_DAY
    except ValueError:
        return None


def day_start_s(text: str) -> int | None:
    """Return the wall-clock second at which a day such as 20240131 begins; None if it is none."""
    day = day_of(text, "ymd") if len(text) == 8 and text.isascii() and text.isdigit() else None
    return None if day is None else day * DAY_S
