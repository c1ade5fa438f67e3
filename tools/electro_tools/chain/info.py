# SPDX-License-Identifier: Apache-2.0
"""`electro chain info`: which chain a node serves, what is known of its kind, and where it differs from that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from electro_contracts.node.profiles import PROFILES, Profile, is_qbft
from electro_protocol.address import checksum
from electro_tools.besu.genesis import validators_of
from electro_tools.commands import Command
from electro_tools.contract.desk import json_option
from electro_tools.errors import ToolError
from electro_tools.facts import Facts
from electro_tools.node import node_options

if TYPE_CHECKING:
    from electro_contracts.node.access import Endpoint
    from electro_tools.chain.asking import Asking, Known


def profile_option(command: Any) -> Any:
    """Give a command `profile`, of another kind of chain than is recognised; None: what is recognised."""

    def named(_context: click.Context, _parameter: click.Parameter, name: str) -> Profile | None:
        return None if name == "auto" else PROFILES[name]

    return click.option(
        "--profile",
        type=click.Choice(["auto", *PROFILES]),
        default="auto",
        show_default=True,
        callback=named,
        help="Take it for this kind of chain, whatever its node says.",
    )(command)


@click.command(cls=Command)
@node_options
@profile_option
@json_option
def info(node: Endpoint, chain_id: int | None, profile: Profile | None, as_json: bool) -> None:
    """Show which chain a node serves and what is known of its kind, with the source of each figure."""
    from electro_tools.chain.asking import Asking

    asking = Asking(node)
    known = asking.know(profile)
    if chain_id is not None and known.chain_id != chain_id:
        raise ToolError(f"the node at {node.shown} serves chain {known.chain_id}, not {chain_id}")
    facts = Facts().count("chain id", known.chain_id).add("node", known.client or "does not say")
    facts.count("block", known.number).time("at", int(known.latest["timestamp"], 16))
    facts.add("profile", known.profile.name)
    told = known.profile.shown()
    for what, how, source in told:
        facts.say(f"  {what}", how + (f"  [{source}]" if source else ""))
    facts.silent("known", [{"what": what, "how": how, "source": source} for what, how, source in told])
    if validators := _validators(known.latest):
        facts.silent("validators", validators)
        facts.say("validators", "\n".join(validators))
    now = _now(asking, known)
    for what, how in now.items():
        facts.say(f"now {what}", how)
    facts.silent("now", now).print(as_json=as_json)


def _validators(latest: dict[str, Any]) -> list[str]:
    """Return who may seal blocks of a QBFT chain, as its newest header names them; none of any other chain."""
    if not is_qbft(latest):
        return []
    return [checksum(each) for each in validators_of(bytes.fromhex(latest["extraData"][2:]))]


def _now(asking: Asking, known: Known) -> dict[str, str]:
    base_fee_wei, price_wei = known.base_fee_wei, asking.number("eth_gasPrice")
    finalized = asking.ask("eth_getBlockByNumber", "finalized", False)
    fee = "no base fee" if base_fee_wei is None else f"base fee {base_fee_wei / 1e9:g} gwei"
    price = "" if price_wei is None else f", price {price_wei / 1e9:g} gwei"
    final = (
        f"{known.number - int(finalized['number'], 16)} blocks behind the newest"
        if isinstance(finalized, dict) and "number" in finalized
        else "it knows no finalized block"
    )
    return {"fees": fee + price, "final": final, "block gas": f"{int(known.latest['gasLimit'], 16):,}"}
