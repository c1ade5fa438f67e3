# SPDX-License-Identifier: Apache-2.0
"""What a person says about a load file; whatever is left None is proved from the file, or asked."""

from __future__ import annotations

from dataclasses import dataclass, replace

from electro_plan.errors import PlanError
from electro_plan.sentence import sentence

_WORDS = {"comma": ",", "point": ".", "dot": ".", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "space": " ",
          "apostrophe": "'", "none": ""}  # fmt: skip
_ALLOWED = {
    "separator": (",", ";", "\t", "|"),
    "decimal": (",", "."),
    "thousands": (",", ".", " ", "'", ""),
    "date": ("dmy", "mdy", "ymd"),
    "stamps": ("start", "end"),
}


@dataclass(frozen=True)
class Dialect:
    """How a file writes what it says.

    Args:
        encoding: of a text, as Python names it: "windows-1251".
        separator: between fields: one of , ; tab |.
        decimal: the sign before decimals.
        thousands: the sign between thousands; "" if there is none.
        date: order of a date's parts: "dmy", "mdy" or "ymd".
        time: how times are written, as strptime's format.
        stamps: whether a row's time is the "start" or the "end" of its interval.
        clock: the zone in which times are written, where the file itself says another.
        member: which file of a zip.
        sheet: which sheet of a workbook.
        line: the line of the headings.
    """

    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    date: str | None = None
    time: str | None = None
    stamps: str | None = None
    clock: str | None = None
    member: str | None = None
    sheet: str | None = None
    line: int | None = None


@dataclass(frozen=True)
class ReadSettings:
    """How to read a file.

    Args:
        zone: IANA name or offset: of times without one, and in which people speak of the history.
        unit: "Wh", "kWh", "MWh", "GWh", "W", "kW", "MW" or "GW".
        quantity: "energy" of each interval, mean "power", or "register", a counter that rises.
        time_column: the heading of the column with times.
        energy_columns: the headings of the columns with energies, power or registers; more than one are added up;
            ("all",) is every one.
        meters: the meters to read, by the file's names; more than one are added up; ("all",) is every one.
        interval_s: length of an interval, s, where the rows do not show it.
        peak_kw: greatest power that the plant can take, such as its connection's capacity: rules out units.
        dialect: how it writes what it says.
    """

    zone: str | None = None
    unit: str | None = None
    quantity: str | None = None
    time_column: str | None = None
    energy_columns: tuple[str, ...] = ()
    meters: tuple[str, ...] = ()
    interval_s: int | None = None
    peak_kw: float | None = None
    dialect: Dialect = Dialect()

    def settle(self, setting: str, value: str) -> ReadSettings:
        """Return these settings with the one that `Undecided` named set to a value.

        Raises:
            PlanError: the setting can't have that value.
        """
        option, _, key = setting.partition(" ")
        if option == "--dialect":
            return replace(self, dialect=with_entry(self.dialect, f"{key}={value}"))
        if option == "--interval":
            if not (value.isascii() and value.isdigit() and 0 < int(value[:9]) == int(value)):
                raise PlanError(sentence("--interval is a number of seconds, not {0!r}", value[:60]))
            return replace(self, interval_s=int(value))
        settled: ReadSettings = {
            "--energy-column": lambda: replace(self, energy_columns=(value,)),
            "--meter": lambda: replace(self, meters=(value,)),
            "--zone": lambda: replace(self, zone=value),
            "--unit": lambda: replace(self, unit=value),
            "--quantity": lambda: replace(self, quantity=value),
            "--time-column": lambda: replace(self, time_column=value),
        }[option]()
        return settled


def with_entry(dialect: Dialect, entry: str) -> Dialect:
    """Return a dialect with "KEY=VALUE" set.

    Raises:
        PlanError: there is no such key, or it can't have that value.
    """
    key, equals, value = entry.partition("=")
    key = key.strip().lower()
    keys = list(Dialect.__dataclass_fields__)
    if not equals or key not in keys:
        raise PlanError(
            sentence("{0!r} sets nothing of a dialect", entry[:60]),
            f"write KEY=VALUE; keys are {', '.join(keys)}",
        )
    if key in ("separator", "decimal", "thousands"):
        value = _WORDS.get(value.lower(), value)
    allowed = _ALLOWED.get(key)
    if allowed and value not in allowed:
        shown = ", ".join(_name(each) for each in allowed)
        raise PlanError(sentence("--dialect {0} can't be {1!r}", key, value[:60]), f"it is one of {shown}")
    if key == "line":
        if not (value.isascii() and value.isdigit() and 1 <= int(value[:9]) == int(value)):
            raise PlanError(sentence("--dialect line is the number of a line, not {0!r}", value[:60]))
        return replace(dialect, line=int(value))
    settled: Dialect = replace(dialect, **{key: value})  # type: ignore[arg-type]  # all others are texts
    return settled


def _name(sign: str) -> str:
    return {"\t": "tab", " ": "space", "": "none", ",": "comma", ".": "point", ";": "semicolon"}.get(
        sign, sign
    )
