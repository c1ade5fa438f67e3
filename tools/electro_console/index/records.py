# SPDX-License-Identifier: Apache-2.0
"""What the index answers, as records: instants in unix seconds, money in minor units, addresses and hashes in bytes."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from .addresses import checksum

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from electro_contracts.terms import Terms

Item = TypeVar("Item")


class State(enum.IntEnum):
    """The contract's word; `words` is that of the tools."""

    PROPOSED = 1
    ACCEPTED = 2
    SETTLED = 3
    CANCELLED = 4
    TERMINATED = 5

    @property
    def words(self) -> str:
        return "ended early" if self is State.TERMINATED else self.name.lower()

    @property
    def binds(self) -> bool:
        """Whether it was accepted, so that meters count."""
        return self not in (State.PROPOSED, State.CANCELLED)


class Phase(enum.StrEnum):
    """Where an agreement stands at an instant."""

    OPEN = "open"  # proposed; the consumer can accept until its start
    LAPSED = "lapsed"  # nobody accepted it
    CANCELLED = "cancelled"
    WAITING = "waiting"  # accepted; the term has not begun
    RUNNING = "running"
    GRACE = "grace"  # the term is over; reports are still taken
    DISPUTE = "dispute"  # nothing changes any more but by waivers
    DUE = "due"  # anyone can settle it
    REDEEMABLE = "redeemable"
    EXPIRED = "expired"


class Kind(enum.IntEnum):
    """What is known of an interval."""

    MEASURED = 0
    INTERRUPTED = 1  # supply was missing for some of it
    NO_DATA = 2  # the meter says that it measured too little
    MISSING = 3  # it has ended, and no meter has reported it
    NEUTRAL = 4  # nobody was to measure: behind a fault, until another meter serves
    AHEAD = 5  # it has not ended
    UNSERVED = 6  # the operator has revoked its meter: at nobody's cost


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some of what was asked for; `number` counts from 0."""

    items: tuple[Item, ...]
    total: int
    number: int
    size: int

    @property
    def pages(self) -> int:
        return -(-self.total // self.size)


@dataclass(frozen=True)
class Status:
    """How far the index is: `block` is the last whose logs are in it, `final` the final block when last asked for."""

    chain_id: int
    contract: bytes
    currency: bytes | None  # the token in escrow; None: money is a promise
    begins: int
    block: int
    block_time: int
    final: int
    verified: int  # headers bear the logs out up to here; -1: never asked for
    followed: bool  # by another process, now
    agreements: int
    meters: int
    reports: int


@dataclass(frozen=True)
class Dates:
    """The instants of an agreement; the last four as they stand with what is known."""

    start: int
    end: int  # as far as notice has left the term
    notice_until: int  # later a notice ends nothing sooner
    reports_until: int  # inclusive
    closes_at: int  # what is missing counts from here on
    settles_at: int
    redeemable_until: int | None  # inclusive; None before the settlement


@dataclass(frozen=True)
class Money:
    """What an agreement comes to at an instant, by the model; minor units.

    `accrued` is the sum of all that follows it up to `neutral`. Missing, unexplained and neutral count once it is
    closed.
    """

    bonus: int
    grants: int
    waived: int
    accrued: int
    under: int
    over: int
    no_data: int
    missing: int
    unexplained: int
    outages: int
    forfeited: int
    neutral: int
    remaining: int
    discount: int | None  # None before the settlement
    foreseen_discount: int  # what `remaining` would become
    redeemed: int


@dataclass(frozen=True)
class Meter:
    """One meter's service at a place of an agreement, at an instant; counts are of intervals."""

    agreement: int
    place: int
    device: bytes
    first: int
    next: int
    end: int
    behind: int  # have ended and are not on chain
    silent_s: int  # since the last report, or since the start of its service
    reported_at: int | None
    register_wh: int | None
    disagreements: int  # reports whose register and readings tell different energies
    under: int
    over: int
    no_data: int
    interrupted: int
    unexplained: int
    outages: int  # ended ones
    outage_open: bool
    accrued: int  # for readings and outages
    replaced: bool
    faulted: bool
    revoked: bool

    @property
    def address(self) -> str:
        return checksum(self.device)


@dataclass(frozen=True)
class AgreementRow:
    """An agreement in a list."""

    id: int
    state: State
    phase: Phase
    consumer: bytes
    start: int
    end: int
    settles_at: int
    interval_s: int
    places: int
    behind: int  # intervals of all meters
    bonus: int
    accrued: int
    remaining: int
    discount: int | None


@dataclass(frozen=True)
class Agreement:
    """One agreement, whole."""

    id: int
    state: State
    phase: Phase
    consumer: bytes
    first_consumer: bytes
    successor: bytes | None
    funder: bytes | None  # None: the proposal came through another contract, which alone knows
    earlier: int | None  # the one that it renews
    terms: Terms
    kept: int  # intervals of the term that notice has left
    dates: Dates
    money: Money
    meters: tuple[Meter, ...]  # all that ever served, by place and first interval
    rotations: tuple[Rotation, ...]
    proposed_at: int
    accepted_at: int | None
    ended_at: int | None
    ended_by: bytes | None
    cancelled_at: int | None
    settled_at: int | None


@dataclass(frozen=True)
class Rotation:
    """A change of meters that the operator proposes; `accepted_at` None: the consumer has not accepted it."""

    agreement: int
    old: bytes
    new: bytes
    proposed_at: int
    accepted_at: int | None


@dataclass(frozen=True, eq=False)
class Readings:
    """A stretch of a place's intervals; all arrays have one item for each, from interval `first` on.

    Args:
        units: what was used, in units of the terms; -1 where nothing was read.
        kind: of each, a Kind.
        explained: whether an ended outage explains the interruption; True where there was none.
        least, greatest: the band that holds, renominations included.
        overridden: whether that is not the band of the terms.
        deviation: units out of the band, below it negative.
        penalty: what the reading costs, outages aside; int64, or Python's own numbers if those might not do.
        silence: the missing penalty, where it is missing or an interruption unexplained: charged once it is closed.
        closed: whether it is.
        meter: index into `meters` of who reported; -1: nobody.
    """

    agreement: int
    place: int
    first: int
    start_s: int
    interval_s: int
    unit_wh: int
    units: NDArray[np.int32]
    kind: NDArray[np.uint8]
    explained: NDArray[np.bool_]
    least: NDArray[np.int32]
    greatest: NDArray[np.int32]
    overridden: NDArray[np.bool_]
    deviation: NDArray[np.int32]
    penalty: NDArray[np.int64 | np.object_]
    silence: NDArray[np.int64 | np.object_]
    closed: bool
    meter: NDArray[np.int16]
    meters: tuple[bytes, ...]

    def __len__(self) -> int:
        return len(self.units)


@dataclass(frozen=True)
class Override:
    """A renomination that holds: bands of consecutive intervals at a place. `by` as electro_contracts.places.By.

    Sealed ones, `packed` with their nonce, are of a whole pass.
    """

    place: int
    first: int
    packed: bytes
    by: int
    sequence: int
    at: int


@dataclass(frozen=True)
class Outage:
    """An outage that a meter has told; `ended_at` None: it goes on. Causes: 0 unknown, 1 grid, 2 consumer."""

    agreement: int
    place: int
    device: bytes
    number: int
    started_at: int
    ended_at: int | None
    cause: int
    told_at: int
    penalty: int


@dataclass(frozen=True)
class Movement:
    """Something that moved an agreement's money, with the figures of its sentence.

    `amount` is taken from the bonus; below 0 it is given. `charged`: it counts already; else only once it is closed.

    | kind | figures |
    |---|---|
    | under, over | first (interval), used, least, greatest, units (off), flat, rate |
    | no data, missing, unexplained | first, last, count, rate |
    | outage | first, number, cause, started_at, ended_at, event (flat), minutes, rate |
    | forfeited | intervals (left out), of |
    | neutral | count, of |
    | granted, waived | |
    | settled | accrued, remaining, discount |
    | redeemed, acknowledged | (invoice) |
    | credited | (account) |
    """

    kind: str
    amount: int
    at: int | None
    charged: bool
    place: int | None
    device: bytes | None
    figures: dict[str, int]
    account: bytes | None = None
    invoice: bytes | None = None


@dataclass(frozen=True, eq=False)
class BurnDown:
    """What was left of bonus and grants over time: shape (n,) each, `remaining` after what happened before `at`."""

    at: NDArray[np.int64]
    remaining: tuple[int, ...]
    by_cause: dict[str, tuple[int, ...]]  # taken so far, by the kinds of Movement
    silence_until_end: int  # what is taken more if nothing is reported any more until the grace is over


@dataclass(frozen=True)
class Deadline:
    """An instant of an agreement that somebody should know: `kind` is the field of Dates, or "accept", "redeem"."""

    at: int
    agreement: int
    kind: str
    consumer: bytes


@dataclass(frozen=True)
class Redemption:
    """A part of a discount that was set against an invoice."""

    agreement: int
    invoice: bytes
    amount: int
    redeemed_at: int
    acknowledged_at: int | None
    consumer: bytes


@dataclass(frozen=True)
class Device:
    """A key that has enrolled, or was revoked; what the index does not know is None."""

    device: bytes
    hardware_id: bytes | None
    base_seconds: int | None
    enrolled_at: int | None
    revoked_at: int | None


@dataclass(frozen=True)
class Note:
    """What a person wrote beside an agreement, a place of it or some of its intervals."""

    id: int
    agreement: int
    place: int | None
    first: int | None
    last: int | None
    kind: str
    amount: int | None
    author: str
    words: str
    written_at: int


@dataclass(frozen=True)
class Overview:
    """What needs somebody now; each tuple has the most urgent ones, the count beside it all."""

    agreements: dict[str, int]  # by phase
    meters: int
    behind: int
    behind_meters: tuple[Meter, ...]
    silent: int
    silent_meters: tuple[Meter, ...]
    open_outages: tuple[Outage, ...]
    disagreeing: int
    disagreeing_meters: tuple[Meter, ...]
    offers: int
    offers_waiting: tuple[AgreementRow, ...]
    rotations_waiting: tuple[Rotation, ...]
    unacknowledged: int
    unacknowledged_redemptions: tuple[Redemption, ...]
    deadlines: tuple[Deadline, ...]
