# SPDX-License-Identifier: Apache-2.0
"""What readings would cost, asked beforehand: the same as the bill on paper, and as what is charged in the end."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from eth_abi import encode

from electro_contracts import calldata, events
from electro_contracts.model import Agreement, Refused
from electro_protocol.readings import INTERRUPTED, NO_DATA, pack

from .engines import Reverted, refused
from .world import BONUS, CONSUMER, World, day, encode_call, inside, key

if TYPE_CHECKING:
    from .conftest import Site

LANES = (0, 1, 99, 100, 1023, 1024, 0x7FFF, INTERRUPTED, INTERRUPTED | 500, INTERRUPTED | 0x7FFE, NO_DATA)


def quoted(world: World, agreement_id: int, first: int, lanes: list[int], caller: str = "") -> calldata.Quote:
    return calldata.decode_quote(world.ask(calldata.quote(agreement_id, 0, first, pack(lanes)), caller))


@pytest.mark.parametrize("slots", [1, 7, 8, 9, 96, 672])
def test_a_quote_is_the_bill_on_paper(world: World, slots: int) -> None:
    rng = random.Random(slots)
    bands = tuple(tuple(sorted(rng.choices(range(0x8000), k=2))) for _ in range(slots))
    terms = day(bands=bands, intervals=3 * slots, capacity_units=0x7FFF, missing_penalty=2**20)
    meter = key("meter")
    agreement_id = world.agree([meter], terms)
    paper = Agreement(agreement_id, terms, [meter.address], BONUS, bytes(32))
    for _ in range(30):
        count = rng.randint(1, slots)
        first = rng.randrange(3) * slots + rng.randint(0, slots - count)
        lanes = [rng.choice([*LANES, rng.randrange(0x10000)]) for _ in range(count)]
        bill = paper.quote(0, first, lanes)
        assert quoted(world, agreement_id, first, lanes) == calldata.Quote(
            bill.under,
            bill.over,
            bill.no_data,
            bill.interrupted,
            bill.under_units,
            bill.over_units,
            bill.accrued,
        )


def test_a_quote_is_what_the_same_report_is_charged_then(site: Site) -> None:
    lanes = [5000, 3, NO_DATA, INTERRUPTED, *inside(4, 92)]
    told = quoted(site.world, site.agreement_id, 0, lanes)
    site.world.submit(site.report(0, lanes))
    violations = site.world.events[1]
    assert isinstance(violations, events.Violations)
    assert (told.under, told.over, told.no_data) == (violations.under, violations.over, violations.no_data)
    assert (told.under_units, told.over_units) == (violations.under_units, violations.over_units)
    assert told.penalty == violations.penalty == site.point().accrued
    assert told.interrupted == 1
    assert (
        quoted(site.world, site.agreement_id, 0, lanes) == told
    )  # nothing has changed by asking or reporting


def test_anyone_asks_before_the_consumer_has_accepted_and_compliance_costs_nothing(world: World) -> None:
    meter = key("meter")
    world.enrol(meter)
    proposed = world.propose([meter])
    answers = {
        quoted(world, proposed, 0, inside(0, 96), caller)
        for caller in (world.operator, world.anyone, CONSUMER.text)
    }
    assert answers == {calldata.Quote(0, 0, 0, 0, 0, 0, 0)}


@pytest.mark.parametrize(
    ("first", "count", "name"),
    [(0, 0, "BadLength"), (0, 673, "BadLength"), (1, 96, "BeyondSchedule"), (960, 1, "OutsideTerm")],
)
def test_readings_that_no_report_could_carry_are_refused(
    site: Site, first: int, count: int, name: str
) -> None:
    with refused(name):
        quoted(site.world, site.agreement_id, first, [500] * count)
    paper = Agreement(site.agreement_id, day(), [site.meter.address], 0, bytes(32))
    with pytest.raises(Refused) as caught:
        paper.quote(0, first, [500] * count)
    assert caught.value.reason == name


def test_a_place_that_is_none_is_refused(site: Site) -> None:
    with refused("NoSuchPlace"):
        site.world.ask(calldata.quote(site.agreement_id, 1, 0, pack([500])))


def test_half_a_reading_and_an_unknown_agreement_are_refused(site: Site) -> None:
    with refused("BadLength"):
        site.world.ask(calldata.quote(site.agreement_id, 0, 0, b"\1\2\3"))
    with refused("WrongState"):
        quoted(site.world, site.agreement_id + 1, 0, [500])


def test_the_packed_question_is_what_eth_abi_encodes() -> None:
    for readings in (b"", b"\1\2", bytes(32), bytes(34)):
        assert calldata.quote(7, 3, 9, readings) == encode_call("quote", 7, 3, 9, readings)
    assert calldata.decode_quote(encode(["uint256"] * 7, list(range(7)))) == calldata.Quote(*range(7))
    with pytest.raises(calldata.DecodeError):
        calldata.decode_quote(bytes(32))


def test_a_quote_is_a_view(site: Site) -> None:
    before = site.point()
    with pytest.raises(Reverted):
        site.world.ask(calldata.quote(site.agreement_id, 0, 2**32 - 1, pack([500])))
    site.world.send(calldata.quote(site.agreement_id, 0, 0, pack([5000])))
    assert site.point() == before
    assert site.world.events == []


def test_the_example_of_the_readme_comes_to_its_figures(world: World) -> None:
    terms = day(
        violation_penalty=500,
        under_rate=3,
        over_rate=7,
        missing_penalty=12_650,
        outage_penalty=10_000,
        outage_minute_penalty=50,
        bands=((100, 1000),) * 96,
        intervals=96,
        capacity_units=1200,
    )
    meter = key("meter")
    agreement_id = world.agree([meter], terms, bonus=1_000_000)
    costs = {
        1040: 780,
        90: 530,
        1000: 0,
        100: 0,
        INTERRUPTED | 60: 0,
        INTERRUPTED | 1040: 780,
        NO_DATA: 12_650,
    }
    for lane, cost in costs.items():
        assert quoted(world, agreement_id, 0, [lane]).penalty == cost
    lanes = [1040, 90, 1000, NO_DATA, INTERRUPTED | 60, INTERRUPTED]
    assert quoted(world, agreement_id, 0, lanes).penalty == 13_960
    world.set_time(terms.end)
    world.submit(world.report(meter, agreement_id, 0, lanes + [600] * 90))
    began = terms.instant(4)
    world.submit(world.outage(meter, agreement_id, 0, began, began + 20 * 60))
    assert world.accrued(agreement_id) == 24_960
    world.set_time(terms.settles_at)
    world.call("settle", agreement_id)
    settled = world.events[0]
    assert isinstance(settled, events.Settled)
    assert (settled.remaining, settled.discount) == (975_040, 243_760)
