# SPDX-License-Identifier: Apache-2.0
"""Send a device's enrolment to the contract with the operator's key, after looking what could refuse it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from electro_protocol import address
from electro_protocol.secp256k1 import compact
from electro_tools.contract.deploy import reach
from electro_tools.errors import ToolError
from electro_tools.transact import ask, send

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount
    from web3 import Web3

    from .enrolment import Enrolment


@dataclass(frozen=True)
class Enrolled:
    """A device that the contract knows now; address as text, gas used and block of the transaction."""

    device: str
    block: int
    gas: int


def enrol(web3: Web3, operator: LocalAccount, enrolment: Enrolment) -> Enrolled:
    """Enrol the device on the chain its enrolment is for, and wait until that is mined.

    Raises:
        ToolError: no contract is there, the device is enrolled already, its deadline has passed, or the
            contract refuses.
    """
    device, electro = address.checksum(enrolment.device), reach(web3, address.checksum(enrolment.contract))
    if ask(electro.functions.isEnrolled(device)):
        raise ToolError(f"{device} is enrolled already: a key enrols once, ever")
    now = web3.eth.get_block("latest")["timestamp"]
    if enrolment.message.deadline < now:
        passed = datetime.fromtimestamp(enrolment.message.deadline, UTC)
        raise ToolError(
            f"the device's consent ended on {passed:%Y-%m-%d %H:%M} UTC", "provision it again for a new one"
        )
    message, signature = enrolment.message, compact(enrolment.signed.signature)
    call = electro.functions.enrol(
        message.hardware_id, message.base_seconds, message.deadline, signature[:32], signature[32:]
    )
    # for nothing, before paying: the contract answers with the device it recovers from the signature
    if ask(call, operator.address) != device:
        raise ToolError(f"the contract at {electro.address} is not Electro")
    receipt = send(web3, operator, call)
    return Enrolled(device, receipt["blockNumber"], receipt["gasUsed"])
