# SPDX-License-Identifier: Apache-2.0
"""A day of an agreement comes from the chain into the index, and out of it as records with the model's money."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from electro_console.index.database import Database
from electro_console.index.errors import Unknown
from electro_console.index.following import Follower
from electro_console.index.node import Nodes
from electro_console.index.reading import Index
from electro_console.index.records import Kind, Phase, State
from electro_protocol import address
from tests.tools.agreements import HOUR_S, START
from tests.tools.metered_day import metered_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.tools.agreements import World

NOW = START + 24 * HOUR_S


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with metered_day(tmp_path_factory.mktemp("day")) as world:
        yield world


@pytest.fixture
def index(day: World, tmp_path: Path) -> Iterator[Index]:
    file = tmp_path / "index.sqlite"
    nodes = Nodes([str(day.web3.provider.endpoint_uri)])  # type: ignore[attr-defined]
    with contextlib.closing(Database(file)) as database, database.locked():
        Follower(database, nodes, address.parse(day.contract)).catch_up()
    with Index.open(file) as opened:
        yield opened


def test_an_agreement_stands_as_the_model_says(day: World, index: Index) -> None:
    found, paper = index.agreement(1, NOW), index.paper(1)
    assert paper.model is not None
    assert paper.findings == []
    assert (found.state, found.phase) == (State.ACCEPTED, Phase.RUNNING)
    assert (found.money.accrued, found.money.remaining) == (
        paper.model.accrued(NOW),
        paper.model.remaining(NOW),
    )
    assert found.money.accrued == 15_090
    parts = found.money.under, found.money.over, found.money.no_data, found.money.outages
    assert parts == (800, 6100, 6300, 1890)
    assert sum(parts) == found.money.accrued
    assert found.consumer == address.parse(day.consumer.address)
    assert found.funder == address.parse(day.operator.address)
    (meter,) = found.meters
    assert (meter.next, meter.end, meter.behind, meter.interrupted, meter.unexplained) == (24, 48, 0, 2, 0)
    assert found.dates.end == START + 48 * HOUR_S


def test_readings_lie_in_their_band_with_what_each_costs(index: Index) -> None:
    read = index.readings(1, 0, NOW)
    assert len(read) == 48
    assert read.units[[12, 13, 20, 21, 22]].tolist() == [2000, 300, 0, 450, -1]
    kinds = [Kind.MEASURED, Kind.MEASURED, Kind.INTERRUPTED, Kind.INTERRUPTED, Kind.NO_DATA]
    assert read.kind[[12, 13, 20, 21, 22]].tolist() == kinds
    assert read.deviation[[12, 13, 20, 21]].tolist() == [800, -100, 0, 0]
    assert read.penalty[[12, 13, 20, 22]].tolist() == [6100, 800, 0, 6300]
    assert set(read.kind[24:].tolist()) == {Kind.AHEAD}
    assert (read.least[0], read.greatest[0], read.least[6], read.greatest[6]) == (100, 600, 400, 1200)
    assert read.explained.all()
    part = index.readings(1, 0, NOW, first=12, count=2)
    assert (part.first, part.start_s, part.units.tolist()) == (12, START + 12 * HOUR_S, [2000, 300])


def test_what_moved_the_money_adds_up_to_what_was_taken(index: Index) -> None:
    moved = index.movements(1, NOW).items
    charged = [(each.kind, each.amount) for each in moved if each.charged]
    assert charged == [("over", 6100), ("under", 800), ("outage", 1890), ("no data", 6300)]
    (over, *_) = moved
    assert over.figures == {
        "first": 12,
        "used": 2000,
        "least": 400,
        "greatest": 1200,
        "units": 800,
        "flat": 500,
        "rate": 7,
    }
    burnt = index.burn_down(1, NOW, samples=50)
    assert burnt.remaining[-1] == index.agreement(1, NOW).money.remaining
    assert burnt.silence_until_end == 24 * 6300


def test_a_meter_that_sends_nothing_is_behind_and_then_silent(index: Index) -> None:
    assert index.overview(NOW).behind == 0
    later = NOW + 3 * HOUR_S
    (late,) = index.overview(later).behind_meters
    assert late.behind == 3
    assert index.overview(later).silent == 0
    assert index.overview(NOW + 23 * HOUR_S, silent_s=20 * HOUR_S).silent == 1


def test_what_is_not_there_is_named(index: Index) -> None:
    with pytest.raises(Unknown, match="there is no agreement 2; the newest is 1"):
        index.agreement(2, NOW)
    with pytest.raises(Unknown, match="agreement 1 has no place 1; it has 0 to 0"):
        index.readings(1, 1, NOW)


def test_notes_stay_with_their_agreement(index: Index) -> None:
    made = index.add_note(1, "waiver", "operator", " works at the feeder ", NOW, place=0, first=13, last=13)
    assert index.notes(1) == (made,)
    assert made.words == "works at the feeder"
    with pytest.raises(ValueError, match="characters"):
        index.add_note(1, "waiver", "operator", " ", NOW)
