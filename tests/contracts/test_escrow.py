# SPDX-License-Identifier: Apache-2.0
"""Money as an ERC-20 in escrow: who pays in, who is owed what and when, and tokens that behave oddly."""

from __future__ import annotations

import pytest

from electro_contracts import events
from electro_protocol.keccak import keccak256

from . import tokens
from .engines import Reverted, refused
from .tokens import Token
from .world import CONSUMER, DAY, START, World, day, encode_call, key

BONUS = 10**6
REMAINING = BONUS - 960 * 211
DISCOUNT = REMAINING // 4
ONE, TWO = keccak256(b"invoice 1"), keccak256(b"invoice 2")


@pytest.fixture
def token(world: World) -> Token:
    token = Token(world)
    world.call("useEscrow", token.address, caller=world.admin)
    token.fund(world.operator, 10 * BONUS)
    return token


@pytest.fixture
def settled(world: World, token: Token) -> int:
    agreement_id = world.agree([key("meter")])
    world.set_time(DAY.settles_at)
    world.call("settle", agreement_id)
    return agreement_id


def held(world: World, token: Token) -> int:
    return token.balance(world.address)


def test_the_admin_chooses_the_currency_once_before_the_first_proposal(world: World) -> None:
    token = Token(world)
    assert int(world.call("currency"), 16) == 0
    with refused("AccessControlUnauthorizedAccount"):
        world.call("useEscrow", token.address, caller=world.operator)
    with refused("CurrencyFixed"):
        world.call("useEscrow", "0x" + "00" * 20, caller=world.admin)
    world.call("useEscrow", token.address, caller=world.admin)
    assert world.events == [events.EscrowChosen(bytes.fromhex(token.address[2:]))]
    assert world.call("currency").lower() == token.address.lower()
    with refused("CurrencyFixed"):
        world.call("useEscrow", token.address, caller=world.admin)


def test_no_currency_is_chosen_after_a_proposal(world: World) -> None:
    world.enrol(key("meter"))
    world.propose([key("meter")])
    with refused("CurrencyFixed"):
        world.call("useEscrow", Token(world).address, caller=world.admin)


def test_without_an_escrow_there_is_nothing_to_take(world: World) -> None:
    for name, arguments in (("withdraw", (1, ONE)), ("reclaim", (1,)), ("collect", (CONSUMER.text,))):
        with refused("NoEscrow"):
            world.call(name, *arguments)


def test_the_bonus_is_paid_in_at_the_acceptance_and_a_grant_at_once(world: World, token: Token) -> None:
    """Invariant 1, at the beginning."""
    meter = key("meter")
    world.enrol(meter)
    agreement_id = world.propose([meter])
    assert held(world, token) == 0
    world.accept(world.acceptance(agreement_id, [meter]))
    assert held(world, token) == BONUS
    world.call("grant", agreement_id, 50, caller=world.operator)
    assert held(world, token) == BONUS + 50 == world.remaining(agreement_id)
    world.call("cancel", agreement_id, caller=CONSUMER.text)
    assert world.call("owed", world.operator) == BONUS + 50
    world.call("collect", world.operator)
    assert (held(world, token), token.balance(world.operator)) == (0, 10 * BONUS)


def test_nothing_is_accepted_that_is_not_paid_for(world: World, token: Token) -> None:
    meter = key("meter")
    world.enrol(meter)
    agreement_id = world.propose([meter], bonus=10 * BONUS + 1)
    acceptance = world.acceptance(agreement_id, [meter], bonus=10 * BONUS + 1)
    with pytest.raises(Reverted):
        world.accept(acceptance)
    assert world.call("agreement", agreement_id)[1] == 1


def test_a_renewal_is_paid_by_who_renews(world: World, token: Token) -> None:
    meter = key("meter")
    agreement_id = world.agree([meter])
    world.call("renew", agreement_id, DAY.end, 77, 0, b"", caller=world.operator)
    terms = day(start=DAY.end)
    world.accept(world.acceptance(2, [meter], terms, 77))
    assert held(world, token) == BONUS + 77


def test_the_settlement_gives_back_all_but_the_discount(world: World, token: Token, settled: int) -> None:
    """Invariant 3."""
    assert world.events[1:] == [events.Credited(settled, bytes.fromhex(world.operator[2:]), BONUS - DISCOUNT)]
    world.call("collect", world.operator)
    assert world.events[0] == events.Collected(bytes.fromhex(world.operator[2:]), BONUS - DISCOUNT)
    assert held(world, token) == DISCOUNT
    with refused("NothingToTake"):
        world.call("collect", world.operator)


def test_what_is_acknowledged_is_the_operators(world: World, token: Token, settled: int) -> None:
    world.call("collect", world.operator)
    world.call("redeem", settled, ONE, 300, caller=CONSUMER.text)
    world.call("acknowledge", settled, ONE, caller=world.operator)
    assert world.call("owed", world.operator) == 300
    world.set_time(world.now + DAY.dispute_window + 1)
    with refused("NothingToTake"):
        world.call("withdraw", settled, ONE)


def test_what_is_not_acknowledged_in_time_the_consumer_takes(
    world: World, token: Token, settled: int
) -> None:
    world.call("redeem", settled, ONE, 300, caller=CONSUMER.text)
    with refused("NothingToTake"):
        world.call("withdraw", settled, TWO)
    world.set_time(world.now + DAY.dispute_window)
    with refused("TooEarly"):
        world.call("withdraw", settled, ONE)
    world.set_time(world.now + 1)
    world.call("withdraw", settled, ONE)  # by anyone: it is the consumer's all the same
    assert world.events == [
        events.RedemptionWithdrawn(settled, ONE, 300), events.Credited(settled, CONSUMER.address, 300),
    ]  # fmt: skip
    with refused("NothingToTake"):
        world.call("withdraw", settled, ONE)
    with refused("NothingToAcknowledge"):
        world.call("acknowledge", settled, ONE, caller=world.operator)
    world.call("collect", CONSUMER.text)
    assert token.balance(CONSUMER.text) == 300


def test_what_expires_is_the_operators_once(world: World, token: Token, settled: int) -> None:
    world.call("collect", world.operator)
    world.call("redeem", settled, ONE, 300, caller=CONSUMER.text)
    world.set_time(DAY.settles_at + DAY.discount_expiry)
    with refused("TooEarly"):
        world.call("reclaim", settled)
    world.set_time(world.now + 1)
    world.call("reclaim", settled)
    assert world.call("owed", world.operator) == DISCOUNT - 300
    with refused("NothingToTake"):
        world.call("reclaim", settled)
    # what was redeemed in time stays the consumer's
    world.call("withdraw", settled, ONE)
    for account in (world.operator, CONSUMER.text):
        world.call("collect", account)
    assert held(world, token) == 0


def test_nothing_expires_before_the_settlement(world: World, token: Token) -> None:
    agreement_id = world.agree([key("meter")])
    with refused("WrongState"):
        world.call("reclaim", agreement_id)


@pytest.mark.parametrize(
    ("oddity", "error"), [(tokens.FEE, "NotFunded"), (tokens.SAYS_FALSE, "SafeERC20FailedOperation")]
)
def test_a_token_that_keeps_a_fee_or_says_false_funds_nothing(
    world: World, token: Token, oddity: int, error: str
) -> None:
    agreement_id = world.agree([key("meter")])
    token.become(oddity)
    with refused(error):
        world.call("grant", agreement_id, 500, caller=world.operator)
    with refused(error):
        world.agree([key("other")], day(start=START + 900))
    assert world.remaining(agreement_id) == held(world, token) == BONUS


def test_a_token_that_says_nothing_is_taken_at_its_balance(world: World, token: Token) -> None:
    token.become(tokens.SAYS_NOTHING)
    world.agree([key("meter")])
    world.set_time(DAY.settles_at)
    world.call("settle", 1)
    world.call("collect", world.operator)
    assert held(world, token) == DISCOUNT


def test_a_payment_that_fails_leaves_what_is_owed(world: World, token: Token, settled: int) -> None:
    """Invariant 16: nor does it hold up the settlement, which pays nobody."""
    token.become(tokens.SAYS_FALSE)
    with refused("SafeERC20FailedOperation"):
        world.call("collect", world.operator)
    assert world.call("owed", world.operator) == BONUS - DISCOUNT
    token.become(tokens.NONE)
    world.call("collect", world.operator)


def test_a_token_that_calls_back_finds_the_books_closed(world: World, token: Token, settled: int) -> None:
    token.become(tokens.CALLS_BACK, world.address, encode_call("collect", world.operator))
    with pytest.raises(Reverted):  # there is nothing left to collect within the collection
        world.call("collect", world.operator)
    token.become(tokens.NONE)
    world.call("collect", world.operator)
    assert held(world, token) == DISCOUNT


def test_one_payment_never_counts_for_two_agreements(world: World, token: Token) -> None:
    one, two = key("one"), key("two")
    world.enrol(one, two)
    first, second = world.propose([one]), world.propose([two])
    nested = world.acceptance(second, [two])
    signature = CONSUMER.sign(nested, world.domain).signature
    inner = encode_call("acceptBySignature", *nested.values(), signature)
    # While the first is being paid in, the token has the second accepted: both see the other's money.
    token.become(tokens.CALLS_BACK, world.address, inner)
    with pytest.raises(Reverted):
        world.accept(world.acceptance(first, [one]))
    assert held(world, token) == 0
