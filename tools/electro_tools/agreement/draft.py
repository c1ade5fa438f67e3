# SPDX-License-Identifier: Apache-2.0
"""A renomination as a file, whole: what holds, what is new, on which terms; the consumer reads and signs it offline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from electro_console.nomination import Nomination
from electro_contracts.terms import MAX_SLOTS, TermsError, pack_bands
from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.messages import MessageError, Renomination
from electro_tools import papers
from electro_tools.errors import ToolError
from electro_tools.facts import safe

from .offer import bands_of_json, terms_of_json, terms_to_json, whole

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Draft:
    """A nomination for one agreement of one contract."""

    domain: Domain
    agreement_id: int
    consumer: bytes
    nomination: Nomination

    def message(self, deadline: int) -> Renomination:
        """Return what the consumer signs."""
        new = self.nomination
        return Renomination(
            *(self.agreement_id, new.place, new.first, new.sequence + 1, pack_bands(new.bands), deadline)
        )

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
            "held": [list(band) for band in new.held],
            "bands": [list(band) for band in new.bands],
        }
        safe_content: dict[str, Any] = safe(content)
        return safe_content

    @classmethod
    def from_json(cls, untrusted: Any) -> Draft:
        """Return the draft of a JSON object.

        Raises:
            ValueError: with a sentence, if something is missing or does not fit.
        """
        if not isinstance(untrusted, dict):
            raise ValueError("it is no JSON object")
        try:
            nomination = Nomination(
                terms_of_json(untrusted["terms"]),
                whole(untrusted["place"]),
                whole(untrusted["first"]),
                bands_of_json(untrusted["bands"]),
                bands_of_json(untrusted["held"]),
                whole(untrusted["kept"]),
                whole(untrusted["sequence"]),
            )
            draft = cls(
                Domain(whole(untrusted["chain_id"]), address.parse(untrusted["contract"])),
                whole(untrusted["agreement_id"]),
                address.parse(untrusted["consumer"]),
                nomination,
            )
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


def read(file: Path) -> Draft:
    """Read a draft.

    Raises:
        ToolError: it is not there, or no draft.
    """
    try:
        return Draft.from_json(papers.content_of(file))
    except ValueError as error:
        raise ToolError(
            f"{file} is no draft: {error}", "electro agreement draft writes such a file"
        ) from error
