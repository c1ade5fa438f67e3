# SPDX-License-Identifier: Apache-2.0
"""Times as people write them to wall-clock seconds: one order of day, month and year for a whole file, proved by it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from electro_plan.errors import PlanError
from electro_plan.sentence import Sentence, sentence
from electro_plan.text.dates import DAY_S, ORDER_WORDS, day_of, order_of
from electro_plan.text.printing import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from electro_plan.settings import Dialect
    from electro_plan.tables.table import Cell

_LETTER = r"[^\W\d_]"
_DATE = (
    r"\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{4}|\d{1,2}[-./]\d{1,2}[-./]\d{2}"
    rf"|\d{{1,2}}[ .-]*{_LETTER}{{3,9}}\.?[ .,-]*\d{{4}}|\d{{1,2}}-{_LETTER}{{3,9}}-\d{{2}}"
    rf"|{_LETTER}{{3,9}}\.? \d{{1,2}},? \d{{4}}|(?:19|20)\d\d[01]\d[0-3]\d"
)
_CLOCK = r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]0+)?)?(?:\s*([AaPp])\.?[Mm]\.?)?"
_NAMED = {"Z": 0, "UTC": 0, "GMT": 0, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3, "WEST": 1,
          "MSK": 3, "МСК": 3}  # fmt: skip
_OFFSET = rf"\s*(?:\(?({'|'.join(_NAMED)})\)?|(?:UTC|GMT)?([+-])(\d{{2}}):?(\d{{2}})?)"
_CELL = re.compile(rf"(?:{_LETTER}{{2,10}}\.?,?\s+)?({_DATE})(?:(?:[T\s]|,\s)\s*(\S.*?))?\s*")
_INSTANT = re.compile(rf"{_CLOCK}(?:{_OFFSET})?")
_RANGE = re.compile(rf"{_CLOCK}\s*(?:-|–|bis|to|до)\s*{_CLOCK}(?:{_OFFSET})?")
_COMPACT = re.compile(r"((?:19|20)\d\d[01]\d[0-3]\d)[T ]?([0-2]\d)([0-5]\d)([0-5]\d)?(Z)?")
_EPOCH = re.compile(r"\d{10}(?:\.0+)?|\d{13}(?:\.0+)?|\d{16}|\d{19}")
_EPOCH_UNITS = {10: 1, 13: 10**3, 16: 10**6, 19: 10**9}
_EARLIEST, _LATEST = 631_152_000, 4_102_444_800  # 1990 to 2100: as many digits would be a register else


@dataclass(frozen=True)
class Times:
    """What a column's cells say.

    Args:
        wall_s: shape (n,), int64: seconds since 1970-01-01 00:00 on the clock they were written by.
        offset_s: shape (n,), int64: that clock's seconds ahead of UTC; None if none is written.
        until_s: shape (n,), int64: ends, of cells such as "00:00-00:15"; None if there are none.
        dates_only: no time of the day is written.
        has_24: a time such as 24:00 occurs, which only an end can be.
        order: how dates are written, in words; None if there is nothing to say.
    """

    wall_s: NDArray[np.int64]
    offset_s: NDArray[np.int64] | None = None
    until_s: NDArray[np.int64] | None = None
    dates_only: bool = False
    has_24: bool = False
    order: Sentence | None = None


def looks_like_time(cell: Cell) -> bool:
    """Return whether a cell is a date, with or without a time of the day, or an epoch's count."""
    if isinstance(cell, datetime):
        return True
    if isinstance(cell, float):
        return False
    text = (cell or "").strip()
    if not text or len(text) > 60:
        return False
    if text[0].isdigit() and text.replace(".", "", 1).isdigit() and len(text) >= 8:
        if _EPOCH.fullmatch(text):
            return (
                _EARLIEST
                <= int(text.partition(".")[0]) // _EPOCH_UNITS[len(text.partition(".")[0])]
                <= _LATEST
            )
        return _COMPACT.fullmatch(text) is not None or _CELL.fullmatch(text) is not None
    found = _CELL.fullmatch(text)
    return (found is not None and (found[2] is None or _is_clock(found[2]))) or (
        _COMPACT.fullmatch(text) is not None
    )


def looks_like_clock(cell: Cell) -> bool:
    """Return whether a cell is a time of the day without a date."""
    return isinstance(cell, str) and _is_clock(cell.strip())


def clock_s(text: str) -> tuple[int, int | None] | None:
    """Return (second of the day, second at its end or None) of "00:15" or "00:00-00:15"; None if it is neither."""
    said = _clock(text.strip(), ranges=True)
    return said and said[:2]


def parse(
    cells: Sequence[Cell], dialect: Dialect, where: Callable[[int], str], clocks: Sequence[Cell] | None = None
) -> Times:
    """Return what cells with dates say, with times of the day beside them in `clocks` if they have none themselves.

    Raises:
        Undecided: no row proves whether the day or the month comes first.
        PlanError: a cell is no time, or rows prove different orders.
    """
    if cells and all(isinstance(cell, datetime) for cell in cells) and clocks is None:
        return _typed([cell for cell in cells if isinstance(cell, datetime)], where)
    texts = [_text(cell) for cell in cells]
    if clocks is not None:
        texts = [text.removesuffix(" 00:00:00") for text in texts]  # a typed day is a midnight
    if dialect.time:
        return _by_format(texts, dialect.time, where)
    if clocks is None and texts and all(map(_EPOCH.fullmatch, texts)):
        return _epochs(texts, where)
    days, rests, order = _dates(texts, dialect, where)
    if clocks is not None:
        if any(rests):
            raise PlanError(sentence("{0}: {1} has a time of the day already", where(0), quoted(texts[0])))
        rests = [_text(cell) for cell in clocks]
    if not any(rests):
        return Times(days * DAY_S, dates_only=True, order=order)
    return _with_clocks(days, rests, texts, order, where)


def _text(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    if isinstance(cell, float):
        return str(int(cell)) if cell == int(cell) else str(cell)
    return (cell or "").strip()


def _typed(cells: list[datetime], where: Callable[[int], str]) -> Times:
    epoch, aware = datetime(1970, 1, 1), [cell.tzinfo is not None for cell in cells]
    if any(aware) != all(aware):
        raise PlanError(
            sentence("{0} has a time without an offset, others have one", where(aware.index(False)))
        )
    second = timedelta(seconds=1)
    wall = np.array([round((cell.replace(tzinfo=None) - epoch) / second) for cell in cells], np.int64)
    offsets = None
    if all(aware):
        offsets = np.array([(cell.utcoffset() or timedelta()) // second for cell in cells], np.int64)
    # a workbook's day fractions are off by microseconds; a time of the day nowhere means that days are meant
    return Times(wall, offsets, dates_only=bool(np.all(wall % DAY_S == 0)))


def _by_format(texts: list[str], pattern: str, where: Callable[[int], str]) -> Times:
    parsed = []
    for row, text in enumerate(texts):
        try:
            parsed.append(datetime.strptime(text, pattern))
        except (ValueError, re.error):
            raise PlanError(
                sentence("{0}: {1} is no time written as {2}", where(row), quoted(text), pattern[:40])
            ) from None
    return _typed(parsed, where)


def _epochs(texts: list[str], where: Callable[[int], str]) -> Times:
    seconds = []
    for row, text in enumerate(texts):
        digits = text.partition(".")[0]
        whole, rest = divmod(int(digits), _EPOCH_UNITS[len(digits)])
        if rest or not _EARLIEST <= whole <= _LATEST:
            raise PlanError(
                sentence("{0}: {1} is no whole second between 1990 and 2100", where(row), quoted(text))
            )
        seconds.append(whole)
    wall = np.array(seconds, np.int64)
    return Times(wall, np.zeros(len(wall), np.int64), order=sentence("Times are counted from 1970 in UTC."))


def _dates(
    texts: list[str], dialect: Dialect, where: Callable[[int], str]
) -> tuple[NDArray[np.int64], list[str], Sentence | None]:
    """Return days since 1970, what stands behind each date, and the order in words."""
    rests: list[str] = []
    dates: list[str] = []
    for row, text in enumerate(texts):
        if compact := _COMPACT.fullmatch(text):
            dates.append(compact[1])
            rests.append(f"{compact[2]}:{compact[3]}:{compact[4] or '00'}{compact[5] or ''}")
        elif found := _CELL.fullmatch(text):
            dates.append(found[1])
            rests.append(found[2] or "")
        else:
            raise PlanError(
                sentence("{0}: {1} is no time", where(row), quoted(text)),
                "times look like 2018-01-31 23:45; another form is set with --dialect time='%d/%m/%Y %H:%M'",
            )
    unique = list(dict.fromkeys(dates))
    order, words = order_of(unique, texts, dates, dialect, where)
    days: dict[str, int] = {}
    for each in unique:
        day = day_of(each, order)
        if day is None:
            raise PlanError(
                sentence(
                    "{0}: {1} is no date, {2}", where(dates.index(each)), quoted(each), ORDER_WORDS[order]
                )
            )
        days[each] = day
    return np.array([days[each] for each in dates], np.int64), rests, words


def _with_clocks(
    days: NDArray[np.int64],
    rests: list[str],
    texts: list[str],
    order: Sentence | None,
    where: Callable[[int], str],
) -> Times:
    known: dict[str, tuple[int, int | None, int | None]] = {}
    ranges = _are_ranges(rests)
    for row, rest in enumerate(rests):
        if rest in known:
            continue
        said = _clock(rest, ranges=ranges)
        if said is None:
            shown = texts[row] if rest in texts[row] else f"{texts[row]} {rest}"
            raise PlanError(
                sentence("{0}: {1} is no time", where(row), quoted(shown)),
                "times look like 2018-01-31 23:45; another form is set with --dialect time='%d/%m/%Y %H:%M'",
            )
        known[rest] = said
    begins = np.array([known[rest][0] for rest in rests], np.int64)
    wall = days * DAY_S + begins
    offsets = [known[rest][2] for rest in rests]
    without = [offset is None for offset in offsets]
    if any(without) and not all(without):
        row = without.index(not without[0])
        raise PlanError(
            sentence(
                "{0}: {1} and the rows before differ in whether they have an offset",
                where(row),
                quoted(texts[row]),
            )
        )
    ends = [known[rest][1] for rest in rests]
    until = None
    if any(end is not None for end in ends):
        if any(end is None for end in ends):
            row = next(row for row, end in enumerate(ends) if end is None)
            raise PlanError(
                sentence("{0}: {1} has no end, other rows have one", where(row), quoted(texts[row]))
            )
        closes = np.array(ends, np.int64)
        until = days * DAY_S + closes + np.where(closes <= begins, DAY_S, 0)
    return Times(
        wall,
        None if any(without) else np.array(offsets, np.int64),
        until,
        has_24=any(known[rest][0] == DAY_S for rest in known),
        order=order,
    )


def _is_clock(text: str) -> bool:
    return _INSTANT.fullmatch(text) is not None or _RANGE.fullmatch(text) is not None


def _are_ranges(rests: list[str]) -> bool:
    """Return whether "00:00-05:00" is a range, all ends as far behind their beginnings, and no time with an offset."""
    if not all(map(_RANGE.fullmatch, rests)):
        return False
    if not all(map(_INSTANT.fullmatch, rests)):
        return True
    said = [_clock(rest, ranges=True) for rest in dict.fromkeys(rests)]
    lengths = {((each[1] or 0) - each[0]) % DAY_S for each in said if each is not None}
    return len(lengths) == 1 and len(said) > 1


def _clock(text: str, *, ranges: bool) -> tuple[int, int | None, int | None] | None:
    """Return the second of the day, that of an end, and the offset of a time of the day; None if it is none."""
    found = (_RANGE.fullmatch(text) if ranges else None) or _INSTANT.fullmatch(text)
    if found is None:
        return None
    parts = found.groups()
    try:
        if len(parts) > 8:
            return _day_seconds(parts[:4]), _day_seconds(parts[4:8]), _offset(parts[8:])
        return _day_seconds(parts[:4]), None, _offset(parts[4:])
    except ValueError:
        return None


def _day_seconds(parts: Sequence[str | None]) -> int:
    """Return the seconds of the day of hour, minute, second, A or P."""
    hour, minute, second = (int(part or 0) for part in parts[:3])
    half = (parts[3] or "").upper()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if half == "P" else 0)
    total = hour * 3600 + minute * 60 + second
    if minute > 59 or second > 59 or total > DAY_S:
        raise ValueError
    return total


def _offset(parts: Sequence[str | None]) -> int | None:
    named, sign, hours, minutes = parts
    if named:
        return _NAMED[named] * 3600
    if sign is None:
        return None
    if int(hours or 0) > 14 or int(minutes or 0) > 59:
        raise ValueError
    return (int(hours or 0) * 3600 + int(minutes or 0) * 60) * (-1 if sign == "-" else 1)


def wall_text(wall_s: int) -> str:
    """Return a wall-clock time for a sentence."""
    return f"{datetime.fromtimestamp(wall_s, UTC):%Y-%m-%d %H:%M}"
