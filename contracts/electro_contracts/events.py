# SPDX-License-Identifier: Apache-2.0
"""What has happened, as typed records from the contract's logs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from electro_protocol.keccak import keccak256

from .terms import Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class DeviceEnrolled:
    device: bytes
    hardware_id: bytes


@dataclass(frozen=True)
class AgreementProposed:
    agreement_id: int
    consumer: bytes
    bonus: int
    terms: Terms
    devices: tuple[bytes, ...]


@dataclass(frozen=True)
class AgreementAccepted:
    agreement_id: int
    consumer: bytes
    terms_hash: bytes
    devices_hash: bytes


@dataclass(frozen=True)
class AgreementRenewed:
    """Follows AgreementProposed if the terms and devices are those of an earlier agreement."""

    agreement_id: int
    earlier: int


@dataclass(frozen=True)
class RotationProposed:
    agreement_id: int
    old: bytes
    new: bytes


@dataclass(frozen=True)
class DeviceRotated:
    agreement_id: int
    old: bytes
    new: bytes
    first_interval: int


@dataclass(frozen=True)
class EnergyReported:
    agreement_id: int
    device: bytes
    first_interval: int
    register_wh: int
    readings: bytes


@dataclass(frozen=True)
class Violations:
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
class OutageReported:
    """`penalty` is the whole of this outage, in place of an earlier report of it."""

    agreement_id: int
    device: bytes
    started_at: int
    ended_at: int
    cause: int
    penalty: int


@dataclass(frozen=True)
class ReportSkipped:
    """`reason` is the selector of the error, see errors.REASONS."""

    index: int
    reason: bytes


@dataclass(frozen=True)
class OutageSkipped:
    index: int
    reason: bytes


@dataclass(frozen=True)
class ProposalsPause:
    paused: bool


@dataclass(frozen=True)
class Granted:
    agreement_id: int
    amount: int


@dataclass(frozen=True)
class Waived:
    agreement_id: int
    amount: int


@dataclass(frozen=True)
class Cancelled:
    agreement_id: int
    by: bytes


@dataclass(frozen=True)
class Terminated:
    """`intervals` remain of the term, until `end`; `forfeited` is what the consumer gave up of the bonus."""

    agreement_id: int
    by: bytes
    intervals: int
    end: int
    forfeited: int


@dataclass(frozen=True)
class DeviceRevoked:
    device: bytes
    revoked_at: int


@dataclass(frozen=True)
class Settled:
    agreement_id: int
    accrued: int
    remaining: int
    discount: int


@dataclass(frozen=True)
class DiscountRedeemed:
    agreement_id: int
    invoice: bytes
    amount: int


@dataclass(frozen=True)
class RedemptionAcknowledged:
    agreement_id: int
    invoice: bytes
    amount: int


@dataclass(frozen=True)
class EscrowChosen:
    token: bytes


@dataclass(frozen=True)
class Credited:
    """The escrow owes an account so much more."""

    agreement_id: int
    account: bytes
    amount: int


@dataclass(frozen=True)
class Collected:
    account: bytes
    amount: int


@dataclass(frozen=True)
class RedemptionWithdrawn:
    agreement_id: int
    invoice: bytes
    amount: int


Event = (
    DeviceEnrolled
    | AgreementProposed
    | AgreementAccepted
    | AgreementRenewed
    | RotationProposed
    | DeviceRotated
    | EnergyReported
    | Violations
    | OutageReported
    | ReportSkipped
    | OutageSkipped
    | ProposalsPause
    | Granted
    | Waived
    | Cancelled
    | Terminated
    | DeviceRevoked
    | Settled
    | DiscountRedeemed
    | RedemptionAcknowledged
    | EscrowChosen
    | Credited
    | Collected
    | RedemptionWithdrawn
)


class _Log:
    """The words of a log: indexed fields from the topics, the others from the data."""

    def __init__(self, topics: Sequence[bytes], data: bytes) -> None:
        self.topics = topics
        self.data = data

    def topic(self, i: int) -> int:
        return int.from_bytes(self.topics[i], "big")

    def address(self, i: int) -> bytes:
        return self.topics[i][12:]

    def raw(self, at: int, length: int = 32) -> bytes:
        return self.data[at : at + length]

    def word(self, i: int, base: int = 0) -> int:
        return int.from_bytes(self.raw(base + 32 * i), "big")

    def words(self, first: int, last: int) -> list[int]:
        return [self.word(i) for i in range(first, last + 1)]

    def dynamic(self, i: int, base: int = 0) -> bytes:
        """The bytes to which word i of the tuple at `base` points."""
        position = base + self.word(i, base)
        return self.raw(position + 32, self.word(0, position))


_TERMS = "(uint40,uint32,uint32,uint32,uint64,uint64,uint64,uint64,uint64,uint8,uint64,uint32,uint32,uint32,uint32,uint32,bytes)"  # noqa: E501


def _proposed(log: _Log) -> AgreementProposed:
    base = log.word(1)
    terms = Terms.from_tuple([*(log.word(i, base) for i in range(16)), log.dynamic(16, base)])
    at = log.word(2)
    devices = tuple(log.raw(at + 32 + 32 * i)[12:] for i in range(log.word(0, at)))
    return AgreementProposed(log.topic(1), log.address(2), log.word(0), terms, devices)


def _violations(log: _Log) -> Violations:
    return Violations(log.topic(1), log.address(2), *log.words(0, 6))


def _outage(log: _Log) -> OutageReported:
    return OutageReported(log.topic(1), log.address(2), *log.words(0, 3))


def _accepted(log: _Log) -> AgreementAccepted:
    return AgreementAccepted(log.topic(1), log.address(2), log.raw(0), log.raw(32))


def _reported(log: _Log) -> EnergyReported:
    return EnergyReported(log.topic(1), log.address(2), log.word(0), log.word(1), log.dynamic(2))


_READERS: dict[str, Callable[[_Log], Event]] = {
    "DeviceEnrolled(address,bytes32)": lambda log: DeviceEnrolled(log.address(1), log.topics[2]),
    f"AgreementProposed(uint64,address,uint128,{_TERMS},address[])": _proposed,
    "AgreementAccepted(uint64,address,bytes32,bytes32)": _accepted,
    "AgreementRenewed(uint64,uint64)": lambda log: AgreementRenewed(log.topic(1), log.topic(2)),
    "RotationProposed(uint64,address,address)": lambda log: RotationProposed(
        log.topic(1), log.address(2), log.address(3)
    ),
    "DeviceRotated(uint64,address,address,uint32)": lambda log: DeviceRotated(
        log.topic(1), log.address(2), log.address(3), log.word(0)
    ),
    "EnergyReported(uint64,address,uint32,uint64,bytes)": _reported,
    "Violations(uint64,address,uint32,uint256,uint256,uint256,uint256,uint256,uint256)": _violations,
    "OutageReported(uint64,address,uint40,uint40,uint8,uint256)": _outage,
    "ReportSkipped(uint256,bytes4)": lambda log: ReportSkipped(log.word(0), log.raw(32, 4)),
    "OutageSkipped(uint256,bytes4)": lambda log: OutageSkipped(log.word(0), log.raw(32, 4)),
    "ProposalsPause(bool)": lambda log: ProposalsPause(bool(log.word(0))),
    "Granted(uint64,uint128)": lambda log: Granted(log.topic(1), log.word(0)),
    "Waived(uint64,uint128)": lambda log: Waived(log.topic(1), log.word(0)),
    "Cancelled(uint64,address)": lambda log: Cancelled(log.topic(1), log.raw(0)[12:]),
    "Terminated(uint64,address,uint32,uint40,uint128)": lambda log: Terminated(
        log.topic(1), log.raw(0)[12:], *log.words(1, 3)
    ),
    "DeviceRevoked(address,uint40)": lambda log: DeviceRevoked(log.address(1), log.word(0)),
    "Settled(uint64,uint256,uint128,uint128)": lambda log: Settled(log.topic(1), *log.words(0, 2)),
    "EscrowChosen(address)": lambda log: EscrowChosen(log.address(1)),
    "Credited(uint64,address,uint256)": lambda log: Credited(log.topic(1), log.address(2), log.word(0)),
    "Collected(address,uint256)": lambda log: Collected(log.address(1), log.word(0)),
    "RedemptionWithdrawn(uint64,bytes32,uint128)": lambda log: RedemptionWithdrawn(
        log.topic(1), log.topics[2], log.word(0)
    ),
    "DiscountRedeemed(uint64,bytes32,uint128)": lambda log: DiscountRedeemed(
        log.topic(1), log.topics[2], log.word(0)
    ),
    "RedemptionAcknowledged(uint64,bytes32,uint128)": lambda log: RedemptionAcknowledged(
        log.topic(1), log.topics[2], log.word(0)
    ),
}

_BY_TOPIC = {keccak256(signature.encode()): reader for signature, reader in _READERS.items()}
TOPICS: dict[str, bytes] = {
    signature[: signature.index("(")]: keccak256(signature.encode()) for signature in _READERS
}
"""Topic 0 of each event, by its name."""


def decode(topics: Sequence[bytes], data: bytes) -> Event | None:
    """Return the record of a log of the contract; None for what is not Electro's own (roles, say)."""
    reader = _BY_TOPIC.get(topics[0]) if topics else None
    return reader(_Log(topics, data)) if reader else None
