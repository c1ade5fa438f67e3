# SPDX-License-Identifier: Apache-2.0
"""`electro plan day`: a day's bands moved to where the plant will be, for the consumer alone to renominate."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from electro_tools.commands import Command
from electro_tools.contract.desk import json_option
from electro_tools.errors import ToolError
from electro_tools.facts import Facts

from .money import calendar_options
from .options import ask_and_read, reading_options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import numpy as np
    from numpy.typing import NDArray

    from electro_contracts.terms import Terms
    from electro_plan.calendar import Calendar
    from electro_plan.planning import DayPlan
    from electro_plan.settings import ReadSettings
    from electro_tools.agreement.about import About

_path = click.Path(dir_okay=False, path_type=Path)


@click.command(cls=Command)
@click.argument("terms_path", metavar="TERMS", type=_path)
@click.argument("file", type=_path)
@click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day, on the plant's clock; default: tomorrow.",
)
@click.option("--off", is_flag=True, help="The plant stands still on it.")
@calendar_options
@click.option(
    "--out", type=_path, default=Path("day.csv"), show_default=True, help="The file of bands to write."
)
@reading_options
@json_option
def day(
    terms_path: Path,
    file: Path,
    day: datetime | None,
    off: bool,
    holidays: str | None,
    days_off: tuple[datetime, ...],
    days_off_file: Path | None,
    out: Path,
    settings: ReadSettings,
    file_format: str | None,
    as_json: bool,
) -> None:
    """Propose a day's bands within what the consumer may renominate alone: shifted, never wider.

    Each band keeps its width and moves to where the history of the plant makes the least penalties likely, no higher
    than the terms let it. The file goes to `electro agreement renominate`, until the lead time before the day.
    """  # fmt: skip
    from electro_plan import zones
    from electro_plan.bands import Prices
    from electro_plan.planning import plan_day
    from electro_plan.schedule import Term
    from electro_tools.agreement import terms_file

    from .calendars import calendar_of
    from .writing import ensure_new, write_new

    ensure_new(out, _second(out))
    content = terms_file.read_all(terms_path)
    terms = content.terms
    if settings.zone is None and content.about.zone is not None:
        settings = replace(settings, zone=content.about.zone)
    reading = ask_and_read(file, settings, file_format)
    history = reading.history
    zone = content.about.zone or history.zone
    wanted = day.date() if day else (datetime.now(zones.clock(zone or "UTC")) + timedelta(days=1)).date()
    if off:
        days_off = (*days_off, datetime.combine(wanted, datetime.min.time()))
    calendar = calendar_of(
        zone, holidays, days_off, days_off_file, (history.first_s, history.end_s, terms.start, terms.end)
    )
    part = _part(terms, calendar, wanted)
    term = Term(terms.start, terms.interval_seconds, terms.intervals, len(terms.bands))
    plan = plan_day(
        history, term, calendar, Prices.of(terms), day=part.number, intervals=part.intervals, base=part.base,
        most_units=part.most, unit_wh=terms.unit_wh,
    )  # fmt: skip
    passes = part.intervals // len(terms.bands)
    files = []
    for at, pass_ in enumerate(sorted(set(passes.tolist()))):
        chosen = passes == pass_
        files.append((int(part.intervals[chosen][0]), _second(out) if at else out))
        write_new(files[-1][1], _csv(plan, part, terms, chosen))
    if not as_json:
        click.echo(reading.paragraph())
    _tell(plan, part, terms, content.about, calendar.zone, files, as_json=as_json)


@dataclass(frozen=True)
class _Part:
    """The intervals of a day that belong to the term, and what binds them."""

    number: int
    intervals: NDArray[np.int64]
    base: tuple[NDArray[np.int64], NDArray[np.int64]]
    most: NDArray[np.int64]


def _part(terms: Terms, calendar: Calendar, wanted: date) -> _Part:
    """Return the intervals that begin on a day.

    Raises:
        ToolError: the term has none of them.
    """
    import numpy as np

    from electro_plan.calendar import number_of

    length = terms.interval_seconds
    first = -(-(calendar.midnight_s(wanted) - terms.start) // length)
    end = -(-(calendar.midnight_s(wanted + timedelta(days=1)) - terms.start) // length)
    intervals = np.arange(max(first, 0), min(end, terms.intervals), dtype=np.int64)
    if not len(intervals):
        raise ToolError(f"no interval of the term lies on {wanted}", "name a day of the term with --date")
    bands = np.array(terms.bands, np.int64)[intervals % len(terms.bands)]
    most = np.minimum(bands[:, 1] + terms.raise_units, terms.capacity_units)
    return _Part(number_of(wanted), intervals, (bands[:, 0], bands[:, 1]), most)


def _second(out: Path) -> Path:
    """Return the file for what lies in the next pass of the schedule: a renomination is of one pass."""
    return out.with_suffix(".2" + out.suffix)


def _csv(plan: DayPlan, part: _Part, terms: Terms, chosen: NDArray[np.bool_]) -> str:
    from electro_plan.wording import iso

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["interval", "begins", "least_kwh", "greatest_kwh"])
    columns = part.intervals, plan.starts_s, *plan.moved
    rows = zip(*(column[chosen].tolist() for column in columns), strict=True)
    for interval, start, least, greatest in rows:
        kwh = [f"{Decimal(units * terms.unit_wh) / 1000:f}" for units in (least, greatest)]
        writer.writerow([interval, iso(start), *kwh])
    return out.getvalue()


def _tell(
    plan: DayPlan,
    part: _Part,
    terms: Terms,
    about: About,
    zone: str,
    files: Sequence[tuple[int, Path]],
    *,
    as_json: bool,
) -> None:
    changed = int(((plan.moved[0] != plan.base[0]) | (plan.moved[1] != plan.base[1])).sum())
    saved = round(plan.base_penalty - plan.moved_penalty)
    first = int(part.intervals[0])
    facts = Facts(zone)
    facts.count("first interval", first).add("intervals", len(part.intervals))
    facts.time("begins", int(plan.starts_s[0]))
    facts.time("to be sent by", int(plan.starts_s[0]) - terms.lead_seconds)
    facts.add("moved", changed, f"{changed:,} bands, none wider")
    facts.add(
        "expected",
        round(plan.base_penalty),
        about.currency.text(round(plan.base_penalty)) + " of penalties as it is",
    )
    facts.add("saved", saved, about.currency.text(saved) + " of them by moving")
    for at, path in files:
        facts.say("renominate", f"electro agreement renominate ID --bands {path} --first {at}")
    facts.silent("files", [{"first": at, "bands": str(path)} for at, path in files])
    facts.print(as_json=as_json)
