# SPDX-License-Identifier: Apache-2.0
"""Open the key of an operator, a consumer or an administrator from a file, never from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from eth_account import Account

from electro_relayer.key import read_secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from eth_account.signers.local import LocalAccount


def read_account(key_file: Path, password_file: Path | None = None) -> LocalAccount:
    """Return the account of a keystore (with its password file) or of 64 hex digits, in a file of mode 0600.

    Raises:
        KeyFileError: with a sentence, if the file is missing, open to others or holds no key.
    """
    account: LocalAccount = Account.from_key(read_secret(key_file, password_file))
    return account


def key_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --key-file and --password-file."""
    password = click.option(
        "--password-file",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The keystore's password, in a file of mode 0600.",
    )
    key = click.option(
        "--key-file",
        type=click.Path(dir_okay=False, path_type=Path),
        required=True,
        help="The key that signs and pays: an encrypted keystore, or 64 hex digits, in a file of mode 0600.",
    )
    return key(password(command))


def node_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --rpc and --chain-id."""
    chain = click.option("--chain-id", type=click.IntRange(1), help="Refuse any other chain.")
    rpc = click.option(
        "--rpc",
        "rpc_url",
        default="http://127.0.0.1:8545",
        show_default=True,
        help="JSON-RPC address of a node.",
    )
    return rpc(chain(command))
