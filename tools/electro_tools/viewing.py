# SPDX-License-Identifier: Apache-2.0
"""Viewing keys: files of 32 secret bytes, which the parties of a sealed agreement share and its meters hold."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from electro_console import viewing_keys
from electro_contracts import sealed
from electro_contracts.sealed import SealError
from electro_protocol import delivery
from electro_protocol.sealing import KEY_BYTES
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_console.agreement.sealed_bands import SealedBands
    from electro_console.agreement.sealed_paper import Viewing
    from electro_console.viewing_keys import ViewingKeys
    from electro_contracts.terms import Terms
    from electro_tools.contract.desk import Desk

_Opened = TypeVar("_Opened")

FILE = click.Path(dir_okay=False, path_type=Path)
viewing_option = click.option(
    "--viewing-key",
    "viewing_file",
    type=FILE,
    envvar="ELECTRO_VIEWING_KEY",
    help="File of the viewing key, of an agreement whose readings are sealed.",
)

viewing_folder_option = click.option(
    "--viewing-keys",
    "viewing_folder",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="ELECTRO_VIEWING_KEYS",
    help=f"Folder of the viewing keys, files named {viewing_keys.PATTERN}, of agreements that are sealed.",
)


def make(file: Path) -> bytes:
    """Write a new viewing key to a file of mode 0600, and return it; raise ToolError if there is such a file."""
    key = secrets.token_bytes(KEY_BYTES)
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(f"0x{key.hex()}\n")
    except FileExistsError:
        raise ToolError(f"{file} exists already", "a key is never written over another file") from None
    except OSError as error:
        raise ToolError(f"{file} can't be written: {error.strerror}") from error
    return key


def read(file: Path) -> bytes:
    """Return the viewing key of a file; raise ToolError."""
    try:
        return viewing_keys.read(file)
    except viewing_keys.NoViewingKeyError as error:
        raise ToolError(str(error), "electro key viewing FILE makes one") from error


def wrapped_in(file: Path) -> bytes | None:
    """Return a wrapped viewing key of a file, None if it holds something else."""
    try:
        raw = bytes.fromhex(file.read_text(encoding="ascii").strip().removeprefix("0x"))
    except (OSError, ValueError):
        return None
    return raw if len(raw) == delivery.WRAPPED_BYTES else None


def in_folder(folder: Path | None) -> ViewingKeys:
    """Return all viewing keys of a folder, none without one; raise ToolError."""
    try:
        return viewing_keys.ViewingKeys() if folder is None else viewing_keys.in_folder(folder)
    except viewing_keys.NoViewingKeyError as error:
        raise ToolError(str(error), f"a folder has its keys in files named {viewing_keys.PATTERN}") from error


def opened(terms: Terms, file: Path | None) -> Terms:
    """Return terms in the clear; raise ToolError if they are sealed and this file does not open them."""
    return terms if terms.seal is None else _with_key(file, lambda key: sealed.opened(terms, key))


def bands_of(agreement_id: int, terms: Terms, file: Path | None) -> SealedBands:
    """Return the bands of a sealed agreement, pass by pass; raise ToolError if this file does not open them."""
    from electro_console.agreement.sealed_bands import SealedBands

    return _with_key(file, lambda key: SealedBands(agreement_id, terms, key))


def _with_key(file: Path | None, use: Callable[[bytes], _Opened]) -> _Opened:
    if file is None:
        raise ToolError(
            "the bands and readings of this agreement are sealed, and no viewing key was given",
            "--viewing-key FILE, which the other party has too",
        )
    try:
        return use(read(file))
    except SealError as error:
        raise ToolError(f"{file} does not open the agreement: {error}") from error


def viewing_of(desk: Desk, file: Path | None) -> Viewing | None:
    """Return what opens reports of the desk's contract; None without a file."""
    from electro_console.agreement.sealed_paper import Viewing

    return None if file is None else Viewing(read(file), desk.domain.separator)
