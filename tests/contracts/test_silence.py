# SPDX-License-Identifier: Apache-2.0
"""The price of silence: refused where it is cheaper than a truth, and, by search, never cheaper where it is taken."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from electro_contracts import calldata, errors
from electro_protocol.readings import INTERRUPTED, NO_DATA

from .engines import Reverted
from .world import CONSUMER, DAY, START, World, key

if TYPE_CHECKING:
    from electro_contracts.terms import Terms

# Four slots: wide, narrow, a high least, a low greatest.
BANDS = ((0, 40), (20, 20), (30, 40), (0, 5))
CAPACITY = 60


class Truth(NamedTuple):
    """What happened in an hour of quarters: units used, and outages in seconds, with their cause."""

    units: tuple[int, ...]
    outages: tuple[tuple[int, int], ...]
    cause: int


TRUTHS = [
    Truth((10, 20, 35, 0), (), 2),  # all inside
    Truth((CAPACITY, CAPACITY, CAPACITY, CAPACITY), (), 2),  # as much as the connection can take
    Truth((0, 0, 0, 0), (), 2),  # nothing used, where a high least wants much
    Truth((CAPACITY, 0, 35, 0), ((1000, 1540),), 2),  # nine of fifteen minutes without supply
    Truth(
        (20, CAPACITY, CAPACITY, 0), ((900, 960), (1000, 1060), (1100, 1700)), 2
    ),  # three outages in one interval
    Truth((0, 0, 0, CAPACITY), ((0, 3500),), 2),  # out for nearly all of it
    Truth((CAPACITY, CAPACITY, CAPACITY, CAPACITY), ((1, 2), (899, 901), (2699, 3600)), 2),
    Truth((0, 25, 0, CAPACITY), ((10, 1900),), 0),
]
RATES = [
    {
        "violation_penalty": 500,
        "under_rate": 3,
        "over_rate": 7,
        "outage_penalty": 10_000,
        "outage_minute_penalty": 50,
    },
    {
        "violation_penalty": 0,
        "under_rate": 1000,
        "over_rate": 0,
        "outage_penalty": 0,
        "outage_minute_penalty": 0,
    },
    {
        "violation_penalty": 1,
        "under_rate": 0,
        "over_rate": 0,
        "outage_penalty": 0,
        "outage_minute_penalty": 999,
    },
    {
        "violation_penalty": 0,
        "under_rate": 0,
        "over_rate": 1,
        "outage_penalty": 1,
        "outage_minute_penalty": 0,
    },
]


def agreed_on(rates: dict[str, int], missing: int = 2**40) -> Terms:
    return replace(
        DAY,
        **rates,
        bands=BANDS,
        intervals=4,
        capacity_units=CAPACITY,
        penalised_causes=5,
        missing_penalty=missing,
    )


def least_price(rates: dict[str, int]) -> tuple[int, int]:
    """The slot whose silence must be dearest, and its price: the sum in the words of the agreement."""
    prices = [
        rates["violation_penalty"]
        + max((CAPACITY - greatest) * rates["over_rate"], least * rates["under_rate"])
        + rates["outage_penalty"]
        + 15 * rates["outage_minute_penalty"]
        for least, greatest in BANDS
    ]
    return prices.index(max(prices)), max(prices)


@pytest.mark.parametrize("rates", RATES)
def test_terms_whose_silence_is_too_cheap_are_refused_with_slot_and_sum(
    world: World, rates: dict[str, int]
) -> None:
    slot, price = least_price(rates)
    world.enrol(key("meter"))
    good = list(agreed_on(rates).to_tuple())
    for missing, taken in ((price, True), (price - 1, False)):
        good[10] = missing  # which the record of terms would refuse
        arguments = (CONSUMER.text, tuple(good), [key("meter").text], 1)
        if taken:
            world.call("propose", *arguments, caller=world.operator)
            continue
        with pytest.raises(Reverted) as caught:
            world.call("propose", *arguments, caller=world.operator)
        assert (caught.value.error.name, caught.value.error.args) == (
            "SilenceTooCheap",
            (slot, price, missing),
        )


def bill(world: World, terms: Terms, truth: Truth, reports: int, lanes: list[int], outages: int) -> int:
    """What an hour comes to of which so many reports and outages are delivered, reports lane by lane."""
    meter = key(f"meter {world.call('agreementCount')}")
    world.set_time(START - 86_400)
    agreement_id = world.agree([meter], terms, bonus=2**100)
    world.set_time(terms.end)
    for i in range(reports):
        world.submit(world.report(meter, agreement_id, i, [lanes[i]]))
    for number, (started, ended) in enumerate(truth.outages[:outages]):
        item = world.outage(meter, agreement_id, number, START + started, START + ended, truth.cause)
        (reason,) = calldata.decode_reasons(world.ask(calldata.check_outages([item])))
        if reason != bytes(4):
            assert errors.REASONS[reason] == "AheadOfReports"
            break
        world.submit(item)
    world.set_time(terms.reports_until + 1)
    return world.accrued(agreement_id)


def lanes_of(truth: Truth) -> list[int]:
    return [
        INTERRUPTED | used if any(s < 900 * (i + 1) and e > 900 * i for s, e in truth.outages) else used
        for i, used in enumerate(truth.units)
    ]


@pytest.mark.parametrize("rates", RATES)
def test_of_terms_that_are_taken_no_silence_is_cheaper_than_the_truth(
    world: World, rates: dict[str, int]
) -> None:
    """Invariant 21, by search: silence from any interval on, no data in any, outages kept back from any on."""
    terms = agreed_on(rates, least_price(rates)[1])
    for truth in TRUTHS:
        lanes = lanes_of(truth)
        told = len(truth.outages)
        honest = bill(world, terms, truth, 4, lanes, told)
        assert honest <= 4 * terms.missing_penalty
        for reports, outages in itertools.product(range(5), range(told + 1)):
            assert bill(world, terms, truth, reports, lanes, outages) >= honest
        for blind in range(1, 16):
            blinded = [NO_DATA if blind >> i & 1 else lane for i, lane in enumerate(lanes)]
            for outages in {0, told}:
                assert bill(world, terms, truth, 4, blinded, outages) >= honest


def test_sixteen_slots_at_a_time_refuse_what_slot_by_slot_is_refused(world: World) -> None:
    """`TermsStore` asks branch-free, and says why slot by slot: both refuse the same."""
    world.enrol(key("meter"))
    rng = random.Random(1)
    heard = set()
    for _ in range(120):
        slots = rng.choice([1, 3, 15, 16, 17, 33])
        capacity = rng.choice([1, 50, 1200, 0x7FFF])
        bands = [sorted(rng.choices(range(min(capacity, 60) + 1), k=2)) for _ in range(slots)]
        if rng.random() < 0.3:
            bands[rng.randrange(slots)] = [rng.randrange(0x10000), rng.randrange(0x10000)]
        rates = [rng.choice([0, 1, 7, 2**40]) for _ in range(5)]
        violation, under, over, outage, minute = rates
        aside = violation + outage + 15 * minute
        prices = [aside + max((capacity - high) * over, low * under) for low, high in bands]
        missing = max(0, min(2**64 - 1, rng.choice([max(prices), max(prices) - 1, rng.choice(prices)])))
        unsound = next((i for i, (low, high) in enumerate(bands) if low > high or high > capacity), None)
        cheap = next((i for i, price in enumerate(prices) if price > missing), None)
        expected = "InvalidTerms" if unsound is not None else "SilenceTooCheap" if cheap is not None else ""
        terms = list(DAY.to_tuple())
        terms[4:9], terms[10], terms[16] = rates, missing, capacity
        packed = [low for low, _ in bands] + [high for _, high in bands]
        terms[21] = b"".join(each.to_bytes(2, "big") for each in packed)
        arguments = (CONSUMER.text, tuple(terms), [key("meter").text], 1)
        heard.add(expected)
        if not expected:
            world.call("propose", *arguments, caller=world.operator)
            continue
        with pytest.raises(Reverted) as caught:
            world.call("propose", *arguments, caller=world.operator)
        assert caught.value.error.name == expected
        if expected == "SilenceTooCheap":
            assert caught.value.error.args == (cheap, prices[cheap or 0], missing)
    assert heard == {"", "InvalidTerms", "SilenceTooCheap"}
