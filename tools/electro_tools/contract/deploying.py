# SPDX-License-Identifier: Apache-2.0
"""`electro contract deploy`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from electro_contracts.deployment import LEAST, Least
from electro_tools.accounts import key_options
from electro_tools.commands import Command
from electro_tools.facts import Facts
from electro_tools.node import node_options
from electro_tools.parameters import ADDRESS, WORD

from .desk import json_option

if TYPE_CHECKING:
    from electro_contracts.node.access import Endpoint
    from electro_tools.accounts import KeyFile

_SECONDS: dict[str, Any] = {"type": click.IntRange(0, 2**32 - 1), "show_default": True, "metavar": "SECONDS"}


@click.command(cls=Command)
@node_options
@key_options
@click.option("--operator", type=ADDRESS, help="Who enrols meters and proposes; default: the sender.")
@click.option("--admin", type=ADDRESS, help="Who appoints operators; default: the sender.")
@click.option(
    "--admin-delay-hours",
    type=click.IntRange(0, 24 * 30),
    default=72,
    show_default=True,
    help="How long a change of the administrator waits, so that everybody can see it coming.",
)
@click.option(
    "--least-grace", default=LEAST.grace, **_SECONDS, help="The shortest grace that terms may have."
)
@click.option(
    "--least-dispute", default=LEAST.dispute_window, **_SECONDS, help="The shortest dispute window."
)
@click.option(
    "--least-expiry", default=LEAST.discount_expiry, **_SECONDS, help="The shortest time to redeem."
)
@click.option(
    "--deterministic",
    is_flag=True,
    help="Through the CREATE2 factory: the same address on every chain, for the same of all the above.",
)
@click.option("--salt", type=WORD, help="With --deterministic: another salt gives another address.")
@click.option("--dry-run", is_flag=True, help="With --deterministic: print the address and send nothing.")
@json_option
def deploy(
    node: Endpoint,
    chain_id: int | None,
    key: KeyFile,
    operator: str | None,
    admin: str | None,
    admin_delay_hours: int,
    least_grace: int,
    least_dispute: int,
    least_expiry: int,
    deterministic: bool,
    salt: bytes | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Deploy the contract and print its address."""
    from electro_tools.transact import connect

    from . import deploy as deployment

    if (salt is not None or dry_run) and not deterministic:
        raise click.UsageError("--salt and --dry-run go with --deterministic.")
    sender = key.open()
    web3 = connect(node, chain_id)
    who: dict[str, Any] = {
        "admin": admin or sender.address,
        "operator": operator or sender.address,
        "admin_delay_s": admin_delay_hours * 3600,
        "least": Least(least_grace, least_dispute, least_expiry),
    }
    facts = Facts()
    if not deterministic:
        done = deployment.deploy(web3, sender, **who)
    else:
        planned = deployment.planned(**who, salt=salt)
        if dry_run:
            there = web3.to_checksum_address(planned.address)
            facts.add("contract", there).count("chain id", web3.eth.chain_id)
            facts.add("there", bool(web3.eth.get_code(there))).print(as_json=as_json)
            return
        done = deployment.deploy_planned(web3, sender, planned)
    facts.add("contract", done.address).count("chain id", web3.eth.chain_id).count("block", done.block)
    facts.add("gas", done.gas, f"{done.gas:,}" if done.gas else "none: the same contract was there already")
    facts.print(as_json=as_json)
