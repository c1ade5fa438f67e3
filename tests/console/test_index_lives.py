# SPDX-License-Identifier: Apache-2.0
"""What the index answers of random lives is what the model says, to the unit, whenever it is asked."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest

from electro_console.index.acts import Acts
from electro_console.index.database import Database
from electro_console.index.following import Follower
from electro_console.index.points import Points
from electro_console.index.reading import Index
from electro_console.index.records import Kind, Phase
from electro_console.index.standing import standings
from electro_console.index.waiting import deadlines_of
from electro_contracts import events
from electro_contracts.bill import of_readings
from tests.console.life import DAY_S
from tests.console.recorded import Life

if TYPE_CHECKING:
    from pathlib import Path

    from electro_contracts.model import Agreement as Model

STEPS = int(os.environ.get("ELECTRO_LIFE_STEPS", "250"))
SEEDS = range(1, 1 + int(os.environ.get("ELECTRO_LIVES", "3")))


def _follow(database: Database, life: Life) -> None:
    with database.locked():
        Follower(database, life.chain, life.chain.contract, final="latest", begins=1).catch_up()  # type: ignore[arg-type]


def _same(index: Index, life: Life) -> int:
    """Hold every agreement against the model; return how many there were."""
    now, compared = life.now, 0
    for id_, entry in life.play.paper.entries.items():
        found, money = index.agreement(id_, now), entry.money
        assert found.consumer == entry.consumer
        if money is None:
            assert not found.state.binds
            continue
        compared += 1
        settled = money.settlement
        at = now if settled is None else found.settled_at
        assert at is not None
        assert found.money.accrued == (money.accrued(at) if settled is None else settled.accrued), id_
        assert found.money.remaining == (money.remaining(at) if settled is None else settled.remaining), id_
        assert found.money.discount == (None if settled is None else settled.discount)
        parts = ("under", "over", "no_data", "missing", "unexplained", "outages", "forfeited", "neutral")
        assert sum(getattr(found.money, part) for part in parts) == found.money.accrued
        assert (found.money.grants, found.money.waived) == (money.grants, money.waived)
        assert found.money.redeemed == sum(money.redeemed.values())
        assert (found.dates.closes_at, found.dates.settles_at) == (money.closes_at, money.settles_at)
        assert {meter.device: (meter.next, meter.end, meter.outages) for meter in found.meters} == {
            device: (point.next, point.end, len(point.outages)) for device, point in money.points.items()
        }
        _same_readings(index, id_, money, at)
        _same_movements(index, id_, found.money.accrued, found.money.remaining, at)
        paper = index.paper(id_)
        assert paper.findings == []
        assert paper.model is not None
        assert paper.model.accrued(at) == money.accrued(at)
    return compared


def _same_readings(index: Index, id_: int, money: Model, at: int) -> None:
    for number, place in enumerate(money.places):
        read = index.readings(id_, number, at)
        assert len(read) == money.intervals
        bands = list(zip(read.least.tolist(), read.greatest.tolist(), strict=True))
        assert bands == [place.band_of(interval) for interval in range(money.intervals)]
        reported = {
            interval: (lane, device)
            for device, point in money.points.items()
            if point.place == number
            for interval, lane in enumerate(point.lanes, point.first)
        }
        assert set(np.flatnonzero(read.meter >= 0).tolist()) == set(reported)
        for interval, (lane, device) in reported.items():
            cost = of_readings(interval, [lane], money.terms, place.band_of)
            assert read.penalty[interval] == cost.accrued
            assert read.deviation[interval] == cost.over_units - cost.under_units
            assert read.meters[read.meter[interval]] == device
        bills = [money.bill(device, at) for device, point in money.points.items() if point.place == number]
        unexplained = (read.kind == Kind.INTERRUPTED) & ~read.explained
        assert int(unexplained.sum()) == sum(bill.unexplained for bill in bills)
        if money.is_closed(at):
            assert int((read.kind == Kind.MISSING).sum()) == sum(bill.missing for bill in bills)
            assert int((read.kind == Kind.NEUTRAL).sum()) == sum(
                bill.neutral for bill in bills
            ) + place.neutral(money.intervals)


def _same_movements(index: Index, id_: int, accrued: int, remaining: int, at: int) -> None:
    moved = index.movements(id_, at, size=100_000).items
    taken = sum(each.amount for each in moved if each.charged and each.amount > 0)
    assert taken == accrued
    assert index.burn_down(id_, at, samples=30).remaining[-1] == remaining


@pytest.mark.parametrize("seed", SEEDS)
def test_a_life_is_told_to_the_unit_at_every_stage(seed: int, tmp_path: Path) -> None:
    life = Life(seed)
    with contextlib.closing(Database(tmp_path / "index.sqlite")) as database:
        for _ in range(4):
            life.go_on(STEPS // 4)
            _follow(database, life)
            _same(Index(database), life)
        life.end()
        _follow(database, life)
        assert _same(Index(database), life) > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_the_overview_counts_what_every_agreement_says_of_itself(seed: int, tmp_path: Path) -> None:
    life = Life(seed)
    life.go_on(STEPS)
    with contextlib.closing(Database(tmp_path / "index.sqlite")) as database:
        _follow(database, life)
        index = Index(database)
        for now in (life.now - 5 * DAY_S, life.now, life.now + 3 * DAY_S, life.now + 200 * DAY_S):
            every = [index.agreement(each.id, now) for each in index.agreements(now, size=10_000).items]
            found = index.overview(now, deadlines_s=30 * DAY_S, most=10_000)
            assert found.agreements == Counter(each.phase for each in every)
            waiting = [each.id for each in every if each.phase is Phase.OPEN]
            assert sorted(each.id for each in found.offers_waiting) == sorted(waiting)
            assert found.offers == len(waiting)
            with database.reading() as connection:
                whole = standings(connection, [each.id for each in every]).values()
                due = [one for each in whole for one in deadlines_of(each, now, now + 30 * DAY_S)]
            assert sorted(map(repr, found.deadlines)) == sorted(map(repr, due))
            assert index.deadlines(now, now + 30 * DAY_S, size=10_000).total == len(due)


def test_every_event_has_its_way_into_the_tables() -> None:
    by_hand = {"EnergyReported", "SealedReported", "Violations", "OutageReported"}
    idle = {"ReportSkipped", "OutageSkipped", "ViewingKeyHeld"}
    acts = {kind.__name__ for kind in Acts(Points(), bytes(20), partial=False).kinds}
    assert acts | by_hand | idle == set(events.TOPICS)
