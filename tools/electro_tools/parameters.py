# SPDX-License-Identifier: Apache-2.0
"""What people write on a command line: addresses, times, durations, invoices, as click's parameter types."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from electro_contracts.invoices import word
from electro_plan import quantities
from electro_protocol import address as ethereum_address

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_MONEY = 2**128 - 1  # a uint128 in the contract


class _Read(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.3; not before
    """A type whose reader raises ValueError with a sentence; a default is taken as it is."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _address(text: str) -> str:
    return ethereum_address.checksum(ethereum_address.parse(text))


def _day(text: str) -> int:
    """Return the unix seconds at which a date begins in UTC."""
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise ValueError(f"{text} is no date such as 2027-01-31") from None


def _amount(text: str, least: int = 1) -> int:
    """Return whole minor units."""
    if not (text.isascii() and text.isdigit() and len(text) <= 39):
        raise ValueError(f"{text} is no whole number of minor units")
    if not least <= int(text) <= _MOST_MONEY:
        raise ValueError(f"it must be from {least} to 2^128 - 1")
    return int(text)


def reader(name: str, read: Callable[[str], Any]) -> click.ParamType:  # type: ignore[type-arg]  # see _Read
    """Return the type of what a function reads that raises ValueError with a sentence."""
    return _Read(name, read)


ADDRESS = _Read("address", _address)
INSTANT = _Read("time", quantities.instant)  # ISO 8601 with an offset, or unix seconds
MOMENT = _Read(
    "time", quantities.instant_or_wall
)  # the same, or a time on the clock of a zone that is named elsewhere
DURATION = _Read("duration", quantities.duration_s)
DAY = _Read("date", _day)
WORD = _Read("text", word)
AMOUNT = _Read("amount", _amount)
BONUS = _Read("amount", lambda text: _amount(text, 0))
