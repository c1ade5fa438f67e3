# SPDX-License-Identifier: Apache-2.0
"""NEM12, the interval data of Australia's market (AEMO, Meter Data File Format): days of a channel, a line each.

By hand: the one library for it brings a table library of its own, and passes files that are cut; a test holds the two
equal. Times are Eastern standard time (UTC+10) all over the market, and never changed in summer.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from electro_plan.errors import PlanError
from electro_plan.formats.meters import finish, series
from electro_plan.history import DAY_S, Quality
from electro_plan.sentence import foreign, sentence
from electro_plan.tables.headings import UNITS, canonical_unit
from electro_plan.text.dates import day_start_s
from electro_plan.text.encoding import decode
from electro_plan.text.printing import quoted

if TYPE_CHECKING:
    from electro_plan.opening import Opened
    from electro_plan.reading_result import Reading
    from electro_plan.settings import ReadSettings

_ZONE = "UTC+10:00"
_OFFSET_S = 36_000
_LENGTHS = (5, 15, 30)  # minutes, clause 4.3
_QUALITY = {
    "A": Quality.OK,
    "E": Quality.ESTIMATED,
    "F": Quality.ESTIMATED,
    "S": Quality.ESTIMATED,
    "N": Quality.MISSING,
}
_IGNORED = ("500", "550")


@dataclass
class _Channel:
    name: str
    minutes: int
    factor: float
    given: bool
    counts: bool
    rows: list[tuple[int, float, int, int]] = field(default_factory=list)
    variable: dict[int, int] = field(default_factory=dict)


def read(opened: Opened, settings: ReadSettings) -> Reading:
    """Read a NEM12 file.

    Raises:
        Undecided: it has several meters.
        PlanError: it is cut or damaged.
    """
    text, _ = decode(opened.data, opened.shown, settings.dialect.encoding)
    channels: list[_Channel] = []
    ended = False
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        for row in reader:
            if not any(row):
                continue
            where, kind = (
                sentence("{0}, {1}", opened.shown, sentence("line {0}", reader.line_num)),
                row[0].strip(),
            )
            if ended:
                raise PlanError(sentence("{0}: there are records behind the end record 900", where))
            if kind == "200":
                channels.append(_channel(row, where))
            elif kind == "300":
                _day(_last(channels, where), row, where, reader.line_num)
            elif kind == "400":
                _qualities(_last(channels, where), row, where)
            elif kind == "900":
                ended = True
            elif kind not in ("100", *_IGNORED):
                raise PlanError(sentence("{0}: there is no record {1} in NEM12", where, quoted(kind)))
    except csv.Error as error:
        raise PlanError(
            sentence(
                "{0}, line {1}, is no row of a table{2}", opened.shown, str(reader.line_num), foreign(error)
            )
        ) from error
    if not ended:
        raise PlanError(sentence("{0} has no end record 900: it is cut", opened.shown))
    merged: dict[str, _Channel] = {}
    for each in (each for each in channels if each.counts and each.rows):
        if each.name in merged and merged[each.name].minutes != each.minutes:
            raise PlanError(
                sentence(
                    "{0}: channel {1} has intervals of {2} min and of others",
                    opened.shown,
                    each.name,
                    each.minutes,
                )
            )
        merged.setdefault(
            each.name, _Channel(each.name, each.minutes, each.factor, each.given, counts=True)
        ).rows += each.rows
    found = [
        series(
            name,
            each.rows,
            each.minutes * 60,
            lambda at: sentence("{0}, {1}", opened.shown, sentence("line {0}", at)),
        )
        for name, each in merged.items()
    ]
    notes = [sentence("It is NEM12; its times are UTC+10:00 all year.")]
    given = [name for name, each in merged.items() if each.given]
    return finish(found, given, settings, opened, _ZONE, "kWh", "nem12", notes)


def _last(channels: list[_Channel], where: str) -> _Channel:
    if not channels:
        raise PlanError(sentence("{0}: there is no record 200 before it", where))
    return channels[-1]


def _channel(row: list[str], where: str) -> _Channel:
    if len(row) < 9:
        raise PlanError(sentence("{0}: a record 200 has 9 fields or more, this one {1}", where, len(row)))
    nmi, suffix, unit, length = row[1].strip(), row[4].strip().upper(), row[7].strip(), row[8].strip()
    if not (length.isascii() and length.isdigit() and int(length[:4]) in _LENGTHS):
        raise PlanError(
            sentence("{0}: an interval of {1} min; NEM12 has 5, 15 and 30", where, quoted(length))
        )
    known = canonical_unit(unit)
    counts = known is not None and known.endswith("h") and suffix[:1] in ("E", "B", "")
    # E is what the customer takes out of the network, B what it gives (National Metering Identifier procedure)
    return _Channel(
        f"{nmi} {suffix}".strip(),
        int(length),
        UNITS[known] if counts and known else 0.0,
        suffix[:1] == "B",
        counts,
    )


def _day(channel: _Channel, row: list[str], where: str, line: int) -> None:
    count = 1440 // channel.minutes
    if len(row) < count + 3:
        raise PlanError(
            sentence(
                "{0}: a day of {1} min has {2} values and a quality, this record {3}",
                where,
                channel.minutes,
                count,
                len(row) - 2,
            )
        )
    midnight = _date_s(row[1], where) - _OFFSET_S
    method = row[count + 2].strip().upper()[:1]
    channel.variable = {}
    if method != "V" and method not in _QUALITY:
        raise PlanError(sentence("{0}: there is no quality {1}", where, quoted(row[count + 2])))
    for index, written in enumerate(row[2 : count + 2]):
        value = _number(written, where)
        if method == "V":
            channel.variable[index] = len(channel.rows)
        quality = Quality.MISSING if method == "N" or value is None else _QUALITY.get(method, Quality.MISSING)
        wh = float("nan") if value is None else value * channel.factor
        channel.rows.append((midnight + index * channel.minutes * 60, wh, quality, line))


def _qualities(channel: _Channel, row: list[str], where: str) -> None:
    """Set the qualities of a part of the day before, which a record 400 gives."""
    if len(row) < 4 or not (row[1].strip().isdigit() and row[2].strip().isdigit()):
        raise PlanError(sentence("{0}: a record 400 has two numbers of intervals and a quality", where))
    first, last, method = int(row[1]), int(row[2]), row[3].strip().upper()[:1]
    if not 1 <= first <= last <= DAY_S // (channel.minutes * 60) or method not in _QUALITY:
        raise PlanError(
            sentence("{0}: intervals {1} to {2} with quality {3}", where, first, last, quoted(row[3]))
        )
    for index in range(first - 1, last):
        at = channel.variable.get(index)
        if at is None:
            raise PlanError(sentence("{0}: the day before has one quality, and no part of its own", where))
        start, wh, _, line = channel.rows[at]
        channel.rows[at] = (start, wh, Quality.MISSING if wh != wh else _QUALITY[method], line)  # noqa: PLR0124 - NaN


def _date_s(text: str, where: str) -> int:
    day_s = day_start_s(text.strip())
    if day_s is None:
        raise PlanError(sentence("{0}: {1} is no date such as 20240131", where, quoted(text)))
    return day_s


def _number(text: str, where: str) -> float | None:
    written = text.strip()
    if not written:
        return None
    digits = written.removeprefix("-").replace(".", "", 1)
    if not (digits.isascii() and digits.isdigit()):
        raise PlanError(sentence("{0}: {1} is no number", where, quoted(text)))
    return float(written)
