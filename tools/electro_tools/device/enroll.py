# SPDX-License-Identifier: Apache-2.0
"""Send a device's enrolment to the contract with the operator's key, after looking what could refuse it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from web3.exceptions import ContractLogicError, Web3Exception

from electro_protocol import address
from electro_protocol.secp256k1 import compact
from electro_tools.contract.deploy import at
from electro_tools.errors import ToolError
from electro_tools.transact import refused, send

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


def enroll(web3: Web3, operator: LocalAccount, enrolment: Enrolment) -> Enrolled:
    """Enrol the device on the chain its enrolment is for, and wait until that is mined.

    Raises:
        ToolError: no contract is there, the device is enrolled already, its deadline has passed, or the
            contract refuses.
    """
    device, contract = address.checksum(enrolment.device), address.checksum(enrolment.contract)
    if not web3.eth.get_code(web3.to_checksum_address(contract)):
        raise ToolError(f"there is no contract at {contract} on chain {enrolment.chain_id}")
    electro = at(web3, contract)
    not_electro = ToolError(f"the contract at {contract} is not Electro")
    try:
        known = electro.functions.isEnrolled(device).call()
    except Web3Exception as error:
        raise not_electro from error
    if known:
        raise ToolError(f"{device} is enrolled already: a key enrols once, ever")
    now = web3.eth.get_block("latest")["timestamp"]
    if enrolment.message.deadline < now:
        passed = datetime.fromtimestamp(enrolment.message.deadline, UTC)
        raise ToolError(
            f"the device's consent ended on {passed:%Y-%m-%d %H:%M} UTC", "provision it again for a new one"
        )
    message, signature = enrolment.message, compact(enrolment.signed.signature)
    call = electro.functions.enrol(message.hardware_id, message.deadline, signature[:32], signature[32:])
    try:  # for nothing, before paying: the contract answers with the device it recovers from the signature
        recovered = call.call({"from": operator.address})
    except ContractLogicError as error:
        raise refused(error) from error
    except Web3Exception as error:
        raise not_electro from error
    if recovered != device:
        raise not_electro
    receipt = send(web3, operator, call)
    return Enrolled(device, receipt["blockNumber"], receipt["gasUsed"])
