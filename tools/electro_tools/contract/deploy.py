# SPDX-License-Identifier: Apache-2.0
"""Deploy the checked-in artifact, as it stands, and say where; find it again at an address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import rlp
from web3.exceptions import Web3Exception

from electro_contracts import artifact
from electro_contracts.deployment import FACTORY, SALT, Deployment, Least, init_code, parts, plan
from electro_protocol import address
from electro_protocol.keccak import keccak256
from electro_tools.errors import ToolError
from electro_tools.transact import send

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount
    from web3 import Web3
    from web3.contract import Contract

# An account's last transactions, among which an interrupted deployment is looked for.
_LAST = 8


@dataclass(frozen=True)
class Deployed:
    """A contract that is on the chain: its address as text (EIP-55), block and gas used; no gas: it was there.

    The gas includes that of the parts that were not there before.
    """

    address: str
    block: int
    gas: int


def deploy(
    web3: Web3, sender: LocalAccount, *, admin: str, operator: str, admin_delay_s: int, least: Least
) -> Deployed:
    """Deploy the contract without the factory, its parts before it, and wait until it is mined.

    Parts that the factory has made, or this account in its last transactions, are not deployed again: so an interrupted
    deployment goes on.

    Raises:
        ToolError: the node or the contract's self-test refuses.
    """
    known = _found(web3, sender)
    gas, addresses = 0, []
    for code in artifact.load().parts.values():
        there = known.get(code.deployed_bytecode)
        if there is None:
            there, _, used = _create(web3, sender, code.bytecode)
            gas += used
        addresses.append(address.parse(there))
    accounts = (address.parse(admin), admin_delay_s, address.parse(operator))
    made, block, used = _create(web3, sender, init_code(*accounts, least, addresses))
    return Deployed(made, block, gas + used)


def _create(web3: Web3, sender: LocalAccount, code: bytes) -> tuple[str, int, int]:
    """Return where the account with this creation code is, its block and gas."""
    receipt = send(web3, sender, web3.eth.contract(abi=[], bytecode=code).constructor())
    made = receipt["contractAddress"]
    assert made is not None  # a constructor's receipt with status 1 has it
    return made, receipt["blockNumber"], receipt["gasUsed"]


def _found(web3: Web3, sender: LocalAccount) -> dict[bytes, str]:
    """Return addresses by their code, where parts may be already."""
    count = web3.eth.get_transaction_count(sender.address)
    own = address.parse(sender.address)
    raw = [part.address for part in parts()]
    raw += [keccak256(rlp.encode([own, number]))[12:] for number in range(max(0, count - _LAST), count)]
    checked = [web3.to_checksum_address(each) for each in raw]
    return {bytes(web3.eth.get_code(each)): each for each in checked}


def planned(
    admin: str, operator: str, admin_delay_s: int, least: Least, salt: bytes | None = None
) -> Deployment:
    """Return what the factory is to be sent, and the address that it gives on any chain."""
    accounts = (address.parse(admin), admin_delay_s, address.parse(operator))
    return plan(*accounts, least, SALT if salt is None else salt)


def deploy_planned(web3: Web3, sender: LocalAccount, planned: Deployment) -> Deployed:
    """Deploy the contract through the CREATE2 factory, its parts before it, as far as they are not there already.

    Raises:
        ToolError: the chain has no factory, or the node or the contract's self-test refuses.
    """
    factory = web3.to_checksum_address(FACTORY)
    there = web3.to_checksum_address(planned.address)
    block, gas = web3.eth.block_number, 0
    if web3.eth.get_code(there):
        return Deployed(there, block, 0)
    if not web3.eth.get_code(factory):
        raise ToolError(
            f"chain {web3.eth.chain_id} has no CREATE2 factory at {factory}",
            "electro_contracts/deployment.py says how to bring it; or deploy without --deterministic",
        )
    for step in (*parts(), planned):
        step_address = web3.to_checksum_address(step.address)
        if web3.eth.get_code(step_address):
            continue
        receipt = send(web3, sender, _ToFactory(web3, factory, step.data))
        if not web3.eth.get_code(step_address):
            raise ToolError(
                f"the factory at {factory} took the transaction, and nothing is at {step_address}"
            )
        block, gas = receipt["blockNumber"], gas + receipt["gasUsed"]
    return Deployed(there, block, gas)


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
