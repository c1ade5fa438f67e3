# SPDX-License-Identifier: Apache-2.0
"""`electro contract verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from electro_plan.quantities import duration_text
from electro_tools.commands import Command
from electro_tools.errors import Discrepancy
from electro_tools.facts import Facts
from electro_tools.node import node_options
from electro_tools.parameters import ADDRESS

from .desk import json_option

if TYPE_CHECKING:
    from web3.contract import Contract

    from electro_contracts.node.access import Endpoint
    from electro_protocol.eip712 import Domain

_NOBODY = "0x" + "00" * 20


@click.command(cls=Command)
@click.argument("address", type=ADDRESS)
@click.option("--operator", type=ADDRESS, help="Also check that this account is an operator.")
@node_options
@json_option
def verify(address: str, operator: str | None, node: Endpoint, chain_id: int | None, as_json: bool) -> None:
    """Check that the code at ADDRESS is the checked-in contract, its parts included, and its domain this chain's.

    Ends with 3 if it is not. A block explorer checks the source; this checks what is on the chain.
    """
    from electro_contracts import artifact
    from electro_protocol import address as ethereum_address
    from electro_protocol.eip712 import Domain
    from electro_tools.transact import connect

    from .deploy import reach

    web3 = connect(node, chain_id)
    contract = reach(web3, address)
    domain = Domain(web3.eth.chain_id, ethereum_address.parse(address))
    found = _differences(contract, domain)
    calls = contract.functions
    if operator is not None and not calls.hasRole(calls.OPERATOR_ROLE().call(), operator).call():
        found["operator"] = f"{operator} is no operator of it"
    facts = Facts().add("contract", address).count("chain id", web3.eth.chain_id)
    built = artifact.load()
    facts.add("compiler", built.compiler).add(
        "source", built.source_hash, built.source_hash.removeprefix("sha256:")
    )
    for what in ("code", *(name.lower() for name in built.parts)):
        facts.add(what, found.get(what), found.get(what) or "as built")
    if operator:
        facts.add("operator", found.get("operator"), found.get("operator") or "is one")
    facts.add("domain", "0x" + domain.separator.hex()).add("admin", calls.defaultAdmin().call())
    delay_s, token = calls.defaultAdminDelay().call(), calls.currency().call()
    facts.add("admin delay", delay_s, duration_text(delay_s))
    facts.add("currency", None if token == _NOBODY else token, "a promise" if token == _NOBODY else token)
    for what, seconds in zip(("grace", "dispute", "expiry"), calls.leastSeconds().call(), strict=True):
        facts.add(f"min {what}", seconds, duration_text(seconds))
    facts.count("agreements", calls.agreementCount().call()).silent("verified", value=not found)
    facts.print(as_json=as_json)
    if found:
        raise Discrepancy(f"{address} is not what is checked in here: {'; '.join(found.values())}")


def _differences(contract: Contract, domain: Domain) -> dict[str, str]:
    """Return what is not as built, by what it is."""
    from electro_contracts import artifact
    from electro_protocol import address as ethereum_address

    from . import code

    web3, built = contract.w3, artifact.load()
    parts = {name: contract.functions[name.upper()]().call() for name in built.parts}
    words = {ethereum_address.parse(each).rjust(32, b"\0") for each in parts.values()}
    written = {*words, domain.chain_id.to_bytes(32, "big"), domain.separator, code.LANES_HIGH}
    found: dict[str, str] = {}
    differs = code.difference(bytes(web3.eth.get_code(contract.address)), built.deployed_bytecode, written)
    if differs:
        found["code"] = differs
    for name, there in parts.items():
        differs = code.difference(bytes(web3.eth.get_code(there)), built.parts[name].deployed_bytecode, ())
        if differs:
            found[name.lower()] = f"its part {name} at {there}: {differs}"
    return found
