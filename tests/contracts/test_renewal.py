# SPDX-License-Identifier: Apache-2.0
"""What outlasts a meter and a period: rotation of a device, renewal of an agreement."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from electro_contracts import calldata, events
from electro_contracts.terms import devices_hash
from electro_protocol.messages import AgreementAcceptance

from .engines import PyEvm, Reverted, refused
from .world import BONUS, CONSUMER, DAY, START, Key, World, day, inside, key

if TYPE_CHECKING:
    from .conftest import Site


# -- Renewal


def renewal(
    world: World, earlier: int, meters: list[Key], start: int, bonus: int = 5000
) -> tuple[object, ...]:
    """The arguments of a renewal that the consumer has signed."""
    coming = int(world.call("agreementCount")) + 1
    terms = replace(DAY, start=start)
    devices = devices_hash([meter.address for meter in meters])
    message = AgreementAcceptance(coming, terms.hash, devices, bonus, world.now + 600)
    return (earlier, start, bonus, world.now + 600, CONSUMER.sign(message, world.domain).signature)


def test_a_renewal_with_the_consumers_signature_is_one_transaction(site: Site) -> None:
    world = site.world
    arguments = renewal(world, site.agreement_id, [site.meter], DAY.end)
    with refused("AccessControlUnauthorizedAccount"):
        world.call("renew", *arguments)
    world.call("renew", *arguments, caller=world.operator)
    proposed, renewed, accepted = world.events
    terms = replace(DAY, start=DAY.end)
    assert proposed == events.AgreementProposed(2, CONSUMER.address, 5000, terms, (site.meter.address,))
    assert renewed == events.AgreementRenewed(2, site.agreement_id)
    assert accepted == events.AgreementAccepted(
        2, CONSUMER.address, terms.hash, devices_hash([site.meter.address])
    )
    assert world.call("termsOf", 2) == terms.to_tuple()
    states = calldata.decode_meter_state(world.ask(calldata.meter_state(site.meter.address, 0)))
    assert [(state.agreement_id, state.start) for state in states] == [(1, START), (2, DAY.end)]
    # the old period is finished while the new one runs
    world.set_time(DAY.end + 1800)
    world.submit(site.report(0, 96))
    world.submit(world.report(site.meter, 2, 0, inside(0, 2)))
    assert (world.remaining(1), world.remaining(2)) == (BONUS, 5000)


def test_a_renewal_costs_less_than_half_of_an_agreement() -> None:
    world, meter = World(PyEvm()), key("meter")
    world.agree([meter])
    world.call("renew", *renewal(world, 1, [meter], DAY.end), caller=world.operator)
    assert world.gas_used <= 157_000


def test_a_renewal_without_a_signature_only_proposes(site: Site) -> None:
    world = site.world
    world.call("renew", site.agreement_id, DAY.end, 7, 0, b"", caller=world.operator)
    assert world.agreement(2).state == 1
    terms = replace(DAY, start=DAY.end)
    world.accept(world.acceptance(2, [site.meter], terms, 7))


def test_only_what_was_signed_is_renewed(site: Site) -> None:
    world = site.world
    good = renewal(world, site.agreement_id, [site.meter], DAY.end)
    for bad in (
        (good[0], DAY.end + 1, *good[2:]),
        (*good[:2], 5001, *good[3:]),
        (*good[:3], world.now + 1, good[4]),
        (*good[:4], b"\0" * 65),
    ):
        with refused("BadSignature"):
            world.call("renew", *bad, caller=world.operator)
    with refused("Expired"):
        world.call("renew", *good[:3], world.now - 1, good[4], caller=world.operator)
    overlapping = renewal(world, site.agreement_id, [site.meter], DAY.end - 1)
    with refused("DeviceBusy"):
        world.call("renew", *overlapping, caller=world.operator)


def test_what_never_was_or_has_changed_is_not_renewed(site: Site) -> None:
    world = site.world

    def renew(earlier: int, start: int = DAY.end) -> None:
        world.call("renew", earlier, start, 1, 0, b"", caller=world.operator)

    with refused("NotRenewable"):
        renew(9)
    proposed = world.propose([site.meter], day(start=DAY.end))
    with refused("NotRenewable"):
        renew(proposed)
    with refused("AlreadyStarted"):
        renew(site.agreement_id, world.now)
    with pytest.raises(Reverted, match="InvalidTerms: the terms' start"):
        renew(site.agreement_id, 2**40 - 1)
    world.call("pauseProposals", True, caller=world.operator)
    with refused("ProposalsPaused"):
        renew(site.agreement_id)
    world.call("pauseProposals", False, caller=world.operator)
    world.set_time(DAY.settles_at)
    world.call("settle", site.agreement_id)
    renew(site.agreement_id, world.now + 1)


# -- Rotation


def rotate(world: World, agreement_id: int, old: Key, new: Key) -> None:
    world.call("proposeRotation", agreement_id, old.text, new.text, caller=world.operator)
    world.call("acceptRotation", agreement_id, old.text, new.text, caller=CONSUMER.text)


def test_a_new_meter_measures_on_where_the_old_one_ends(site: Site) -> None:
    world, new = site.world, key("new")
    world.enrol(new)
    world.submit(site.report(0, 96))
    world.set_time(START + 96 * 900 + 10)
    world.call("proposeRotation", 1, site.meter.text, new.text, caller=world.operator)
    assert world.events == [events.RotationProposed(1, site.meter.address, new.address)]
    world.call("acceptRotation", 1, site.meter.text, new.text, caller=CONSUMER.text)
    assert world.events == [events.DeviceRotated(1, site.meter.address, new.address, 0, 97)]
    assert [device.lower() for device in world.agreement(1).devices] == [
        site.meter.text.lower(), new.text.lower(),
    ]  # fmt: skip
    world.set_time(START + 99 * 900)
    # the old key measured the interval that ran, and nothing after it
    world.submit(site.report(96, [500, 5000]))
    assert site.bill() == (97, 97, 0, 0, 0)
    assert site.refusal(site.report(97, 1)) == ("OutsideTerm", (97, 98))
    assert site.refusal(site.report(96, 1, by=new)) == ("WrongSequence", (97, 96))
    world.submit(site.report(97, 2, by=new))
    assert world.remaining(1) == BONUS
    world.set_time(DAY.settles_at)
    world.call("settle", 1)
    assert world.events[0].accrued == (960 - 99) * 30_000  # each interval once


def test_a_rotation_needs_both_parties_and_names_both_meters(site: Site) -> None:
    world, new, other = site.world, key("new"), key("other")
    world.enrol(new, other)
    names = (1, site.meter.text, new.text)
    with refused("AccessControlUnauthorizedAccount"):
        world.call("proposeRotation", *names, caller=CONSUMER.text)
    with refused("NoSuchRotation"):
        world.call("acceptRotation", *names, caller=CONSUMER.text)
    world.call("proposeRotation", *names, caller=world.operator)
    with refused("NotConsumer"):
        world.call("acceptRotation", *names, caller=world.operator)
    with refused("NoSuchRotation"):
        world.call("acceptRotation", 1, site.meter.text, other.text, caller=CONSUMER.text)
    world.call("proposeRotation", 1, site.meter.text, other.text, caller=world.operator)
    with refused("NoSuchRotation"):
        world.call("acceptRotation", *names, caller=CONSUMER.text)
    world.call("acceptRotation", 1, site.meter.text, other.text, caller=CONSUMER.text)
    with refused("NotRenewable"):
        world.call("renew", 1, DAY.end, 1, 0, b"", caller=world.operator)
    for old in (site.meter, new):  # replaced already; never there
        with refused("UnknownDevice"):
            world.call("proposeRotation", 1, old.text, new.text, caller=world.operator)
    with refused("DuplicateDevice"):
        world.call("proposeRotation", 1, other.text, site.meter.text, caller=world.operator)
    for call, old in (("proposeRotation", site.meter), ("acceptRotation", site.meter)):
        with pytest.raises(Reverted):
            world.call(call, 1, old.text, old.text, caller=CONSUMER.text)


def test_a_meter_that_is_not_free_takes_no_place(world: World) -> None:
    one, two, free = key("one"), key("two"), key("free")
    agreement_id = world.agree([one])
    other = world.agree([two], day(start=DAY.start + 900))
    world.enrol(free)
    with refused("NotEnrolled"):
        world.call("proposeRotation", agreement_id, one.text, key("new").text, caller=world.operator)
    world.call("proposeRotation", agreement_id, one.text, free.text, caller=world.operator)
    world.set_time(START + 2000)
    with refused("DeviceBusy"):
        rotate(world, agreement_id, one, two)
    world.call("proposeRotation", agreement_id, one.text, free.text, caller=world.operator)
    rotate(world, other, two, free)
    with refused("DeviceBusy"):
        world.call("acceptRotation", agreement_id, one.text, free.text, caller=CONSUMER.text)
    world.enrol(key("revoked"))
    world.call("revoke", key("revoked").text, caller=world.operator)
    with refused("RevokedDevice"):
        rotate(world, agreement_id, one, key("revoked"))


def test_a_meter_is_replaced_before_the_start_as_if_it_had_never_been(world: World) -> None:
    old, new = key("old"), key("new")
    agreement_id = world.agree([old])
    world.enrol(new)
    rotate(world, agreement_id, old, new)
    assert world.events == [events.DeviceRotated(agreement_id, old.address, new.address, 0, 0)]
    world.agree([old])  # it is free
    world.set_time(START + 900)
    world.believed(agreement_id, new)  # the old one is told nothing of it any more
    with refused("OutsideTerm"):
        world.submit(world.report(old, agreement_id, 0, [500]))
    world.submit(world.report(new, agreement_id, 0, [500]))
    with refused("DuplicateDevice"):
        world.call("proposeRotation", agreement_id, new.text, old.text, caller=world.operator)
    world.set_time(DAY.settles_at)
    assert world.accrued(agreement_id) == 959 * 30_000


def test_who_gives_up_an_agreement_frees_the_meter_that_came_before_the_start(world: World) -> None:
    old, new = key("old"), key("new")
    agreement_id = world.agree([old])
    world.enrol(new)
    rotate(world, agreement_id, old, new)
    world.call("cancel", agreement_id, caller=CONSUMER.text)
    world.agree([new, old])


def test_a_device_takes_one_place_only(world: World) -> None:
    one, two, new = key("one"), key("two"), key("new")
    agreement_id = world.agree([one, two])
    world.enrol(new)
    world.set_time(START)
    for old in (one, two):
        world.call("proposeRotation", agreement_id, old.text, new.text, caller=world.operator)
    world.call("acceptRotation", agreement_id, one.text, new.text, caller=CONSUMER.text)
    with refused("DuplicateDevice"):
        world.call("acceptRotation", agreement_id, two.text, new.text, caller=CONSUMER.text)


def test_nothing_is_rotated_in_the_last_interval_or_after_it(site: Site) -> None:
    world, new = site.world, key("new")
    world.enrol(new)
    world.set_time(DAY.end - 900)
    with refused("OutsideTerm"):
        rotate(world, 1, site.meter, new)
    world.set_time(DAY.settles_at)
    world.call("settle", 1)
    with refused("WrongState"):
        world.call("acceptRotation", 1, site.meter.text, new.text, caller=CONSUMER.text)


def test_a_revoked_meter_is_replaced_and_nobody_measures_between(site: Site) -> None:
    world, new = site.world, key("new")
    world.enrol(new)
    world.set_time(START + 10)
    world.call("revoke", site.meter.text, caller=world.operator)
    world.set_time(START + 10 * 900)
    rotate(world, 1, site.meter, new)
    world.set_time(DAY.settles_at)
    assert world.accrued(1) == (1 + 960 - 11) * 30_000


def test_notice_and_revocation_reach_a_meter_that_came_later(site: Site) -> None:
    world, new = site.world, key("new")
    world.enrol(new)
    rotate(world, 1, site.meter, new)
    world.call("terminate", 1, caller=world.operator)
    kept = world.events[0].intervals
    assert [world.point(1, each).end for each in (site.meter, new)] == [481, kept]
    world.call("revoke", new.text, caller=world.operator)
    assert (world.point(1, new).next, world.point(1, new).end) == (481, 481)


def test_an_agreement_has_64_meters_at_most_those_that_were_replaced_included(world: World) -> None:
    meters = [key(f"meter {i}") for i in range(65)]
    agreement_id = world.agree(meters[:64])
    world.enrol(meters[64])
    world.set_time(START)
    with refused("BadDeviceCount"):
        rotate(world, agreement_id, meters[0], meters[64])
