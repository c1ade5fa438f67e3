# SPDX-License-Identifier: Apache-2.0
"""Options that say how a load file is to be read, and the questions that are asked where they leave something open."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import click

from electro_plan.settings import ReadSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from electro_plan.reading import Reading

_OPTIONS = (
    click.option("--zone", help="Zone of times without an offset: Europe/Moscow, UTC+03:00."),
    click.option("--unit", help="Unit of the figures: Wh, kWh, MWh, GWh, W, kW, MW, GW."),
    click.option(
        "--quantity", type=click.Choice(["energy", "power", "register"]), help="What the figures are."
    ),
    click.option("--time-column", help="Heading of the column with times."),
    click.option(
        "--energy-column", "energy_columns", multiple=True, help="Heading of the column with figures."
    ),
)


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of reading, as one argument `settings`."""

    @functools.wraps(command)
    def with_settings(*args: Any, **kwargs: Any) -> Any:
        chosen = {name: kwargs.pop(name) for name in ReadSettings.__dataclass_fields__}
        return command(*args, settings=ReadSettings(**chosen), **kwargs)

    decorated: Callable[..., Any] = with_settings
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def ask_and_read(path: Path, settings: ReadSettings) -> Reading:
    """Read a load file; on a terminal ask what it leaves open."""
    from electro_plan.reading import read

    return read(path, settings)
