# SPDX-License-Identifier: Apache-2.0
"""`electro chain`: a private chain in memory, for a first look without a node."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

import click

from electro_protocol import address


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8545, show_default=True, help="0 takes a free one."
)
@click.option("--chain-id", type=click.IntRange(1), default=1337, show_default=True)
@click.option(
    "--key-file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("electro-chain.key"),
    show_default=True,
    help="Where the funded account's key is; made if it is not there.",
)
def chain(port: int, chain_id: int, key_file: Path) -> None:
    """Run a private chain in memory until interrupted.

    JSON-RPC on 127.0.0.1. Every transaction is mined at once; everything is gone when it ends. One account,
    whose key is in KEY_FILE, has all the money. For real use, take a real node.
    """
    from electro_tools.accounts import KeyFile

    from .ledger import Ledger
    from .server import ChainServer

    if not key_file.exists():
        key_file.touch(mode=0o600)
        key_file.write_text(secrets.token_hex(32))
    account = KeyFile(key_file).open()
    with ChainServer(Ledger(chain_id, int(time.time()), [address.parse(account.address)]), port) as server:
        click.echo(f"chain {chain_id} at {server.url}, funded account {account.address} (key in {key_file})")
        while True:
            time.sleep(3600)
