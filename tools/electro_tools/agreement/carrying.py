# SPDX-License-Identifier: Apache-2.0
"""Carry a meter's signed message to the contract by hand, as a relayer does by itself: from a file, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from electro_contracts.events import OutageReported, Violations
from electro_protocol import address
from electro_protocol.messages import (
    EnergyReport,
    MessageError,
    OutageReport,
    SealedReport,
    ViewingKeyReady,
)
from electro_protocol.secp256k1 import SignatureError, compact
from electro_protocol.signed import SignedMessage
from electro_tools.errors import ToolError
from electro_tools.facts import Facts

if TYPE_CHECKING:
    from pathlib import Path

    from electro_tools.contract.desk import Desk


def is_one(untrusted: Any) -> bool:
    """Tell whether a file's content is meant to be a meter's message."""
    carried = (EnergyReport, SealedReport, OutageReport, ViewingKeyReady)
    return isinstance(untrusted, dict) and untrusted.get("type") in [each.__name__ for each in carried]


def submit(desk: Desk, file: Path, untrusted: Any) -> None:
    """Send a report or an outage that a meter has signed, or that it holds a viewing key.

    Raises:
        ToolError: it is none, or the contract refuses it.
    """
    try:
        signed = SignedMessage.from_json(untrusted)
        device = address.checksum(signed.signer(desk.domain))
    except (MessageError, SignatureError) as error:
        raise ToolError(f"{file} is no meter's message: {error}") from error
    message, signature = signed.message, compact(signed.signature)
    if isinstance(message, ViewingKeyReady):
        key_hash = message.viewing_key_hash
        sent = desk.send("noteViewingKey", key_hash, signature[:32], signature[32:])
        desk.report(Facts().add("meter", device).add("viewing key hash", "0x" + key_hash.hex()), sent)
        return
    calls = {OutageReport: "submitOutage", SealedReport: "submitSealed"}
    call = calls.get(type(message), "submit")
    sent = desk.send(call, (*message.values(), signature[:32], signature[32:]))
    facts = Facts().count("agreement", message.values()[0]).add("meter", device)  # type: ignore[arg-type]
    if isinstance(message, EnergyReport | SealedReport):
        facts.add("first", message.first_interval).add("intervals", message.intervals)
    costly = (each for each in sent.events if isinstance(each, Violations | OutageReported))
    desk.report(facts.add("penalty", next((each.penalty for each in costly), 0)), sent)
