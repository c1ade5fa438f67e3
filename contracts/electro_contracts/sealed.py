# SPDX-License-Identifier: Apache-2.0
"""What who has the viewing key sees of a sealed agreement: its bands, its readings, and whether its meter judged right.

Nothing here moves money: the contract prices what the meter told. That it told the truth is checked here, report by
report, and one report can be shown to others who have no key.
"""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from electro_protocol import judging, sealing
from electro_protocol.readings import unpack
from electro_protocol.sealing import SealError

from .terms import Seal, pack_bands, split_sealed, unpack_bands

if TYPE_CHECKING:
    from .terms import Bands, Terms

# Terms that are kept in the clear: a week's take 36 ms to open, and are asked for report by report.
_MOST_OPENED = 500
__all__ = ["Judged", "SealError", "judged", "opened", "opened_pass", "seal", "seal_pass"]


@dataclass(frozen=True)
class Judged:
    """What a sealed report says to one who reads it, and what the meter should have told of it."""

    register_wh: int
    lanes: list[int]
    deviations: bytes

    def is_told(self, deviations: bytes) -> bool:
        """Whether the meter told just that."""
        return self.deviations == deviations


def seal(terms: Terms, key: bytes) -> Terms:
    """Return plain terms with their bands sealed."""
    nonce, lanes = sealing.seal_bands(key, pack_bands(terms.bands))
    return dataclasses.replace(terms, bands=unpack_bands(lanes), seal=Seal(sealing.key_hash(key), nonce))


@functools.lru_cache(maxsize=_MOST_OPENED)
def opened(terms: Terms, key: bytes) -> Terms:
    """Return sealed terms with their bands in the clear; raise SealError if this is not their key."""
    if terms.seal is None:
        return terms
    if sealing.key_hash(key) != terms.seal.key_hash:
        raise SealError("this is the viewing key of another agreement: its hash is not the one in the terms")
    packed = sealing.open_bands(key, terms.seal.nonce, pack_bands(terms.bands))
    return dataclasses.replace(terms, bands=_within(terms, unpack_bands(packed)), seal=None)


def seal_pass(bands: Bands, key: bytes, agreement_id: int, place: int, pass_: int) -> bytes:
    """Return bands for one pass at one place as a renomination of both parties has them, with their nonce."""
    nonce, lanes = sealing.seal_bands(key, pack_bands(bands), sealing.of_pass(agreement_id, place, pass_))
    return lanes + nonce


def opened_pass(packed: bytes, key: bytes, terms: Terms, agreement_id: int, place: int, pass_: int) -> Bands:
    """Return the bands of `seal_pass` in the clear; terms: of the agreement. Raise SealError if they do not open."""
    lanes, nonce = split_sealed(packed)
    if len(lanes) != 4 * len(terms.bands):
        raise SealError("sealed bands replace those of a whole pass")
    found = sealing.open_bands(key, nonce, lanes, sealing.of_pass(agreement_id, place, pass_))
    return _within(terms, unpack_bands(found))


def judged(key: bytes, about: bytes, sealed: bytes, deviations: bytes, bands: Bands, slot: int) -> Judged:
    """Read a report and judge it anew, by the bands of its pass, from its first slot; raise SealError."""
    register_wh, readings = sealing.open_report(key, about, sealed, deviations)
    return Judged(register_wh, unpack(readings), judging.deviations(readings, pack_bands(bands), slot))


def _within(terms: Terms, bands: Bands) -> Bands:
    """Return bands that the connection can take; nobody else can have checked them."""
    for slot, (_, greatest) in enumerate(bands):
        if greatest > terms.capacity_units:
            raise SealError(f"slot {slot} of the sealed bands is greater than what the connection can take")
    return bands
