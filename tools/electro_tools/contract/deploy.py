# SPDX-License-Identifier: Apache-2.0
"""Deploy the checked-in artifact, as it stands, and say where; find it again at an address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from web3.exceptions import Web3Exception

from electro_contracts import artifact
from electro_contracts.deployment import FACTORY, SALT, Deployment, Least, plan
from electro_protocol import address
from electro_tools.errors import ToolError
from electro_tools.transact import send

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount
    from web3 import Web3
    from web3.contract import Contract


@dataclass(frozen=True)
class Deployed:
    """A contract that is on the chain: its address as text (EIP-55), block and gas used; no gas: it was there."""

    address: str
    block: int
    gas: int


def deploy(
    web3: Web3, sender: LocalAccount, *, admin: str, operator: str, admin_delay_s: int, least: Least
) -> Deployed:
    """Deploy the contract and wait until it is mined.

    Raises:
        ToolError: the node or the contract's self-test refuses.
    """
    built = artifact.load()
    factory = web3.eth.contract(abi=built.abi, bytecode=built.bytecode)
    receipt = send(web3, sender, factory.constructor(admin, admin_delay_s, operator, *least))
    made = receipt["contractAddress"]
    assert made is not None  # a constructor's receipt with status 1 has it
    return Deployed(made, receipt["blockNumber"], receipt["gasUsed"])


def planned(
    admin: str, operator: str, admin_delay_s: int, least: Least, salt: bytes | None = None
) -> Deployment:
    """Return what the factory is to be sent, and the address that it gives on any chain."""
    accounts = (address.parse(admin), admin_delay_s, address.parse(operator))
    return plan(*accounts, least, SALT if salt is None else salt)


def deploy_planned(web3: Web3, sender: LocalAccount, planned: Deployment) -> Deployed:
    """Deploy the contract through the CREATE2 factory, unless it is there already.

    Raises:
        ToolError: the chain has no factory, or the node or the contract's self-test refuses.
    """
    there, factory = (web3.to_checksum_address(each) for each in (planned.address, FACTORY))
    if web3.eth.get_code(there):
        return Deployed(there, web3.eth.block_number, 0)
    if not web3.eth.get_code(factory):
        raise ToolError(
            f"chain {web3.eth.chain_id} has no CREATE2 factory at {factory}",
            "electro_contracts/deployment.py says how to bring it; or deploy without --deterministic",
        )
    receipt = send(web3, sender, _ToFactory(web3, factory, planned.data))
    if not web3.eth.get_code(there):
        raise ToolError(f"the factory at {factory} took the transaction, and nothing is at {there}")
    return Deployed(there, receipt["blockNumber"], receipt["gasUsed"])


class _ToFactory:
    """A call of the factory, which has no ABI, as `send` takes calls."""

    def __init__(self, web3: Web3, factory: str, data: bytes) -> None:
        self._web3 = web3
        self._to = {"to": factory, "data": "0x" + data.hex(), "value": 0}

    def build_transaction(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the transaction with its gas, whose estimate rehearses it."""
        full: Any = {**fields, **self._to, "chainId": self._web3.eth.chain_id}
        if "gasPrice" not in full:
            tip = self._web3.eth.max_priority_fee
            base = self._web3.eth.get_block("latest")["baseFeePerGas"]
            full |= {"maxPriorityFeePerGas": tip, "maxFeePerGas": tip + 2 * base}
        call: Any = {key: full[key] for key in ("from", "to", "data", "value")}
        return {**full, "gas": self._web3.eth.estimate_gas(call)}


def at(web3: Web3, contract_address: str) -> Contract:
    """Return web3's view of the contract at an address."""
    checksummed = web3.to_checksum_address(contract_address)
    contract: Contract = web3.eth.contract(checksummed, abi=artifact.load().abi)
    return contract


def reach(web3: Web3, contract_address: str) -> Contract:
    """Return the same after asking whether it is there and calls itself Electro, on this chain and at this address.

    Raises:
        ToolError: nothing is there, or another contract.
    """
    contract = at(web3, contract_address)
    if not web3.eth.get_code(contract.address):
        raise ToolError(f"there is no contract at {contract.address} on chain {web3.eth.chain_id}")
    try:
        _, name, _, chain_id, home, _, _ = contract.functions.eip712Domain().call()
    except (Web3Exception, ValueError) as error:
        raise ToolError(f"the contract at {contract.address} is not Electro") from error
    if (name, chain_id, home) != ("Electro", web3.eth.chain_id, contract.address):
        raise ToolError(f"the contract at {contract.address} is not Electro")
    return contract
