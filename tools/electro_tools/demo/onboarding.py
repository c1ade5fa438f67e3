# SPDX-License-Identifier: Apache-2.0
"""Bring a meter under an agreement: the operator enrols it and proposes, the consumer accepts by signature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_protocol import address
from electro_tools.device.enrolling import enrol
from electro_tools.device.enrolment import Enrolment
from electro_tools.fleet.onboarding import agree

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount
    from web3.contract import Contract

    from electro_protocol.eip712 import Domain
    from electro_protocol.signed import SignedMessage

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
    enrol(
        contract.w3, operator, Enrolment(address.parse(device), domain.chain_id, domain.contract, enrolment)
    )
    return agree(contract, domain, operator, plan.terms, plan.bonus, [device])
