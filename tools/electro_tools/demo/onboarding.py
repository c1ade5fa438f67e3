# SPDX-License-Identifier: Apache-2.0
"""Bring a meter under an agreement: the operator enrols it and proposes, the consumer accepts by signature."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from eth_account import Account

from electro_contracts.terms import devices_hash
from electro_protocol import address, secp256k1
from electro_protocol.messages import AgreementAcceptance, DeviceEnrollment
from electro_protocol.signed import SignedMessage
from electro_tools.transact import send

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount
    from web3.contract import Contract

    from electro_protocol.eip712 import Domain

    from .scenario import MeterPlan


def onboard(
    contract: Contract,
    domain: Domain,
    operator: LocalAccount,
    plan: MeterPlan,
    device: str,
    enrolment: SignedMessage,
) -> int:
    """Return the id of a new, accepted agreement between the operator and a consumer made for it.

    Raises:
        ToolError: the contract refuses one of the steps.
    """
    calls = contract.functions
    wish = enrolment.message
    assert isinstance(wish, DeviceEnrollment)
    compact = secp256k1.compact(enrolment.signature)
    send(contract.w3, operator, calls.enrol(wish.hardware_id, wish.deadline, compact[:32], compact[32:]))
    consumer: LocalAccount = Account.from_key(secrets.token_bytes(32))
    send(contract.w3, operator, calls.propose(consumer.address, plan.terms.to_tuple(), [device], plan.bonus))
    agreement_id: int = calls.agreementCount().call()
    acceptance = AgreementAcceptance(
        agreement_id, plan.terms.hash, devices_hash([address.parse(device)]), plan.bonus, plan.terms.start
    )
    consent = SignedMessage.make(acceptance, domain, bytes(consumer.key))
    # the consumer signs and needs no money: the operator sends it
    send(contract.w3, operator, calls.acceptBySignature(*acceptance.values(), consent.signature))
    return agreement_id
