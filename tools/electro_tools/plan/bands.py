# SPDX-License-Identifier: Apache-2.0
"""`electro plan bands`: from a load history to the bands of an agreement, and on request to its whole terms file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from electro_tools.commands import Command
from electro_tools.contract.desk import json_option
from electro_tools.errors import ToolError
from electro_tools.parameters import AMOUNT, DURATION, MOMENT

from .bands_told import Result, facts_of, tell
from .money import UnitPrices, calendar_options, price_options
from .options import ask_and_read, in_zone, reading_options

if TYPE_CHECKING:
    from datetime import datetime

    from electro_plan.calendar import Calendar
    from electro_plan.history import LoadHistory
    from electro_plan.reading import Reading
    from electro_plan.schedule import Term
    from electro_plan.settings import ReadSettings

_path = click.Path(dir_okay=False, path_type=Path)
_DAY_S = 86_400
_LEAST_TEST_S = 28 * _DAY_S  # a period that is judged: four weeks or the term


@click.command(cls=Command)
@click.argument("file", type=_path)
@click.option(
    "--start",
    type=MOMENT,
    required=True,
    help="First instant of the term: ISO 8601, with its offset or on the zone's clock.",
)
@click.option(
    "--days", type=click.IntRange(1, 3660), default=28, show_default=True, help="Length of the term."
)
@click.option(
    "--margin",
    type=click.FloatRange(-90, 1000),
    help="Percent of width added to what the history shows, below 0 taken off; default: what the back-test recommends.",
)
@click.option(
    "--every",
    "every_s",
    type=DURATION,
    help="Length of an interval of the agreement; default: the file's, at least 15 min.",
)
@click.option(
    "--schedule",
    type=click.Choice(["week", "day"]),
    help="After which the bands repeat; default: a week, where it fits.",
)
@click.option("--unit-wh", type=click.IntRange(1), help="Wh of a unit; default: fine enough for the peak.")
@click.option(
    "--cost",
    "width_price",
    type=click.FloatRange(0, min_open=True),
    help="What a kWh of width costs you in each interval, minor units: the operator's price.",
)
@click.option(
    "--bonus",
    type=AMOUNT,
    help="Of the whole term, minor units: the back-test says which part would be left.",
)
@price_options
@calendar_options
@click.option(
    "--out", type=_path, default=Path("bands.csv"), show_default=True, help="The file of bands to write."
)
@click.option("--terms", "terms_out", type=_path, help="Also write a whole terms file that names the bands.")
@click.option("--name", help="Of the agreement, for the terms file.")
@click.option("--svg", type=_path, help="Also draw penalties against width.")
@reading_options
@json_option
def bands(
    file: Path,
    start: int | datetime,
    days: int,
    margin: float | None,
    every_s: int | None,
    schedule: str | None,
    unit_wh: int | None,
    width_price: float | None,
    bonus: int | None,
    unit_prices: UnitPrices,
    holidays: str | None,
    days_off: tuple[datetime, ...],
    days_off_file: Path | None,
    out: Path,
    terms_out: Path | None,
    name: str | None,
    svg: Path | None,
    settings: ReadSettings,
    file_format: str | None,
    as_json: bool,
) -> None:
    """Make bands for a term from a load history, and say what they would have cost in the past.

    Bands follow the clock of the plant's zone: kind of day, time of day, holidays. The back-test makes bands again
    and again from what lay before a period and judges the period by them; a table shows what each margin would have
    cost.
    """  # fmt: skip
    from electro_plan.drawing import frontier_svg

    from .calendars import calendar_of
    from .writing import ensure_new, write_new

    ensure_new(*(path for path in (out, terms_out, svg) if path is not None))
    reading = ask_and_read(file, settings, file_format)
    history = reading.history
    term = _term(history, in_zone(start, history.zone), days, every_s, schedule)
    span_s = (history.first_s, history.end_s, term.end_s)
    calendar = calendar_of(history.zone, holidays, days_off, days_off_file, span_s)
    result = _plan(
        reading, term, calendar, unit_wh, unit_prices, margin, width_price, bonus, settings.peak_kw
    )
    if svg is not None:
        if result.test is None or result.advice is None:
            raise ToolError(f"there is no back-test to draw: {result.untested}")
        title = (
            f"{history.source}: a year of bands, by margin"
            if result.test.periods >= 12
            else f"{history.source}: bands by margin"
        )
        row = next(row for row in result.test.rows if row.margin == result.margin)
        write_new(svg, frontier_svg(result.test, row, title, width_price))
    _write(result, out, terms_out, name, unit_prices)
    if as_json:
        click.echo(json.dumps(facts_of(result, out, terms_out, width_price, bonus)))
    else:
        tell(result, out, terms_out, width_price, bonus)


def _term(history: LoadHistory, start_s: int, days: int, every_s: int | None, schedule: str | None) -> Term:
    from electro_contracts.terms import MAX_SLOTS
    from electro_plan.planning import interval_for, slots_of
    from electro_plan.schedule import Term

    interval_s = every_s or interval_for(history)
    weekly = schedule == "week" if schedule else 7 * _DAY_S // interval_s <= MAX_SLOTS
    intervals, rest = divmod(days * _DAY_S, interval_s)
    if rest:
        raise ToolError(f"{days} days are no whole number of intervals of {interval_s} s")
    return Term(start_s, interval_s, intervals, slots_of(interval_s, weekly=weekly))


def _plan(
    reading: Reading,
    term: Term,
    calendar: Calendar,
    unit_wh: int | None,
    unit_prices: UnitPrices,
    margin_percent: float | None,
    width_price: float | None,
    bonus: int | None,
    peak_kw: float | None,
) -> Result:
    from electro_plan import planning
    from electro_plan.bands import Prices
    from electro_plan.errors import TooShort
    from electro_plan.recommending import recommend

    history = reading.history
    unit_wh = unit_wh or planning.unit_wh(history.peak_w * term.interval_s / 3600)
    prices = Prices(unit_prices.violation, unit_prices.under / unit_wh, unit_prices.over / unit_wh)
    margins = list(planning.MARGINS)
    if margin_percent is not None and margin_percent / 100 not in margins:
        margins.append(margin_percent / 100)
    test = advice = None
    untested = ""
    holidays = True if calendar.public else None
    try:
        length = term.end_s - term.start_s
        room = history.end_s - history.first_s - 56 * _DAY_S
        period_s = _LEAST_TEST_S // term.interval_s * term.interval_s
        if 7 * _DAY_S <= length <= room:
            period_s = length
        test, calendar = planning.played(
            history, term, calendar, prices, unit_wh=unit_wh, margins=sorted(margins), period_s=period_s
        )
        holidays = None if holidays is None else bool(calendar.public)
        of_all = None if bonus is None else bonus * test.intervals / term.intervals
        advice = recommend(test, price_per_kwh=width_price, bonus_of_all=of_all)
    except TooShort as error:
        if margin_percent is None and width_price is not None:
            raise
        untested = error.sentence
    margin = margin_percent / 100 if margin_percent is not None else advice.row.margin if advice else 0.0
    planned = planning.plan_bands(
        history, term, calendar, prices, unit_wh=unit_wh, margin=margin, most_kw=peak_kw
    )
    return Result(reading, term, unit_wh, margin, planned, test, advice, untested, holidays)


def _write(result: Result, out: Path, terms_out: Path | None, name: str | None, prices: UnitPrices) -> None:
    from electro_tools.agreement import bands as band_files

    planned = result.planned
    slots = tuple(zip(planned.least.tolist(), planned.greatest.tolist(), strict=True))
    band_files.write_csv(out, slots, result.unit_wh, result.term.interval_s)
    if terms_out is not None:
        from electro_tools.agreement.about import About
        from electro_tools.agreement.terms_text import planned_terms

        from .writing import beside, write_new

        about = About(name, planned.calendar.zone)
        text = planned_terms(
            result.term, result.unit_wh, slots, beside(out, terms_out), planned.capacity, prices, about
        )
        write_new(terms_out, text)
