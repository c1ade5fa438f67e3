# SPDX-License-Identifier: Apache-2.0
"""Who ends a place bears it: the consumer's notice of a fault, its look-back, and its gap, beside other cuts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from electro_contracts import events

from .engines import refused
from .world import BONUS, CONSUMER, DAY, START, World, day, key

if TYPE_CHECKING:
    from .conftest import Site
    from .world import Key

MISSING = DAY.missing_penalty
LOOKBACK = DAY.fault_lookback // 900  # intervals


def fault(world: World, agreement_id: int, place: int = 0) -> None:
    world.call("fault", agreement_id, place, caller=CONSUMER.text)


def rotate(world: World, agreement_id: int, old: Key, new: Key) -> None:
    world.call("proposeRotation", agreement_id, old.text, new.text, caller=world.operator)
    world.call("acceptRotation", agreement_id, old.text, new.text, caller=CONSUMER.text)


def report_until(site: Site, end: int) -> None:
    for first in range(site.point().next, end, 96):
        site.world.submit(site.report(first, min(96, end - first)))


def share(intervals: int, places: int = 1) -> int:
    return BONUS * intervals // (960 * places)


def test_what_follows_a_fault_is_neutral_and_costs_its_share_once(site: Site) -> None:
    world, id_ = site.world, site.agreement_id  # interval 480 runs
    report_until(site, 480)
    fault(world, id_)
    assert world.events == [events.FaultDeclared(id_, 0, site.meter.address, 481, 480 - LOOKBACK, 480, True)]
    world.set_time(START + 481 * 900)
    world.submit(site.report(480, 1))
    assert site.accrued == 0
    world.set_time(DAY.settles_at)
    view = world.agreement(id_)
    assert (view.neutralIntervals, view.neutralShare) == (960 - 481, share(960 - 481))
    world.call("settle", id_)
    assert world.events[0].accrued == share(960 - 481)


def test_the_running_interval_still_counts(site: Site) -> None:
    """A fault declared just before an excess: reported it is judged, not reported it is missing."""
    world, id_ = site.world, site.agreement_id
    report_until(site, 480)
    fault(world, id_)
    world.set_time(START + 481 * 900)
    before = world.engine.evm.snapshot()
    site.after_grace()
    assert site.accrued == MISSING + share(479)
    world.engine.evm.revert(before)
    world.set_time(START + 481 * 900)
    world.submit(site.report(480, [DAY.bands[0][1] + 1]))
    assert site.accrued == DAY.violation_penalty + DAY.over_rate


def test_never_reported_intervals_of_the_look_back_are_neutral_and_reported_ones_are_judged(
    site: Site,
) -> None:
    world, id_ = site.world, site.agreement_id
    report_until(site, 470)
    fault(world, id_)
    world.submit(site.report(470, 7))  # up to 477, of the look-back too
    site.after_grace()
    view = world.agreement(id_)
    assert view.neutralIntervals == 479 + 480 - 477
    assert view.accrued == MISSING + share(479 + 3)


@pytest.mark.parametrize(("seconds", "looked_back"), [(0, 0), (899, 0), (900, 1), (901, 1), (2**32 - 1, 480)])
def test_the_look_back_has_whole_intervals_only(world: World, seconds: int, looked_back: int) -> None:
    meter = key("meter")
    agreement_id = world.agree([meter], day(fault_lookback=seconds))
    world.set_time(START + 480 * 900)
    fault(world, agreement_id)
    world.set_time(DAY.reports_until + 1)
    assert world.agreement(agreement_id).neutralIntervals == 479 + looked_back
    assert world.accrued(agreement_id) == (481 - looked_back) * MISSING + share(479 + looked_back)


def test_a_rotation_ends_the_gap(site: Site) -> None:
    world, id_, new = site.world, site.agreement_id, key("new")
    world.enrol(new)
    report_until(site, 480)
    fault(world, id_)
    world.set_time(START + 490 * 900)
    world.submit(site.report(480, 1))
    rotate(world, id_, site.meter, new)
    world.set_time(DAY.settles_at)
    assert world.agreement(id_).neutralIntervals == 491 - 481
    assert world.accrued(id_) == (960 - 491) * MISSING + share(10)


def test_the_earlier_cut_decides(site: Site) -> None:
    """In the same interval too: who revokes leaves the bonus whole, and takes nobody the look-back."""
    world, id_ = site.world, site.agreement_id
    report_until(site, 470)
    world.call("revoke", site.meter.text, caller=world.operator)
    fault(world, id_)
    assert world.events[0].decides is False
    world.set_time(DAY.settles_at)
    assert world.agreement(id_).neutralIntervals == LOOKBACK
    assert world.accrued(id_) == (481 - 470 - LOOKBACK) * MISSING + share(LOOKBACK)


def test_a_revocation_behind_a_fault_changes_nothing(site: Site) -> None:
    world, id_ = site.world, site.agreement_id
    report_until(site, 480)
    fault(world, id_)
    world.call("revoke", site.meter.text, caller=world.operator)
    world.set_time(DAY.settles_at)
    assert world.agreement(id_).neutralIntervals == 479


def test_notice_shortens_the_gap(site: Site) -> None:
    world, id_ = site.world, site.agreement_id
    report_until(site, 480)
    fault(world, id_)
    world.call("terminate", id_, caller=CONSUMER.text)
    kept = world.events[0].intervals
    world.set_time(START + 481 * 900)
    world.submit(site.report(480, 1))
    view = world.agreement(id_)
    assert (
        view.settlesAt == START + kept * 900 + DAY.grace + DAY.dispute_window + 1
    )  # complete: by the new dates
    world.set_time(view.settlesAt)
    world.call("settle", id_)
    assert world.events[0].accrued == share(kept - 481) + share(960 - kept)


def test_shares_of_all_places_are_floored_once(world: World) -> None:
    """Invariant 23."""
    meters = [key(f"meter {i}") for i in range(7)]
    agreement_id = world.agree(meters, day(missing_penalty=2705, fault_lookback=0), bonus=10**9 + 7)
    world.set_time(START)
    for place in range(7):
        fault(world, agreement_id, place)
    world.set_time(DAY.reports_until + 1)
    assert world.agreement(agreement_id).neutralShare == (10**9 + 7) * 7 * 959 // (960 * 7)
    assert world.accrued(agreement_id) == 7 * 2705 + (10**9 + 7) * 959 // 960


def test_a_fault_is_the_consumers_once_and_in_its_time(site: Site) -> None:
    world, id_ = site.world, site.agreement_id
    for caller in (world.operator, world.anyone):
        with refused("NotConsumer"):
            world.call("fault", id_, 0, caller=caller)
    with refused("NoSuchPlace"):
        fault(world, id_, 1)
    early = world.agree([key("later")], day(start=START + 10**6))
    with refused("TooEarly"):
        fault(world, early)
    fault(world, id_)
    with refused("AlreadyFaulted"):
        fault(world, id_)
    world.set_time(day(start=START + 10**6).reports_until + 1)
    with refused("TooLate"):
        fault(world, early)


def test_a_new_meter_may_fail_too(site: Site) -> None:
    world, id_, new = site.world, site.agreement_id, key("new")
    world.enrol(new)
    report_until(site, 480)
    fault(world, id_)
    rotate(world, id_, site.meter, new)
    fault(world, id_)
    assert world.events[0].device == new.address
    world.set_time(DAY.settles_at)
    # the running interval was the old one's, and the new one never began
    assert world.accrued(id_) == MISSING + share(479)
