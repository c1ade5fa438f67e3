# SPDX-License-Identifier: Apache-2.0
"""What a transaction may cost at most: a slip in the lane arithmetic can double it and pass every other test."""

from __future__ import annotations

import json

import pytest

from . import gas_cases


@pytest.fixture(scope="module")
def days() -> dict[str, gas_cases.Case]:
    return {case.name: case for case in gas_cases.days()}


# Measured on the checked-in artifact, rounded up by less than one part in a hundred; the promises are higher.
@pytest.mark.parametrize(
    ("name", "ceiling"),
    [
        ("one interval", 39_700),
        ("a day of 96", 43_100),  # 445 an interval; promised 500
        ("50 meters, an interval each", 914_000),  # 18,171 a report; promised 18,500
        ("50 days in a batch", 1_084_000),  # 225 an interval; promised 270
        ("a day, all in violation", 53_000),  # promised 60,000
    ],
)
def test_reports_under_a_daily_schedule(days: dict[str, gas_cases.Case], name: str, ceiling: int) -> None:
    assert days[name].gas <= ceiling


def test_a_week_in_one_report() -> None:
    week = gas_cases.week()
    assert week.gas <= 1.10 * week.floor
    assert week.gas <= 67_200  # 100 an interval; promised 115


def test_setting_up_an_agreement() -> None:
    enrol, propose, accept = gas_cases.setting_up()
    assert propose + accept <= 310_000  # promised 400,000
    assert enrol <= 59_500


@pytest.mark.parametrize(
    ("name", "ratio"),
    [
        ("one interval", 1.08),
        ("a day of 96", 1.08),
        ("50 meters, an interval each", 1.10),
        ("50 days in a batch", 1.10),
    ],
)
def test_near_the_physical_floor(days: dict[str, gas_cases.Case], name: str, ratio: float) -> None:
    assert days[name].gas <= ratio * days[name].floor


def test_a_sealed_report_is_as_near_to_its_floor_as_one_that_anyone_can_read(
    days: dict[str, gas_cases.Case],
) -> None:
    """At most 1.05 times the other's ratio to its own floor."""
    sealed = {case.name: case for case in gas_cases.sealed_days()}
    for hidden, seen in (
        ("one sealed interval", "one interval"),
        ("a sealed day of 96", "a day of 96"),
        ("50 meters, a sealed interval each", "50 meters, an interval each"),
        ("50 sealed days in a batch", "50 days in a batch"),
    ):
        ratio = sealed[hidden].gas / sealed[hidden].floor
        assert ratio <= 1.05 * days[seen].gas / days[seen].floor
    assert sealed["a sealed day of 96"].gas <= 45_500
    assert sealed["50 sealed days in a batch"].gas <= 1_185_000
    assert sealed["a sealed day, all in violation"].gas <= 89_000


def test_replaced_sealed_bands_cost_those_who_have_some() -> None:
    """A slot more for each report of such an agreement, and for one of such a pass an account's hash too."""
    usual = next(case.gas for case in gas_cases.sealed_days() if case.name == "one sealed interval")
    replacing, inside, beside = gas_cases.replaced_days()
    assert beside.gas <= usual + 2_450
    assert inside.gas <= usual + 5_200
    assert replacing <= 279_000
    assert gas_cases.replaced_week() <= 808_000  # of the 16,777,216 that a transaction may take


def test_a_long_check_costs_no_more_an_item_than_a_short_one() -> None:
    assert gas_cases.check_per_item(1200) <= 1.05 * gas_cases.check_per_item(300)


def test_gas_is_what_the_snapshot_says_to_the_unit() -> None:
    """Any change of gas shows in the diff of a commit: `python tests/bench/gas.py --snapshot` writes it anew."""
    assert gas_cases.snapshot() == json.loads(gas_cases.SNAPSHOT.read_text())
    assert max(json.loads(gas_cases.SNAPSHOT.read_text()).values()) < 2**24  # EIP-7825
