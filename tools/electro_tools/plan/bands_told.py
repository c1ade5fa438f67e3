# SPDX-License-Identifier: Apache-2.0
"""What `electro plan bands` found, for people as a table with bars and sentences, for machines as one object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pathlib import Path

    from electro_plan.backtest import BackTest
    from electro_plan.planning import Planned
    from electro_plan.reading import Reading
    from electro_plan.recommending import Recommendation
    from electro_plan.schedule import Term


@dataclass(frozen=True)
class Result:
    """Bands, and what they stand on.

    Args:
        reading: of the load file.
        term: of the agreement.
        unit_wh: Wh of a unit.
        margin: of the bands.
        planned: the bands.
        test: of the past, if the history is long enough.
        advice: from it.
        untested: why there is no test; "" if there is.
        holidays: whether planning by public holidays is cheaper in the back-test; None: not asked for.
    """

    reading: Reading
    term: Term
    unit_wh: int
    margin: float
    planned: Planned
    test: BackTest | None
    advice: Recommendation | None
    untested: str
    holidays: bool | None


def tell(
    result: Result, out: Path, terms_out: Path | None, width_price: float | None, bonus: int | None
) -> None:
    from electro_plan.schedule import clock_changes
    from electro_plan.wording import instant, span

    term, planned = result.term, result.planned
    zone = planned.calendar.zone
    click.echo(result.reading.paragraph())
    click.echo(
        f"Term: {instant(term.start_s, zone)} to {instant(term.end_s, zone)}, {term.intervals:,} intervals of "
        f"{span(term.interval_s)}, {term.slots} slots; a unit is {result.unit_wh} Wh."
    )
    for sentence in clock_changes(term, zone):
        click.echo(sentence)
    if result.holidays is False:
        click.echo(
            "Public holidays are taken for usual days: planning by them would have cost more in the past."
        )
    if planned.kept or planned.worked:
        click.echo(
            f"Public holidays in the history: kept {len(planned.kept)}, worked on {len(planned.worked)}."
        )
    if planned.special:
        days = ", ".join(f"{day}" for day in planned.special)
        click.echo(f"Days off or perhaps off in the term: {days}. Renominate them: electro plan day.")
    if result.test is not None and result.advice is not None:
        click.echo("\n" + "\n".join(_table(result, width_price, bonus)) + "\n")
        click.echo(f"Recommended margin: {result.advice.row.margin:+.0%}: {result.advice.why}.")
    else:
        click.echo(f"No back-test: {result.untested}.")
    width = float((planned.greatest - planned.least).mean()) * result.unit_wh / 1000
    click.echo(f"Bands at margin {result.margin:+.0%}, on average {width:,.4g} kWh wide: {out}")
    if terms_out is not None:
        click.echo(f"Terms: {terms_out}; read them with electro agreement check {terms_out}")


def _table(result: Result, width_price: float | None, bonus: int | None) -> list[str]:
    from electro_plan.calendar import date_of
    from electro_plan.drawing import bars
    from electro_plan.recommending import width_cost
    from electro_plan.wording import instant

    test = result.test
    assert test is not None
    zone = result.planned.calendar.zone
    begins, ends = instant(test.first_s, zone)[:10], instant(test.end_s, zone)[:10]
    lines = [
        f"Back-test: {test.periods} periods from {begins} to {ends}, {test.intervals:,} intervals, by margin"
    ]
    heads = ["margin", "width kWh", "outside", "penalties", "worst day", "costing"]
    heads += ["bonus left"] if bonus is not None else []
    heads += ["with width"] if width_price is not None else []
    table = []
    for row in test.rows:
        cells = [
            f"{row.margin:+.0%}", f"{row.mean_width_wh / 1000:,.4g}", f"{row.violations:,}", f"{row.penalty:,.0f}",
            f"{date_of(row.worst_day)}" if row.worst_day_penalty else "none", f"{row.worst_day_penalty:,.0f}",
        ]  # fmt: skip
        if bonus is not None:
            cells.append(f"{_left(row.penalty, test, result.term, bonus):.1%}")
        if width_price is not None:
            cells.append(f"{row.penalty + width_cost(row, test.intervals, width_price):,.0f}")
        table.append(cells)
    widths = [max(len(head), *(len(line[at]) for line in table)) for at, head in enumerate(heads)]
    lines.append("  ".join(head.rjust(width) for head, width in zip(heads, widths, strict=True)))
    for line, bar in zip(table, bars([row.penalty for row in test.rows]), strict=True):
        cells = [cell.rjust(width) for cell, width in zip(line, widths, strict=True)]
        lines.append("  ".join([*cells, bar]).rstrip())
    return lines


def _left(penalty: float, test: BackTest, term: Term, bonus: int) -> float:
    """Return the share of the bonus that would have been left, of all periods together."""
    of_all = bonus * test.intervals / term.intervals
    return max(0.0, 1 - penalty / of_all) if of_all else 0.0


def facts_of(
    result: Result, out: Path, terms_out: Path | None, width_price: float | None, bonus: int | None
) -> dict[str, Any]:
    from electro_plan.calendar import date_of
    from electro_plan.recommending import width_cost
    from electro_plan.schedule import clock_changes

    term, planned, test = result.term, result.planned, result.test
    facts: dict[str, Any] = {
        "understood": result.reading.paragraph(),
        "zone": planned.calendar.zone,
        "start": term.start_s,
        "end": term.end_s,
        "interval_s": term.interval_s,
        "intervals": term.intervals,
        "slots": term.slots,
        "unit_wh": result.unit_wh,
        "margin": result.margin,
        "clock_changes": clock_changes(term, planned.calendar.zone),
        "days_off": [f"{day}" for day in planned.special],
        "holidays_used": result.holidays,
        "holidays_kept": [f"{day}" for day in planned.kept],
        "holidays_worked": [f"{day}" for day in planned.worked],
        "bands": [list(band) for band in zip(planned.least.tolist(), planned.greatest.tolist(), strict=True)],
        "bands_file": str(out),
        "terms_file": None if terms_out is None else str(terms_out),
        "back_test": None,
        "untested": result.untested or None,
    }
    if test is not None and result.advice is not None:
        rows = []
        for row in test.rows:
            entry = {
                "margin": row.margin,
                "mean_width_wh": row.mean_width_wh,
                "violations": row.violations,
                "under_wh": row.under_wh,
                "over_wh": row.over_wh,
                "penalty": round(row.penalty),
                "worst_day": f"{date_of(row.worst_day)}",
                "worst_day_penalty": round(row.worst_day_penalty),
                "worst_period_penalty": round(row.worst_period_penalty),
            }
            if bonus is not None:
                entry["bonus_left"] = _left(row.penalty, test, term, bonus)
            if width_price is not None:
                entry["with_width"] = round(row.penalty + width_cost(row, test.intervals, width_price))
            rows.append(entry)
        facts["back_test"] = {
            "first": test.first_s,
            "end": test.end_s,
            "periods": test.periods,
            "intervals": test.intervals,
            "rows": rows,
        }
        facts["recommended"] = {"margin": result.advice.row.margin, "why": result.advice.why}
    return facts
