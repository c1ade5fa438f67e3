# SPDX-License-Identifier: Apache-2.0
"""Scenarios of refused money: grants, waivers, redemptions and the escrow."""

from __future__ import annotations

from electro_protocol.keccak import keccak256
from tests.contracts.tokens import FEE
from tests.contracts.world import CONSUMER, DAY, World

from .messages import METER, STRANGER, agreed
from .stage import Act, by_either, call, scene
from .steps import BONUS, INVOICE, escrow, redemption, settled

DISCOUNT = (BONUS - 960 * DAY.missing_penalty) // 4


@scene("grant: BadAmount")
def _(world: World) -> Act:
    agreement_id = agreed(world)
    world.call("grant", agreement_id, 7, caller=world.operator)
    most = 2**128 - 1 - BONUS - 7
    return call(world, "grant", agreement_id, most + 1, by=world.operator, says=(most, most + 1))


@scene("grant: NotFunded in _fund")
def _(world: World) -> Act:
    token = escrow(world)
    agreed(world)
    token.become(FEE)
    return call(world, "grant", 1, 2000, by=world.operator, says=(500, 495))


@scene("grant: NotFunder")
def _(world: World) -> Act:
    escrow(world)
    agreed(world)
    world.call("grantRole", keccak256(b"OPERATOR_ROLE"), STRANGER.text, caller=world.admin)
    return call(world, "grant", 1, 4, by=STRANGER.text, says=(STRANGER.text,))


@scene("waive: TooEarly")
def _(world: World) -> Act:
    agreed(world)
    world.set_time(DAY.reports_until)
    return call(world, "waive", 1, 1, by=world.operator, says=(DAY.reports_until + 1, DAY.reports_until))


@scene("waive: BadAmount")
def _(world: World) -> Act:
    agreed(world)
    world.set_time(DAY.reports_until + 1)
    world.call("waive", 1, 11, caller=world.operator)
    most = 960 * DAY.missing_penalty - 11
    return call(world, "waive", 1, most + 1, by=world.operator, says=(most, most + 1))


# -- Redemptions, by the consumer's transaction and by its signature


@scene("redeem: NotConsumer in _mustBeConsumer")
def _(world: World) -> Act:
    settled(world)
    return redemption(world, "redeem", by=STRANGER, says=(STRANGER.text,))


@scene("redeemBySignature: Expired in _mustHaveSigned")
def _(world: World) -> Act:
    settled(world)
    now = world.now
    return redemption(world, "redeemBySignature", deadline=now - 1, says=(now - 1, now))


@scene("redeemBySignature: BadSignature in _mustHaveSigned")
def _(world: World) -> Act:
    settled(world)
    return redemption(world, "redeemBySignature", by=STRANGER)


@by_either("redeem", "redeemBySignature", "WrongState in _redeem")
def _(world: World, how: str) -> Act:
    agreed(world)
    return redemption(world, how, says=(1, 2))


@by_either("redeem", "redeemBySignature", "TooLate in _redeem")
def _(world: World, how: str) -> Act:
    settled(world)
    until = world.now + DAY.discount_expiry
    world.set_time(until + 1)
    return redemption(world, how, says=(until, until + 1))


@by_either("redeem", "redeemBySignature", "InvoiceRedeemed in _redeem")
def _(world: World, how: str) -> Act:
    world.call("redeem", settled(world), INVOICE, 77, caller=CONSUMER.text)
    return redemption(world, how, says=(INVOICE, 77))


@by_either("redeem", "redeemBySignature", "BadAmount in _redeem")
def _(world: World, how: str) -> Act:
    world.call("redeem", settled(world), bytes(32), 77, caller=CONSUMER.text)
    return redemption(world, how, amount=DISCOUNT - 76, says=(DISCOUNT - 77, DISCOUNT - 76))


@scene("acknowledge: NothingToAcknowledge")
def _(world: World) -> Act:
    return call(world, "acknowledge", settled(world), INVOICE, by=world.operator, says=(1, INVOICE))


# -- The escrow


@scene("useEscrow: CurrencyFixed")
def _(world: World) -> Act:
    token = escrow(world)
    return call(world, "useEscrow", token.address, by=world.admin)


@scene("useEscrow: NotToken")
def _(world: World) -> Act:
    return call(world, "useEscrow", METER.text, by=world.admin, says=(METER.text,))


@by_either("redeem", "redeemBySignature", "HeldInEscrow in _mustBePromise")
def _(world: World, how: str) -> Act:
    escrow(world)
    settled(world)
    return redemption(world, how, says=(1,))


@scene("acknowledge: HeldInEscrow in _mustBePromise")
def _(world: World) -> Act:
    escrow(world)
    return call(world, "acknowledge", settled(world), INVOICE, by=world.operator, says=(1,))


@by_either("collect", "collectTo", "NoEscrow in _collect")
def _(world: World, how: str) -> Act:
    return call(world, how, METER.text)


@by_either("collect", "collectTo", "NothingToTake in _collect")
def _(world: World, how: str) -> Act:
    escrow(world)
    return call(world, how, METER.text)
