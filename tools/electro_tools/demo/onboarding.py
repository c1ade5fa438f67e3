# SPDX-License-Identifier: Apache-2.0
"""Bring a meter under an agreement: the operator enrols it and proposes, the consumer accepts by signature."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from eth_account import Account

from electro_contracts.events import AgreementProposed
from electro_protocol import address
from electro_protocol.signed import SignedMessage
from electro_tools.agreement.offer import Offer
from electro_tools.contract.logs import happened, only
from electro_tools.device.enroll import enroll
from electro_tools.device.enrolment import Enrolment
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
) -> tuple[int, bytes]:
    """Return the id of a new, accepted agreement between the operator and a consumer made for it, and the consumer.

    Raises:
        ToolError: the contract refuses one of the steps.
    """
    calls = contract.functions
    enroll(
        contract.w3, operator, Enrolment(address.parse(device), domain.chain_id, domain.contract, enrolment)
    )
    consumer: LocalAccount = Account.from_key(secrets.token_bytes(32))
    proposal = calls.propose(consumer.address, plan.terms.to_tuple(), [device], plan.bonus)
    proposed = only(happened(send(contract.w3, operator, proposal), contract.address), AgreementProposed)
    offer = Offer(
        domain, proposed.agreement_id, proposed.consumer, proposed.bonus, proposed.devices, proposed.terms
    )
    consent = SignedMessage.make(offer.acceptance(plan.terms.start), domain, bytes(consumer.key))
    # the consumer signs and needs no money: the operator sends it
    send(contract.w3, operator, calls.acceptBySignature(*consent.message.values(), consent.signature))
    return offer.agreement_id, offer.consumer
