# SPDX-License-Identifier: Apache-2.0
"""No signature counts twice or elsewhere: on another chain, for another contract, agreement, struct, with other s or v.

Each of the six signed structs meets each of these; what the same signature does where it belongs is tried beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pyrevm
import pytest

from electro_contracts import calldata, events
from electro_contracts.terms import devices_hash
from electro_protocol import secp256k1
from electro_protocol.eip712 import Domain
from electro_protocol.messages import (
    AgreementAcceptance,
    DeviceEnrollment,
    DiscountRedemption,
    EnergyReport,
    Message,
    OutageReport,
    Renomination,
)
from electro_protocol.readings import pack
from electro_protocol.signed import SignedMessage

from .engines import PyEvm, Reverted, Revm
from .refusals.messages import METER, agreed
from .refusals.steps import INVOICE, proposed, settled
from .world import BONUS, CONSUMER, DAY, START, Key, World, inside, key

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Site

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
# A device is recovered, so a signature of something else is a stranger's; a consumer is compared.
STRANGERS = ("UnknownDevice",)
COMPARED = ("BadSignature",)


class Case(NamedTuple):
    """How a struct comes to the contract, and with which errors it says that the signature is not for this."""

    prepare: Callable[[World], Message]
    signer: Key
    send: Callable[[World, Message, bytes], object]
    refused: tuple[str, ...]


def enrol(world: World, message: Message, signature: bytes) -> None:
    """Whoever else signed is enrolled in the meter's place: so look at who was."""
    compact = secp256k1.compact(signature)
    world.call("enrol", *message.values(), compact[:32], compact[32:], caller=world.operator)
    if not world.call("isEnrolled", METER.text):
        raise Elsewhere


class Elsewhere(Exception):  # noqa: N818 - a fact about a call
    """A call was taken, but for another key than the one that signed."""


CASES = {
    EnergyReport: Case(
        lambda world: world.report(METER, agreed(world), 0, inside(0, 2), 7).message, METER,
        lambda world, message, signature: world.submit(SignedMessage(message, signature)), STRANGERS,
    ),
    OutageReport: Case(
        lambda world: OutageReport(agreed(world), 0, START - 60, START, 1), METER,
        lambda world, message, signature: world.submit(SignedMessage(message, signature)), STRANGERS,
    ),
    DeviceEnrollment: Case(
        lambda world: DeviceEnrollment(INVOICE, 900, world.now), METER, enrol, ("Elsewhere",),
    ),
    AgreementAcceptance: Case(
        lambda world: AgreementAcceptance(
            proposed(world), DAY.hash, devices_hash([METER.address]), BONUS, world.now
        ),
        CONSUMER,
        lambda world, message, signature: world.call("acceptBySignature", *message.values(), signature), COMPARED,
    ),
    DiscountRedemption: Case(
        lambda world: DiscountRedemption(settled(world), INVOICE, 5, world.now), CONSUMER,
        lambda world, message, signature: world.call("redeemBySignature", *message.values(), signature), COMPARED,
    ),
    Renomination: Case(
        lambda world: Renomination(agreed(world), 0, 500, 1, pack([300, 1000]), world.now), CONSUMER,
        lambda world, message, signature: world.call("renominate", message.values(), signature), COMPARED,
    ),
}  # fmt: skip
kinds = pytest.mark.parametrize("kind", CASES, ids=lambda kind: kind.__name__)


def heard(case: Case, world: World, message: Message, signature: bytes) -> str:
    """The name of what the contract says; "" if it takes it."""
    try:
        case.send(world, message, signature)
    except Reverted as refused:
        return refused.error.name
    except Elsewhere:
        return "Elsewhere"
    return ""


@kinds
def test_a_signature_is_good_for_one_chain_and_contract(world: World, kind: type[Message]) -> None:
    case = CASES[kind]
    message = case.prepare(world)
    chain_id, contract = world.domain.chain_id, world.domain.contract
    for domain in (Domain(chain_id + 1, contract), Domain(chain_id, contract[:-1] + b"\0")):
        assert heard(case, world, message, case.signer.sign(message, domain).signature) in case.refused
    assert heard(case, world, message, case.signer.sign(message, world.domain).signature) == ""


@kinds
def test_a_signature_of_another_struct_or_of_other_values_is_none_of_this_one(
    world: World, kind: type[Message]
) -> None:
    case = CASES[kind]
    message = case.prepare(world)
    others: list[Message] = [
        EnergyReport(1, START, bytes(16), 0, 0, pack([1])),
        OutageReport(1, 0, START, 0, 1),
        DeviceEnrollment(INVOICE, 1, 1),
        AgreementAcceptance(1, INVOICE, INVOICE, 1, 1),
        DiscountRedemption(1, INVOICE, 1, 1),
        Renomination(1, 0, 1, 1, pack([1, 2]), 1),  # of its own kind: with other values
    ]
    for other in others:
        assert heard(case, world, message, case.signer.sign(other, world.domain).signature) in case.refused
    assert heard(case, world, message, case.signer.sign(message, world.domain).signature) == ""


@kinds
def test_a_signature_counts_once(world: World, kind: type[Message]) -> None:
    case = CASES[kind]
    message = case.prepare(world)
    signature = case.signer.sign(message, world.domain).signature
    assert heard(case, world, message, signature) == ""
    again = {
        EnergyReport: "WrongSequence", OutageReport: "WrongOutage", DeviceEnrollment: "AlreadyEnrolled",
        AgreementAcceptance: "WrongState", DiscountRedemption: "InvoiceRedeemed",
        Renomination: "StaleRenomination",
    }  # fmt: skip
    assert heard(case, world, message, signature) == again[kind]


@kinds
def test_the_other_s_and_the_other_v_are_refused(world: World, kind: type[Message]) -> None:
    case = CASES[kind]
    message = case.prepare(world)
    good = case.signer.sign(message, world.domain).signature
    other_v = good[:64] + bytes([55 - good[64]])
    assert heard(case, world, message, other_v) in case.refused
    high = ORDER - int.from_bytes(good[32:64], "big")
    if case.refused == COMPARED:  # 65 bytes can carry the high s; its v is the other one
        malleable = good[:32] + high.to_bytes(32, "big") + bytes([55 - good[64]])
        assert heard(case, world, message, malleable) == "BadSignature"
        for v in (0, 1, 26, 29):
            assert heard(case, world, message, good[:64] + bytes([v])) == "BadSignature"
    # the least s that is high, which the compact form can carry
    odd = good[:32] + ((ORDER >> 1) + 1).to_bytes(32, "big") + good[64:]
    assert heard(case, world, message, odd) == "BadSignature"
    assert heard(case, world, message, good) == ""


def test_a_key_that_was_replaced_or_revoked_signs_nothing_new(site: Site) -> None:
    world, new = site.world, key("new")
    world.enrol(new)
    world.call("proposeRotation", 1, site.meter.text, new.text, caller=world.operator)
    world.call("acceptRotation", 1, site.meter.text, new.text, caller=CONSUMER.text)
    first = 5 * 96 + 1
    world.set_time(START + (first + 2) * 900)
    assert site.refusal(site.report(first, 1, by=site.meter)) == ("WrongSequence", (0, first))
    for start in range(0, 480, 96):
        world.submit(site.report(start, 96))
    world.submit(site.report(480, 2))
    assert site.refusal(site.report(481, 1)) == ("OutsideTerm", (first, first + 1))
    world.submit(site.report(first, 1, by=new))
    world.call("revoke", new.text, caller=world.operator)
    world.submit(site.report(first + 1, 1, by=new))
    assert site.refusal(site.report(first + 2, 1, by=new))[0] == "FromTheFuture"
    world.set_time(world.now + 9000)
    world.submit(site.report(first + 2, 3, by=new))
    assert site.refusal(site.report(first + 3, 1, by=new))[0] == "OutsideTerm"


@pytest.mark.parametrize("in_batches", [False, True])
def test_the_same_report_from_two_relayers_in_one_block_counts_once(in_batches: bool) -> None:
    engine = PyEvm()
    world = World(engine)
    agreement_id = world.agree([METER])
    world.set_time(START + 86_400)
    item = world.report(METER, agreement_id, 0, inside(0, 96))
    data = "0x" + (calldata.submit_batch([item]) if in_batches else calldata.submit(item)).hex()
    engine.chain.disable_auto_mine_transactions()
    sent = [
        engine.chain.send_transaction({"from": relayer, "to": world.address, "data": data, "gas": 10**6})
        for relayer in engine.accounts[1:3]
    ]
    engine.chain.mine_block()
    receipts = [engine.chain.get_transaction_receipt(each) for each in sent]
    assert receipts[0]["block_number"] == receipts[1]["block_number"]
    assert [receipt["status"] for receipt in receipts] == [1, 1 if in_batches else 0]
    logs = [
        events.decode([bytes.fromhex(topic[2:]) for topic in log["topics"]], bytes.fromhex(log["data"][2:]))
        for receipt in receipts
        for log in receipt["logs"]
    ]
    taken = events.EnergyReported(agreement_id, METER.address, 0, 0, pack(inside(0, 96)))
    assert logs[0] == taken
    assert [type(each) for each in logs[1:]] == [events.ReportSkipped] * in_batches
    engine.chain.enable_auto_mine_transactions()
    assert world.point(agreement_id, METER).next == 96


def test_a_chain_that_forks_off_has_a_domain_of_its_own(world: World) -> None:
    """The code runs on with another chain's id: what it recovers tells which domain it knows."""
    assert isinstance(world.engine, Revm)
    fork = Revm(chain_id=world.engine.chain_id + 1)
    code = world.engine.evm.get_code(world.address)
    fork.evm.insert_account_info(world.address, pyrevm.AccountInfo(code=code))
    message = EnergyReport(1, START, bytes(16), 0, 0, pack([500]))
    for engine, domain, known in (
        (world.engine, world.domain, True),
        (fork, world.domain, False),
        (fork, Domain(fork.chain_id, world.contract), True),
    ):
        data = calldata.submit(METER.sign(message, domain))
        with pytest.raises(Reverted, match=r"^UnknownDevice: ") as caught:
            engine.call(world.anyone, world.address, data)
        assert (caught.value.error.args[0] == METER.text) is known


def test_the_same_report_twice_in_one_batch_counts_once(site: Site) -> None:
    item = site.report(0, 5)
    site.world.send(calldata.submit_batch([item, item]))
    assert site.point().next == 5
    assert isinstance(site.world.events[1], events.ReportSkipped)
