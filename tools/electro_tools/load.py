# SPDX-License-Identifier: Apache-2.0
"""Load curves: energy per interval, read from a CSV file or built in.

A curve is what a plant drew. The demo's meters do not see it: they see the voltage and the current that a
plant with this curve would make.
"""

from __future__ import annotations

import csv
import gzip
import math
import random
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path

DAY_SECONDS = 86_400
_BUILT_IN_START = datetime(2025, 3, 3, tzinfo=UTC)  # a Monday
_BUILT_IN_INTERVAL_SECONDS = 900  # the settlement interval of most European grids
_DATE_FORMATS = ("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S")
_GZIP_MAGIC = b"\x1f\x8b"  # RFC 1952, section 2.3.1
_MAX_INTERVAL_WH = 10_000_000  # 40 MW for a quarter hour: above it a column is more likely in the wrong unit


@dataclass(frozen=True)
class LoadCurve:
    """Energy of consecutive intervals.

    Args:
        start: beginning of the first interval, unix seconds; local standard time is taken as it stands.
        interval_seconds: length of every interval.
        energy_wh: energy of each interval, Wh.
        source: where it comes from, for people.
    """

    start: int
    interval_seconds: int
    energy_wh: tuple[float, ...]
    source: str

    @property
    def intervals_per_day(self) -> int:
        return DAY_SECONDS // self.interval_seconds

    @property
    def days(self) -> int:
        return len(self.energy_wh) // self.intervals_per_day


def built_in(days: int) -> LoadCurve:
    """Return the load curve of an invented two-shift metal works, the same on every run.

    60 kW of base load day and night (furnace holding, compressors, light); first shift 06:00-14:00 around
    320 kW, second shift 14:00-22:00 around 260 kW, a ramp of an hour at both ends, a lunch dip of a third at
    11:30-12:15 and 18:30-19:00, a melting furnace that adds 90 kW for two of every five quarter hours in the
    first shift, Saturdays at half, Sundays at base load, and ±4% of noise from a fixed seed.
    """
    noise = random.Random(2025)  # noqa: S311 - a reproducible curve, no secret
    energy = []
    for index in range(days * DAY_SECONDS // _BUILT_IN_INTERVAL_SECONDS):
        weekday = index // 96 % 7
        hour = index % 96 / 4
        shift_kw = 0.0
        if 6 <= hour < 22:
            shift_kw = 260.0 if hour < 14 else 200.0
            shift_kw *= min(1.0, (hour - 6 + 0.25) / 1.0, (22 - hour) / 1.0)
            if 11.5 <= hour < 12.25 or 18.5 <= hour < 19:
                shift_kw *= 2 / 3
            if 7 <= hour < 14 and index % 5 < 2:
                shift_kw += 90.0
        kw = 60.0 + shift_kw * (1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.0)[weekday]
        energy.append(kw * 1000 / 4 * (1 + noise.uniform(-0.04, 0.04)))
    return LoadCurve(
        int(_BUILT_IN_START.timestamp()),
        _BUILT_IN_INTERVAL_SECONDS,
        tuple(energy),
        "the built-in two-shift metal works",
    )


def read_csv(path: Path, *, time_column: str, energy_column: str, days: int | None) -> LoadCurve:
    """Return the first whole days, with None all, of a CSV file, plain or gzipped, with energy in kWh per interval.

    The time column holds ISO 8601 or DD/MM/YYYY HH:MM; rows are consecutive. Marks stand for the end of their
    interval, unless the first is midnight: then for its beginning. A midnight that carries the date of the
    day it ends, as some exports write it, is taken for what it is.

    Raises:
        ToolError: naming the file, and the line where there is one, for whatever does not fit.
    """
    rows = _rows(path, time_column, energy_column)
    if len(rows) < 2:
        raise ToolError(f"{path} holds {len(rows)} rows of load; two are needed to know the interval")
    marks = [_mark(path, line, text) for line, text, _ in rows]
    step = marks[1] - marks[0]
    interval = int(step.total_seconds())
    if interval <= 0 or DAY_SECONDS % interval:
        raise ToolError(
            f"{path}, line {rows[1][0]}: {interval} s after the row before it is no interval of a day"
        )
    for (line, text, _), before, mark in zip(rows[1:], marks, marks[1:], strict=False):
        follows = mark - before == step
        late_midnight = mark.time() == datetime.min.time() and mark + timedelta(days=1) - before == step
        after_late_midnight = before.time() == datetime.min.time() and mark - before == step + timedelta(
            days=1
        )
        if not (follows or late_midnight or after_late_midnight):
            raise ToolError(
                f"{path}, line {line}: {text} does not follow {before:%Y-%m-%d %H:%M} after {interval // 60} min",
                "a load file must be without gaps",
            )
    energy = tuple(_energy_wh(path, line, energy_column, text) for line, _, text in rows)
    held = len(energy) * interval // DAY_SECONDS
    needed = (max(held, 1) if days is None else days) * DAY_SECONDS // interval
    if len(energy) < needed:
        raise ToolError(
            f"{path} holds {len(energy) * interval / DAY_SECONDS:.1f} days of load, and {days or 1} are asked for",
            "ask for fewer with --days" if days else None,
        )
    start = marks[0] if marks[0].time() == datetime.min.time() else marks[0] - step
    return LoadCurve(int(start.timestamp()), interval, energy[:needed], path.name)


def _rows(path: Path, time_column: str, energy_column: str) -> list[tuple[int, str, str]]:
    """Return (line number, time, energy) of each row as text."""
    try:
        with path.open("rb") as stream:
            zipped = stream.read(2) == _GZIP_MAGIC
        with gzip.open(path, "rt", newline="") if zipped else path.open(newline="") as text:
            reader = csv.DictReader(text)
            columns = reader.fieldnames or []
            for wanted in (time_column, energy_column):
                if wanted not in columns:
                    raise ToolError(f"{path} has no column {wanted!r}; it has {', '.join(columns) or 'none'}")
            return [(reader.line_num, row[time_column] or "", row[energy_column] or "") for row in reader]
    except FileNotFoundError:
        raise ToolError(f"there is no file {path}") from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise ToolError(f"{path} can't be read: {error}") from error


def _mark(path: Path, line: int, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        pass
    for pattern in _DATE_FORMATS:
        try:
            return datetime.strptime(text, pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise ToolError(f"{path}, line {line}: {text!r} is no time", "use ISO 8601, such as 2018-01-31 23:45")


def _energy_wh(path: Path, line: int, column: str, text: str) -> float:
    try:
        wh = float(text) * 1000
    except ValueError:
        raise ToolError(f"{path}, line {line}: {column} is {text!r}, which is no number") from None
    if not math.isfinite(wh) or wh < 0:
        raise ToolError(f"{path}, line {line}: {column} is {text}; an interval's energy can't be negative")
    if wh > _MAX_INTERVAL_WH:
        raise ToolError(
            f"{path}, line {line}: {column} is {text} kWh in one interval", "the column must be in kWh"
        )
    return wh
