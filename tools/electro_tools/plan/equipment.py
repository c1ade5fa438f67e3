# SPDX-License-Identifier: Apache-2.0
"""The file of equipment for a tariff: TOML, money in minor units, every mistake named by its entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from electro_plan import quantities
from electro_tools.errors import ToolError

from .entries import Entries, document, tables

if TYPE_CHECKING:
    from pathlib import Path

    from electro_plan.money import Currency
    from electro_plan.tariff import Network

_NORMAL_LIFE_HOURS = 180_000  # of insulation at its rated hot spot, IEC 60076-7's usual figure


def read_equipment(path: Path) -> tuple[Network, Currency]:
    """Read a file of equipment.

    Raises:
        ToolError: naming the entry.
    """
    from electro_plan.money import Currency
    from electro_plan.tariff import Network

    found = document(path, "agreement", "network", "breaker", "transformer", "currency")
    money = Entries(path, "currency", found.get("currency", {}))
    currency = Currency(money.text("name", ""), money.whole("decimals", 0))
    money.end()
    breakers = tuple(_breaker(each) for each in tables(path, found, "breaker"))
    transformers = tuple(_transformer(each) for each in tables(path, found, "transformer"))
    if not breakers or not transformers:
        raise ToolError(f"{path} needs a [[breaker]] and a [[transformer]] at least")
    agreement = Entries(path, "agreement", found.get("agreement", {}))
    network = Entries(path, "network", found.get("network", {}))
    interval_s = agreement.read("interval", quantities.duration_s, "15 min")
    unit_wh = agreement.read("unit", quantities.energy_wh, "100 Wh")
    capacity_wh = agreement.number("capacity_kw", above=True) * interval_s / 3.6
    if not interval_s or not unit_wh or capacity_wh < unit_wh:
        raise ToolError(f"{path}: agreement.capacity_kw gives no whole unit an interval")
    made = Network(
        breakers,
        transformers,
        consumers=network.whole("consumers", least=1),
        compensation=network.whole("compensation", 0),
        planned_load=network.number("planned_load", 0.7, above=True),
        excess=network.number("excess", 0.2, above=True),
        outages_a_year=network.number("outages_a_year"),
        bonus_share=network.number("bonus_share", 0.5),
        undelivered_per_kwh=network.number("undelivered_per_kwh", 0),
        interval_s=interval_s,
        unit_wh=unit_wh,
        capacity_units=int(capacity_wh // unit_wh),
        days=agreement.whole("days", 28, least=1),
    )
    agreement.end()
    network.end()
    return made, currency


def _breaker(table: Entries) -> Any:
    from electro_plan.wear import Breaker

    made = Breaker(
        table.text("name"),
        table.whole("cost"),
        table.whole("rated_operations", least=1),
        table.number("operations_an_outage"),
        table.number("operations_a_violation", 0),
        table.number("life_years", 25, above=True),
    )
    table.end()
    return made


def _transformer(table: Entries) -> Any:
    from electro_plan.wear import COOLINGS, Transformer

    kind = table.text("kind", "distribution")
    if kind not in COOLINGS:
        raise ToolError(f"transformer.kind must be {' or '.join(COOLINGS)}, not {kind[:40]!r}")
    made = Transformer(
        table.text("name"),
        table.whole("cost"),
        table.number("rated_kw", above=True),
        table.number("life_hours", _NORMAL_LIFE_HOURS, above=True),
        table.number("ambient_c", 20),
        COOLINGS[kind],
        table.flag("upgraded_paper"),
    )
    table.end()
    return made
