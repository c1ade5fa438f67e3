# SPDX-License-Identifier: Apache-2.0
"""`electro chain`: a private chain in memory for a first look; chains that are there, or are to be."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

import click

from electro_protocol import address
from electro_tools.commands import Sections

_COMMANDS = {
    "info": (
        "electro_tools.chain.info:info",
        "Show which chain a node serves, and what is known of its kind.",
    ),
    "new": ("electro_tools.besu.cli:new", "Write the files of a private network."),
    "token": ("electro_tools.besu.cli:token", "Make a token that a network's nodes believe."),
    "check": ("electro_tools.chain.check:check", "Say what of a network differs from what Electro needs."),
}


@click.group(cls=Sections, sections={"Commands": _COMMANDS}, invoke_without_command=True)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8545, show_default=True, help="0 takes a free one."
)
@click.option("--chain-id", type=click.IntRange(1), default=1337, show_default=True)
@click.option(
    "--key-file",
    "key_files",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    default=[Path("electro-chain.key")],
    show_default=True,
    help="Where a funded account's key is; made if it is not there. Repeat for more.",
)
@click.pass_context
def chain(context: click.Context, /, port: int, chain_id: int, key_files: tuple[Path, ...]) -> None:
    """Run a private chain in memory until interrupted; with a command, see to other chains.

    JSON-RPC on 127.0.0.1. Every transaction is mined at once; everything is gone when it ends. The accounts whose keys
    are in the key files have all the money. For real use, take a real node.
    """
    if context.invoked_subcommand is not None:
        return
    from electro_tools.accounts import KeyFile

    from .ledger import Ledger
    from .server import ChainServer

    accounts = []
    for key_file in key_files:
        if not key_file.exists():
            key_file.touch(mode=0o600)
            key_file.write_text(secrets.token_hex(32))
        accounts.append(KeyFile(key_file).open().address)
    ledger = Ledger(chain_id, int(time.time()), [address.parse(account) for account in accounts])
    with ChainServer(ledger, port) as server:
        click.echo(f"chain {chain_id} at {server.url}")
        for account, key_file in zip(accounts, key_files, strict=True):
            click.echo(f"funded account {account} (key in {key_file})")
        while True:
            time.sleep(3600)
