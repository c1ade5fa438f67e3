# SPDX-License-Identifier: Apache-2.0
"""A proposal as a file: whole, so that the consumer can read and sign it on a machine without a network.

The acceptance that is signed names the hashes of what stands in the file, worked out from it; what a node says has
no part in them. Signed, the same file carries the signature.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from electro_contracts.terms import NUMBERS, Seal, Terms, TermsError, devices_hash
from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.messages import AgreementAcceptance, MessageError
from electro_protocol.secp256k1 import SignatureError
from electro_protocol.signed import SignedMessage
from electro_protocol.untrusted import hex_bytes
from electro_tools import papers
from electro_tools.errors import ToolError
from electro_tools.facts import safe

if TYPE_CHECKING:
    from pathlib import Path

    from electro_contracts.terms import Bands
    from electro_tools.contract.desk import Desk


@dataclass(frozen=True)
class Offer:
    """One proposal for one contract. `renews` is the agreement whose next period it is; `signed` the acceptance."""

    domain: Domain
    agreement_id: int
    consumer: bytes
    bonus: int
    devices: tuple[bytes, ...]
    terms: Terms
    renews: int | None = None
    signed: SignedMessage | None = None

    def acceptance(self, deadline: int) -> AgreementAcceptance:
        """Return what the consumer signs."""
        return AgreementAcceptance(
            self.agreement_id, self.terms.hash, devices_hash(self.devices), self.bonus, deadline
        )

    def to_json(self) -> dict[str, Any]:
        """Return the file's content."""
        content = {
            "chain_id": self.domain.chain_id,
            "contract": address.checksum(self.domain.contract),
            "agreement_id": self.agreement_id,
            "renews": self.renews,
            "consumer": address.checksum(self.consumer),
            "bonus": self.bonus,
            "devices": [address.checksum(device) for device in self.devices],
            "terms": terms_to_json(self.terms),
            "signed": self.signed.to_json() if self.signed else None,
        }
        safe_content: dict[str, Any] = safe(content)
        return safe_content

    @classmethod
    def from_json(cls, untrusted: Any) -> Offer:
        """Return the offer of a JSON object; its signature, if it has one, is the consumer's or a smart wallet's.

        Raises:
            ValueError: with a sentence, if something is missing or does not fit.
        """
        if not isinstance(untrusted, dict):
            raise ValueError("it is no JSON object")
        try:
            signed = untrusted["signed"]
            renews = untrusted["renews"]
            offer = cls(
                Domain(whole(untrusted["chain_id"]), address.parse(untrusted["contract"])),
                whole(untrusted["agreement_id"]),
                address.parse(untrusted["consumer"]),
                whole(untrusted["bonus"]),
                tuple(address.parse(device) for device in untrusted["devices"]),
                terms_of_json(untrusted["terms"]),
                None if renews is None else whole(renews),
                None if signed is None else SignedMessage.from_json(signed),
            )
        except KeyError as error:
            raise ValueError(f"{error.args[0]} is missing") from error
        except (TypeError, TermsError, MessageError) as error:
            raise ValueError(str(error)) from error
        offer._check_signature()
        return offer

    def _check_signature(self) -> None:
        if self.signed is None:
            return
        message = self.signed.message
        if not isinstance(message, AgreementAcceptance) or message != self.acceptance(message.deadline):
            raise ValueError("what is signed is not the acceptance of this offer")
        try:
            self.signed.signer(self.domain)
        except SignatureError as error:
            raise ValueError(f"its signature is none: {error}") from error


def whole(untrusted: Any) -> int:
    """Return a whole number, or the digits of a large one."""
    if isinstance(untrusted, str) and untrusted.isascii() and untrusted.isdigit() and len(untrusted) <= 78:
        return int(untrusted)
    if not isinstance(untrusted, int) or isinstance(untrusted, bool) or untrusted < 0:
        raise ValueError(f"{str(untrusted)[:40]} should be a whole number")
    return untrusted


def terms_to_json(terms: Terms) -> dict[str, Any]:
    """Return terms by the names of their fields, bands in pairs."""
    seal = terms.seal and {
        "key_hash": "0x" + terms.seal.key_hash.hex(),
        "nonce": "0x" + terms.seal.nonce.hex(),
    }
    return {**dataclasses.asdict(terms), "bands": [list(band) for band in terms.bands], "seal": seal}


def terms_of_json(untrusted: Any) -> Terms:
    """Return the terms of a JSON object; raise ValueError, KeyError, TypeError or TermsError if it has none."""
    terms = dict(untrusted)
    bands = bands_of_json(terms.pop("bands"))
    sealed = terms.pop("seal", None)
    if set(terms) != set(NUMBERS):
        raise ValueError("its terms have other fields than an agreement's")
    seal = (
        None if sealed is None else Seal(*(hex_bytes(name, sealed[name]) for name in ("key_hash", "nonce")))
    )
    numbers: dict[str, Any] = {name: whole(terms[name]) for name in NUMBERS}
    return Terms(**numbers, bands=bands, seal=seal)


def bands_of_json(untrusted: Any) -> Bands:
    """Return bands from pairs; raise ValueError or TypeError if that is not what they are."""
    return tuple((whole(low), whole(high)) for low, high in untrusted)


def of_agreement(desk: Desk, agreement_id: int) -> Offer:
    """Return a proposal that is on chain."""
    found = desk.record("agreement", agreement_id)
    terms = Terms.from_tuple(desk.ask("termsOf", agreement_id))
    return _offer(desk, agreement_id, found, found["bonus"], terms, None)


def of_renewal(desk: Desk, agreement_id: int, start: int, bonus: int) -> Offer:
    """Return the next period of an agreement, under the id that comes next."""
    found = desk.record("agreement", agreement_id)
    terms = dataclasses.replace(Terms.from_tuple(desk.ask("termsOf", agreement_id)), start=start)
    return _offer(desk, desk.ask("agreementCount") + 1, found, bonus, terms, agreement_id)


def _offer(
    desk: Desk, agreement_id: int, found: dict[str, Any], bonus: int, terms: Terms, renews: int | None
) -> Offer:
    devices = tuple(address.parse(device) for device in found["devices"])
    return Offer(desk.domain, agreement_id, address.parse(found["consumer"]), bonus, devices, terms, renews)


def read(file: Path) -> Offer:
    """Read an offer file.

    Raises:
        ToolError: it is not there, or no offer.
    """
    return from_content(file, papers.content_of(file))


def from_content(file: Path, untrusted: Any) -> Offer:
    """Return the offer of a file's content."""
    try:
        return Offer.from_json(untrusted)
    except ValueError as error:
        raise ToolError(
            f"{file} is no offer: {error}", "electro agreement offer writes such a file"
        ) from error
