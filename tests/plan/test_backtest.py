# SPDX-License-Identifier: Apache-2.0
"""The back-test learns from what lies before a period alone; costs are the bill's, of all of a history or of none."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest

from electro_contracts import bill
from electro_plan.backtest import BackTest, Row, back_test
from electro_plan.bands import Prices
from electro_plan.calendar import Calendar, number_of, public_holidays
from electro_plan.costing import cost
from electro_plan.drawing import bars, frontier_svg
from electro_plan.errors import PlanError
from electro_plan.learning import Learner
from electro_plan.planning import played
from electro_plan.recommending import dearer, recommend
from electro_plan.schedule import DAY_S, Term
from tests.plan import plants

if TYPE_CHECKING:
    from electro_contracts.terms import Terms

PRICES = Prices(500, 0.03, 0.07)
ZONE = "Europe/Moscow"
FIRST = plants.at("2026-01-05", ZONE)


def play(past, calendar: Calendar | None = None, **more) -> BackTest:
    term = Term(past.end_s, 900, 28 * 96, 672)
    options = {"unit_wh": 100, "margins": (-0.5, 0.0, 0.5), **more}
    return back_test(past, term, calendar or Calendar(ZONE), PRICES, **options)


def test_what_a_period_brings_is_not_known_to_its_bands() -> None:
    past = plants.history(plants.shifts(1, noise=0), ZONE, FIRST, 84)
    calm = play(past)
    assert (calm.periods, calm.intervals) == (1, 28 * 96)
    assert calm.rows[1].violations == 0
    energy = past.energy_wh.copy()
    energy[-28 * 96 :] *= 2
    doubled = play(dataclasses.replace(past, energy_wh=energy))
    assert doubled.rows[1].violations > 2000
    # and what came later is not learned either
    more = plants.history(plants.shifts(1, noise=0), ZONE, FIRST, 112)
    energy = more.energy_wh.copy()
    energy[-28 * 96 :] *= 2
    both = play(dataclasses.replace(more, energy_wh=energy))
    assert both.periods == 2
    assert both.rows[1].violations == pytest.approx(doubled.rows[1].violations, abs=100)


def test_its_figures_are_those_of_the_bands_that_it_made() -> None:
    past = plants.history(plants.shifts(2, noise=0.2), ZONE, FIRST, 84)
    row = play(past).rows[0]
    assert row.violations > 0
    expected = 500 * row.violations + 0.03 * row.under_wh + 0.07 * row.over_wh
    assert row.penalty == pytest.approx(expected)
    assert 0 < row.worst_day_penalty <= row.penalty == row.worst_period_penalty
    assert number_of(date(2026, 3, 2)) <= row.worst_day < number_of(date(2026, 3, 30))


def test_an_interval_without_data_is_not_judged() -> None:
    past = plants.history(plants.shifts(3), ZONE, FIRST, 84)
    energy = past.energy_wh.copy()
    energy[-96:] = np.nan
    assert play(dataclasses.replace(past, energy_wh=energy)).intervals == 27 * 96


def test_too_short_a_history_is_refused_with_what_it_takes() -> None:
    with pytest.raises(PlanError, match="holds 83 days, too few") as refused:
        play(plants.history(plants.shifts(4), ZONE, FIRST, 83))
    assert "84 days" in str(refused.value.hint)


def test_public_holidays_are_planned_by_where_that_was_cheaper() -> None:
    public = public_holidays("RU", None, [2026])
    term = Term(plants.at("2027-01-04", ZONE), 900, 28 * 96, 672)
    options = {"unit_wh": 100, "margins": (-0.6, -0.4, -0.2, 0.0), "period_s": 28 * DAY_S}
    keeps = plants.history(plants.shifts(5, frozenset(public)), ZONE, FIRST, 360)
    test, calendar = played(keeps, term, Calendar(ZONE, public=public), PRICES, **options)
    assert calendar.public
    assert not dearer(test, play(keeps, margins=(-0.6, -0.4, -0.2, 0.0)))
    works = plants.history(plants.shifts(5), ZONE, FIRST, 360)
    test, calendar = played(works, term, Calendar(ZONE, public=public), PRICES, **options)
    assert not dearer(test, play(works, margins=(-0.6, -0.4, -0.2, 0.0)))


def rows(*figures: tuple[float, float, float, int]) -> BackTest:
    made = tuple(Row(m, w, v, 0, 0, p, 20_000, p, p) for m, w, p, v in figures)
    return BackTest(made, 13, 10_000, 0, 0)


def test_the_margin_is_chosen_by_price_then_bonus_then_seldomness_and_says_why() -> None:
    test = rows((-0.5, 10_000, 9_000, 300), (-0.2, 20_000, 900, 9), (0.0, 40_000, 0, 0))
    assert recommend(test).row.margin == -0.2
    assert "one interval in 1,000" in recommend(test).why
    assert recommend(test, bonus_of_all=100_000).row.margin == -0.5
    assert recommend(test, bonus_of_all=9_100).row.margin == -0.2
    assert recommend(test, bonus_of_all=8_000).row.margin == 0.0
    # 10,000 intervals of 10, 20 and 40 kWh: 9,000 + 1,000, 900 + 2,000, 4,000
    assert recommend(test, price_per_kwh=0.01).row.margin == -0.2
    assert recommend(test, price_per_kwh=1.0).row.margin == -0.5
    worst = recommend(rows((0.0, 40_000, 5_000, 5_000)))
    assert "the widest tried" in worst.why


def test_a_drawing_shows_each_margin_and_points_at_the_chosen_one() -> None:
    from defusedxml.ElementTree import fromstring

    test = rows((-0.5, 10_000, 9_000, 300), (-0.2, 20_000, 900, 9), (0.0, 40_000, 0, 0))
    svg = frontier_svg(test, test.rows[1], "A plant & its bands", 0.01)
    shapes = [element.get("class") for element in fromstring(svg).iter() if element.tag.endswith("circle")]
    assert shapes == ["dot", "chosen", "dot"]
    assert "margin -20%" in svg
    assert [len(bar) for bar in bars([0, 1, 4])] == [0, 15, 30]
    assert bars([0, 0]) == ["", ""]


BANDS = ((100, 200),) * 24 + ((300, 400),) * 24


def terms(**changes) -> Terms:
    from tests.plan.agreed import TERMS

    return dataclasses.replace(TERMS, **changes)


def test_costs_are_the_bill_of_every_interval_by_the_slot_of_its_instant() -> None:
    agreed = terms(start=plants.at("2026-06-01", ZONE), interval_seconds=1800, bands=BANDS, unit_wh=100)
    past = plants.history(
        lambda local: 15_000 if local.hour < 12 else 45_000, ZONE, plants.at("2026-01-05", ZONE), 10, 900
    )
    costs = cost(past, agreed)
    # two quarter hours of 15 kWh are 300 units in a band of 100 to 200; of 45 kWh 900 in one of 300 to 400
    assert set(costs.units.tolist()) == {300, 900}
    assert costs.bill.over == 480
    assert costs.bill.over_units == 240 * 100 + 240 * 500
    assert costs.bill.accrued == sum(costs.penalties) == 480 * 500 + 7 * (240 * 600)
    assert costs.slots[:3].tolist() == [0, 1, 2]  # before the start the schedule turns backwards
    shifted = cost(
        past,
        terms(start=plants.at("2026-06-01T06:00", ZONE), interval_seconds=1800, bands=BANDS, unit_wh=100),
    )
    assert shifted.slots[0] == 36


def test_a_history_that_can_not_be_judged_whole_is_refused() -> None:
    agreed = terms(start=plants.at("2026-06-01", ZONE), interval_seconds=1800, bands=BANDS, unit_wh=100)
    past = plants.history(plants.shifts(1), ZONE, FIRST + 900, 10, 900)
    with pytest.raises(
        PlanError, match=r"begins at 2026-01-05 00:15 .*15 min into an interval of the terms"
    ) as refused:
        cost(past, agreed)
    assert "--since" in str(refused.value.hint)
    with pytest.raises(PlanError, match="do not make up the terms' 15 min"):
        cost(plants.history(plants.shifts(1), ZONE, FIRST, 10, 1800), terms(interval_seconds=900))
    ends = plants.history(plants.shifts(1), ZONE, FIRST, 10, 900)
    cut = dataclasses.replace(
        ends, starts_s=ends.starts_s[:-1], energy_wh=ends.energy_wh[:-1], quality=ends.quality[:-1]
    )
    with pytest.raises(PlanError, match="ends at 2026-01-14 23:45"):
        cost(cut, agreed)


def test_a_gap_costs_the_price_of_silence() -> None:
    agreed = terms(
        start=FIRST, interval_seconds=900, bands=((0, 32_767),), unit_wh=100, capacity_units=32_767
    )
    past = plants.history(plants.shifts(1), ZONE, FIRST, 10, 900)
    energy = past.energy_wh.copy()
    energy[10:12] = np.nan
    costs = cost(dataclasses.replace(past, energy_wh=energy), agreed)
    assert costs.bill.no_data == 2
    assert costs.bill.accrued == 2 * agreed.missing_penalty
    assert bill.Bill().violations == 0


def test_the_manner_of_learning_follows_the_plant_and_never_the_future() -> None:
    term = Term(FIRST, 3600, 28 * 24, 168)
    random = np.random.default_rng(3)
    grows = plants.history(plants.shifts(1, noise=0.02), ZONE, FIRST, 280, 3600)
    season = 1 + 0.6 * np.sin(2 * np.pi * np.arange(len(grows)) / (24 * 180))
    energy = grows.energy_wh * season
    fast = Learner(grows.starts_s, energy, term, Calendar(ZONE), PRICES)
    assert fast.manner(len(energy)).half_life_days < 100
    steady = np.tile(random.uniform(10_000, 40_000, 168), 40) * random.uniform(0.7, 1.3, 40 * 168)
    slow = Learner(grows.starts_s, steady, term, Calendar(ZONE), PRICES)
    assert slow.manner(len(steady)).half_life_days > 100
    # what comes later changes nothing
    end = 168 * 20
    other = np.where(np.arange(len(steady)) < end, steady, 0.0)
    again = Learner(grows.starts_s, other, term, Calendar(ZONE), PRICES)
    assert again.manner(end) == slow.manner(end)
    assert (again.profile(end).weights == slow.profile(end).weights).all()
