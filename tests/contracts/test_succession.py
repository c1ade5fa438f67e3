# SPDX-License-Identifier: Apache-2.0
"""Another consumer takes the place of the first: offered, accepted, and asked from then on in everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_contracts import events
from electro_contracts.terms import devices_hash
from electro_protocol.keccak import keccak256
from electro_protocol.messages import AgreementAcceptance, DiscountRedemption

from .engines import refused
from .tokens import Token
from .world import BONUS, CONSUMER, DAY, World, day, key

if TYPE_CHECKING:
    from .conftest import Site

HEIR = key("heir")
INVOICE = keccak256(b"invoice")
NOBODY = "0x" + "00" * 20


def offer(world: World, agreement_id: int, to: str = HEIR.text, by: str = CONSUMER.text) -> None:
    world.call("offerSuccession", agreement_id, to, caller=by)


def succeed(world: World, agreement_id: int) -> None:
    offer(world, agreement_id)
    world.call("acceptSuccession", agreement_id, caller=HEIR.text)


def test_an_offer_holds_until_it_is_taken_or_taken_back(site: Site) -> None:
    world, id_ = site.world, site.agreement_id
    with refused("NotConsumer"):
        offer(world, id_, by=HEIR.text)
    offer(world, id_, key("other").text)
    offer(world, id_)
    assert world.events == [events.SuccessorOffered(id_, HEIR.address)]
    assert world.agreement(id_).successor.lower() == HEIR.text.lower()
    with refused("NotOffered"):
        world.call("acceptSuccession", id_, caller=key("other").text)
    offer(world, id_, NOBODY)
    with refused("NotOffered"):
        world.call("acceptSuccession", id_, caller=HEIR.text)
    offer(world, id_)
    world.call("acceptSuccession", id_, caller=HEIR.text)
    assert world.events == [events.ConsumerChanged(id_, CONSUMER.address, HEIR.address)]
    assert world.agreement(id_).consumer.lower() == HEIR.text.lower()
    with refused("NotOffered"):
        world.call("acceptSuccession", id_, caller=HEIR.text)


def test_every_right_is_the_present_consumers(site: Site) -> None:
    world, id_, new = site.world, site.agreement_id, key("new")
    world.enrol(new)
    succeed(world, id_)
    world.call("proposeRotation", id_, site.meter.text, new.text, caller=world.operator)
    calls = {
        "offerSuccession": (id_, CONSUMER.text),
        "acceptRotation": (id_, site.meter.text, new.text),
        "fault": (id_, 0),
        "renominate": ((id_, 0, 700, 1, b"\0\0\3\0", 2**40 - 1), b""),
        "terminate": (id_,),
    }
    for name, arguments in calls.items():
        with refused("NotParty" if name == "terminate" else "NotConsumer"):
            world.call(name, *arguments, caller=CONSUMER.text)
        world.call(name, *arguments, caller=HEIR.text)
    world.set_time(DAY.settles_at)
    world.call("settle", id_)
    message = DiscountRedemption(id_, INVOICE, 1, world.now)
    with refused("BadSignature"):
        world.call("redeemBySignature", *message.values(), CONSUMER.sign(message, world.domain).signature)
    world.call("redeemBySignature", *message.values(), HEIR.sign(message, world.domain).signature)
    assert world.events == [events.DiscountRedeemed(id_, INVOICE, 1)]


def test_a_renewal_is_the_present_consumers_and_shares_the_code(site: Site) -> None:
    world = site.world
    succeed(world, site.agreement_id)
    terms = day(start=DAY.end)
    message = AgreementAcceptance(2, terms.hash, devices_hash([site.meter.address]), 5, world.now)
    arguments = (site.agreement_id, DAY.end, 5, world.now)
    with refused("BadSignature"):
        world.call("renew", *arguments, CONSUMER.sign(message, world.domain).signature, caller=world.operator)
    world.call("renew", *arguments, HEIR.sign(message, world.domain).signature, caller=world.operator)
    assert world.events[0].consumer == HEIR.address
    assert world.agreement(2).consumer.lower() == HEIR.text.lower()
    assert world.believed(2, site.meter)[1] == site.believed[1]


def test_only_what_binds_has_a_successor(world: World) -> None:
    meter = key("meter")
    world.enrol(meter)
    agreement_id = world.propose([meter])
    with refused("WrongState"):
        offer(world, agreement_id)
    with refused("WrongState"):
        world.call("acceptSuccession", agreement_id, caller=HEIR.text)
    world.accept(world.acceptance(agreement_id, [meter]))
    offer(world, agreement_id)
    world.call("cancel", agreement_id, caller=CONSUMER.text)
    with refused("WrongState"):
        world.call("acceptSuccession", agreement_id, caller=HEIR.text)


def test_a_settled_discount_goes_with_it_and_an_escrow_pays_who_is_consumer_then(world: World) -> None:
    token = Token(world)
    world.call("useEscrow", token.address, caller=world.admin)
    token.fund(world.operator, BONUS)
    agreement_id = world.agree([key("meter")])
    succeed(world, agreement_id)
    world.set_time(DAY.settles_at)
    world.call("settle", agreement_id)
    assert world.call("owed", HEIR.text) == (BONUS - 960 * DAY.missing_penalty) // 4
    assert world.call("owed", CONSUMER.text) == 0
