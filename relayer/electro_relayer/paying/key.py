# SPDX-License-Identifier: Apache-2.0
"""Read the key that pays gas from a file only its owner can read: a keystore, plain hex, or a mnemonic.

A key on the command line would stand in the process list and the shell's history, so there is no such way.
"""

from __future__ import annotations

import json
import os
import re
import stat
from typing import TYPE_CHECKING

import coincurve

from electro_relayer.errors import KeyFileError
from electro_relayer.hashing import keccak256

if TYPE_CHECKING:
    from pathlib import Path

    from electro_relayer.settings import Settings


HD_PATH = "m/44'/60'/0'/0/{}"  # BIP-44 for Ethereum; wallets count the last number, so does a set of replicas


class Key:
    """A private key that shows its address and never itself."""

    __slots__ = ("_secret", "address")

    def __init__(self, secret: bytes) -> None:
        self._secret = coincurve.PrivateKey(secret)
        self.address = keccak256(self._secret.public_key.format(compressed=False)[1:])[12:]

    def sign(self, digest: bytes) -> tuple[int, int, int]:
        """Sign a digest; returns (recovery id, r, s) with low s, as libsecp256k1 makes them."""
        signature = self._secret.sign_recoverable(digest, hasher=None)
        return signature[64], int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")

    def __repr__(self) -> str:
        return f"Key(address=0x{self.address.hex()})"


def read_key(file: Path, password_file: Path | None = None, ordinal: int | None = None) -> Key:
    """Open a key file; raises KeyFileError."""
    return Key(read_secret(file, password_file, ordinal))


def key_of(settings: Settings) -> Key:
    """Return the key that the settings name; raises KeyFileError."""
    ordinal = settings.key_ordinal
    if ordinal is None and settings.key_ordinal_file is not None:
        ordinal = read_ordinal(settings.key_ordinal_file)
    return read_key(settings.key_file, settings.key_password_file, ordinal)


def read_ordinal(file: Path) -> int:
    """Return the number a file holds or ends in, as the host name `relayer-2` does."""
    try:
        found = re.search(r"[0-9]{1,9}$", file.read_text("utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"The ordinal file {file} can't be read.") from error
    if found is None:
        raise KeyFileError(f"The ordinal file {file} must hold, or end in, a whole number.")
    return int(found[0])


def read_secret(file: Path, password_file: Path | None = None, ordinal: int | None = None) -> bytes:
    """Return the 32 bytes of a key file: a keystore begins with "{", a mnemonic has spaces, else it is hex.

    Raises KeyFileError.
    """
    text = _read_private(file, "key file")
    if text.startswith("{"):
        secret = _from_keystore(file, text, password_file)
    elif len(words := text.split()) > 1:
        secret = _from_mnemonic(file, " ".join(words), ordinal)
    else:
        secret = _from_hex(file, text)
    try:
        Key(secret)
    except ValueError as error:  # zero, or not below the order of the curve
        raise KeyFileError(f"The key file {file} holds a number that is no secp256k1 key.") from error
    return secret


def _read_private(file: Path, what: str) -> str:
    try:
        mode = file.stat().st_mode
        text = file.read_text("ascii").strip()
    except FileNotFoundError as error:
        raise KeyFileError(f"There is no {what} {file}.") from error
    except OSError as error:
        raise KeyFileError(f"The {what} {file} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise KeyFileError(f"The {what} {file} is not text.") from error
    others = stat.S_IRWXO if _is_credential(file) else stat.S_IRWXG | stat.S_IRWXO
    if mode & others and not (what == "key file" and text.startswith("{")):
        raise KeyFileError(f"The {what} {file} can be read by others; run: chmod 600 {file}")
    return text


def _is_credential(file: Path) -> bool:
    """Tell whether systemd made the file for this process alone; what stands for its access list looks like a group."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return folder is not None and str(file.parent) == folder


def _from_hex(file: Path, text: str) -> bytes:
    try:
        secret = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        secret = b""
    if len(secret) != 32:
        raise KeyFileError(f"The key file {file} must hold a keystore or 64 hex digits.")
    return secret


def _from_mnemonic(file: Path, words: str, ordinal: int | None) -> bytes:
    if ordinal is None:
        raise KeyFileError(f"The key file {file} holds a mnemonic; set key_ordinal or key_ordinal_file.")
    from eth_account import Account  # noqa: PLC0415 - half a second to import, and only for this
    from eth_utils.exceptions import ValidationError  # noqa: PLC0415

    Account.enable_unaudited_hdwallet_features()
    try:
        return bytes(Account.from_mnemonic(words, account_path=HD_PATH.format(ordinal)).key)
    except (ValueError, ValidationError):  # its own words may repeat the mnemonic's
        raise KeyFileError(f"The key file {file} holds words that are no BIP-39 mnemonic.") from None


def _from_keystore(file: Path, text: str, password_file: Path | None) -> bytes:
    if password_file is None:
        raise KeyFileError(f"The key file {file} is an encrypted keystore; set key_password_file.")
    password = _read_private(password_file, "password file")
    try:
        from eth_account import Account  # noqa: PLC0415 - half a second to import, and only for this

        return bytes(Account.decrypt(json.loads(text), password))
    except (ValueError, KeyError, TypeError, NotImplementedError) as error:
        raise KeyFileError(f"The keystore {file} does not open with this password.") from error
