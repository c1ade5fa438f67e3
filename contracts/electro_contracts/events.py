# SPDX-License-Identifier: Apache-2.0
"""What has happened, as typed records from the contract's logs: each has its event's fields, in the ABI's order."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from electro_protocol.keccak import keccak256

from . import artifact
from .terms import Terms

if TYPE_CHECKING:
    from collections.abc import Sequence


class Event:
    """Any of these."""


@dataclass(frozen=True)
class DeviceEnrolled(Event):
    device: bytes
    hardware_id: bytes
    base_seconds: int


@dataclass(frozen=True)
class AgreementProposed(Event):
    agreement_id: int
    consumer: bytes
    bonus: int
    terms: Terms
    devices: tuple[bytes, ...]


@dataclass(frozen=True)
class AgreementAccepted(Event):
    agreement_id: int
    consumer: bytes
    terms_hash: bytes
    devices_hash: bytes


@dataclass(frozen=True)
class AgreementRenewed(Event):
    """Follows AgreementProposed if the terms and devices are those of an earlier agreement."""

    agreement_id: int
    earlier: int


@dataclass(frozen=True)
class RotationProposed(Event):
    agreement_id: int
    old: bytes
    new: bytes


@dataclass(frozen=True)
class DeviceRotated(Event):
    agreement_id: int
    old: bytes
    new: bytes
    place: int
    first_interval: int


@dataclass(frozen=True)
class EnergyReported(Event):
    agreement_id: int
    device: bytes
    first_interval: int
    register_wh: int
    readings: bytes


@dataclass(frozen=True)
class SealedReported(Event):
    """`sealed` has iv, register and readings; `deviations` what the meter says of them."""

    agreement_id: int
    device: bytes
    first_interval: int
    sealed: bytes
    deviations: bytes


@dataclass(frozen=True)
class ViewingKeyHeld(Event):
    device: bytes
    viewing_key_hash: bytes


@dataclass(frozen=True)
class Violations(Event):
    """Counts of intervals, sums of units, and money."""

    agreement_id: int
    device: bytes
    first_interval: int
    under: int
    over: int
    no_data: int
    under_units: int
    over_units: int
    penalty: int


@dataclass(frozen=True)
class OutageReported(Event):
    """`penalty` is the whole of this outage; 0 while it is open."""

    agreement_id: int
    device: bytes
    number: int
    started_at: int
    ended_at: int
    cause: int
    penalty: int


@dataclass(frozen=True)
class ReportSkipped(Event):
    """`reason` is the selector of the error, see errors.REASONS."""

    index: int
    reason: bytes


@dataclass(frozen=True)
class OutageSkipped(Event):
    index: int
    reason: bytes


@dataclass(frozen=True)
class ProposalsPause(Event):
    paused: bool


@dataclass(frozen=True)
class Granted(Event):
    agreement_id: int
    amount: int


@dataclass(frozen=True)
class Waived(Event):
    agreement_id: int
    amount: int


@dataclass(frozen=True)
class Cancelled(Event):
    agreement_id: int
    by: bytes


@dataclass(frozen=True)
class Terminated(Event):
    """`intervals` remain of the term, until `end`; `forfeited` is what the consumer gave up of the bonus."""

    agreement_id: int
    by: bytes
    intervals: int
    end: int
    forfeited: int


@dataclass(frozen=True)
class DeviceRevoked(Event):
    device: bytes
    revoked_at: int


@dataclass(frozen=True)
class Settled(Event):
    agreement_id: int
    accrued: int
    remaining: int
    discount: int


@dataclass(frozen=True)
class DiscountRedeemed(Event):
    agreement_id: int
    invoice: bytes
    amount: int


@dataclass(frozen=True)
class RedemptionAcknowledged(Event):
    agreement_id: int
    invoice: bytes
    amount: int


@dataclass(frozen=True)
class EscrowChosen(Event):
    token: bytes


@dataclass(frozen=True)
class Credited(Event):
    """The escrow owes an account so much more."""

    agreement_id: int
    account: bytes
    amount: int


@dataclass(frozen=True)
class Collected(Event):
    """What an account was owed went to `to`, which is mostly itself."""

    account: bytes
    to: bytes
    amount: int


@dataclass(frozen=True)
class FaultDeclared(Event):
    """The place's meter measures up to `end`; never-reported intervals from look_from to look_to are neutral.

    `decides`: so are those from `end` on, until another meter serves the place.
    """

    agreement_id: int
    place: int
    device: bytes
    end: int
    look_from: int
    look_to: int
    decides: bool


@dataclass(frozen=True)
class Renominated(Event):
    """`by` is a places.By; `sequence` the place's after it; `bands` packed like those of the terms."""

    agreement_id: int
    place: int
    first_interval: int
    sequence: int
    by: int
    bands: bytes


@dataclass(frozen=True)
class SuccessorOffered(Event):
    """The zero address: the offer is withdrawn."""

    agreement_id: int
    successor: bytes


@dataclass(frozen=True)
class ConsumerChanged(Event):
    agreement_id: int
    old: bytes
    new: bytes


def _type(entry: dict[str, Any]) -> str:
    kind: str = entry["type"]
    if kind != "tuple":
        return kind
    return "(" + ",".join(map(_type, entry["components"])) + ")"


def _topic(entry: dict[str, Any]) -> bytes:
    return keccak256(f"{entry['name']}({','.join(map(_type, entry['inputs']))})".encode())


_RECORDS = {record.__name__: record for record in Event.__subclasses__()}
_OURS = [each for each in artifact.load().abi if each["type"] == "event" and each["name"] in _RECORDS]
_BY_TOPIC = {_topic(entry): entry for entry in _OURS}
TOPICS: dict[str, bytes] = {entry["name"]: topic for topic, entry in _BY_TOPIC.items()}
"""Topic 0 of each event, by its name."""


def entries() -> list[dict[str, Any]]:
    """Return what the ABI says of each event."""
    return _OURS


def decode(topics: Sequence[bytes], data: bytes) -> Event | None:
    """Return the record of a log of the contract; None for what is not Electro's own (roles, say).

    Raises:
        ValueError: no contract has said this: its data ends too soon, or holds terms that none can agree on.
    """
    entry = _BY_TOPIC.get(topics[0]) if topics else None
    if entry is None:
        return None
    indexed, places = iter(topics[1:]), itertools.count()
    values = [
        _static(each["type"], next(indexed)) if each["indexed"] else _member(each, data, next(places))
        for each in entry["inputs"]
    ]
    return _RECORDS[entry["name"]](*values)


def _static(kind: str, word: bytes) -> int | bytes:
    if kind == "address":
        return word[12:]
    if kind.startswith("bytes"):
        return word[: int(kind[5:])]
    return bool(word[31]) if kind == "bool" else int.from_bytes(word, "big")


def _member(entry: dict[str, Any], data: bytes, place: int) -> Any:
    """The value that word `place` of a tuple is, or points to from the tuple's beginning."""
    kind, word = entry["type"], data[32 * place : 32 * place + 32]
    if kind not in ("bytes", "tuple", "address[]"):
        return _static(kind, word)
    behind = data[int.from_bytes(word, "big") :]
    if kind == "tuple":
        return Terms.from_tuple([_member(each, behind, i) for i, each in enumerate(entry["components"])])
    count, items = int.from_bytes(behind[:32], "big"), behind[32:]
    if count * (1 if kind == "bytes" else 32) > len(items):
        raise ValueError("its data ends too soon")
    return items[:count] if kind == "bytes" else tuple(items[32 * i + 12 : 32 * i + 32] for i in range(count))
