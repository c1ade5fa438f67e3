# SPDX-License-Identifier: Apache-2.0
"""`electro relayer`: run the service with settings from the command line, the environment and a file."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import click

from electro_relayer.settings import PREFIX

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(
    epilog=f"Every setting can also come from the environment, as {PREFIX}RPC_URL, or from the file; "
    "relayer/README.md lists them."
)
@click.option("--settings", "file", type=_FILE, help="TOML file with settings.")
@click.option("--rpc", "rpc_url", help="JSON-RPC address of the node.")
@click.option("--contract", help="Address of the agreements contract.")
@click.option("--chain-id", type=click.IntRange(1), help="Refuse to start on any other chain.")
@click.option("--key-file", type=_FILE, help="The key that pays the gas: a keystore, or 64 hex digits.")
@click.option("--key-password-file", type=_FILE, help="The keystore's password.")
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
def relayer(file: Path | None, **overrides: Any) -> None:
    """Carry meters' signed messages to the contract and pay the gas.

    It keeps nothing: it may be killed at any time, and any number may run side by side, each with its own key.
    """
    from electro_relayer.app import run
    from electro_relayer.settings import Settings

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    run(Settings.load(file, **overrides), ready=click.echo)
