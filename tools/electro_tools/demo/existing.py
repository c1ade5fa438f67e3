# SPDX-License-Identifier: Apache-2.0
"""Take the demo to a chain that is there: accounts that can pay, and a day that begins after now."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click
from eth_account import Account

from electro_tools.chain.asking import Asking, Refused
from electro_tools.demo.world import Node
from electro_tools.errors import ToolError
from electro_tools.fleet.pace import MOVABLE
from electro_tools.load import DAY_SECONDS, in_short
from electro_tools.node import endpoint
from electro_tools.transact import connect

if TYPE_CHECKING:
    from pathlib import Path

    from eth_account.signers.local import LocalAccount

    from electro_contracts.node.access import Endpoint
    from electro_tools.accounts import KeyFile
    from electro_tools.load import LoadCurve

_WEEK_S = 7 * DAY_SECONDS
_ENOUGH_WEI = 10**18  # a day's gas at 30 gwei costs a tenth
_GIVE = ("anvil_setBalance", "hardhat_setBalance")  # chains for tests make money of nothing
_SHORT_S = 10  # an interval's length where a day is played in short: it takes 16 minutes
_SET_UP_S = 120  # deployment, enrolment and acceptance, where the clock goes on by itself
_TRANSFER_GAS = 21_000


@dataclass(frozen=True)
class There:
    """A chain that is there, in words too, and the curve as it is played on it."""

    node: Node
    words: str
    curve: LoadCurve
    in_short: bool


def there(
    rpc_url: str | None,
    files: dict[str, Path | None],
    key: KeyFile | None,
    curve: LoadCurve,
    short_interval_s: int | None,
) -> There | None:
    """Return where the demo is to take place; None: on a chain of its own.

    Raises:
        ToolError: nobody answers there, or nobody can pay.
    """
    if rpc_url is None:
        if short_interval_s or key:
            raise click.UsageError("--short and --key-file go with --rpc.")
        return None
    reached = endpoint(rpc_url, files)
    known = Asking(reached).know()
    shortened = short_interval_s is not None or known.profile not in MOVABLE
    played = after_now(
        curve, int(known.latest["timestamp"], 16), (short_interval_s or _SHORT_S) if shortened else None
    )
    return There(node(reached, key), f"chain {known.chain_id}, {known.profile.name}", played, shortened)


def node(reached: Endpoint, key: KeyFile | None) -> Node:
    """Return the chain with an operator, of this key or a new one, and a new payer, both able to pay.

    Raises:
        ToolError: gas costs something there, and nobody has anything.
    """
    asking = Asking(reached)
    operator: LocalAccount = key.open() if key else Account.from_key(secrets.token_bytes(32))
    payer: LocalAccount = Account.from_key(secrets.token_bytes(32))
    price_wei, base_fee_wei = asking.number("eth_gasPrice"), asking.know().base_fee_wei
    if price_wei or base_fee_wei:
        if not key and not _is_given(asking, operator.address):
            raise ToolError(
                "gas costs something on that chain, and a new account owns nothing", "name --key-file FILE"
            )
        if not _is_given(asking, payer.address):
            _pay(reached, operator, payer.address)
    return Node(reached, operator, payer)


def after_now(curve: LoadCurve, now_s: int, short_interval_s: int | None) -> LoadCurve:
    """Return the curve whole weeks later, so that it begins a day after now; or, in short intervals, in two minutes."""
    if short_interval_s is None:
        weeks = max(0, -(-(now_s + DAY_SECONDS - curve.start) // _WEEK_S))
        return replace(curve, start=curve.start + weeks * _WEEK_S)
    short = in_short(curve, short_interval_s)
    return replace(short, start=-(-(now_s + _SET_UP_S) // short_interval_s) * short_interval_s)


def _is_given(asking: Asking, account: str) -> bool:
    return any(not isinstance(asking.ask(method, account, hex(_ENOUGH_WEI)), Refused) for method in _GIVE)


def _pay(reached: Endpoint, sender: LocalAccount, to: str) -> None:
    """Send the payer half of what the operator has, or enough."""
    web3 = connect(reached)
    price_wei = web3.eth.gas_price * 2
    has_wei = web3.eth.get_balance(web3.to_checksum_address(sender.address))
    value = min(_ENOUGH_WEI // 10, has_wei // 2)
    if value <= _TRANSFER_GAS * price_wei:
        raise ToolError(f"{sender.address} has not enough money for the gas")
    fields: Any = {
        "to": to, "value": value, "gas": _TRANSFER_GAS, "gasPrice": price_wei, "chainId": web3.eth.chain_id,
        "nonce": web3.eth.get_transaction_count(web3.to_checksum_address(sender.address)),
    }  # fmt: skip
    sent = web3.eth.send_raw_transaction(sender.sign_transaction(fields).raw_transaction)
    web3.eth.wait_for_transaction_receipt(sent, timeout=180, poll_latency=0.2)
