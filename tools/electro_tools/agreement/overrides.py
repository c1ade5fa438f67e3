# SPDX-License-Identifier: Apache-2.0
"""What holds at a place: the bands of the terms, or what was renominated for a pass of the schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from electro_console.nomination import BY_BOTH, Nomination, replaced_in
from electro_contracts.places import By
from electro_contracts.sealed import SealError
from electro_contracts.terms import Terms, unpack_bands
from electro_protocol import address
from electro_tools import viewing
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path

    from electro_console.agreement.sealed_bands import SealedBands
    from electro_contracts.terms import Bands
    from electro_tools.contract.desk import Desk

_NOBODY = "0x" + "00" * 20


@dataclass(frozen=True)
class Agreed:
    """An agreement whose bands are to be replaced; `sealed` opens them, None where they are in the clear."""

    agreement_id: int
    record: dict[str, Any]
    terms: Terms
    sealed: SealedBands | None

    @property
    def consumer(self) -> bytes:
        return address.parse(self.record["consumer"])

    @property
    def kept(self) -> int:
        """Intervals of the term that are left."""
        kept: int = (self.record["end"] - self.record["start"]) // self.terms.interval_seconds
        return kept

    def nomination(self, place: int, first: int, bands: Bands, held: Bands, sequence: int) -> Nomination:
        """Return new bands beside those that hold."""
        return Nomination(self.terms, place, first, bands, held, self.kept, sequence)


def agreed(desk: Desk, agreement_id: int, by: By, viewing_file: Path | None) -> Agreed:
    """Return an agreement for whose bands others are meant, by one party or by both.

    Raises:
        ToolError: it is sealed, and one party alone is to replace its bands, or this is not its key.
    """
    terms = Terms.from_tuple(desk.ask("termsOf", agreement_id))
    if terms.seal is not None and by is not By.BOTH:
        raise ToolError(
            f"agreement {agreement_id} is sealed: the contract can't tell whether its bands are sound, no wider or no "
            "higher, so that only both parties together replace them",
            BY_BOTH,
        )
    sealed = None if terms.seal is None else viewing.bands_of(agreement_id, terms, viewing_file)
    return Agreed(agreement_id, desk.record("agreement", agreement_id), terms, sealed)


def replaced(desk: Desk, agreement_id: int, place: int, pass_: int, terms: Terms) -> tuple[bytes | None, int]:
    """Return the packed bands that hold in a pass instead of the agreed ones, and the place's last sequence."""
    account, sequence = desk.ask("overrideOf", agreement_id, place, pass_)
    code = None if account == _NOBODY else bytes(desk.web3.eth.get_code(account))
    return None if code is None else replaced_in(code, terms), sequence


def in_the_clear(
    packed: bytes | None, place: int, pass_: int, terms: Terms, sealed: SealedBands | None
) -> Bands:
    """Return the bands of a whole pass; raise ToolError if they are sealed and do not open.

    packed: what was `replaced`.
    """
    if sealed is None:
        return terms.bands if packed is None else unpack_bands(packed)
    try:
        return sealed.held(place, pass_, packed)
    except SealError as error:
        raise ToolError(
            f"the bands of pass {pass_} at place {place} do not open: {error}",
            "sealed bands are made for one pass at one place of one agreement, with its key: draft them anew",
        ) from error
