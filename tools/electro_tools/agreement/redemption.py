# SPDX-License-Identifier: Apache-2.0
"""A signed redemption as a file, from the consumer's side to whoever sends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.messages import DiscountRedemption, MessageError
from electro_protocol.signed import SignedMessage
from electro_tools.errors import ToolError
from electro_tools.facts import Facts
from electro_tools.parameters import word_text

from .offer import whole

if TYPE_CHECKING:
    from pathlib import Path

    from electro_tools.contract.desk import Desk


@dataclass(frozen=True)
class Redemption:
    """A DiscountRedemption for one contract, signed."""

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
    """Tell whether a file's content is meant to be a redemption."""
    signed = untrusted.get("signed") if isinstance(untrusted, dict) else None
    return isinstance(signed, dict) and signed.get("type") == DiscountRedemption.__name__


def from_content(file: Path, untrusted: dict[str, Any]) -> Redemption:
    """Return the redemption of a file's content.

    Raises:
        ToolError: something is missing or does not fit.
    """
    try:
        domain = Domain(whole(untrusted["chain_id"]), address.parse(untrusted["contract"]))
        return Redemption(domain, SignedMessage.from_json(untrusted["signed"]))
    except KeyError as error:
        raise ToolError(f"{file} is no redemption: {error.args[0]} is missing") from error
    except (ValueError, MessageError) as error:
        raise ToolError(f"{file} is no redemption: {error}") from error


def submit(desk: Desk, redemption: Redemption) -> None:
    """Send a signed redemption."""
    must_be_here(desk, "the redemption", redemption.domain)
    message = redemption.signed.message
    assert isinstance(message, DiscountRedemption)  # is_one saw to it
    sent = desk.send("redeemBySignature", *message.values(), redemption.signed.signature)
    facts = Facts().count("agreement", message.agreement_id).add("invoice", word_text(message.invoice))
    desk.report(facts.add("amount", message.amount), sent)


def must_be_here(desk: Desk, what: object, domain: Domain) -> None:
    """Refuse what was signed for another chain or contract, where its signature would mean nothing."""
    here = desk.domain
    if (domain.chain_id, domain.contract) != (here.chain_id, here.contract):
        raise ToolError(
            f"{what} is for {address.checksum(domain.contract)} on chain {domain.chain_id}, "
            f"not for {desk.contract.address} on chain {here.chain_id}"
        )
