# SPDX-License-Identifier: Apache-2.0
"""Open the key of an operator, a consumer or an administrator from a file, never from the command line."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable

    from eth_account.signers.local import LocalAccount

_FILE = click.Path(dir_okay=False, path_type=Path)
# What the reader of key files calls a relayer's settings, and what the same thing is called here.
_OPTION_OF_SETTING = {"key_password_file": "--password-file FILE", "key_ordinal": "--key-number N"}


@dataclass(frozen=True)
class KeyFile:
    """A key in a file of mode 0600: a keystore, 64 hex digits, or a mnemonic of which `ordinal` counts the keys."""

    file: Path
    password_file: Path | None = None
    ordinal: int | None = None

    def open(self) -> LocalAccount:
        """Read the file and return its account.

        Raises:
            ToolError: the file is missing, open to others or holds no key.
        """
        # eth_account takes a second, which nobody waits for who asks for help
        from eth_account import Account

        from electro_relayer.errors import KeyFileError
        from electro_relayer.paying.key import read_secret

        try:
            secret = read_secret(self.file, self.password_file, self.ordinal)
        except KeyFileError as error:
            hints = [option for setting, option in _OPTION_OF_SETTING.items() if setting in error.sentence]
            sentence = error.sentence.partition("; set ")[0].rstrip(".") if hints else error.sentence
            raise ToolError(sentence, f"give {hints[0]}" if hints else None) from error
        account: LocalAccount = Account.from_key(secret)
        return account


def key_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --key-file, --password-file and --key-number, as one KeyFile named `key`."""
    return _key_options(command, required=True)


def optional_key_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Do the same for a command that can do something without a key: `key` may be None."""
    return _key_options(command, required=False)


def _key_options(command: Callable[..., Any], *, required: bool) -> Callable[..., Any]:
    @functools.wraps(command)
    def with_key(
        *args: Any, key_file: Path | None, password_file: Path | None, key_number: int | None, **kwargs: Any
    ) -> Any:
        key = KeyFile(key_file, password_file, key_number) if key_file else None
        return command(*args, key=key, **kwargs)

    options = [
        click.option(
            "--key-file",
            type=_FILE,
            required=required,
            envvar="ELECTRO_KEY_FILE",
            help="Your key: a keystore, a mnemonic or 64 hex digits, in a file of mode 0600.",
        ),
        click.option(
            "--password-file",
            type=_FILE,
            envvar="ELECTRO_PASSWORD_FILE",
            help="The keystore's password, in a file of mode 0600.",
        ),
        click.option(
            "--key-number",
            type=click.IntRange(0, 2**31 - 1),
            metavar="N",
            help="Which key of a mnemonic: the last number of m/44'/60'/0'/0/N.",
        ),
    ]
    for option in reversed(options):
        with_key = option(with_key)
    return with_key
