# SPDX-License-Identifier: Apache-2.0
"""Outages: what they cost, what they explain, and that nothing about their delivery pays."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from electro_contracts import calldata, errors, events
from electro_protocol.readings import INTERRUPTED, NO_DATA, pack

from .world import CONSUMER, DAY, START, World, day, inside, key

if TYPE_CHECKING:
    from electro_protocol.signed import SignedMessage

    from .conftest import Site

EVENT, MINUTE, MISSING = DAY.outage_penalty, DAY.outage_minute_penalty, DAY.missing_penalty


def interrupted(site: Site, *intervals: int, until: int = 96) -> None:
    """Report a day of which these intervals were interrupted."""
    lanes = [INTERRUPTED if i in intervals else lane for i, lane in enumerate(inside(0, until))]
    site.world.submit(site.report(0, lanes))


def reasons(world: World, items: list[SignedMessage]) -> list[str]:
    answer = calldata.decode_reasons(world.ask(calldata.check_outages(items)))
    return [errors.REASONS.get(reason, "") for reason in answer]


def test_a_consumer_caused_outage_costs_its_event_and_its_full_minutes(site: Site) -> None:
    interrupted(site, 1)
    site.world.submit(site.outage(1000, 1000 + 179))
    assert site.accrued == EVENT + 2 * MINUTE
    assert site.world.events == [
        events.OutageReported(
            site.agreement_id, site.meter.address, 0, START + 1000, START + 1179, 2, EVENT + 2 * MINUTE
        )
    ]


@pytest.mark.parametrize("cause", [0, 1])
def test_an_outage_with_another_cause_costs_nothing_and_explains(site: Site, cause: int) -> None:
    interrupted(site, 1, 2)
    site.world.submit(site.outage(1000, 2000, cause))
    assert site.bill() == (96, 960, 0, 0, 0)


def test_an_unknown_cause_is_penalised_where_that_is_agreed(world: World) -> None:
    meter = key("meter")
    agreement_id = world.agree([meter], day(penalised_causes=5))
    world.set_time(START + 86_400)
    world.submit(world.report(meter, agreement_id, 0, [INTERRUPTED] * 3))
    for number, cause in enumerate((0, 1)):
        at = START + 900 * number
        world.submit(world.outage(meter, agreement_id, number, at, at + 60, cause))
    assert world.accrued(agreement_id) == EVENT + MINUTE


def test_an_open_outage_costs_and_explains_nothing_until_it_ends(site: Site) -> None:
    site.world.submit(site.outage(1000, 0))
    assert site.world.events[0].penalty == 0
    interrupted(site, 1)
    assert site.bill() == (96, 960, 0, 0, 1)
    assert site.point().outageOpen
    site.world.submit(site.outage(1000, 1600))
    assert site.bill() == (96, 960, 0, EVENT + 10 * MINUTE, 0)
    assert (site.point().outageOpen, site.point().nextOutage) == (False, 1)


def test_opens_that_contradict_change_nothing(site: Site) -> None:
    """The first is on record, the end decides all."""
    interrupted(site, 1, 2)
    site.world.submit(site.outage(1000, 0, cause=2))
    assert site.refusal(site.outage(1500, 0, cause=1)) == ("KnownOutage", (0, START + 1500))
    site.world.submit(site.outage(1900, 1960, cause=1))
    assert site.bill() == (96, 960, 0, 0, 1)  # interval 1 is not explained by an outage in interval 2


def test_an_outage_told_again_and_again_costs_once(site: Site) -> None:
    interrupted(site, *range(4))
    site.world.submit(site.outage(0, 3600))
    for number in range(5):
        name = "WrongOutage" if number != 1 else "OverlappingOutage"
        assert site.refusal(site.outage(0, 3600, number=number))[0] == name
    assert site.accrued == EVENT + 60 * MINUTE


def test_the_last_of_five_delivered_first_changes_nothing_in_the_end(site: Site) -> None:
    interrupted(site, *range(10))
    items = [site.outage(1800 * i + 60, 1800 * i + 660, number=i) for i in range(5)]
    for item in reversed(items[1:]):
        assert site.refusal(item) == ("WrongOutage", (0, item.message.number))
    site.world.send(calldata.submit_outage_batch([items[4], *items]))
    assert site.accrued == 5 * (EVENT + 10 * MINUTE)


def test_an_impossible_outage_is_refused(site: Site) -> None:
    for name, value in (("ended_at", START + 1000), ("ended_at", START), ("cause", 3)):
        item = site.outage(1000, 2000)
        setattr(item.message, name, value)  # which the protocol's own record would refuse
        item.signature = site.meter.sign_digest(item.message.digest(site.world.domain))
        assert site.refusal(item)[0] == "BadOutage"


def test_an_outage_must_have_happened_and_come_before_the_grace_is_over(site: Site) -> None:
    now = site.world.now - START
    assert site.refusal(site.outage(1000, now + 1))[0] == "FromTheFuture"
    assert site.refusal(site.outage(now + 1, 0))[0] == "FromTheFuture"
    interrupted(site, 1, 2)
    site.after_grace()
    assert site.refusal(site.outage(1000, 2000))[0] == "TooLate"


def test_an_outage_waits_for_the_readings_of_what_it_touches(site: Site) -> None:
    """So that what is already paid as no data, or never reported, pays no outage on top."""
    item = site.outage(1000, 2000)
    assert site.refusal(item) == ("AheadOfReports", (3, 0))
    interrupted(site, 1, 2, until=2)
    assert site.refusal(item) == ("AheadOfReports", (3, 2))
    site.world.submit(site.report(2, [NO_DATA]))
    site.world.submit(item)
    # of 1000 seconds the 800 in interval 1; the 200 in interval 2 are in no data's price
    assert site.bill() == (3, 960, MISSING, EVENT + 13 * MINUTE, 0)


def test_an_outage_without_an_interrupted_interval_costs_nothing(site: Site) -> None:
    site.world.submit(site.report(0, [NO_DATA, *inside(1, 5)]))
    site.world.submit(site.outage(60, 840))
    site.world.submit(site.outage(1000, 1100, number=1))
    assert site.bill() == (6, 960, MISSING, 0, 0)


def test_only_what_lies_in_the_term_is_charged(site: Site) -> None:
    interrupted(site, 0)
    site.world.submit(site.outage(-600, 600))  # began before: no event, ten of its twenty minutes
    assert site.accrued == 10 * MINUTE
    for first in range(96, 960, 96):
        site.world.set_time(max(site.world.now, START + (first + 96) * 900))
        site.world.submit(site.report(first, [*inside(first, 95), INTERRUPTED if first == 864 else 500]))
    site.world.set_time(DAY.end + 7000)
    length = DAY.end - START
    site.world.submit(site.outage(length - 120, length + 7000, number=1))
    assert site.accrued == 10 * MINUTE + EVENT + 2 * MINUTE


def test_nothing_is_refused_for_where_it_lies(site: Site) -> None:
    """Or a number would be missing for ever."""
    site.world.submit(site.outage(-900, -600))
    site.world.set_time(DAY.end + 1000)
    length = DAY.end - START
    site.world.submit(site.outage(length + 1, length + 2, number=1))
    assert site.bill() == (0, 960, 0, 0, 0)
    assert site.point().nextOutage == 2


def test_an_interval_pays_for_one_outage_at_most(site: Site) -> None:
    """The price of silence holds one: a second would be cheaper kept back."""
    interrupted(site, 1, 2)
    site.world.submit(site.outage(1000, 1300))
    site.world.submit(site.outage(1400, 1900, number=1))  # in interval 1 it is free; 100 s in interval 2
    assert site.accrued == EVENT + 5 * MINUTE + MINUTE
    site.world.submit(site.outage(1950, 2600, number=2))
    assert site.bill() == (96, 960, 0, EVENT + 6 * MINUTE, 0)


def test_an_outage_explains_exactly_the_intervals_that_it_touches(site: Site) -> None:
    interrupted(site, *range(10, 16))
    site.world.submit(site.outage(11 * 900 + 899, 13 * 900 + 1, cause=1))
    assert site.point().unexplained == 3
    assert site.accrued == 0
    site.world.submit(site.outage(15 * 900, 16 * 900, cause=1, number=1))
    site.after_grace()
    assert site.accrued == (960 - 96 + 2) * MISSING


def test_a_long_outage_covers_whole_words_of_intervals(site: Site) -> None:
    for first in range(0, 384, 96):
        site.world.submit(site.report(first, [INTERRUPTED] * 96))
    assert site.point().unexplained == 384
    site.world.submit(site.outage(10 * 900, 300 * 900, cause=2))
    assert site.bill() == (384, 960, 0, EVENT + 290 * 15 * MINUTE, 384 - 290)


EDGES = (0, 1, 15, 16, 17, 254, 255, 256, 257, 382, 383)


def test_an_outage_explains_its_intervals_wherever_they_lie(world: World) -> None:
    """Also at the edges of the words of 256 intervals in which they are kept, and of those of sixteen readings."""
    pairs = [(first, last) for first in EDGES for last in EDGES if first <= last]
    for i, (first, last) in enumerate(pairs):
        if i % 32 == 0:  # an agreement has 64 meters at most
            group = [key(f"meter {j}") for j in range(i, min(i + 32, len(pairs)))]
            world.set_time(START - 86_400)
            agreement_id = world.agree(group)
            world.set_time(START + 5 * 86_400)
        meter = group[i % 32]
        cuts = [*range(0, 384, 96), 384] if i % 2 else [0, 7, 96, 109, 192, 250, 288, 384]
        for begin, end in itertools.pairwise(cuts):
            world.submit(world.report(meter, agreement_id, begin, [INTERRUPTED] * (end - begin)))
        world.submit(world.outage(meter, agreement_id, 0, START + 900 * first, START + 900 * (last + 1)))
        point = world.point(agreement_id, meter)
        assert point.unexplained == 384 - (last + 1 - first)
        assert point.outageAccrued == EVENT + (last + 1 - first) * 15 * MINUTE


def test_sixteen_readings_are_noted_wherever_a_word_ends_in_them(world: World) -> None:
    begins = range(238, 259)
    meters = {begin: key(f"from {begin}") for begin in begins}
    agreement_id = world.agree([*meters.values()])
    world.set_time(START + 5 * 86_400)
    for begin, meter in meters.items():
        for first, end in ((0, 96), (96, 192), (192, begin)):
            world.submit(world.report(meter, agreement_id, first, inside(first, end - first)))
        world.submit(world.report(meter, agreement_id, begin, [INTERRUPTED] * 16))
        last = START + 900 * (begin + 15)
        world.submit(world.outage(meter, agreement_id, 0, last, last + 900))
        point = world.point(agreement_id, meter)
        assert (point.unexplained, point.outageAccrued) == (15, EVENT + 15 * MINUTE)


def test_one_outage_across_a_renewal_is_one_event_of_the_agreement_in_which_it_began(world: World) -> None:
    meter = key("meter")
    first = world.agree([meter])
    second = world.agree([meter], day(start=DAY.end))
    world.set_time(DAY.end + 900)
    for begin in range(0, 960, 96):
        world.submit(
            world.report(meter, first, begin, [*inside(begin, 95), INTERRUPTED if begin == 864 else 500])
        )
    world.submit(world.report(meter, second, 0, [INTERRUPTED]))
    for agreement_id in (first, second):
        world.submit(world.outage(meter, agreement_id, 0, DAY.end - 500, DAY.end + 600))
    assert world.accrued(first) == EVENT + 8 * MINUTE
    assert world.accrued(second) == 10 * MINUTE


def test_a_meter_rotated_in_pays_nothing_for_what_was_before_it(site: Site) -> None:
    world, new = site.world, key("new")
    world.enrol(new)
    world.set_time(START + 90)
    world.call("proposeRotation", 1, site.meter.text, new.text, caller=world.operator)
    world.call("acceptRotation", 1, site.meter.text, new.text, caller=CONSUMER.text)
    world.set_time(START + 3 * 900)
    world.submit(site.report(0, [INTERRUPTED]))
    world.submit(world.report(new, 1, 1, [INTERRUPTED, 500]))
    for meter in (new, site.meter):  # each has its own numbers, and tells of the whole outage
        world.submit(world.outage(meter, 1, 0, START + 300, START + 1500))
    assert world.point(1, site.meter).outageAccrued == EVENT + 10 * MINUTE
    assert world.point(1, new).outageAccrued == 10 * MINUTE


def test_an_outage_counts_the_same_before_and_after_a_revocation(world: World) -> None:
    one, two = key("one"), key("two")
    agreement_id = world.agree([one, two])
    world.set_time(START + 5000)
    for meter, first in ((one, True), (two, False)):
        world.submit(world.report(meter, agreement_id, 0, [INTERRUPTED] * 5))
        outage = world.outage(meter, agreement_id, 0, START + 1000, START + 4500)
        if first:
            world.submit(outage)
        world.call("revoke", meter.text, caller=world.operator)
        if not first:
            world.submit(outage)
    bills = [world.point(agreement_id, meter) for meter in (one, two)]
    assert bills[0].outageAccrued == bills[1].outageAccrued == EVENT + 58 * MINUTE


def test_a_bad_outage_in_a_batch_is_skipped_and_check_foretells_it(site: Site) -> None:
    interrupted(site, 1, 10)
    items = [
        site.outage(1000, 0),
        site.outage(1000, 0),
        site.outage(1000, 1600),
        site.outage(1000, 1700),
        site.outage(1599, 1700, number=1),
        site.outage(9000, 9060, number=1),
        site.outage(96 * 900, 97 * 900, number=2),
    ]
    expected = ["", "KnownOutage", "", "WrongOutage", "OverlappingOutage", "", "AheadOfReports"]
    assert reasons(site.world, items) == expected
    site.world.send(calldata.submit_outage_batch(items))
    skipped = [each for each in site.world.events if isinstance(each, events.OutageSkipped)]
    assert [(each.index, errors.REASONS[each.reason]) for each in skipped] == [
        (i, reason) for i, reason in enumerate(expected) if reason
    ]
    assert site.accrued == EVENT + 10 * MINUTE + EVENT + MINUTE


@pytest.mark.parametrize("word", range(5))
def test_excess_bits_in_one_item_of_a_batch_cost_the_others_nothing(site: Site, word: int) -> None:
    """They are cut off before anything else: what is signed is what counts."""
    interrupted(site, 1, 10)
    items = [site.outage(1000, 1060), site.outage(9000, 9060, number=1)]
    data = bytearray(calldata.submit_outage_batch(items))
    at = 4 + 64 + 32 * word
    data[at : at + 16] = b"\xff" * 16
    site.world.send(bytes(data))
    assert [type(each) for each in site.world.events] == [events.OutageReported] * 2
    assert site.accrued == 2 * (EVENT + MINUTE)


@pytest.mark.parametrize(("places", "overridden"), [(1, False), (64, False), (1, True)])
def test_the_longest_outage_is_closed_and_settled_within_a_transaction(places: int, overridden: bool) -> None:
    """65,535 intervals of 60 s, all of them one outage: each step stays below 2^24 gas (EIP-7825).

    With other bands in every pass of the schedule, too.
    """
    from .engines import PyEvm

    world = World(PyEvm())
    meters = [key(f"meter {i}") for i in range(places)]
    terms = day(interval_seconds=60, intervals=65_535, bands=((100, 1000),) * 672, notice=0)
    agreement_id = world.agree(meters, terms)
    for begin in range(0, 65_535, 672) if overridden else ():
        world.call("widen", agreement_id, 0, begin, pack([0, 1200]), caller=world.operator)
    world.set_time(terms.end)
    most = 0
    first = 0
    while first < 65_535:
        lanes = [INTERRUPTED] * min(672, 65_535 - first)
        world.submit(world.report(meters[0], agreement_id, first, lanes))
        most = max(most, world.gas_used)
        first += len(lanes)
    world.submit(world.outage(meters[0], agreement_id, 0, START - 10, terms.end))
    assert max(most, world.gas_used) < 2**24
    assert world.accrued(agreement_id) == 65_535 * MINUTE
    world.set_time(terms.settles_at + 2)
    world.call("settle", agreement_id)
    assert world.gas_used < 2**24
    assert world.agreement(agreement_id).state == 3
