# SPDX-License-Identifier: Apache-2.0
"""Sealed bands for who has the viewing key: the agreed ones, and those that both parties have put in a pass's place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_contracts import sealed
from electro_contracts.sealed import SealError
from electro_contracts.terms import split_sealed
from electro_protocol import sealing

if TYPE_CHECKING:
    from electro_contracts.terms import Bands, Terms


class SealedBands:
    """The bands of one sealed agreement, pass by pass; a pass is opened once, however often it is asked for."""

    def __init__(self, agreement_id: int, terms: Terms, key: bytes) -> None:
        """Open the bands of the terms; raise SealError if this is not their key."""
        self.agreement_id = agreement_id
        self.terms = terms
        self.agreed = sealed.opened(terms, key).bands
        self._key = key
        self._found: dict[tuple[int, int, bytes], Bands | str] = {}  # or why they do not open

    def held(self, place: int, pass_: int, packed: bytes | None) -> Bands:
        """Return the bands by which a pass is judged at a place; raise SealError.

        packed: ciphertext and nonce that both parties have put in the place of the agreed ones; None: nothing.
        """
        if packed is None:
            return self.agreed
        asked = place, pass_, packed
        found = self._found.get(asked)
        if found is None:
            try:
                found = sealed.opened_pass(packed, self._key, self.terms, self.agreement_id, place, pass_)
            except SealError as error:
                found = str(error)
            self._found[asked] = found
        if isinstance(found, str):
            raise SealError(found)
        return found

    def found(self, place: int, pass_: int, packed: bytes | None) -> Bands | None:
        """Return the same; None: they do not open."""
        try:
            return self.held(place, pass_, packed)
        except SealError:
            return None

    def seal(self, bands: Bands, place: int, pass_: int) -> bytes:
        """Return other bands for a pass at a place, as both parties sign them."""
        return sealed.seal_pass(bands, self._key, self.agreement_id, place, pass_)


def proof_of(
    terms: Terms, agreement_id: int, place: int, pass_: int, packed: bytes | None
) -> tuple[bytes, bytes]:
    """Return what proves the bands of a pass to who has no key: the nonce made of them, and whose they are."""
    if packed is None:
        assert terms.seal is not None  # whoever asks has seen that they are sealed
        return terms.seal.nonce, sealing.AGREED
    return split_sealed(packed)[1], sealing.of_pass(agreement_id, place, pass_)
