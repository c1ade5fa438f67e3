# SPDX-License-Identifier: Apache-2.0
"""`electro plan tariff`: penalties, rates and bonus from the wear of equipment, and who carries it in a back-test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from electro_tools.commands import Command
from electro_tools.contract.desk import json_option
from electro_tools.errors import ToolError

from .options import ask_and_read, reading_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_plan.history import LoadHistory
    from electro_plan.money import Currency
    from electro_plan.settings import ReadSettings
    from electro_plan.tariff import Figure, Network

_path = click.Path(dir_okay=False, path_type=Path)
_DAY_S = 86_400


@click.command(cls=Command)
@click.argument("equipment", type=_path)
@click.argument("files", nargs=-1, type=_path)
@click.option(
    "--margin",
    type=click.FloatRange(-90, 1000),
    default=0,
    show_default=True,
    help="Percent, of the bands of the plants in the back-test.",
)
@reading_options
@json_option
def tariff(
    equipment: Path,
    files: tuple[Path, ...],
    margin: float,
    settings: ReadSettings,
    file_format: str | None,
    as_json: bool,
) -> None:
    """Work out a tariff from what EQUIPMENT costs and how outages and overload wear it; each figure with its formula.

    With load FILES, one a plant, all read alike, the plants are played through the past under this tariff: how
    much of the equipment's depreciation in that time those carry who leave their bands.
    `tools/electro_plan/README.md` shows the file.
    """  # fmt: skip
    from electro_plan.tariff import tariff as figures_of

    from .equipment import read_equipment

    network, currency = read_equipment(equipment)
    figures = figures_of(network)
    histories = [ask_and_read(each, settings, file_format).history for each in files]
    shared = _carried(network, figures, histories, margin / 100) if histories else None
    if as_json:
        entries = [
            {"name": each.name, "value": each.value, "formula": each.formula, "numbers": each.numbers}
            for each in figures
        ]
        click.echo(json.dumps({"figures": entries, "back_test": shared}))
        return
    for each in figures:
        click.echo(f"{each.name:15} {currency.text(each.value):>20}  {each.formula}")
        click.echo(f"{'':36}  = {each.numbers}")
    if shared is not None:
        _tell(shared, currency)


def _carried(
    network: Network, figures: Sequence[Figure], histories: Sequence[LoadHistory], margin: float
) -> dict[str, Any]:
    """Return what plants would have paid, and what their load together took from the equipment."""
    import numpy as np

    from electro_plan.backtest import back_test
    from electro_plan.bands import Prices
    from electro_plan.calendar import Calendar
    from electro_plan.planning import slots_of
    from electro_plan.schedule import Term, resampled
    from electro_plan.tariff import depreciation

    value = {each.name: each.value for each in figures}
    unit_wh, interval_s = network.unit_wh, network.interval_s
    prices = Prices(value["violation"], value["under_per_unit"] / unit_wh, value["over_per_unit"] / unit_wh)
    weekly = 7 * _DAY_S // interval_s <= 672
    period_s = 28 * _DAY_S
    first = max(each.first_s for each in histories)
    end_s = min(each.end_s for each in histories) // interval_s * interval_s
    term = Term(end_s, interval_s, period_s // interval_s, slots_of(interval_s, weekly=weekly))
    plants: list[dict[str, Any]] = []
    loads, begins, paid = [], 0, 0
    for each in histories:
        if each.zone is None:
            raise ToolError(
                f"{each.source} does not say in which zone its times are", "say which with --zone"
            )
        starts, energy = resampled(each, term)
        chosen = (starts >= first) & (starts < end_s)
        test = back_test(
            each.between(first, end_s),
            term,
            Calendar(each.zone),
            prices,
            unit_wh=unit_wh,
            margins=[margin],
            period_s=period_s,
        )
        row = test.rows[0]
        paid += round(row.penalty)
        plants.append({"plant": each.source, "violations": row.violations, "penalty": round(row.penalty)})
        loads.append((starts[chosen], energy[chosen]))
        begins = max(begins, test.first_s)
    starts = loads[0][0]
    total = np.sum([energy for _, energy in loads], axis=0)[starts >= begins]
    worn = depreciation(network, total / interval_s * 3.6, interval_s)
    return {
        "first": begins,
        "end": int(starts[-1]) + interval_s,
        "depreciation_breakers": round(worn.breakers),
        "depreciation_transformers": round(worn.transformers),
        "most_hours_of_life_an_hour": worn.worst_hot_hours,
        "paid_by_violators": paid,
        "share": paid / worn.all if worn.all else None,
        "plants": sorted(plants, key=lambda plant: plant["penalty"], reverse=True),
    }


def _tell(shared: dict[str, Any], currency: Currency) -> None:
    from electro_plan.wording import iso

    worn = shared["depreciation_breakers"] + shared["depreciation_transformers"]
    click.echo(
        f"\nBack-test of {len(shared['plants'])} plants, {iso(shared['first'])} to {iso(shared['end'])}"
    )
    click.echo(
        f"depreciation  {currency.text(worn)}: breakers by time {currency.text(shared['depreciation_breakers'])}, "
        f"transformers by their hot spots {currency.text(shared['depreciation_transformers'])} "
        f"(at most {shared['most_hours_of_life_an_hour']:.3g} hours of life an hour)"
    )
    share = "nothing to carry" if shared["share"] is None else f"{shared['share']:.1%} of it"
    click.echo(
        f"carried by those who left their bands  {currency.text(shared['paid_by_violators'])}, {share}"
    )
    for plant in shared["plants"]:
        click.echo(
            f"  {plant['plant']}: {plant['violations']:,} intervals, {currency.text(plant['penalty'])}"
        )
