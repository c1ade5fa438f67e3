# SPDX-License-Identifier: Apache-2.0
"""`electro agreement quote`: what a consumption would cost, asked of the contract and of the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import numpy as np

from electro_contracts.bill import of_readings
from electro_contracts.terms import Terms
from electro_plan.readings import metered
from electro_protocol.readings import pack
from electro_tools.commands import Command
from electro_tools.contract.desk import agreement_argument, asks
from electro_tools.errors import Discrepancy, ToolError
from electro_tools.facts import Facts
from electro_tools.plan.options import load_options
from electro_tools.viewing import bands_of, viewing_option

from .overrides import in_the_clear, replaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from electro_contracts.bill import BandOf, Bill
    from electro_contracts.terms import Bands
    from electro_plan.settings import ReadSettings
    from electro_tools.contract.desk import Desk

_FIGURES = ("under", "over", "under_units", "over_units", "penalty")


@click.command(cls=Command)
@agreement_argument
@click.argument("kwh", nargs=-1, type=click.FloatRange(0))
@click.option("--place", type=click.IntRange(0, 63), default=0, show_default=True, help="The metering point.")
@click.option(
    "--first", type=click.IntRange(0), default=0, show_default=True, help="The interval to begin with."
)
@load_options
@viewing_option
@asks
def quote(
    desk: Desk,
    agreement_id: int,
    kwh: tuple[float, ...],
    place: int,
    first: int,
    load_file: Path | None,
    fill: str | None,
    settings: ReadSettings,
    file_format: str | None,
    viewing_file: Path | None,
) -> None:
    """Say what consuming KWH in one interval after the other would cost, under the agreement's terms.

    Works for a proposal too: run last month's load curve before accepting. The contract is asked, and its answer
    held against the independent model; it ends with 3 if they differ. Outages and missing data are left out. Where
    readings are sealed, the contract can't judge: the model alone answers, with the viewing key.
    """
    from electro_tools import load

    if bool(kwh) == (load_file is not None):
        raise click.UsageError("Give energies in kWh, or a load curve with --load.")
    terms = Terms.from_tuple(desk.ask("termsOf", agreement_id))
    sealed = None if terms.seal is None else bands_of(agreement_id, terms, viewing_file)
    said = ""
    energy_wh: Sequence[float] = [each * 1000 for each in kwh]
    if load_file is not None:
        curve, said = load.from_file(
            load_file,
            settings,
            file_format,
            fill=fill,
            finest_s=terms.interval_seconds,
            interval_s=terms.interval_seconds,
        )
        if curve.interval_seconds != terms.interval_seconds:
            raise ToolError(
                f"{load_file} has intervals of {curve.interval_seconds} s, the agreement of {terms.interval_seconds} s"
            )
        energy_wh = curve.energy_wh[: max(0, terms.intervals - first)]
    lanes = metered(np.asarray(energy_wh, dtype=np.float64), terms.unit_wh).tolist()
    sums = dict.fromkeys(_FIGURES, 0)
    for begin, part in _passes(first, lanes, len(terms.bands)):
        pass_ = begin // len(terms.bands)
        packed, _ = replaced(desk, agreement_id, place, pass_, terms)
        bands = in_the_clear(packed, place, pass_, terms, sealed)
        expected = _figures(of_readings(begin, part, terms, _bands_of(bands)))
        if sealed is None:
            answer = desk.record("quote", agreement_id, place, begin, pack(part))
            answered = tuple(answer[name] for name in ("under", "over", "underUnits", "overUnits", "penalty"))
            if answered != expected:
                raise Discrepancy(
                    f"from interval {begin} the contract quotes {answered}, the model {expected}"
                )
        sums = {name: sums[name] + figure for name, figure in zip(_FIGURES, expected, strict=True)}
    if said and not desk.as_json:
        click.echo(said)
    _print(desk, agreement_id, first, lanes, sums, terms.unit_wh)


def _figures(bill: Bill) -> tuple[int, int, int, int, int]:
    return bill.under, bill.over, bill.under_units, bill.over_units, bill.accrued


def _bands_of(bands: Bands) -> BandOf:
    return lambda index: bands[index % len(bands)]


def _passes(first: int, lanes: list[int], slots: int) -> Iterator[tuple[int, list[int]]]:
    """Yield stretches that stay in one pass of the schedule, as reports do."""
    at = 0
    while at < len(lanes):
        count = slots - (first + at) % slots
        yield first + at, lanes[at : at + count]
        at += count


def _print(
    desk: Desk, agreement_id: int, first: int, lanes: list[int], sums: dict[str, int], unit_wh: int
) -> None:
    remaining = desk.record("agreement", agreement_id)["remaining"]
    kwh = sum(lanes) * unit_wh / 1000
    facts = Facts().count("agreement", agreement_id)
    facts.say("intervals", f"{first} to {first + len(lanes) - 1}, {kwh:,.10g} kWh")
    facts.silent("first", first).silent("intervals", len(lanes)).silent("wh", sum(lanes) * unit_wh)
    for name in ("under", "over"):
        units = sums[f"{name}_units"]
        facts.add(name, sums[name], f"{sums[name]:,} intervals, by {units * unit_wh / 1000:,.10g} kWh in all")
        facts.silent(f"{name}_units", units)
    facts.add("penalty", sums["penalty"])
    facts.add(
        "remaining",
        max(0, remaining - sums["penalty"]),
        f"{max(0, remaining - sums['penalty']):,} then, {remaining:,} now",
    )
    facts.print(as_json=desk.as_json)
