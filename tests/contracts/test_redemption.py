# SPDX-License-Identifier: Apache-2.0
"""The discount after the settlement: by whom, against which invoice, how much and until when."""

from __future__ import annotations

import pytest

from electro_contracts import events
from electro_protocol import secp256k1
from electro_protocol.keccak import keccak256
from electro_protocol.messages import DiscountRedemption

from .engines import refused
from .test_agreement import wallet
from .world import BONUS, CONSUMER, DAY, World, key

DISCOUNT = (BONUS - 960 * 30_000) // 4
ONE, TWO = keccak256(b"invoice 1"), keccak256(b"invoice 2")


@pytest.fixture
def settled(world: World) -> int:
    agreement_id = world.agree([key("meter")])
    world.set_time(DAY.settles_at)
    world.call("settle", agreement_id)
    return agreement_id


def signed(world: World, message: DiscountRedemption, by=CONSUMER) -> tuple[object, ...]:
    return (*message.values(), by.sign(message, world.domain).signature)


def test_the_consumer_redeems_up_to_the_discount_each_invoice_once(world: World, settled: int) -> None:
    """Invariant 18."""
    with refused("NotConsumer"):
        world.call("redeem", settled, ONE, 1)
    with refused("NotConsumer"):
        world.call("redeem", settled, ONE, 1, caller=world.operator)
    for bad in (0, DISCOUNT + 1):
        with refused("BadAmount"):
            world.call("redeem", settled, ONE, bad, caller=CONSUMER.text)
    world.call("redeem", settled, ONE, 1000, caller=CONSUMER.text)
    assert world.events == [events.DiscountRedeemed(settled, ONE, 1000)]
    assert world.call("redemption", settled, ONE) == (1000, world.now, False)
    with refused("InvoiceRedeemed"):
        world.call("redeem", settled, ONE, 1, caller=CONSUMER.text)
    with refused("BadAmount"):
        world.call("redeem", settled, TWO, DISCOUNT - 999, caller=CONSUMER.text)
    world.call("redeem", settled, TWO, DISCOUNT - 1000, caller=CONSUMER.text)
    view = world.agreement(settled)
    assert (view.discount, view.redeemed, view.redeemableUntil) == (
        DISCOUNT,
        DISCOUNT,
        world.now + DAY.discount_expiry,
    )


def test_anyone_carries_the_consumers_signature_and_it_counts_once(world: World, settled: int) -> None:
    """Invariants 12 and 14: the caller changes nothing, and the signature is good for this redemption only."""
    message = DiscountRedemption(settled, ONE, 500, world.now)
    good = signed(world, message)
    compact = secp256k1.compact(good[4])
    for other in (
        signed(world, message, by=key("stranger")),
        (settled, ONE, 501, *good[3:]),
        (settled, TWO, 500, *good[3:]),
        (settled, ONE, 500, world.now + 1, good[4]),
        (*good[:4], good[4][:63]),
        (*good[:4], compact[:32] + bytes([compact[32] ^ 0x80]) + compact[33:]),  # the other parity
        (*good[:4], b""),
    ):
        with refused("BadSignature"):
            world.call("redeemBySignature", *other)
    with refused("WrongState"):  # there is no such agreement
        world.call("redeemBySignature", settled + 1, *good[1:])
    foreign = World()  # the same message under another contract's name
    foreign_domain = type(world.domain)(world.engine.chain_id + 1, world.contract)
    assert foreign.address == world.address
    with refused("BadSignature"):
        world.call("redeemBySignature", *message.values(), CONSUMER.sign(message, foreign_domain).signature)
    world.call("redeemBySignature", *message.values(), compact)
    assert world.events == [events.DiscountRedeemed(settled, ONE, 500)]
    with refused("InvoiceRedeemed"):
        world.call("redeemBySignature", *good)
    late = signed(world, DiscountRedemption(settled, TWO, 500, world.now - 1))
    with refused("Expired"):
        world.call("redeemBySignature", *late)


def test_a_smart_wallet_redeems_by_erc_1271(world: World) -> None:
    meter = key("meter")
    world.enrol(meter)
    account = wallet(world, bytes.fromhex("1626ba7e"))
    world.call("propose", account, DAY.to_tuple(), [meter.text], BONUS, caller=world.operator)
    acceptance = world.acceptance(1, [meter])
    world.call("acceptBySignature", *acceptance.values(), b"anything")
    world.set_time(DAY.settles_at)
    world.call("settle", 1)
    world.call("redeemBySignature", 1, ONE, 7, world.now, b"anything")
    assert world.call("redemption", 1, ONE)[0] == 7


def test_a_discount_exists_from_the_settlement_until_it_expires(world: World) -> None:
    agreement_id = world.agree([key("meter")])
    world.set_time(DAY.settles_at + 50)
    with refused("WrongState"):
        world.call("redeem", agreement_id, ONE, 1, caller=CONSUMER.text)
    world.call("settle", agreement_id)
    world.set_time(DAY.settles_at + 50 + DAY.discount_expiry)
    world.call("redeem", agreement_id, ONE, 1, caller=CONSUMER.text)
    world.set_time(world.now + 1)
    with refused("TooLate"):
        world.call("redeem", agreement_id, TWO, 1, caller=CONSUMER.text)
    # what was redeemed in time can be acknowledged at any time
    world.call("acknowledge", agreement_id, ONE, caller=world.operator)


def test_the_operator_acknowledges_once_what_was_redeemed(world: World, settled: int) -> None:
    with refused("NothingToAcknowledge"):
        world.call("acknowledge", settled, ONE, caller=world.operator)
    world.call("redeem", settled, ONE, 9, caller=CONSUMER.text)
    with refused("AccessControlUnauthorizedAccount"):
        world.call("acknowledge", settled, ONE, caller=CONSUMER.text)
    world.call("acknowledge", settled, ONE, caller=world.operator)
    assert world.events == [events.RedemptionAcknowledged(settled, ONE, 9)]
    assert world.call("redemption", settled, ONE)[2] is True
    with refused("NothingToAcknowledge"):
        world.call("acknowledge", settled, ONE, caller=world.operator)


def test_neither_a_pause_nor_a_revocation_touches_a_discount(world: World, settled: int) -> None:
    """Invariant 15: redemption can't be stopped."""
    world.call("pauseProposals", True, caller=world.operator)
    world.call("revoke", key("meter").text, caller=world.operator)
    for call in ("cancel", "terminate"):
        with refused("WrongState"):
            world.call(call, settled, caller=world.operator)
    world.call("redeem", settled, ONE, DISCOUNT, caller=CONSUMER.text)
