# SPDX-License-Identifier: Apache-2.0
"""Bands: the least and the greatest energy of each slot, of a CSV file.

A band between two units is widened to whole ones: the least is rounded down, the greatest up.
"""

from __future__ import annotations

import csv
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from electro_contracts.terms import MAX_BOUND, MAX_SLOTS
from electro_plan.quantities import number
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path

Bands = tuple[tuple[int, int], ...]

_COLUMNS = {"units": None, "wh": Decimal(1), "kwh": Decimal(1000), "mwh": Decimal(1_000_000)}
_DAY_S = 86_400


def widened(least: Decimal, greatest: Decimal, unit: int, factor: Decimal | None) -> tuple[int, int]:
    """Return a band in whole units; `factor` is Wh in what the two are given in, None for units.

    Raises:
        ValueError: it is no band, or beyond what a reading can say.
    """
    if factor is None:
        if least != int(least) or greatest != int(greatest):
            raise ValueError("units must be whole numbers")
        factor = Decimal(unit)
    low = int((least * factor / unit).to_integral_value(ROUND_FLOOR))
    high = int((greatest * factor / unit).to_integral_value(ROUND_CEILING))
    if least > greatest:
        raise ValueError(f"the least, {least}, is above the greatest, {greatest}")
    if high > MAX_BOUND:
        raise ValueError(
            f"{high} units of {unit} Wh are more than a reading holds ({MAX_BOUND}): use a larger unit"
        )
    return low, high


def read_csv(path: Path, unit: int) -> Bands:
    """Return the bands of a CSV file: a row for each slot, columns least_kwh and greatest_kwh (or _wh, _mwh, _units).

    Raises:
        ToolError: naming the file, and the line where there is one, for whatever does not fit.
    """
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            names = [name.strip() for name in reader.fieldnames or []]
            reader.fieldnames = names
            given = [kind for kind in _COLUMNS if f"least_{kind}" in names and f"greatest_{kind}" in names]
            if len(given) != 1:
                raise ToolError(
                    f"{path} needs the columns least_kwh and greatest_kwh; it has {', '.join(names) or 'none'}",
                    "least_units and greatest_units, or _wh or _mwh, do as well; only one pair",
                )
            rows = [
                (reader.line_num, row[f"least_{given[0]}"] or "", row[f"greatest_{given[0]}"] or "")
                for row in reader
            ]
    except FileNotFoundError:
        raise ToolError(f"there is no file {path}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ToolError(f"{path} can't be read: {error}") from error
    if not 1 <= len(rows) <= MAX_SLOTS:
        raise ToolError(f"{path} has {len(rows)} slots; a schedule has 1 to {MAX_SLOTS}")
    bands = []
    for line, least, greatest in rows:
        try:
            bands.append(widened(number(least), number(greatest), unit, _COLUMNS[given[0]]))
        except ValueError as error:
            raise ToolError(f"{path}, line {line}: {error}") from error
    return tuple(bands)


def write_csv(path: Path, bands: Bands, unit: int, interval_s: int) -> None:
    """Write bands as `read_csv` reads them, never over another file.

    Raises:
        ToolError: the file exists, or can't be written.
    """
    try:
        with path.open("x", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(["slot", "begins", "least_kwh", "greatest_kwh"])
            for slot, (least, greatest) in enumerate(bands):
                kwh = [f"{Decimal(units * unit) / 1000:f}" for units in (least, greatest)]
                writer.writerow([slot, _begins(slot * interval_s), *kwh])
    except FileExistsError:
        raise ToolError(f"{path} exists already", "name another file with --out") from None
    except OSError as error:
        raise ToolError(f"{path} can't be written: {error.strerror}") from error


def _begins(since_s: int) -> str:
    """Return when a slot begins, from the first one's beginning: "2 06:15" is on the third day."""
    day, rest = divmod(since_s, _DAY_S)
    return f"{day} {rest // 3600:02}:{rest // 60 % 60:02}"
