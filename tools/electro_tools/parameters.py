# SPDX-License-Identifier: Apache-2.0
"""What people write on a command line: addresses, times, durations, invoices, as click's parameter types."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from electro_protocol import address as ethereum_address

from . import quantities

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_MONEY = 2**128 - 1  # a uint128 in the contract


class _Address(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.3; not before
    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return ethereum_address.checksum(ethereum_address.parse(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Instant(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.3; not before
    """ISO 8601 with an offset, or unix seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return quantities.instant(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Duration(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.3; not before
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return quantities.duration_s(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Day(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.3; not before
    """A date, as the unix seconds at which it begins in UTC."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return int(datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC).timestamp())
        except ValueError:
            self.fail(f"{value} is no date such as 2027-01-31", param, ctx)


class _Money(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.3; not before
    """Whole minor units."""

    name = "amount"

    def __init__(self, least: int) -> None:
        self._least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        if not (value.isascii() and value.isdigit() and len(value) <= 39):
            self.fail(f"{value} is no whole number of minor units", param, ctx)
        if not self._least <= int(value) <= _MOST_MONEY:
            self.fail(f"it must be from {self._least} to 2^128 - 1", param, ctx)
        return int(value)


class _Word(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.3; not before
    """32 bytes: 0x and 64 hex digits as they are, anything else as text of 1 to 32 bytes."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        if isinstance(value, bytes):
            return value
        hexadecimal = value.startswith("0x")
        try:
            raw = bytes.fromhex(value[2:]) if hexadecimal else value.encode()
        except ValueError:
            raw = b""
        if hexadecimal and len(raw) != 32:
            self.fail("after 0x come 64 hex digits", param, ctx)
        if not 1 <= len(raw) <= 32:
            self.fail("it must have 1 to 32 bytes", param, ctx)
        return raw.ljust(32, b"\0")


ADDRESS = _Address()
INSTANT = _Instant()
DURATION = _Duration()
DAY = _Day()
WORD = _Word()
AMOUNT = _Money(1)
BONUS = _Money(0)


def load_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --load, --time-column and --energy-column: a load curve, or None."""
    for option in (
        click.option(
            "--energy-column", default="energy_kwh", show_default=True, help="The CSV's column with energies."
        ),
        click.option("--time-column", default="time", show_default=True, help="The CSV's column with times."),
        click.option(
            "--load",
            "load_file",
            type=click.Path(dir_okay=False, path_type=Path),
            help="A load curve: CSV, plain or gzipped, energy in kWh per interval, without gaps.",
        ),
    ):
        command = option(command)
    return command


def word_text(word: bytes) -> str:
    """Return 32 bytes as the text that they were given as, or as 0x-hex."""
    text = word.rstrip(b"\0")
    return (
        text.decode("ascii")
        if text and text.isascii() and text.decode("ascii").isprintable()
        else "0x" + word.hex()
    )
