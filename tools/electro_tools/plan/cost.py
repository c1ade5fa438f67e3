# SPDX-License-Identifier: Apache-2.0
"""`electro plan cost`: what a history would have cost under terms, offline, all of it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from electro_tools.commands import Command
from electro_tools.contract.desk import json_option
from electro_tools.errors import ToolError
from electro_tools.facts import Facts
from electro_tools.parameters import AMOUNT, MOMENT

from .options import ask_and_read, in_zone, reading_options

if TYPE_CHECKING:
    from datetime import datetime

    from electro_plan.costing import Costs
    from electro_plan.history import LoadHistory
    from electro_plan.settings import ReadSettings

_path = click.Path(dir_okay=False, path_type=Path)


@click.command(cls=Command)
@click.argument("terms_path", metavar="TERMS", type=_path)
@click.argument("file", type=_path)
@click.option(
    "--fill",
    type=click.Choice(["week", "line", "zero", "silence"]),
    help="Gaps: by the same time of other weeks, a straight line, zero; or silence, which costs its price. "
    "Refused without it.",
)
@click.option("--since", type=MOMENT, help="Judge from this instant on only.")
@click.option("--until", type=MOMENT, help="Judge up to this instant only.")
@click.option(
    "--bonus", type=AMOUNT, help="Of the terms' whole length, minor units: which part would be left."
)
@click.option("--intervals", "intervals_out", type=_path, help="Also write every interval to this CSV file.")
@reading_options
@json_option
def cost(
    terms_path: Path,
    file: Path,
    fill: str | None,
    since: int | datetime | None,
    until: int | datetime | None,
    bonus: int | None,
    intervals_out: Path | None,
    settings: ReadSettings,
    file_format: str | None,
    as_json: bool,
) -> None:
    """Say what a load history would have cost under terms; no network is needed.

    Every interval of the history is judged, by the slot that it has if the schedule turned on through all time, and
    it is said from when to when; a history that can't be judged whole is refused. Outages are left out.
    """  # fmt: skip
    from electro_plan import costing, filling
    from electro_tools.agreement import terms_file

    from .writing import ensure_new, write_new

    if intervals_out is not None:
        ensure_new(intervals_out)
    content = terms_file.read_all(terms_path)
    terms = content.terms
    if settings.zone is None and content.about.zone is not None:
        settings = replace(settings, zone=content.about.zone)
    reading = ask_and_read(file, settings, file_format)
    history = _part(reading.history, *(_instant(each, reading.history) for each in (since, until)))
    if fill != "silence":
        history = filling.fill(history, fill) if fill else history
        _require_whole(history)
    costs = costing.cost(history, terms)
    if intervals_out is not None:
        write_new(intervals_out, _csv(costs, content.about.zone or history.zone))
    if not as_json:
        click.echo(reading.paragraph())
    money = content.about.currency
    bill, kwh = costs.bill, terms.unit_wh / 1000
    facts = Facts(content.about.zone or history.zone)
    facts.time("first", int(costs.starts_s[0])).time("end", int(costs.starts_s[-1]) + terms.interval_seconds)
    facts.add("intervals", bill.intervals)
    facts.add("under", bill.under, f"{bill.under:,} intervals, by {bill.under_units * kwh:,.10g} kWh in all")
    facts.add("over", bill.over, f"{bill.over:,} intervals, by {bill.over_units * kwh:,.10g} kWh in all")
    facts.silent("under_units", bill.under_units).silent("over_units", bill.over_units)
    facts.add("no data", bill.no_data)
    facts.add("penalty", bill.accrued, money.text(bill.accrued))
    if bonus is not None:
        share = bonus * bill.intervals // terms.intervals
        left = max(0, share - bill.accrued)
        words = f"{money.text(left)} of {money.text(share)}, the bonus of so many intervals"
        facts.add("bonus left", left, words).silent("bonus_share", share)
    if intervals_out is not None:
        facts.add("written", str(intervals_out))
    facts.print(as_json=as_json)


def _instant(moment: int | datetime | None, history: LoadHistory) -> int | None:
    return None if moment is None else in_zone(moment, history.zone)


def _part(history: LoadHistory, since: int | None, until: int | None) -> LoadHistory:
    """Return the intervals that begin in a stretch of time.

    Raises:
        ToolError: there are none.
    """
    first, end = history.first_s if since is None else since, history.end_s if until is None else until
    if not ((history.starts_s >= first) & (history.starts_s < end)).any():
        raise ToolError(f"{history.source} has no interval there")
    return history.between(first, end)


def _require_whole(history: LoadHistory) -> None:
    from electro_plan.errors import PlanError
    from electro_plan.filling import require_whole

    try:
        require_whole(history)
    except PlanError as error:
        raise PlanError(
            error.sentence, "fill them with --fill week, line or zero, or let them cost with --fill silence"
        ) from error


def _csv(costs: Costs, zone: str | None) -> str:
    """Return a row for each interval, with what it costs."""
    from electro_plan.readings import NO_READING
    from electro_plan.wording import instant, iso

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["start", "local", "slot", "least_units", "greatest_units", "units", "off_units", "penalty"]
    )
    unit_rows = zip(
        costs.starts_s.tolist(),
        costs.slots.tolist(),
        costs.least.tolist(),
        costs.greatest.tolist(),
        costs.units.tolist(),
        costs.penalties,
        strict=True,
    )
    for start, slot, least, greatest, units, penalty in unit_rows:
        if units == NO_READING:
            used, off = "", ""
        else:
            used, off = units, min(units - least, 0) or max(units - greatest, 0)
        writer.writerow([iso(start), instant(start, zone), slot, least, greatest, used, off, penalty])
    return out.getvalue()
