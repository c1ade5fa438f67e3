# SPDX-License-Identifier: Apache-2.0
"""The signed formats: the contract takes what eth-account signs, and knows electro_protocol's type strings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from eth_account import Account

from electro_contracts import build
from electro_protocol import secp256k1
from electro_protocol.keccak import keccak256
from electro_protocol.messages import (
    AgreementAcceptance,
    DeviceEnrollment,
    DiscountRedemption,
    EnergyReport,
    Message,
    OutageReport,
    Renomination,
    SealedReport,
    ViewingKeyReady,
)
from electro_protocol.readings import INTERRUPTED, pack
from electro_protocol.signed import SignedMessage

from .world import CONSUMER, START, Key, World, inside, key

if TYPE_CHECKING:
    from .conftest import Site

SIGNED = [
    EnergyReport,
    SealedReport,
    ViewingKeyReady,
    OutageReport,
    DeviceEnrollment,
    AgreementAcceptance,
    DiscountRedemption,
    Renomination,
]


def sign_by_eth_account(message: Message, signer: Key, world: World) -> SignedMessage:
    """Sign as a wallet does, from the fields and the domain that the contract itself names."""
    _, name, version, chain_id, contract, _, _ = world.call("eip712Domain")
    types = {type(message).__name__: [{"name": n, "type": t} for t, n in message.fields()]}
    names = [name for _, name in message.fields()]
    signed = Account.sign_typed_data(
        signer.secret,
        domain_data={"name": name, "version": version, "chainId": chain_id, "verifyingContract": contract},
        message_types=types,
        message_data=dict(zip(names, message.values(), strict=True)),
    )
    return SignedMessage(message, bytes(signed.signature))


def test_the_contracts_type_strings_are_the_protocols() -> None:
    text = (build.SOURCES / "Messages.sol").read_text()
    strings = set(re.findall(r'keccak256\(\s*"(\w+\([^"]+)"\s*\)', text))
    assert strings == {kind.TYPE for kind in SIGNED}


def test_the_domain_is_the_protocols(world: World) -> None:
    fields, name, version, chain_id, contract, salt, extensions = world.call("eip712Domain")
    assert (fields, name, version, chain_id, contract) == (
        b"\x0f", "Electro", "1", world.engine.chain_id, world.address.lower(),
    )  # fmt: skip
    assert (salt, list(extensions)) == (bytes(32), [])


def test_what_eth_account_signs_is_taken_from_enrolment_to_outage(world: World) -> None:
    meter = key("foreign")
    enrolment = sign_by_eth_account(DeviceEnrollment(keccak256(b"chip"), 900, world.now + 60), meter, world)
    compact = secp256k1.compact(enrolment.signature)
    world.call("enrol", *enrolment.message.values(), compact[:32], compact[32:], caller=world.operator)
    assert world.call("isEnrolled", meter.text)
    agreement_id = world.propose([meter])
    acceptance = world.acceptance(agreement_id, [meter])
    signed = sign_by_eth_account(acceptance, CONSUMER, world)
    world.call("acceptBySignature", *acceptance.values(), signed.signature)
    world.set_time(START + 86_400)
    for count in (1, 15, 16, 17, 31):
        first = world.point(agreement_id, meter).next
        report = EnergyReport(
            agreement_id,
            *world.believed(agreement_id, meter),
            first,
            2**64 - 1,
            pack([*inside(first, count - 1), INTERRUPTED]),
        )
        world.submit(sign_by_eth_account(report, meter, world))
    assert world.point(agreement_id, meter).next == 80
    world.submit(sign_by_eth_account(OutageReport(agreement_id, 0, START + 60, START + 120, 2), meter, world))
    assert world.accrued(agreement_id) == 1009 + 13


@pytest.mark.parametrize("kind", SIGNED)
def test_three_implementations_make_the_same_signature(kind: Any, site: Site) -> None:
    message = {
        EnergyReport: EnergyReport(site.agreement_id, 2**40 - 1, bytes(range(16)), 7, 99, pack([1, 2, 3])),
        OutageReport: OutageReport(site.agreement_id, 2**32 - 1, 5, 6, 1),
        DeviceEnrollment: DeviceEnrollment(keccak256(b"chip"), 2**32 - 1, 2**40 - 1),
        AgreementAcceptance: AgreementAcceptance(1, keccak256(b"t"), keccak256(b"d"), 2**128 - 1, 1),
        DiscountRedemption: DiscountRedemption(1, keccak256(b"invoice"), 2**128 - 1, 1),
        Renomination: Renomination(1, 63, 96, 1, pack([0, 1, 2, 3]), 2**40 - 1),
        SealedReport: SealedReport(
            site.agreement_id, 2**40 - 1, bytes(range(16)), 7, bytes(range(26)), b"\x00\x00\x00\x05"
        ),
        ViewingKeyReady: ViewingKeyReady(keccak256(b"key")),
    }[kind]
    by_wallet = sign_by_eth_account(message, site.meter, site.world)
    ours = secp256k1.sign(message.digest(site.world.domain), site.meter.secret)
    assert by_wallet.signature == ours == site.meter.sign(message, site.world.domain).signature


def test_a_high_s_that_fits_the_compact_form_is_refused(site: Site) -> None:
    # n - s of a low s has bit 255 set, which the compact form takes for v: only s just above n/2 can be tried.
    s = (0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 >> 1) + 1
    item = site.report(0, 1)
    item.signature = item.signature[:32] + s.to_bytes(32, "big") + item.signature[64:]
    assert site.refusal(item)[0] == "BadSignature"
    item.signature = item.signature[:32] + (s - 1).to_bytes(32, "big") + item.signature[64:]
    assert site.refusal(item)[0] in ("UnknownDevice", "BadSignature")
