# SPDX-License-Identifier: Apache-2.0
"""Viewing keys: files of 32 secret bytes in hex; a folder of them opens the agreements that name their hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_console.agreement.sealed_bands import SealedBands
from electro_contracts import sealed
from electro_protocol.sealing import KEY_BYTES, key_hash

if TYPE_CHECKING:
    from pathlib import Path

    from electro_contracts.terms import Terms

PATTERN = "*.viewing"
_MOST_OPENED = 500  # agreements whose bands are kept in the clear


class NoViewingKeyError(ValueError):
    """A file that is no viewing key; the sentence names it."""


class ViewingKeys:
    """Keys by their hashes; never shown, and none is needed for what is not sealed."""

    def __init__(self, keys: dict[bytes, bytes] | None = None) -> None:
        self._keys = keys or {}
        self._bands: dict[tuple[int, Terms], SealedBands] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def key_of(self, terms: Terms) -> bytes | None:
        """Return the key by which terms are sealed, if it is here."""
        return None if terms.seal is None else self._keys.get(terms.seal.key_hash)

    def opened(self, terms: Terms) -> Terms | None:
        """Return terms in the clear, or None: they are sealed by another key, or hold nothing that opens."""
        if terms.seal is None:
            return terms
        key = self.key_of(terms)
        if key is None:
            return None
        try:
            return sealed.opened(terms, key)
        except sealed.SealError:
            return None

    def bands(self, agreement_id: int, terms: Terms) -> SealedBands | None:
        """Return the bands of a sealed agreement, pass by pass; None as `opened`, or if it is not sealed."""
        key = self.key_of(terms)
        if key is None:
            return None
        if (agreement_id, terms) not in self._bands:  # which remember the passes that they have opened
            try:
                opened = SealedBands(agreement_id, terms, key)
            except sealed.SealError:
                return None
            if len(self._bands) >= _MOST_OPENED:
                self._bands.clear()
            self._bands[agreement_id, terms] = opened
        return self._bands[agreement_id, terms]


def read(file: Path) -> bytes:
    """Return the key in a file; raise NoViewingKeyError."""
    try:
        key = bytes.fromhex(file.read_text(encoding="ascii").strip().removeprefix("0x"))
    except (OSError, ValueError) as error:
        raise NoViewingKeyError(f"{file} is no viewing key: {error}") from error
    if len(key) != KEY_BYTES:
        raise NoViewingKeyError(f"{file} is no viewing key: it has {len(key)} bytes, not {KEY_BYTES}")
    return key


def in_folder(folder: Path) -> ViewingKeys:
    """Return all keys of a folder, files named *.viewing; raise NoViewingKeyError."""
    if not folder.is_dir():
        raise NoViewingKeyError(f"{folder} is no folder")
    keys = [read(file) for file in sorted(folder.glob(PATTERN))]
    return ViewingKeys({key_hash(key): key for key in keys})
