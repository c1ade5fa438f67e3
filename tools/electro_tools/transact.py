# SPDX-License-Identifier: Apache-2.0
"""Rehearse, send and wait for one transaction from a key on this machine, with the contract's errors in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests
from web3 import Web3
from web3.contract.contract import ContractFunction
from web3.exceptions import ContractLogicError, TimeExhausted, Web3Exception, Web3RPCError
from web3.middleware import ExtraDataToPOAMiddleware

from electro_console import refusals
from electro_contracts.node.access import Endpoint
from electro_contracts.node.session import NodeSilent
from electro_tools.connection import provider, said
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable

    from eth_account.signers.local import LocalAccount
    from web3.types import TxReceipt

_RPC_TIMEOUT_S = 30
# in the words of geth and anvil, of Besu, and of py-evm
_POOR = ("nsufficient funds", "Upfront cost exceeds account balance", "cannot afford")
_MINING_TIMEOUT_S = 180  # fifteen Ethereum slots: past that the fee was too low


def connect(
    node: Endpoint | str, chain_id: int | None = None, timeout_s: float | None = _RPC_TIMEOUT_S
) -> Web3:
    """Return a connection to the node.

    Args:
        node: its JSON-RPC; an address alone is reached without credentials.
        chain_id: the chain that it must serve.
        timeout_s: how long it may be silent; None for a node on this machine: busy is not gone.

    Raises:
        ToolError: no node answers there, or it serves another chain than `chain_id`.
    """
    node = Endpoint(node) if isinstance(node, str) else node
    web3 = Web3(provider(node, timeout_s))
    web3.middleware_onion.inject(
        ExtraDataToPOAMiddleware, layer=0
    )  # QBFT's extraData is longer than 32 bytes
    try:
        served = web3.eth.chain_id
    except NodeSilent as error:
        raise ToolError(str(error)) from error
    except (requests.RequestException, Web3Exception, ValueError) as error:
        raise ToolError(
            f"what answers at {node.shown} is no Ethereum node", "is the address one of JSON-RPC?"
        ) from error
    if chain_id is not None and served != chain_id:
        raise ToolError(f"the node at {node.shown} serves chain {served}, not {chain_id}")
    return web3


def ask(call: Any, sender: str | None = None, block: int | None = None) -> Any:
    """Return what a call of the contract's answers, without effect.

    Args:
        call: web3's contract call.
        sender: whose call it would be; by default nobody's.
        block: at the end of which block; by default the newest.

    Raises:
        ToolError: the contract refuses (in its own words), or the node does not answer.
    """
    try:
        return call.call(
            {"from": sender} if sender else {}, block_identifier=block if block is not None else "latest"
        )
    except ContractLogicError as error:
        raise refused(error) from error
    except (Web3Exception, requests.RequestException, ValueError) as error:
        raise ToolError(f"{call.fn_name} can't be asked: {said(error)}") from error


def send(
    web3: Web3, sender: LocalAccount, call: Any, on_sent: Callable[[str], None] = lambda _hash: None
) -> TxReceipt:
    """Rehearse, sign, send and wait for a contract call, or for a constructor, which its gas estimate rehearses.

    Args:
        web3: the node.
        sender: whose key signs and who pays.
        call: web3's contract call or constructor.
        on_sent: called with the transaction's hash, as text, before the waiting.

    Raises:
        ToolError: the contract refuses (in its own words), the node refuses, or nothing is mined in time.
    """
    if isinstance(call, ContractFunction):
        ask(call, sender.address)
    try:
        fields: dict[str, Any] = {
            "from": sender.address,
            "nonce": web3.eth.get_transaction_count(sender.address),
        }
        if not web3.eth.get_block("latest").get("baseFeePerGas"):
            fields["gasPrice"] = web3.eth.gas_price  # a zero-fee or pre-London network
        transaction = call.build_transaction(fields)
        signed = sender.sign_transaction(transaction)
        sent = web3.eth.send_raw_transaction(signed.raw_transaction)
        on_sent("0x" + sent.hex())
        receipt = web3.eth.wait_for_transaction_receipt(sent, timeout=_MINING_TIMEOUT_S, poll_latency=0.05)
    except ContractLogicError as error:
        raise refused(error) from error
    except TimeExhausted as error:
        raise ToolError(
            f"the transaction 0x{sent.hex()} was not mined within {_MINING_TIMEOUT_S} s",
            "it may still be: look for it before you send again",
        ) from error
    except (Web3RPCError, requests.RequestException, ValueError) as error:
        if any(words in str(error) for words in _POOR):
            raise ToolError(
                f"{sender.address} has not enough money for the gas",
                "what a consumer signs with sign-acceptance or sign-redemption anyone can submit",
            ) from error
        raise ToolError(f"the transaction can't be sent: {said(error)}") from error
    if receipt["status"] != 1:
        raise ToolError(f"the transaction 0x{sent.hex()} reverted")
    return receipt


def refused(error: ContractLogicError) -> ToolError:
    """Return the sentence of the contract's custom error and what to do about it, or the node's own words."""
    data = error.data
    if isinstance(data, str) and data.startswith("0x") and len(data) >= 10:
        sentence, hint = refusals.explain(bytes.fromhex(data[2:]))
        return ToolError(f"the contract refuses: {sentence}", hint)
    return ToolError(f"the contract refuses: {error.message}")
