# SPDX-License-Identifier: Apache-2.0
"""Outages: what they cost, what they explain, and that the order of delivery can't matter."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from electro_contracts import calldata, errors, events
from electro_protocol.readings import NO_SUPPLY

from .world import DAY, START, World, day, inside, key

if TYPE_CHECKING:
    from .conftest import Site


def test_a_consumer_caused_outage_costs_its_event_and_its_full_minutes(site: Site) -> None:
    site.world.submit(site.outage(1000, 1000 + 179))
    assert site.accrued == 1009 + 2 * 13
    assert site.world.events == [
        events.OutageReported(site.agreement_id, site.meter.address, START + 1000, START + 1179, 2, 1009 + 26)
    ]


@pytest.mark.parametrize("cause", [0, 1])
def test_an_outage_with_another_cause_costs_nothing(site: Site, cause: int) -> None:
    site.world.submit(site.outage(1000, 9000, cause))
    assert site.accrued == 0


def test_an_open_outage_costs_its_event_and_its_end_adds_the_minutes(site: Site) -> None:
    site.world.submit(site.outage(1000, 0))
    assert site.accrued == 1009
    site.world.submit(site.outage(1000, 1600))
    assert site.accrued == 1009 + 10 * 13


def test_the_closing_report_s_cause_counts(site: Site) -> None:
    site.world.submit(site.outage(1000, 0, cause=2))
    site.world.submit(site.outage(1000, 1600, cause=1))
    assert site.accrued == 0
    site.world.submit(site.outage(5000, 0, cause=0))
    site.world.submit(site.outage(5000, 5060, cause=2))
    assert site.accrued == 1009 + 13


def test_an_outage_is_charged_once(site: Site) -> None:
    site.world.submit(site.outage(1000, 0))
    assert site.refusal(site.outage(1000, 0)) == ("KnownOutage", (START + 1000, 0))
    site.world.submit(site.outage(1000, 1600))
    for again in (site.outage(1000, 0), site.outage(1000, 1600), site.outage(1000, 1700, cause=1)):
        assert site.refusal(again) == ("KnownOutage", (START + 1000, START + 1600))
    assert site.accrued == 1009 + 10 * 13


def test_an_impossible_outage_is_refused(site: Site) -> None:
    for name, value in (("ended_at", START + 1000), ("ended_at", START), ("cause", 3)):
        item = site.outage(1000, 2000)
        setattr(item.message, name, value)  # which the protocol's own record would refuse
        item.signature = site.meter.sign_digest(item.message.digest(site.world.domain))
        assert site.refusal(item)[0] == "BadOutage"


def test_an_outage_must_have_happened_and_reach_into_the_term(site: Site) -> None:
    now = site.world.now - START
    assert site.refusal(site.outage(1000, now + 1))[0] == "FromTheFuture"
    assert site.refusal(site.outage(now + 1, 0))[0] == "FromTheFuture"
    assert site.refusal(site.outage(-500, -1)) == ("OutsideTerm", (START, START - 1))
    site.world.set_time(DAY.end + 60)
    length = DAY.end - START
    assert site.refusal(site.outage(length, 0))[0] == "OutsideTerm"
    site.after_grace()
    assert site.refusal(site.outage(1000, 2000))[0] == "TooLate"


def test_only_what_lies_in_the_term_is_charged(site: Site) -> None:
    site.world.submit(site.outage(-600, 600))  # began before: no event, ten of its twenty minutes
    assert site.accrued == 10 * 13
    site.world.set_time(DAY.end + 7000)
    length = DAY.end - START
    site.world.submit(site.outage(length - 120, length + 7000))
    assert site.accrued == 10 * 13 + 1009 + 2 * 13


def test_intervals_without_supply_need_an_outage_beside_them_or_count_as_missing(site: Site) -> None:
    site.world.submit(site.report(0, [*inside(0, 10), *[NO_SUPPLY] * 6, *inside(16, 80)]))
    assert site.point()[4] == 6
    site.world.submit(site.outage(11 * 900, 13 * 900, cause=1))  # touches 11 and 12, reaches 10 to 13
    assert site.point()[4] == 2
    assert site.accrued == 0
    site.after_grace()
    assert site.accrued == (960 - 96 + 2) * 211


def test_an_open_outage_explains_nothing_until_it_ends(site: Site) -> None:
    site.world.submit(site.report(0, [NO_SUPPLY] * 3))
    site.world.submit(site.outage(0, 0, cause=1))
    assert site.point()[4] == 3
    site.world.submit(site.outage(0, 2700, cause=1))
    assert site.point()[4] == 0


def test_reports_and_outages_in_any_order_come_to_the_same(world: World) -> None:
    results = set()
    for i, order in enumerate(itertools.permutations(range(4))):
        meter = key(f"meter {i}")
        agreement_id = world.agree([meter], day(start=world.now + 10))
        start = world.now + 10
        world.set_time(start + 2 * 86_400)
        reports = iter(
            [
                world.report(meter, agreement_id, 0, [*inside(0, 60), *[NO_SUPPLY] * 36]),
                world.report(meter, agreement_id, 96, [*[NO_SUPPLY] * 40, *inside(40, 40)]),
            ]
        )
        outages = [
            world.outage(meter, agreement_id, start + 61 * 900, start + 100 * 900),
            world.outage(meter, agreement_id, start + 120 * 900 + 1, start + 130 * 900, cause=1),
        ]
        for step in order:
            world.submit(next(reports) if step < 2 else outages[step - 2])
        results.add(world.call("point", agreement_id, meter.text))
    # the first outage touches 61 to 99 and so explains 60 to 100, the second 119 to 130: 101 to 118 and 131 to 135 stay
    assert [result[4] for result in results] == [18 + 5]


def test_a_long_outage_covers_whole_words_of_intervals(site: Site) -> None:
    for first in range(0, 384, 96):
        site.world.submit(site.report(first, [NO_SUPPLY] * 96))
    assert site.point()[4] == 384
    site.world.submit(site.outage(10 * 900, 300 * 900, cause=1))
    assert site.point()[4] == 384 - 292


EDGES = (0, 1, 126, 127, 128, 129, 254, 255, 256, 257, 382, 383)


def test_an_outage_explains_its_intervals_and_one_at_each_side_wherever_it_lies(world: World) -> None:
    """Also at the edges of the words of 128 intervals in which they are kept."""
    pairs = [(first, last) for first in EDGES for last in EDGES if first <= last]
    for i, (first, last) in enumerate(pairs):
        if i % 32 == 0:  # an agreement has 64 meters at most
            group = [key(f"meter {j}") for j in range(i, min(i + 32, len(pairs)))]
            world.set_time(START - 86_400)
            agreement_id = world.agree(group)
            world.set_time(START + 5 * 86_400)
        meter = group[i % 32]
        for begin in range(0, 384, 96):
            world.submit(world.report(meter, agreement_id, begin, [NO_SUPPLY] * 96))
        world.submit(world.outage(meter, agreement_id, START + 900 * first, START + 900 * (last + 1), 1))
        explained = min(383, last + 1) - max(0, first - 1) + 1
        assert world.call("point", agreement_id, meter.text)[4] == 384 - explained


def test_an_outage_into_a_term_that_a_revoked_meter_never_began_costs_nothing_and_holds_up_nobody(
    world: World,
) -> None:
    """Its point ends where it begins, so nothing of the outage lies in it; a batch with it is taken."""
    revoked, other = key("revoked"), key("other")
    agreement_id = world.agree([revoked, other])
    world.call("revoke", revoked.text, caller=world.operator)
    world.set_time(START + 5000)
    items = [
        world.outage(revoked, agreement_id, START - 600, START + 600),
        world.outage(other, agreement_id, START + 60, START + 660),
    ]
    assert calldata.decode_reasons(world.ask(calldata.check_outages(items))) == [bytes(4)] * 2
    world.send(calldata.submit_outage_batch(items))
    assert [type(each) for each in world.events] == [events.OutageReported] * 2
    assert world.call("point", agreement_id, revoked.text)[3] == 0
    assert world.accrued(agreement_id) == 1009 + 10 * 13


def test_a_bad_outage_in_a_batch_is_skipped_and_check_foretells_it(site: Site) -> None:
    items = [
        site.outage(1000, 0),
        site.outage(1000, 0),
        site.outage(1000, 1600),
        site.outage(1000, 1700),
        site.outage(9000, 9060),
    ]
    expected = ["", "KnownOutage", "", "KnownOutage", ""]
    answer = calldata.decode_reasons(site.world.ask(calldata.check_outages(items)))
    assert [errors.REASONS.get(each, "") for each in answer] == expected
    site.world.send(calldata.submit_outage_batch(items))
    skipped = [each for each in site.world.events if isinstance(each, events.OutageSkipped)]
    assert [each.index for each in skipped] == [1, 3]
    assert site.accrued == 1009 + 10 * 13 + 1009 + 13
