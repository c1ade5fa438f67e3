# SPDX-License-Identifier: Apache-2.0
"""Options that say how a load file is to be read, and the questions that are asked where they leave something open."""

from __future__ import annotations

import functools
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from electro_plan import zones
from electro_plan.errors import PlanError, Undecided
from electro_plan.sentence import sentence
from electro_plan.settings import Dialect, ReadSettings, with_entry
from electro_tools.parameters import DURATION

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_plan.reading import Reading

_MOST_QUESTIONS = 12  # more than there are settings


def _dialect(_ctx: click.Context, parameter: click.Parameter, entries: tuple[str, ...]) -> Dialect:
    dialect = Dialect()
    try:
        for entry in entries:
            dialect = with_entry(dialect, entry)
    except PlanError as error:
        raise click.BadParameter(f"{error.sentence}; {error.hint}", param=parameter) from error
    return dialect


_OPTIONS = (
    click.option("--zone", help="Zone of times that have no offset, and to tell times in: Europe/Moscow, UTC+03:00."),
    click.option("--unit", help="Unit of the figures: Wh, kWh, MWh, GWh, W, kW, MW, GW."),
    click.option(
        "--quantity",
        type=click.Choice(["energy", "power", "register"]),
        help="What the figures are: energies of intervals, mean powers, or a register's readings.",
    ),
    click.option(
        "--peak-kw",
        type=click.FloatRange(0, min_open=True),
        help="Greatest power the plant can take, such as its connection's capacity: rules out units.",
    ),
    click.option("--time-column", help="Heading of the column with times."),
    click.option(
        "--energy-column",
        "energy_columns",
        multiple=True,
        help="Heading of the column with figures; several are added up, 'all' is every one.",
    ),
    click.option(
        "--meter",
        "meters",
        multiple=True,
        help="Which meter, if the file has many; several are added up, 'all' is every one.",
    ),
    click.option("--interval", "interval_s", type=DURATION, help="Length of an interval: 15 min."),
    click.option(
        "--dialect",
        multiple=True,
        metavar="KEY=VALUE",
        callback=_dialect,
        help="How the file writes: separator, decimal, thousands (comma, point, …), date (dmy, mdy, ymd), time (as "
        "strptime has it), stamps (start, end), encoding, clock (a zone), member, sheet, line (of the headings).",
    ),
    click.option("--format", "file_format", help="Of the file, where its content does not show it."),
)  # fmt: skip


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of reading, as two arguments: `settings` and `file_format`."""

    @functools.wraps(command)
    def with_settings(*args: Any, **kwargs: Any) -> Any:
        chosen = {name: kwargs.pop(name) for name in ReadSettings.__dataclass_fields__}
        return command(*args, settings=ReadSettings(**chosen), **kwargs)

    decorated: Callable[..., Any] = with_settings
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def ask_and_read(path: Path, settings: ReadSettings, file_format: str | None = None) -> Reading:
    """Read a load file; on a terminal ask what it leaves open, without one refuse.

    Raises:
        PlanError: it can't be read, or leaves something open and nobody can be asked.
    """
    from electro_plan.reading import read

    for _ in range(_MOST_QUESTIONS):
        try:
            return read(path, settings, file_format)
        except Undecided as question:
            if sys.stdin is None or not sys.stdin.isatty():  # a service has none
                raise
            settings = settings.settle(question.setting, _ask(question))
    raise PlanError(sentence("{0} leaves more open than there are answers", path))


def in_zone(moment: int | datetime, zone: str | None) -> int:
    """Return the instant of what a person wrote, which without an offset is a time on the zone's clock.

    Raises:
        PlanError: no zone is known, or its clock skips that time, or shows it twice.
    """
    if not isinstance(moment, datetime):
        return moment
    if zone is None:
        raise PlanError(
            sentence("{0} lacks its offset from UTC, and no zone is known", moment.isoformat()),
            "name it with --zone",
        )
    wall_s = np.array([int(moment.replace(tzinfo=UTC).timestamp())])
    for odd, how in ((zones.skipped, sentence("skips")), (zones.repeated, sentence("shows twice"))):
        if odd(wall_s, zone)[0]:
            raise PlanError(
                sentence("{0} is a time that the clock of {1} {2}", moment.isoformat(), zone, how),
                "write it with its offset from UTC",
            )
    return int(zones.to_instants(wall_s, zone)[0])


def _ask(question: Undecided) -> str:
    click.echo(question.sentence, err=True)
    for choice in question.choices:
        click.echo(f"  {choice.value}: {choice.meaning}", err=True)
    values = [choice.value for choice in question.choices]
    answer: str = click.prompt(question.setting, type=click.Choice(values) if values else str, err=True)
    return answer


def load_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --load, --fill and the options of reading: `load_file`, `fill`, `settings`, `file_format`."""
    decorated = click.option(
        "--fill",
        type=click.Choice(["week", "line", "zero"]),
        help="Fill gaps: by the same time of other weeks, by a straight line, with zero; refused without it.",
    )(reading_options(command))
    return click.option(
        "--load",
        "load_file",
        type=click.Path(dir_okay=False, path_type=Path),
        help="A load file of any format and dialect: what was understood is said first.",
    )(decorated)
