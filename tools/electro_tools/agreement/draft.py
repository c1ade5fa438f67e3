# SPDX-License-Identifier: Apache-2.0
"""A renomination as a file, whole: what holds, what is new, on which terms; the consumer reads and signs it offline.

Of a sealed agreement the file has ciphertext alone, so that it can be mailed; who has the viewing key reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from electro_console.nomination import Nomination
from electro_contracts.sealed import SealError
from electro_contracts.terms import MAX_SLOTS, TermsError, pack_bands
from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.messages import MessageError, Renomination
from electro_protocol.untrusted import hex_bytes
from electro_tools import papers, viewing
from electro_tools.errors import ToolError
from electro_tools.facts import safe

from .offer import bands_of_json, terms_of_json, terms_to_json, whole

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Ciphertext:
    """What a file has of sealed bands, each with its nonce; `held` None: the agreed ones hold."""

    bands: bytes
    held: bytes | None


@dataclass(frozen=True)
class Draft:
    """A nomination for one agreement of one contract; `ciphertext` where its bands are sealed."""

    domain: Domain
    agreement_id: int
    consumer: bytes
    nomination: Nomination
    ciphertext: Ciphertext | None = None

    def message(self, deadline: int) -> Renomination:
        """Return what the consumer signs."""
        new = self.nomination
        packed = pack_bands(new.bands) if self.ciphertext is None else self.ciphertext.bands
        return Renomination(*(self.agreement_id, new.place, new.first, new.sequence + 1, packed, deadline))

    def to_json(self) -> dict[str, Any]:
        """Return the file's content."""
        new = self.nomination
        content = {
            "chain_id": self.domain.chain_id,
            "contract": address.checksum(self.domain.contract),
            "agreement_id": self.agreement_id,
            "consumer": address.checksum(self.consumer),
            "terms": terms_to_json(new.terms),
            "kept": new.kept,
            "place": new.place,
            "first": new.first,
            "sequence": new.sequence,
            **self._bands_to_json(),
        }
        safe_content: dict[str, Any] = safe(content)
        return safe_content

    def _bands_to_json(self) -> dict[str, Any]:
        if self.ciphertext is None:
            held, bands = self.nomination.held, self.nomination.bands
            return {"held": [list(band) for band in held], "bands": [list(band) for band in bands]}
        own, held_packed = self.ciphertext.bands, self.ciphertext.held
        return {
            "held": None if held_packed is None else "0x" + held_packed.hex(),
            "bands": "0x" + own.hex(),
        }

    @classmethod
    def from_json(cls, untrusted: Any, viewing_file: Path | None = None) -> Draft:
        """Return the draft of a JSON object.

        Raises:
            ValueError: with a sentence, if something is missing or does not fit.
            SealError: its bands are sealed, and not for what it names.
            ToolError: they are sealed, and this is not the agreement's key.
        """
        if not isinstance(untrusted, dict):
            raise ValueError("it is no JSON object")
        try:
            terms = terms_of_json(untrusted["terms"])
            place, first = whole(untrusted["place"]), whole(untrusted["first"])
            agreement_id = whole(untrusted["agreement_id"])
            ciphertext = None
            if terms.seal is None:
                bands, held = bands_of_json(untrusted["bands"]), bands_of_json(untrusted["held"])
            else:
                ciphertext = _ciphertext(untrusted)
                pass_, slot = divmod(first, len(terms.bands))
                if slot:
                    raise ValueError("sealed bands replace those of a whole pass")
                sealed = viewing.bands_of(agreement_id, terms, viewing_file)
                bands, held = (
                    sealed.held(place, pass_, each) for each in (ciphertext.bands, ciphertext.held)
                )
            kept, sequence = whole(untrusted["kept"]), whole(untrusted["sequence"])
            nomination = Nomination(terms, place, first, bands, held, kept, sequence)
            domain = Domain(whole(untrusted["chain_id"]), address.parse(untrusted["contract"]))
            draft = cls(domain, agreement_id, address.parse(untrusted["consumer"]), nomination, ciphertext)
            draft.message(0)
        except KeyError as error:
            raise ValueError(f"{error.args[0]} is missing") from error
        except (TypeError, OverflowError, TermsError, MessageError) as error:
            raise ValueError(str(error)) from error
        if len(nomination.held) != len(nomination.terms.bands):
            raise ValueError("what holds is not a whole pass of the schedule")
        if not 1 <= len(nomination.bands) <= MAX_SLOTS or nomination.last >= nomination.terms.intervals:
            raise ValueError("its intervals are not of this agreement")
        return draft


def _ciphertext(untrusted: dict[str, Any]) -> Ciphertext:
    held = untrusted["held"]
    return Ciphertext(
        hex_bytes("bands", untrusted["bands"]), None if held is None else hex_bytes("held", held)
    )


def read(file: Path, viewing_file: Path | None = None) -> Draft:
    """Read a draft; viewing_file: of the viewing key, if its bands are sealed.

    Raises:
        ToolError: it is not there, or no draft, or does not open.
    """
    try:
        return Draft.from_json(papers.content_of(file), viewing_file)
    except SealError as error:
        raise ToolError(
            f"the bands in {file} do not open: {error}",
            "sealed bands are made for one pass at one place of one agreement, with its key: let it be drafted anew",
        ) from error
    except ValueError as error:
        raise ToolError(
            f"{file} is no draft: {error}", "electro agreement draft writes such a file"
        ) from error
