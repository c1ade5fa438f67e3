# SPDX-License-Identifier: Apache-2.0
"""Bands follow the clock of the plant, whatever the start; days off are told from the history; moves never widen."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from electro_plan import zones
from electro_plan.bands import Prices, Trade, expect
from electro_plan.calendar import Calendar, number_of, public_holidays
from electro_plan.errors import PlanError
from electro_plan.observance import observe
from electro_plan.planning import interval_for, plan_bands, plan_day, slots_of, unit_wh
from electro_plan.profile import learn
from electro_plan.readings import metered
from electro_plan.schedule import Term, clock_changes
from tests.plan import plants

PRICES = Prices(500, 0.03, 0.07)
ZONES = ["Europe/Moscow", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]


def violations(term: Term, least: np.ndarray, greatest: np.ndarray, units: np.ndarray) -> int:
    slot = np.arange(term.intervals) % term.slots
    return int(((units < least[slot]) | (units > greatest[slot])).sum())


@settings(max_examples=40)
@given(
    zone=st.sampled_from(ZONES),
    seed=st.integers(0, 2**32),
    first=st.integers(0, 365),
    weeks=st.integers(1, 5),
    ahead=st.integers(0, 400),
    quarter=st.integers(0, 95),
    days=st.integers(1, 40),
    weekly=st.booleans(),
)
def test_a_plant_that_repeats_its_week_never_leaves_its_bands(
    zone: str, seed: int, first: int, weeks: int, ahead: int, quarter: int, days: int, weekly: bool
) -> None:
    """Any first day of the history, any weekday, hour and zone of the start, through any change of the clock."""
    draw = plants.weekly(seed)
    midnight = datetime(2026, 1, 1, tzinfo=ZoneInfo(zone)) + timedelta(days=first)
    # a day more than whole weeks: where the clock is set forward a week has an hour less; one never seen can't be known
    past = plants.history(draw, zone, int(midnight.timestamp()), weeks * 7 + 1)
    assume(
        weeks > 1 or not any(by_s > 0 for _, by_s in zones.changes_between(past.first_s, past.end_s, zone))
    )
    start_s = past.end_s + ahead * plants.DAY_S + quarter * 900
    term = Term(start_s, 900, days * 96, slots_of(900, weekly=weekly))
    planned = plan_bands(past, term, Calendar(zone), PRICES, unit_wh=100, margin=0.0)
    future = plants.history(draw, zone, start_s, days)
    assert violations(term, planned.least, planned.greatest, metered(future.energy_wh, 100)) == 0


def test_a_history_that_begins_on_a_monday_serves_a_term_that_begins_on_a_tuesday() -> None:
    zone = "Europe/Moscow"
    past = plants.history(plants.shifts(1, noise=0), zone, plants.at("2026-03-02", zone), 28)
    term = Term(plants.at("2026-04-07T05:30", zone), 900, 28 * 96, 672)
    planned = plan_bands(past, term, Calendar(zone), PRICES, unit_wh=100, margin=0.0)
    future = plants.history(plants.shifts(1, noise=0), zone, term.start_s, 28)
    assert violations(term, planned.least, planned.greatest, metered(future.energy_wh, 100)) == 0
    turned = np.roll(planned.least, 96), np.roll(planned.greatest, 96)
    assert violations(term, *turned, metered(future.energy_wh, 100)) > 200


def test_one_idle_day_that_is_named_leaves_the_bands_narrow() -> None:
    zone = "Europe/Moscow"
    off = frozenset({date(2026, 3, 9)})  # a Monday
    past = plants.history(plants.shifts(2, off), zone, plants.at("2026-02-02", zone), 70)
    term = Term(plants.at("2026-04-13", zone), 900, 28 * 96, 672)
    noon = 48
    named = plan_bands(past, term, Calendar(zone, off), PRICES, unit_wh=100, margin=0.0)
    unnamed = plan_bands(past, term, Calendar(zone), PRICES, unit_wh=100, margin=0.0)
    assert named.least[noon] > 300
    assert unnamed.least[noon] < 60
    # and at a margin below 0 the rare day is given up first
    given_up = plan_bands(past, term, Calendar(zone), PRICES, unit_wh=100, margin=-0.3)
    assert given_up.least[noon] > 300


def test_which_public_holidays_a_plant_keeps_its_history_shows() -> None:
    zone = "Europe/Moscow"
    public = public_holidays("RU", None, [2026, 2027])
    kept = frozenset(day for day, name in public.items() if name != "Victory Day")
    past = plants.history(plants.shifts(3, kept), zone, plants.at("2026-01-05", zone), 350)
    found = observe(Calendar(zone, public=public), past.starts_s, past.energy_wh, 900)
    assert date(2026, 6, 12) in found.kept
    assert found.worked == (date(2026, 5, 9),) or date(2026, 5, 11) in found.worked
    assert found.calendar.chance_off(date(2027, 6, 12)) > 0.8
    assert found.calendar.chance_off(date(2027, 5, 9)) < 0.2
    assert found.calendar.chance_off(date(2027, 6, 11)) == 0


def test_a_country_that_nobody_knows_is_refused_with_the_option_that_helps() -> None:
    with pytest.raises(PlanError, match="no public holidays are known for XX") as refused:
        public_holidays("XX", None, [2026])
    assert "--day-off" in str(refused.value.hint)


def test_a_change_of_the_clock_within_the_term_is_said_with_what_it_shifts() -> None:
    zone = "Europe/Berlin"
    term = Term(plants.at("2026-03-16", zone), 900, 28 * 96, 672)
    (sentence,) = clock_changes(term, zone)
    assert "2026-03-29" in sentence
    assert "forward by 1 h" in sentence
    assert "1 h later by the clock" in sentence
    assert clock_changes(dataclasses.replace(term, start_s=plants.at("2026-05-01", zone)), zone) == []


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    kind=st.integers(0, 6),
    room=st.integers(0, 50),
)
def test_a_moved_band_is_no_wider_no_higher_and_costs_no_more(seed: int, kind: int, room: int) -> None:
    random = np.random.default_rng(seed)
    zone = "UTC"
    past = plants.history(plants.shifts(seed), zone, plants.at("2026-01-05", zone), 21)
    term = Term(plants.at("2026-02-02", zone), 900, 672, 672)
    least = random.integers(0, 300, 96)
    greatest = least + random.integers(0, 300, 96)
    intervals = kind * 96 + np.arange(96)
    plan = plan_day(
        past,
        term,
        Calendar(zone),
        PRICES,
        day=number_of(date(2026, 2, 2) + timedelta(days=kind)),
        intervals=intervals,
        base=(least, greatest),
        most_units=greatest + room,
        unit_wh=100,
    )
    assert (plan.moved[1] - plan.moved[0] <= greatest - least).all()
    assert (plan.moved[1] <= greatest + room).all()
    assert (plan.moved[0] >= 0).all()
    assert plan.moved_penalty <= plan.base_penalty * 1.02 + 1


def test_wider_bands_cost_less_and_a_higher_price_of_width_makes_narrower_ones() -> None:
    past = plants.history(plants.shifts(5, noise=0.4), "UTC", plants.at("2026-01-05", "UTC"), 56)
    kinds, slots = Calendar("UTC").places(past.starts_s, 900)
    profile = learn(past.energy_wh, kinds, slots, np.zeros(len(kinds)), 96)
    counts = np.zeros((96, 7, 96))
    counts[np.arange(96), 2, np.arange(96)] = 1
    trade = Trade(expect(profile, counts), PRICES)
    rows = np.arange(96)
    means = []
    for margin in (-0.8, -0.5, -0.2, 0.0, 0.5):
        bounds = trade.at_margin(margin)
        means.append((float((bounds[1] - bounds[0]).mean()), float(trade.expected(bounds, rows).sum())))
    assert [width for width, _ in means] == sorted(width for width, _ in means)
    assert [cost for _, cost in means] == sorted((cost for _, cost in means), reverse=True)
    widths = [float(np.subtract(*trade.priced(price)[::-1]).mean()) for price in (0.0001, 0.001, 0.01, 0.1)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > widths[-1]


@pytest.mark.parametrize("wanted", [1.0, 200.0, 2_000.0, 20_000.0])
def test_bands_of_a_wanted_width_have_it_or_a_little_less(wanted: float) -> None:
    past = plants.history(plants.shifts(6, noise=0.4), "UTC", plants.at("2026-01-05", "UTC"), 56)
    kinds, slots = Calendar("UTC").places(past.starts_s, 900)
    profile = learn(past.energy_wh, kinds, slots, np.zeros(len(kinds)), 96)
    counts = np.zeros((96, 7, 96))
    counts[np.arange(96), 2, np.arange(96)] = 1
    least, greatest = Trade(expect(profile, counts), PRICES).of_width(wanted)
    width = float((greatest - least).mean())
    assert width <= wanted
    cell = float(profile.energies_wh[1])
    assert width >= min(0.9 * wanted, wanted - 2 * cell)  # slots alike give up a cell at each end together


def test_slots_and_units_that_do_not_fit_are_refused_with_the_option_that_helps() -> None:
    with pytest.raises(PlanError, match="a week has 2016 intervals of 5 min") as refused:
        slots_of(300, weekly=True)
    assert "--every" in str(refused.value.hint)
    daily = plants.history(plants.shifts(7), "UTC", plants.at("2026-01-05", "UTC"), 30, 3600)
    assert interval_for(daily) == 3600
    with pytest.raises(PlanError, match="too coarse"):
        interval_for(dataclasses.replace(daily, interval_s=86_400))
    assert [unit_wh(peak) for peak in (100, 2_500, 2_501, 1_000_000, 3e9)] == [1, 1, 2, 500, 2_000_000]


def test_an_interval_beyond_what_a_reading_holds_is_refused_not_cut() -> None:
    with pytest.raises(PlanError, match="more than a reading holds: 32767 units of 1 Wh"):
        metered(np.array([10.0, 40_000.0]), 1)
    assert metered(np.array([0.6, 0.6, np.nan, 0.9]), 1).tolist() == [0, 1, -1, 1]


def test_local_days_are_those_of_the_zone() -> None:
    calendar = Calendar("Asia/Tokyo", frozenset({date(2026, 1, 1)}))
    utc = datetime(2025, 12, 31, 15, tzinfo=UTC)
    assert calendar.is_special(np.array([int(utc.timestamp()) - 1, int(utc.timestamp())])).tolist() == [
        False,
        True,
    ]
    assert calendar.midnight_s(date(2026, 1, 1)) == int(utc.timestamp())
