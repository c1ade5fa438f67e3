# SPDX-License-Identifier: Apache-2.0
"""What scenarios of people begin with: agreements in some state, and calls that are good as far as they can be."""

from __future__ import annotations

from typing import Any

from electro_contracts import errors
from electro_contracts.terms import devices_hash
from electro_protocol import secp256k1
from electro_protocol.keccak import keccak256
from electro_protocol.messages import AgreementAcceptance, DeviceEnrollment, DiscountRedemption
from tests.contracts.tokens import Token
from tests.contracts.world import BONUS, CONSUMER, DAY, START, World, day, key

from .messages import HIGH_S, METER
from .stage import Act, call

NEW = key("new")
INVOICE = keccak256(b"invoice")
TERMS = DAY.to_tuple()

_MOST_GAS = 100_000_000  # more than anything here takes
_STEP_GAS = 20_000  # less than the width in which only the code is too dear


def acceptance(
    world: World, how: str, agreement_id: int = 1, terms: Any = DAY, bonus: int = BONUS, **odd: Any
) -> Act:
    """`accept` or `acceptBySignature`; `odd` changes what is named, or who signs."""
    says = odd.pop("says", ())
    deadline = odd.pop("deadline", world.now + 60)
    by = odd.pop("by", CONSUMER)
    message = AgreementAcceptance(agreement_id, terms.hash, devices_hash([METER.address]), bonus, deadline)
    for name, value in odd.items():
        setattr(message, name, value)
    if how == "accept":
        return call(world, how, *message.values()[:4], by=by.text, says=says)
    return call(world, how, *message.values(), by.sign(message, world.domain).signature, says=says)


def redemption(world: World, how: str, agreement_id: int = 1, amount: int = 5, **odd: Any) -> Act:
    says, by = odd.pop("says", ()), odd.pop("by", CONSUMER)
    message = DiscountRedemption(agreement_id, INVOICE, amount, odd.pop("deadline", world.now + 60))
    if how == "redeem":
        return call(world, how, *message.values()[:3], by=by.text, says=says)
    return call(world, how, *message.values(), by.sign(message, world.domain).signature, says=says)


def renewal(world: World, start: int = DAY.end, bonus: int = 5, **odd: Any) -> Act:
    """Renew agreement 1, with the consumer's signature."""
    says, by, deadline = odd.pop("says", ()), odd.pop("by", CONSUMER), odd.pop("deadline", world.now + 60)
    coming = int(world.call("agreementCount")) + 1
    message = AgreementAcceptance(
        coming, day(start=start).hash, devices_hash([METER.address]), bonus, deadline
    )
    signature = by.sign(message, world.domain).signature
    return call(world, "renew", 1, start, bonus, deadline, signature, by=world.operator, says=says)


def enrolment(
    world: World, deadline: int, by: str, says: tuple[object, ...] = (), high_s: bool = False
) -> Act:
    message = DeviceEnrollment(INVOICE, 900, deadline)
    compact = secp256k1.compact(METER.sign(message, world.domain).signature)
    vs = HIGH_S if high_s else compact[32:]
    return call(world, "enrol", INVOICE, 900, deadline, compact[:32], vs, by=by, says=says)


def proposal(
    world: World,
    says: tuple[object, ...] = (),
    *,
    consumer: str = CONSUMER.text,
    terms: Any = TERMS,
    devices: tuple[str, ...] = (METER.text,),
) -> Act:
    return call(world, "propose", consumer, terms, list(devices), BONUS, by=world.operator, says=says)


def proposed(world: World, start: int = START) -> int:
    world.enrol(METER)
    return world.propose([METER], day(start=start))


def settled(world: World) -> int:
    agreement_id = world.agree([METER])
    world.set_time(DAY.settles_at)
    world.call("settle", agreement_id)
    return agreement_id


def escrow(world: World) -> Token:
    token = Token(world)
    world.call("useEscrow", token.address, caller=world.admin)
    token.fund(world.operator, 10 * BONUS)
    return token


def starved(world: World, act: Act) -> Act:
    """The same with so little gas that the terms' code can't be paid for, and what is left is enough to say so.

    That is just below the least gas with which it is taken, which in code that is not optimised is many times more.
    """
    evm = world.engine.evm  # type: ignore[attr-defined]

    def said(gas: int) -> str:
        before = evm.snapshot()
        try:
            evm.message_call(act.by, world.address, calldata=act.data, gas=gas)
        except RuntimeError as error:
            return str(error)
        finally:
            evm.revert(before)
        return ""

    little, enough = 0, _MOST_GAS
    while enough - little > _STEP_GAS:
        gas = (little + enough) // 2
        little, enough = (little, gas) if not said(gas) else (gas, enough)
    selector = next(each for each, name in errors.REASONS.items() if name == "TermsNotStored").hex()
    while selector not in said(little):
        little -= _STEP_GAS
    return act._replace(gas=little)
