# SPDX-License-Identifier: Apache-2.0
"""What a consumer has signed, as a file, for whoever sends it: a redemption, a renomination, an acceptance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from electro_contracts.events import AgreementAccepted, Renominated
from electro_contracts.invoices import word_text
from electro_contracts.places import By
from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.messages import AgreementAcceptance, DiscountRedemption, MessageError, Renomination
from electro_protocol.signed import SignedMessage
from electro_tools.errors import ToolError
from electro_tools.facts import Facts

from .draft import Ciphertext, Draft
from .nomination import binding, facts_of, must_be_allowed
from .offer import whole
from .overrides import agreed, in_the_clear, replaced

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


def submit(desk: Desk, consent: Consent, *, together: bool, viewing_file: Path | None = None) -> None:
    """Send what is signed; `together`: the sender, as the operator, agrees to a renomination.

    viewing_file: of the viewing key, with which the operator sees sealed bands before it agrees to them.
    """
    must_be_here(desk, "what is signed", consent.domain)
    message, signature = consent.signed.message, consent.signed.signature
    facts = Facts()
    if isinstance(message, Renomination):
        draft = _opened(desk, message, By.BOTH if together else By.CONSUMER, viewing_file)
        sent = desk.send(
            "renominateTogether" if together else "renominate",
            message.values(),
            signature,
            lasting=binding(draft) if draft else None,
            about=facts_of(draft, desk.now()) if draft else None,
        )
        event = sent.event(Renominated)
        facts.count("agreement", event.agreement_id).count("place", event.place)
        count = len(event.bands) // 4 if draft is None else len(draft.nomination.after())
        facts.count("first", event.first_interval).add("intervals", count)
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


def _opened(desk: Desk, message: Renomination, by: By, viewing_file: Path | None) -> Draft | None:
    """Return what sealed bands that the consumer has signed would change; None: they are not sealed.

    The contract can't check them, and a meter that can't open them is silent, at the price of silence: nobody sends
    them unseen.

    Raises:
        ToolError: they do not open, are unsound or of intervals that the contract would refuse.
    """
    held = agreed(desk, message.agreement_id, by, viewing_file)
    if held.sealed is None:
        return None
    place, terms = message.place, held.terms
    pass_ = message.first_interval // len(terms.bands)
    bands = in_the_clear(message.bands, place, pass_, terms, held.sealed)
    packed, sequence = replaced(desk, message.agreement_id, place, pass_, terms)
    before = held.sealed.found(place, pass_, packed) or held.sealed.agreed
    nomination = held.nomination(place, message.first_interval, bands, before, sequence)
    draft = Draft(
        desk.domain, message.agreement_id, held.consumer, nomination, Ciphertext(message.bands, packed)
    )
    must_be_allowed(draft, by, desk.now())
    return draft


def must_be_here(desk: Desk, what: object, domain: Domain) -> None:
    """Refuse what was signed for another chain or contract, where its signature would mean nothing."""
    here = desk.domain
    if (domain.chain_id, domain.contract) != (here.chain_id, here.contract):
        raise ToolError(
            f"{what} is for {address.checksum(domain.contract)} on chain {domain.chain_id}, "
            f"not for {desk.contract.address} on chain {here.chain_id}"
        )
