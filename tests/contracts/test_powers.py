# SPDX-License-Identifier: Apache-2.0
"""What the operator may do, what only the consumer may, and what neither: grants, waivers, notice, revocation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from electro_contracts import calldata, events
from electro_protocol.readings import INTERRUPTED

from .engines import refused
from .world import BONUS, CONSUMER, DAY, START, World, day, inside, key

if TYPE_CHECKING:
    from .conftest import Site


def states(world: World, meter: object) -> list[calldata.MeterState]:
    return calldata.decode_meter_state(world.ask(calldata.meter_state(meter.address, 0)))


# -- Proposals


def test_only_new_proposals_can_be_paused(site: Site) -> None:
    world = site.world
    waiting = day(start=DAY.end)
    proposed = world.propose([site.meter], waiting)
    with refused("AccessControlUnauthorizedAccount"):
        world.call("pauseProposals", True)
    world.call("pauseProposals", True, caller=world.operator)
    assert world.events == [events.ProposalsPause(True)]
    assert world.call("proposalsPaused")
    with refused("ProposalsPaused"):
        world.propose([site.meter], day(start=DAY.end + 1))
    world.accept(world.acceptance(proposed, [site.meter], waiting))
    site.world.submit(site.report(0, 96))
    world.set_time(DAY.settles_at)
    world.call("settle", site.agreement_id)
    world.call("pauseProposals", False, caller=world.operator)
    world.propose([site.meter], day(start=DAY.settles_at + 1))


@pytest.mark.parametrize("by_consumer", [True, False])
def test_either_side_takes_a_proposal_away(world: World, by_consumer: bool) -> None:
    meter = key("meter")
    world.enrol(meter)
    agreement_id = world.propose([meter])
    with refused("NotParty"):
        world.call("cancel", agreement_id)
    caller = CONSUMER.text if by_consumer else world.operator
    world.call("cancel", agreement_id, caller=caller)
    assert world.events == [events.Cancelled(agreement_id, bytes.fromhex(caller[2:]))]
    with refused("WrongState"):
        world.accept(world.acceptance(agreement_id, [meter]))
    with refused("WrongState"):
        world.call("cancel", agreement_id, caller=caller)
    view = world.agreement(agreement_id)
    assert (view.state, view.accrued, view.remaining) == (4, 0, 0)


def test_what_is_accepted_only_the_consumer_gives_up_and_only_before_the_start(world: World) -> None:
    """Invariant 15: the operator can't take back an accepted bonus."""
    meter = key("meter")
    first = world.agree([meter])
    second = world.agree([meter], day(start=DAY.end))
    third = world.agree([meter], day(start=DAY.end + 10**6))
    with refused("WrongState"):
        world.call("cancel", second, caller=world.operator)
    world.call("cancel", second, caller=CONSUMER.text)
    assert [state.agreement_id for state in states(world, meter)] == [first, third]
    assert world.remaining(second) == 0
    for call in ("settle", "terminate"):
        with refused("WrongState"):
            world.call(call, second, caller=CONSUMER.text)
    with refused("WrongState"):
        world.call("grant", second, 1, caller=world.operator)
    world.set_time(DAY.end + 900)
    with refused("UnknownDevice"):
        world.submit(world.report(meter, second, 0, [500]))
    world.set_time(DAY.end + 10**6)
    with refused("AlreadyStarted"):
        world.call("cancel", third, caller=CONSUMER.text)


def test_a_meter_of_a_cancelled_agreement_is_free_for_an_earlier_one(world: World) -> None:
    meter = key("meter")
    late = world.agree([meter], day(start=DAY.end))
    early = world.propose([meter])
    with refused("DeviceBusy"):
        world.accept(world.acceptance(early, [meter]))
    world.call("cancel", late, caller=CONSUMER.text)
    world.accept(world.acceptance(early, [meter]))
    assert [state.agreement_id for state in states(world, meter)] == [early]


# -- Money


def test_a_grant_adds_to_the_bonus_until_the_settlement(site: Site) -> None:
    world, id_ = site.world, site.agreement_id
    with refused("AccessControlUnauthorizedAccount"):
        world.call("grant", id_, 5)
    world.call("grant", id_, 5, caller=world.operator)
    assert world.events == [events.Granted(id_, 5)]
    world.call("grant", id_, 7, caller=world.operator)
    assert world.remaining(id_) == BONUS + 12
    assert world.agreement(id_).grants == 12
    for bad in (0, 2**128 - BONUS - 12):
        with refused("BadAmount"):
            world.call("grant", id_, bad, caller=world.operator)
    world.set_time(DAY.settles_at)
    world.call("settle", id_)
    assert world.events[0].remaining == BONUS + 12 - 960 * 30_000
    with refused("WrongState"):
        world.call("grant", id_, 1, caller=world.operator)


def test_penalties_are_waived_after_the_grace_and_never_more_than_there_are(site: Site) -> None:
    world, id_ = site.world, site.agreement_id
    world.submit(site.report(0, [5000] * 96))
    world.set_time(DAY.reports_until)
    with refused("TooEarly"):
        world.call("waive", id_, 1, caller=world.operator)
    site.after_grace()
    accrued = site.accrued
    with refused("AccessControlUnauthorizedAccount"):
        world.call("waive", id_, 1)
    for bad in (0, accrued + 1):
        with refused("BadAmount"):
            world.call("waive", id_, bad, caller=world.operator)
    world.call("waive", id_, 400, caller=world.operator)
    assert world.events == [events.Waived(id_, 400)]
    with refused("BadAmount"):
        world.call("waive", id_, accrued - 399, caller=world.operator)
    assert world.remaining(id_) == max(0, BONUS + 400 - accrued)
    world.call("waive", id_, accrued - 400, caller=world.operator)
    assert world.remaining(id_) == BONUS
    world.set_time(DAY.settles_at)
    world.call("settle", id_)
    assert (world.events[0].accrued, world.events[0].remaining) == (accrued, BONUS)
    with refused("WrongState"):
        world.call("waive", id_, 1, caller=world.operator)


# -- Notice


@pytest.mark.parametrize("by_consumer", [True, False])
def test_notice_ends_the_term_with_the_interval_it_ends_in(site: Site, by_consumer: bool) -> None:
    world, id_ = site.world, site.agreement_id
    caller = CONSUMER.text if by_consumer else world.operator
    with refused("NotParty"):
        world.call("terminate", id_)
    world.set_time(START + 5 * 86_400 + 1)  # a day of notice: into the first interval of day 6
    world.call("terminate", id_, caller=caller)
    kept, forfeited = 6 * 96 + 1, BONUS * (960 - 577) // 960 if by_consumer else 0
    end = START + kept * 900
    assert world.events == [events.Terminated(id_, bytes.fromhex(caller[2:]), kept, end, forfeited)]
    view = world.agreement(id_)
    assert (view.state, view.end, view.reportsUntil) == (5, end, DAY.reports_until)
    assert view.settlesAt == DAY.settles_at  # as long as something is missing
    assert world.remaining(id_) == BONUS - forfeited
    assert [(state.state, state.end) for state in states(world, site.meter)] == [("terminated", kept)]
    with refused("WrongState"):
        world.call("terminate", id_, caller=caller)
    world.set_time(end + 2 * 900)
    for first in range(0, 576, 96):
        world.submit(site.report(first, 96))
    item = site.report(576, [*inside(576, 1), 5000, 5000])
    assert calldata.decode_reasons(world.ask(calldata.check([item, site.report(577, 1)])))[0] == bytes(4)
    world.submit(item)  # taken up to the cut
    assert site.bill() == (kept, kept, 0, 0, 0)
    assert site.refusal(site.report(577, 1)) == ("OutsideTerm", (kept, 578))
    world.set_time(end + DAY.grace + DAY.dispute_window)
    with refused("TooEarly"):
        world.call("settle", id_)
    world.set_time(end + DAY.grace + DAY.dispute_window + 1)
    world.call("settle", id_)
    assert world.events == [events.Settled(id_, forfeited, BONUS - forfeited, (BONUS - forfeited) // 4)]


def deliver(site: Site, end: int) -> None:
    """Send good readings of all intervals before `end` that are not reported."""
    while (first := site.point().next) < end:
        site.world.submit(site.report(first, min(96 - first % 96, end - first)))


@pytest.mark.parametrize("unexplained", [False, True])
def test_notice_takes_nobody_the_time_to_deliver(site: Site, unexplained: bool) -> None:
    """The same meter, the same day of delivery: the same result as without the operator's notice."""
    world, id_ = site.world, site.agreement_id
    if unexplained:
        world.submit(site.report(0, [INTERRUPTED]))
    world.call("terminate", id_, caller=world.operator)
    kept, end = world.events[0].intervals, world.events[0].end
    world.set_time(end + DAY.grace + DAY.dispute_window + 1)
    if unexplained:
        deliver(site, kept)  # all but the outage
    with refused("TooEarly"):
        world.call("settle", id_)
    with refused("TooEarly"):
        world.call("waive", id_, 1, caller=world.operator)
    world.set_time(DAY.reports_until)
    deliver(site, kept)
    if unexplained:
        world.submit(site.outage(0, 60, cause=1))
    assert world.accrued(id_) == 0
    world.call("settle", id_)
    assert world.events[0].remaining == BONUS


def test_notice_is_given_in_the_term_and_ends_in_it(world: World) -> None:
    meter = key("meter")
    agreement_id = world.agree([meter])
    with refused("TooEarly"):
        world.call("terminate", agreement_id, caller=world.operator)
    world.set_time(DAY.end - DAY.notice - 900)
    with refused("NoticeTooLong"):
        world.call("terminate", agreement_id, caller=world.operator)
    world.set_time(DAY.end - DAY.notice - 901)
    world.call("terminate", agreement_id, caller=world.operator)
    assert world.events[0].intervals == 959


def test_no_notice_at_the_start_leaves_the_interval_that_begins(world: World) -> None:
    meter = key("meter")
    terms = day(notice=0)
    agreement_id = world.agree([meter], terms)
    world.set_time(START)
    world.call("terminate", agreement_id, caller=CONSUMER.text)
    assert (world.events[0].intervals, world.events[0].forfeited) == (1, BONUS * 959 // 960)


def test_the_meter_serves_another_agreement_from_the_end_of_the_notice(site: Site) -> None:
    world = site.world
    world.call("terminate", site.agreement_id, caller=world.operator)
    end = world.events[0].end
    early = day(start=end - 1)
    agreement_id = world.propose([site.meter], early)
    with refused("DeviceBusy"):
        world.accept(world.acceptance(agreement_id, [site.meter], early))
    world.agree([site.meter], day(start=end))


# -- Revocation


def test_a_revoked_key_reports_what_it_measured_and_nothing_new(site: Site) -> None:
    world = site.world
    with refused("AccessControlUnauthorizedAccount"):
        world.call("revoke", site.meter.text)
    with refused("NotEnrolled"):
        world.call("revoke", key("new").text, caller=world.operator)
    later = day(start=DAY.end)
    waiting = world.agree([site.meter], later)
    proposed = world.propose([site.meter], day(start=later.end))
    world.set_time(START + 1000)  # in interval 1
    before = world.remaining(site.agreement_id)
    world.call("revoke", site.meter.text, caller=world.operator)
    assert world.events == [events.DeviceRevoked(site.meter.address, START + 1000)]
    assert world.remaining(site.agreement_id) == before
    with refused("RevokedDevice"):
        world.call("revoke", site.meter.text, caller=world.operator)
    with refused("RevokedDevice"):
        world.propose([site.meter], day(start=later.end))
    with refused("RevokedDevice"):
        world.accept(world.acceptance(proposed, [site.meter], day(start=later.end)))
    assert world.point(waiting, site.meter).end == 0
    world.set_time(START + 3000)
    world.submit(site.report(0, 3))
    assert site.bill() == (2, 2, 0, 0, 0)  # of the report that straddles the cut, what is before it
    assert site.refusal(site.report(2, 1)) == ("OutsideTerm", (2, 3))
    world.set_time(DAY.settles_at)
    assert site.accrued == 0  # nothing after the revocation is missing
    world.call("settle", site.agreement_id)
    with refused("AlreadyEnrolled"):  # invariant 13
        world.enrol(site.meter)


def test_a_revoked_meter_has_as_long_as_others_to_deliver_what_it_measured(site: Site) -> None:
    """Invariant 15: with less time, a revocation would make intervals missing that were measured."""
    world = site.world  # five days in, and nothing delivered yet
    world.call("revoke", site.meter.text, caller=world.operator)
    still_out = site.outage(4 * 86_400, 0)
    world.set_time(DAY.reports_until)
    for first in range(0, 480, 96):
        item = site.report(first, 96)
        assert calldata.decode_reasons(world.ask(calldata.check([item]))) == [bytes(4)]
        world.submit(item)
    world.submit(still_out)
    world.submit(site.report(480, 1))
    world.set_time(DAY.reports_until + 1)
    assert site.accrued == 0  # nothing is missing
    assert site.refusal(site.outage(4 * 86_400, 5 * 86_400)) == ("TooLate", (DAY.reports_until, world.now))


def test_who_refuses_a_rotation_after_a_revocation_keeps_the_whole_bonus(site: Site) -> None:
    """The operator revokes a good meter and offers a key that stays silent."""
    world, id_, silent = site.world, site.agreement_id, key("silent")
    world.enrol(silent)
    for first in range(0, 480, 96):
        world.submit(site.report(first, 96))
    world.call("revoke", site.meter.text, caller=world.operator)
    world.call("proposeRotation", id_, site.meter.text, silent.text, caller=world.operator)
    world.set_time(START + 481 * 900)
    world.submit(site.report(480, 1))
    world.set_time(DAY.settles_at)
    world.call("settle", id_)
    assert world.events == [events.Settled(id_, 0, BONUS, BONUS // 4)]
