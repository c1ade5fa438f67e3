# SPDX-License-Identifier: Apache-2.0
"""Options that say what leaving a band costs: of a terms file, or one by one."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class UnitPrices:
    """Whole minor units: for an interval outside its band, and for each unit below and above."""

    violation: int
    under: int
    over: int


_OPTIONS = (
    click.option("--violation", type=click.IntRange(0), default=500, show_default=True,
                 help="Penalty of an interval outside its band, minor units."),
    click.option("--under", type=click.IntRange(0), default=3, show_default=True,
                 help="For each unit below the band."),
    click.option("--over", type=click.IntRange(0), default=7, show_default=True,
                 help="For each unit above the band."),
)  # fmt: skip


def price_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the prices of leaving a band, as one argument: `unit_prices`."""

    @functools.wraps(command)
    def with_prices(*args: Any, violation: int, under: int, over: int, **kwargs: Any) -> Any:
        return command(*args, unit_prices=UnitPrices(violation, under, over), **kwargs)

    decorated: Callable[..., Any] = with_prices
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def calendar_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --holidays and --day-off: `holidays` and `days_off`."""
    decorated = click.option(
        "--day-off",
        "days_off",
        multiple=True,
        type=click.DateTime(["%Y-%m-%d"]),
        help="A day on which the plant stands still, past or to come, as 2027-01-04; may be given often.",
    )(command)
    decorated = click.option(
        "--days-off-file",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The same as a text file: a date a line, what follows it on the line is for people.",
    )(decorated)
    return click.option(
        "--holidays",
        metavar="COUNTRY[-REGION]",
        help="Public holidays, as RU or DE-BY. Which of them the plant keeps its history shows.",
    )(decorated)
