# SPDX-License-Identifier: Apache-2.0
"""`electro contract deploy`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from electro_tools.accounts import key_options, node_options
from electro_tools.parameters import ADDRESS

if TYPE_CHECKING:
    from electro_tools.accounts import KeyFile


@click.group()
def contract() -> None:
    """Put the agreements contract on a chain."""


@contract.command()
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
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def deploy(
    rpc_url: str,
    chain_id: int | None,
    key: KeyFile,
    operator: str | None,
    admin: str | None,
    admin_delay_hours: int,
    as_json: bool,
) -> None:
    """Deploy the contract and print its address."""
    from electro_tools.transact import connect

    from .deploy import deploy as put

    sender = key.open()
    web3 = connect(rpc_url, chain_id)
    done = put(
        web3,
        sender,
        admin=admin or sender.address,
        operator=operator or sender.address,
        admin_delay_s=admin_delay_hours * 3600,
    )
    if as_json:
        record = {
            "contract": done.address,
            "chain_id": web3.eth.chain_id,
            "block": done.block,
            "gas": done.gas,
        }
        click.echo(json.dumps(record))
        return
    click.echo(
        f"contract  {done.address}\nchain     {web3.eth.chain_id}\nblock     {done.block}\ngas       {done.gas:,}"
    )
