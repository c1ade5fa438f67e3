# SPDX-License-Identifier: Apache-2.0
"""`electro key`: make a key file, and say whose account a key file is."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import click

from electro_protocol import sealing
from electro_tools.accounts import key_options
from electro_tools.contract.desk import json_option
from electro_tools.errors import ToolError
from electro_tools.facts import Facts
from electro_tools.viewing import make, read

if TYPE_CHECKING:
    from electro_tools.accounts import KeyFile

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def key() -> None:
    """Make the key of an operator, a consumer or an administrator, or look whose one is."""


@key.command()
@click.argument("file", type=_FILE)
@click.option(
    "--password-file", type=_FILE, help="Encrypt with the password in this file; default: ask for one."
)
@click.option("--plain", is_flag=True, help="Do not encrypt: 64 hex digits, for trying things on.")
@json_option
def new(file: Path, password_file: Path | None, plain: bool, as_json: bool) -> None:
    """Make a new key, write it to FILE as an encrypted keystore of mode 0600, and print its address."""
    from eth_account import Account

    account = Account.from_key(secrets.token_bytes(32))
    text = bytes(account.key).hex() if plain else json.dumps(account.encrypt(_password(password_file)))
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(text + "\n")
    except FileExistsError:
        raise ToolError(f"{file} exists already", "a key is never written over another file") from None
    except OSError as error:
        raise ToolError(f"{file} can't be written: {error.strerror}") from error
    Facts().add("address", account.address).add("key file", str(file)).print(as_json=as_json)


def _password(file: Path | None) -> str:
    """Return the password of a file, or ask for it twice."""
    if file is None:
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return password
    try:
        password = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ToolError(f"the password file {file} can't be read: {error}") from error
    if not password:
        raise ToolError(f"the password file {file} is empty")
    return password


@key.command()
@click.argument("file", type=_FILE)
@json_option
def viewing(file: Path, as_json: bool) -> None:
    """Make a viewing key for one sealed agreement, write it to FILE with mode 0600, and print its hash.

    Both parties keep it, and each meter of the agreement needs it. Whoever has it sees bands and readings.
    """
    key_hash = sealing.key_hash(make(file))
    Facts().add("viewing key hash", "0x" + key_hash.hex()).add("key file", str(file)).print(as_json=as_json)


@key.command()
@click.argument("viewing_file", metavar="KEY", type=_FILE)
@click.argument("enrolment_file", metavar="ENROLMENT", type=_FILE)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="The file to write; in a folder: ADDRESS.wrapped, by which a relayer finds it.",
)
@json_option
def wrap(viewing_file: Path, enrolment_file: Path, out: Path, as_json: bool) -> None:
    """Wrap the viewing key in KEY for the meter of ENROLMENT alone, for who is to bring it but not to have it.

    `electro device viewing-key OUT` gives it to the meter. The meter's word names the key's hash: see that it is yours.
    """
    from electro_protocol import address, delivery, secp256k1
    from electro_protocol.eip712 import Domain
    from electro_tools import papers
    from electro_tools.device import enrolment

    viewing_key = read(viewing_file)
    made = enrolment.read(enrolment_file)
    if out.is_dir():
        out /= f"{address.checksum(made.device)}.wrapped"
    papers.must_be_new(out)
    digest = made.signed.message.digest(Domain(made.chain_id, made.contract))
    public_key = secp256k1.recover(digest, made.signed.signature)
    # a private key, used once: 32 bytes are none with a chance of 2^-128
    wrapped = delivery.wrap(viewing_key, public_key, secrets.token_bytes(32))
    out.write_text(f"0x{wrapped.hex()}\n", encoding="ascii")
    facts = Facts().add("meter", address.checksum(made.device))
    facts.add("viewing key hash", "0x" + sealing.key_hash(viewing_key).hex())
    facts.add("wrapped key", str(out)).print(as_json=as_json)


@key.command()
@key_options
@json_option
def address(key: KeyFile, as_json: bool) -> None:
    """Print the address of a key file."""
    Facts().add("address", key.open().address).print(as_json=as_json)
