# SPDX-License-Identifier: Apache-2.0
"""Sections add up what agreements allow: parents with what is below them, aligned by instants."""

from __future__ import annotations

import numpy as np
import pytest
from defusedxml.ElementTree import fromstring

from electro_plan.errors import PlanError
from electro_plan.heat_map import heat_map_svg
from electro_plan.sections import Commitment, Section, plan_sections

FIRST = 1_800_000_000 // 86_400 * 86_400
STATION = Section("Station", 3_000.0, (), None)
NORTH = Section("North", 1_000.0, ("a", "b"), "Station")
SOUTH = Section("South", 2_000.0, ("c",), "Station")


def commitment(meter: str, greatest, interval_s: int = 3600, start_s: int = FIRST, actual=None) -> Commitment:
    most = np.array(greatest, np.float64)
    starts = start_s + interval_s * np.arange(len(most), dtype=np.int64)
    used = np.full(len(most), np.nan) if actual is None else np.array(actual, np.float64)
    return Commitment(meter, starts, interval_s, most / 2, most, used)


def test_a_parent_has_what_is_allowed_below_it_on_any_grid() -> None:
    day = [
        commitment("a", [400.0] * 24),
        commitment("b", [500.0] * 96, 900),
        commitment("c", [100.0] * 48, 1800),
    ]
    station, north, south = plan_sections([STATION, NORTH, SOUTH], day, FIRST, FIRST + 86_400)
    assert station.step_s == 900
    assert set(station.greatest_w.tolist()) == {1000.0}
    assert set(station.least_w.tolist()) == {500.0}
    assert set(north.greatest_w.tolist()) == {900.0}
    assert (north.of_meters, station.of_meters, int(station.meters.max())) == (2, 3, 3)
    assert south.hours(south.idle) == 24
    assert north.hours(north.overloaded) == 0


def test_an_agreement_counts_only_while_it_runs() -> None:
    half = commitment("a", [1_200.0] * 6, start_s=FIRST + 6 * 3600)
    (north,) = plan_sections([Section("North", 1_000.0, ("a",))], [half], FIRST, FIRST + 86_400)
    assert north.hours(north.overloaded) == 6
    assert north.greatest_w[5] == 0
    assert north.greatest_w[6] == 1_200
    assert north.meters.tolist() == [0] * 6 + [1] * 6 + [0] * 12


def test_what_was_reported_is_shown_only_if_all_have_reported() -> None:
    both = [
        commitment("a", [400.0] * 3, actual=[100.0, 200.0, np.nan]),
        commitment("b", [400.0] * 3, actual=[50.0, np.nan, 70.0]),
    ]
    (north,) = plan_sections([Section("North", 1_000.0, ("a", "b"))], both, FIRST, FIRST + 3 * 3600)
    assert north.actual_w[0] == 150
    assert np.isnan(north.actual_w[1:]).all()


def test_room_is_named_for_all_hours_and_for_the_window_that_has_most_on_the_zones_clock() -> None:
    used = [900.0 if 6 <= hour < 22 else 100.0 for hour in range(24)] * 2
    (north,) = plan_sections(
        [Section("North", 1_000.0, ("a",))], [commitment("a", used)], FIRST, FIRST + 2 * 86_400
    )
    room = north.room("UTC")
    assert (room.always_w, room.window_w, room.from_hour, room.to_hour) == (100.0, 900.0, 22, 6)
    assert north.room("Europe/Moscow").from_hour == 1


def test_sections_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(PlanError, match="meter a is on two sections, North and South"):
        plan_sections([NORTH, Section("South", 1.0, ("a",)), STATION], [], FIRST, FIRST + 3600)
    with pytest.raises(PlanError, match="there is no section 'Station'"):
        plan_sections([NORTH], [], FIRST, FIRST + 3600)
    with pytest.raises(PlanError, match="section A is fed by itself"):
        plan_sections([Section("A", 1.0, (), "B"), Section("B", 1.0, (), "A")], [], FIRST, FIRST + 3600)
    with pytest.raises(PlanError, match="the same name"):
        plan_sections([NORTH, NORTH], [], FIRST, FIRST + 3600)


def test_the_heat_map_has_a_cell_for_each_hour_in_the_colour_of_its_load() -> None:
    used = [1_100.0] * 2 + [950.0] * 10 + [300.0] * 6 + [10.0] * 6
    planned = plan_sections(
        [Section("North <&>", 1_000.0, ("a",))], [commitment("a", used)], FIRST, FIRST + 86_400
    )
    cells = [
        each.get("class")
        for each in fromstring(heat_map_svg(planned, "UTC")).iter()
        if each.tag.endswith("rect")
    ]
    assert cells[1:] == ["over"] * 2 + ["c4"] * 10 + ["c0"] * 6 + ["idle"] * 6
