# SPDX-License-Identifier: Apache-2.0
"""Money as an ERC-20 in escrow: who pays in, who is owed what and when, and tokens that behave oddly."""

from __future__ import annotations

import contextlib

import pytest

from electro_contracts import events
from electro_protocol.keccak import keccak256

from . import tokens
from .engines import Reverted, refused
from .tokens import Token
from .world import BONUS, CONSUMER, DAY, START, World, day, encode_call, inside, key

LOCKED = BONUS // 4  # at the rate of DAY
DISCOUNT = (BONUS - 960 * DAY.missing_penalty) // 4
ONE = keccak256(b"invoice 1")


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


def owed(world: World, account: str) -> int:
    return int(world.call("owed", account))


def test_the_admin_chooses_the_currency_once_before_the_first_proposal(world: World) -> None:
    token = Token(world)
    assert int(world.call("currency"), 16) == 0
    with refused("AccessControlUnauthorizedAccount"):
        world.call("useEscrow", token.address, caller=world.operator)
    world.call("useEscrow", token.address, caller=world.admin)
    assert world.events == [events.EscrowChosen(bytes.fromhex(token.address[2:]))]
    assert world.call("currency").lower() == token.address.lower()
    with refused("CurrencyFixed"):
        world.call("useEscrow", token.address, caller=world.admin)


def test_what_is_no_token_is_not_chosen(world: World) -> None:
    """Neither an account without code, nor one that answers nothing, nor one that answers too little."""
    empty = world.engine.deploy(bytes.fromhex("6001600c60003960016000f300"))  # code of one STOP
    for account in ("0x" + "00" * 20, CONSUMER.text, empty, world.address):
        with refused("NotToken"):
            world.call("useEscrow", account, caller=world.admin)


def test_no_currency_is_chosen_after_a_proposal(world: World) -> None:
    world.enrol(key("meter"))
    world.propose([key("meter")])
    with refused("CurrencyFixed"):
        world.call("useEscrow", Token(world).address, caller=world.admin)


def test_without_an_escrow_there_is_nothing_to_take(world: World) -> None:
    for name in ("collect", "collectTo"):
        with refused("NoEscrow"):
            world.call(name, CONSUMER.text)


def test_what_the_discount_can_be_is_locked_at_the_acceptance_and_topped_up_by_grants(
    world: World, token: Token
) -> None:
    """Invariant 1, at the beginning."""
    meter = key("meter")
    world.enrol(meter)
    agreement_id = world.propose([meter])
    assert held(world, token) == 0
    world.accept(world.acceptance(agreement_id, [meter]))
    assert held(world, token) == LOCKED == world.agreement(agreement_id).locked
    world.call("grant", agreement_id, 50, caller=world.operator)
    assert held(world, token) == (BONUS + 50) // 4 == world.agreement(agreement_id).locked
    world.call("cancel", agreement_id, caller=CONSUMER.text)
    assert owed(world, world.operator) == (BONUS + 50) // 4
    world.call("collect", world.operator)
    assert (held(world, token), token.balance(world.operator)) == (0, 10 * BONUS)


def test_what_is_locked_pays_the_discount_to_the_unit(world: World, token: Token) -> None:
    """Bonus 3 and grant 1 at 25%: floors add up only if the whole is floored."""
    meter = key("meter")
    terms = day(intervals=1)
    agreement_id = world.agree([meter], terms, bonus=3)
    assert held(world, token) == 0
    world.call("grant", agreement_id, 1, caller=world.operator)
    assert held(world, token) == 1
    world.set_time(terms.end)
    world.submit(world.report(meter, agreement_id, 0, inside(0, 1)))
    world.set_time(terms.settles_at)
    world.call("settle", agreement_id)
    assert (owed(world, CONSUMER.text), owed(world, world.operator)) == (1, 0)


def test_nothing_is_accepted_that_is_not_paid_for(world: World, token: Token) -> None:
    meter = key("meter")
    world.enrol(meter)
    agreement_id = world.propose([meter], bonus=40 * BONUS + 4)
    acceptance = world.acceptance(agreement_id, [meter], bonus=40 * BONUS + 4)
    with pytest.raises(Reverted):
        world.accept(acceptance)
    assert world.agreement(agreement_id).state == 1


def test_who_proposes_must_still_be_operator_at_the_acceptance(world: World, token: Token) -> None:
    """Else whoever was once operator pays for what only operators decide."""
    meter = key("meter")
    world.enrol(meter)
    agreement_id = world.propose([meter])
    world.call("revokeRole", keccak256(b"OPERATOR_ROLE"), world.operator, caller=world.admin)
    with refused("AccessControlUnauthorizedAccount"):
        world.accept(world.acceptance(agreement_id, [meter]))
    assert held(world, token) == 0


def test_only_who_funds_an_agreement_adds_to_it(world: World, token: Token) -> None:
    agreement_id = world.agree([key("meter")])
    other = "0x" + "0c" * 20
    world.call("grantRole", keccak256(b"OPERATOR_ROLE"), other, caller=world.admin)
    token.fund(other, BONUS)
    with refused("NotFunder"):
        world.call("grant", agreement_id, 400, caller=other)
    assert token.balance(other) == BONUS


def test_a_renewal_is_paid_by_who_renews(world: World, token: Token) -> None:
    meter = key("meter")
    agreement_id = world.agree([meter])
    world.call("renew", agreement_id, DAY.end, 80, 0, b"", caller=world.operator)
    terms = day(start=DAY.end)
    world.accept(world.acceptance(2, [meter], terms, 80))
    assert held(world, token) == LOCKED + 20


def test_the_settlement_credits_the_discount_and_the_rest_at_once(
    world: World, token: Token, settled: int
) -> None:
    """Invariant 3."""
    operator = bytes.fromhex(world.operator[2:])
    assert world.events[1:] == [
        events.Credited(settled, CONSUMER.address, DISCOUNT),
        events.Credited(settled, operator, LOCKED - DISCOUNT),
    ]
    world.call("collect", world.operator)
    assert world.events[0] == events.Collected(operator, operator, LOCKED - DISCOUNT)
    assert held(world, token) == DISCOUNT
    with refused("NothingToTake"):
        world.call("collect", world.operator)
    world.call("collect", CONSUMER.text)
    assert token.balance(CONSUMER.text) == DISCOUNT
    assert (held(world, token), world.agreement(settled).locked) == (0, 0)


def test_a_discount_in_escrow_is_not_redeemed_too(world: World, token: Token, settled: int) -> None:
    with refused("HeldInEscrow"):
        world.call("redeem", settled, ONE, 1, caller=CONSUMER.text)
    with refused("HeldInEscrow"):
        world.call("redeemBySignature", settled, ONE, 1, 2**40 - 1, b"")
    with refused("HeldInEscrow"):
        world.call("acknowledge", settled, ONE, caller=world.operator)


def test_an_account_that_the_token_refuses_is_paid_elsewhere_by_itself_alone(
    world: World, token: Token, settled: int
) -> None:
    elsewhere = key("elsewhere")
    with refused("NothingToTake"):
        world.call("collectTo", elsewhere.text)  # by a stranger, who is owed nothing
    world.call("collectTo", elsewhere.text, caller=CONSUMER.text)
    assert world.events[0] == events.Collected(CONSUMER.address, elsewhere.address, DISCOUNT)
    assert token.balance(elsewhere.text) == DISCOUNT


def test_a_consumer_whom_the_token_blocks_holds_up_nobody_and_is_paid_elsewhere(
    world: World, token: Token
) -> None:
    agreement_id = world.agree([key("meter")])
    token.become(tokens.BLOCKS, CONSUMER.text)
    world.set_time(DAY.settles_at)
    world.call("settle", agreement_id)
    world.call("collect", world.operator)
    with pytest.raises(Reverted, match="blocked"):
        world.call("collect", CONSUMER.text)
    assert owed(world, CONSUMER.text) == DISCOUNT
    world.call("collectTo", key("elsewhere").text, caller=CONSUMER.text)
    assert token.balance(key("elsewhere").text) == DISCOUNT


def test_no_call_of_the_operator_lowers_what_a_perfect_consumer_collects() -> None:
    """Each alone, at each hour of the agreement; the meter reports all that it may."""
    for at in (0, 1, 450, 500, 895, 901, 2000):
        for name, arguments in (
            ("revoke", ("meter",)), ("terminate", ("id",)), ("grant", ("id", 4)), ("pauseProposals", (True,)),
            ("proposeRotation", ("id", "meter", "spare")), ("widen", ("id", 0, 4, b"\0\0\x04\xb0")),
            ("renew", ("id", START + 10**6, 1, 0, b"")), ("settle", ("id",)), ("waive", ("id", 1)),
        ):  # fmt: skip
            world = World()
            token = Token(world)
            world.call("useEscrow", token.address, caller=world.admin)
            token.fund(world.operator, 10 * BONUS)
            meter, spare = key("meter"), key("spare")
            world.enrol(spare)
            terms = day(intervals=6, notice=0)
            id_ = world.agree([meter], terms)
            named = {"id": id_, "meter": meter.text, "spare": spare.text}
            world.set_time(START + at)
            with contextlib.suppress(Reverted):
                world.call(name, *[named.get(str(each), each) for each in arguments], caller=world.operator)
            world.set_time(terms.end)
            end = world.point(id_, meter).end
            if end:
                world.submit(world.report(meter, id_, 0, inside(0, end)))
            world.set_time(terms.settles_at)
            world.call("settle", id_)
            assert owed(world, CONSUMER.text) >= LOCKED, (at, name)


@pytest.mark.parametrize(
    ("oddity", "error"),
    [
        (tokens.FEE, "NotFunded"),
        (tokens.SAYS_FALSE, "SafeERC20FailedOperation"),
        (tokens.BOASTS, "NotFunded"),
        (tokens.FORGETS, "NotFunded"),
    ],
)
def test_a_token_that_keeps_a_fee_says_false_or_lies_about_its_balance_funds_nothing(
    world: World, token: Token, oddity: int, error: str
) -> None:
    agreement_id = world.agree([key("meter")])
    token.become(oddity)
    with refused(error):
        world.call("grant", agreement_id, 2000, caller=world.operator)
    with refused(error):
        world.agree([key("other")], day(start=START + 900))
    token.become(tokens.NONE)
    assert (world.remaining(agreement_id), held(world, token)) == (BONUS, LOCKED)


def test_a_token_that_says_nothing_is_taken_at_its_balance(world: World, token: Token) -> None:
    token.become(tokens.SAYS_NOTHING)
    world.agree([key("meter")])
    world.set_time(DAY.settles_at)
    world.call("settle", 1)
    world.call("collect", CONSUMER.text)
    assert held(world, token) == LOCKED - DISCOUNT


def test_a_payment_that_fails_leaves_what_is_owed(world: World, token: Token, settled: int) -> None:
    """Invariant 16: nor does it hold up the settlement, which pays nobody."""
    token.become(tokens.SAYS_FALSE)
    with refused("SafeERC20FailedOperation"):
        world.call("collect", world.operator)
    assert owed(world, world.operator) == LOCKED - DISCOUNT
    token.become(tokens.NONE)
    world.call("collect", world.operator)


def test_a_token_that_calls_back_finds_everything_on_record(world: World, token: Token, settled: int) -> None:
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
