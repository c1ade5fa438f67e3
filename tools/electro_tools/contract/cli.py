# SPDX-License-Identifier: Apache-2.0
"""`electro contract deploy`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from electro_protocol import address as ethereum_address
from electro_tools.accounts import key_options, node_options, read_account

if TYPE_CHECKING:
    from pathlib import Path


def _address(_ctx: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
    """Check an address on the command line; click shows the sentence."""
    if text is None:
        return None
    try:
        return ethereum_address.checksum(ethereum_address.parse(text))
    except ValueError as error:
        raise click.BadParameter(str(error), param=parameter) from error


@click.group()
def contract() -> None:
    """Put the agreements contract on a chain."""


@contract.command()
@node_options
@key_options
@click.option("--operator", callback=_address, help="Who enrols meters and proposes; default: the sender.")
@click.option("--admin", callback=_address, help="Who appoints operators; default: the sender.")
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
    key_file: Path,
    password_file: Path | None,
    operator: str | None,
    admin: str | None,
    admin_delay_hours: int,
    as_json: bool,
) -> None:
    """Deploy the contract and print its address."""
    from electro_tools.transact import connect

    from .deploy import deploy as put

    sender = read_account(key_file, password_file)
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
