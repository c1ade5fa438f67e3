# SPDX-License-Identifier: Apache-2.0
"""Carry a meter's signed message to the contract by hand, as a relayer does by itself: from a file, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from electro_contracts.events import OutageReported, Violations
from electro_protocol import address
from electro_protocol.messages import EnergyReport, MessageError, OutageReport
from electro_protocol.secp256k1 import SignatureError, compact
from electro_protocol.signed import SignedMessage
from electro_tools.errors import ToolError
from electro_tools.facts import Facts

if TYPE_CHECKING:
    from pathlib import Path

    from electro_tools.contract.desk import Desk


def is_one(untrusted: Any) -> bool:
    """Tell whether a file's content is meant to be a meter's message."""
    return isinstance(untrusted, dict) and untrusted.get("type") in (
        EnergyReport.__name__,
        OutageReport.__name__,
    )


def submit(desk: Desk, file: Path, untrusted: Any) -> None:
    """Send a report or an outage that a meter has signed.

    Raises:
        ToolError: it is none, or the contract refuses it.
    """
    try:
        signed = SignedMessage.from_json(untrusted)
        device = address.checksum(signed.signer(desk.domain))
    except (MessageError, SignatureError) as error:
        raise ToolError(f"{file} is no meter's message: {error}") from error
    message, signature = signed.message, compact(signed.signature)
    call = "submitOutage" if isinstance(message, OutageReport) else "submit"
    sent = desk.send(call, (*message.values(), signature[:32], signature[32:]))
    facts = Facts().count("agreement", message.values()[0]).add("meter", device)  # type: ignore[arg-type]
    if isinstance(message, EnergyReport):
        facts.add("first", message.first_interval).add("intervals", message.intervals)
    costly = (each for each in sent.events if isinstance(each, Violations | OutageReported))
    desk.report(facts.add("penalty", next((each.penalty for each in costly), 0)), sent)
