# SPDX-License-Identifier: Apache-2.0
"""A tariff's figures follow from wear: breakers by operations, insulation by its hot spot; each can be recounted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from electro_plan.money import Currency
from electro_plan.tariff import Network, depreciation, tariff
from electro_plan.wear import COOLINGS, Breaker, Transformer
from tests.plan import plants
from tests.plan.files import written
from tests.tools.agreements import electro

if TYPE_CHECKING:
    from pathlib import Path

CELL = Breaker("cell", 300_000_000, 3000, 2)
T1 = Transformer("T1", 180_000_000, 1000.0, 180_000.0, 20.0, COOLINGS["distribution"])
NETWORK = Network(
    breakers=(CELL,), transformers=(T1,), consumers=8, compensation=250_000, planned_load=0.7, excess=0.2,
    outages_a_year=2, bonus_share=0.5, undelivered_per_kwh=60, interval_s=900, unit_wh=1000, capacity_units=175,
    days=28,
)  # fmt: skip


def test_insulation_ages_as_fast_as_planned_at_the_rated_hot_spot_and_twice_six_kelvin_above() -> None:
    assert T1.hot_spot_c(1.0) == pytest.approx(98.0)
    assert T1.ageing(np.array([92.0, 98.0, 104.0, 110.0])).tolist() == pytest.approx([0.5, 1, 2, 4])
    upgraded = Transformer("T2", 1, 1000.0, 1.0, 20.0, COOLINGS["power"], upgraded_paper=True)
    assert upgraded.hot_spot_c(1.0) == pytest.approx(98.0)
    # IEC 60076-7, table of relative ageing rates: 0.282 at 98 °C, 1 at 110, 17.2 at 140
    assert upgraded.ageing(np.array([98.0, 110.0, 140.0])).tolist() == pytest.approx(
        [0.282, 1.0, 17.2], rel=0.01
    )


def test_a_steady_load_at_the_rating_takes_an_hour_of_life_an_hour() -> None:
    day = np.full(96, 1000.0)
    assert T1.aged_hours(day, 900).sum() == pytest.approx(24.0)
    assert T1.hour(1.0) == pytest.approx(180_000_000 / 180_000)


def test_a_short_overload_warms_the_oil_late_and_costs_less_than_a_steady_one() -> None:
    load = np.full(192, 500.0)
    load[96:100] = 1300.0
    steady = T1.aged_hours(np.full(4, 1300.0), 900).sum()
    brief = T1.aged_hours(load, 900)
    assert brief[96] < brief[97] < brief[98] < brief[99] < steady / 4
    assert brief[100] > brief[95]  # and cools as late


def test_figures_are_their_formulas() -> None:
    value = {each.name: each.value for each in tariff(NETWORK)}
    assert value["outage"] == 2 * 100_000 + 7 * 250_000
    assert value["under_per_unit"] == 1  # 180,000,000 / (180,000 h × 1,000 kW) for a kWh
    ageing = (T1.hour(0.9) - T1.hour(0.7)) / 200
    assert value["over_per_unit"] == int(np.ceil(1 + ageing))
    assert value["outage_minute"] == int(np.ceil(60 * 700 * 0.7 / 60))
    assert value["violation"] == 0
    assert value["missing"] == 175 * value["over_per_unit"] + value["outage"] + 15 * value["outage_minute"]
    assert value["bonus"] == int(0.5 * 2 * 28 / 365 * value["outage"])
    assert all(each.formula and each.numbers for each in tariff(NETWORK))


def test_depreciation_is_time_for_breakers_and_hot_spots_for_transformers() -> None:
    year = np.full(8760, 1000.0)
    worn = depreciation(NETWORK, year, 3600)
    assert worn.breakers == pytest.approx(300_000_000 / 25)
    assert worn.transformers == pytest.approx(8760 * 1000)
    light = depreciation(NETWORK, year / 2, 3600)
    assert light.transformers < worn.transformers / 5
    assert light.breakers == worn.breakers


EQUIPMENT = """\
[currency]
name = "RUB"
decimals = 2
[agreement]
interval = "1 h"
unit = "1 kWh"
capacity_kw = 700
[network]
consumers = 8
compensation = 250000
outages_a_year = 2
[[breaker]]
name = "cell"
cost = 300000000
rated_operations = 3000
operations_an_outage = 2
operations_a_violation = 0.01
[[transformer]]
name = "T1"
cost = 180000000
rated_kw = 80
"""


def test_the_command_says_each_figure_and_which_share_violators_carry(tmp_path: Path) -> None:
    file = tmp_path / "equipment.toml"
    file.write_text(EQUIPMENT)
    calm = written(
        tmp_path / "calm.csv",
        plants.history(plants.shifts(1, noise=0), "UTC", plants.at("2026-01-05", "UTC"), 84, 3600),
    )
    wild = written(
        tmp_path / "wild.csv",
        plants.history(plants.shifts(2, noise=0.9), "UTC", plants.at("2026-01-05", "UTC"), 84, 3600),
    )
    done = electro(
        "plan", "tariff", file, calm, wild, "--zone", "UTC", "--margin", "-20", "--json", "--unit", "kWh"
    )
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["figures"][0]["name"] == "violation"
    shared = found["back_test"]
    assert [plant["plant"] for plant in shared["plants"]] == ["wild.csv", "calm.csv"]
    assert shared["plants"][1]["penalty"] == 0
    assert shared["paid_by_violators"] == shared["plants"][0]["penalty"] > 0
    worn = shared["depreciation_breakers"] + shared["depreciation_transformers"]
    assert shared["share"] == pytest.approx(shared["paid_by_violators"] / worn, rel=1e-3)
    words = electro("plan", "tariff", file)
    assert "19,500.00 RUB  sum over breakers" in words.out
    assert "2 × 300,000,000 / 3,000 + (8 − 1) × 250,000" in words.out


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        ("cost = 300000000", "cost = 3e8", "breaker.cost must be a whole number from 0 up"),
        ("rated_kw = 80", "rated_kw = 0", "transformer.rated_kw must be a number above 0"),
        ("rated_kw = 80", "rated_kva = 80", "transformer.rated_kw is missing"),
        ("rated_kw = 80", 'rated_kw = 80\nkind = "dry"', "transformer.kind must be distribution or power"),
        ("consumers = 8", "consumer = 8", "network.consumers is missing"),
        ("consumers = 8", "consumers = 8\nmeters = 3", "network.meters is no entry"),
        ('interval = "1 h"', 'interval = "1 hour"', 'agreement.interval "1 hour" is no duration'),
        ("[network]", "[networks]", "networks is no section"),
        ("[network]", "[network", "is no TOML file"),
    ],
)
def test_a_mistake_in_the_file_is_named_by_its_entry(
    tmp_path: Path, was: str, becomes: str, sentence: str
) -> None:
    file = tmp_path / "equipment.toml"
    file.write_text(EQUIPMENT.replace(was, becomes, 1))
    done = electro("plan", "tariff", file)
    assert (done.code, done.out) == (1, "")
    assert sentence in done.err


def test_money_is_told_exactly_with_its_decimals() -> None:
    assert Currency("RUB", 2).text(153_814) == "1,538.14 RUB"
    assert Currency("RUB", 2).text(-5) == "-0.05 RUB"
    assert Currency("ETH", 18).text(10**18 + 1) == "1.000000000000000001 ETH"
    assert Currency().text(1_234_567) == "1,234,567"
