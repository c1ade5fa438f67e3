# SPDX-License-Identifier: Apache-2.0
"""What a consumer has signed, as a file, for whoever sends it: a redemption, a renomination, an acceptance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from electro_contracts.events import AgreementAccepted, Renominated
from electro_contracts.invoices import word_text
from electro_contracts.terms import Terms
from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.messages import AgreementAcceptance, DiscountRedemption, MessageError, Renomination
from electro_protocol.signed import SignedMessage
from electro_tools.errors import ToolError
from electro_tools.facts import Facts

from .offer import whole
from .overrides import must_not_be_sealed

if TYPE_CHECKING:
    from pathlib import Path

    from electro_tools.contract.desk import Desk

_SIGNED = (AgreementAcceptance, DiscountRedemption, Renomination)


@dataclass(frozen=True)
class Consent:
    """A consumer's message for one contract, signed."""

    domain: Domain
    signed: SignedMessage

    def to_json(self) -> dict[str, Any]:
        """Return the file's content."""
        return {
            "chain_id": self.domain.chain_id,
            "contract": address.checksum(self.domain.contract),
            "signed": self.signed.to_json(),
        }


def is_one(untrusted: Any) -> bool:
    """Tell whether a file's content is meant to be a consent; an offer has its terms beside the signature."""
    signed = untrusted.get("signed") if isinstance(untrusted, dict) and "terms" not in untrusted else None
    return isinstance(signed, dict) and signed.get("type") in [each.__name__ for each in _SIGNED]


def from_content(file: Path, untrusted: dict[str, Any]) -> Consent:
    """Return the consent of a file's content.

    Raises:
        ToolError: something is missing or does not fit.
    """
    try:
        domain = Domain(whole(untrusted["chain_id"]), address.parse(untrusted["contract"]))
        return Consent(domain, SignedMessage.from_json(untrusted["signed"]))
    except KeyError as error:
        raise ToolError(f"{file} is no consumer's message: {error.args[0]} is missing") from error
    except (ValueError, MessageError) as error:
        raise ToolError(f"{file} is no consumer's message: {error}") from error


def submit(desk: Desk, consent: Consent, *, together: bool) -> None:
    """Send what is signed; `together`: the sender, as the operator, agrees to a renomination."""
    must_be_here(desk, "what is signed", consent.domain)
    message, signature = consent.signed.message, consent.signed.signature
    facts = Facts()
    if isinstance(message, Renomination):
        must_not_be_sealed(message.agreement_id, Terms.from_tuple(desk.ask("termsOf", message.agreement_id)))
        sent = desk.send("renominateTogether" if together else "renominate", message.values(), signature)
        event = sent.event(Renominated)
        facts.count("agreement", event.agreement_id).count("place", event.place)
        facts.count("first", event.first_interval).add("intervals", len(event.bands) // 4)
        facts.count("sequence", event.sequence)
    elif isinstance(message, DiscountRedemption):
        sent = desk.send("redeemBySignature", *message.values(), signature)
        facts.count("agreement", message.agreement_id).add("invoice", word_text(message.invoice))
        facts.add("amount", message.amount)
    else:
        sent = desk.send("acceptBySignature", *message.values(), signature)
        accepted = sent.event(AgreementAccepted)
        facts.count("agreement", accepted.agreement_id).add("state", "accepted")
        facts.add("consumer", address.checksum(accepted.consumer))
    desk.report(facts, sent)


def must_be_here(desk: Desk, what: object, domain: Domain) -> None:
    """Refuse what was signed for another chain or contract, where its signature would mean nothing."""
    here = desk.domain
    if (domain.chain_id, domain.contract) != (here.chain_id, here.contract):
        raise ToolError(
            f"{what} is for {address.checksum(domain.contract)} on chain {domain.chain_id}, "
            f"not for {desk.contract.address} on chain {here.chain_id}"
        )
