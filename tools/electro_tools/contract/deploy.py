# SPDX-License-Identifier: Apache-2.0
"""Deploy the checked-in artifact, as it stands, and say where; find it again at an address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from web3.exceptions import Web3Exception

from electro_contracts import artifact
from electro_tools.errors import ToolError
from electro_tools.transact import send

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount
    from web3 import Web3
    from web3.contract import Contract


@dataclass(frozen=True)
class Deployment:
    """A contract that is on the chain: its address as text (EIP-55), block and gas used."""

    address: str
    block: int
    gas: int


def deploy(web3: Web3, sender: LocalAccount, *, admin: str, operator: str, admin_delay_s: int) -> Deployment:
    """Deploy the contract and wait until it is mined.

    Raises:
        ToolError: the node or the contract's self-test refuses.
    """
    built = artifact.load()
    factory = web3.eth.contract(abi=built.abi, bytecode=built.bytecode)
    receipt = send(web3, sender, factory.constructor(admin, admin_delay_s, operator))
    address = receipt["contractAddress"]
    assert address is not None  # a constructor's receipt with status 1 has it
    return Deployment(address, receipt["blockNumber"], receipt["gasUsed"])


def at(web3: Web3, address: str) -> Contract:
    """Return web3's view of the contract at an address."""
    contract: Contract = web3.eth.contract(web3.to_checksum_address(address), abi=artifact.load().abi)
    return contract


def reach(web3: Web3, address: str) -> Contract:
    """Return the same after asking whether it is there and calls itself Electro, on this chain and at this address.

    Raises:
        ToolError: nothing is there, or another contract.
    """
    contract = at(web3, address)
    if not web3.eth.get_code(contract.address):
        raise ToolError(f"there is no contract at {contract.address} on chain {web3.eth.chain_id}")
    try:
        _, name, _, chain_id, home, _, _ = contract.functions.eip712Domain().call()
    except (Web3Exception, ValueError) as error:
        raise ToolError(f"the contract at {contract.address} is not Electro") from error
    if (name, chain_id, home) != ("Electro", web3.eth.chain_id, contract.address):
        raise ToolError(f"the contract at {contract.address} is not Electro")
    return contract
