# SPDX-License-Identifier: Apache-2.0
"""Hold an accepted message with what is known of its way to the chain.

It is in one place at a time:

    put ─► WAITING ─► TAKEN (by the lane) ─► SENT (in a transaction) ─► GONE (mined, or refused)
              ▲          │  ▲                  │
              │          ▼  └──────────────────┘ the transaction did not come to be
              └──────── HELD until a moment, or until something becomes of the report before it
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from electro_protocol.messages import EnergyReport, OutageReport, SealedReport

if TYPE_CHECKING:
    from electro_relayer.incoming.intake import Verified

Track = tuple[bytes, int]  # device and agreement: one sequence of intervals
Kind = type[EnergyReport | SealedReport | OutageReport]
ANY_COMPANY = 1 << 30


class Place(enum.Enum):
    WAITING = enum.auto()
    TAKEN = enum.auto()
    HELD = enum.auto()
    SENT = enum.auto()
    GONE = enum.auto()


@dataclass(slots=True, eq=False)
class Item:
    verified: Verified
    gas: int  # bound of what it adds to a batch
    queued_at: float
    due_s: int = 0  # chain time from which on the contract takes it
    previous: Item | None = None  # the report of the same track before this one, while it was in memory
    place: Place = Place.WAITING
    wake_at: float = 0.0  # while it is held
    checked_at: float | None = None  # when the contract last took it, or one before it, for acceptable
    early_at_s: int | None = None  # the chain's time when it first found this one to be of the future
    company: int = (
        ANY_COMPANY  # with so many at most in one request or transaction: what it was in has failed
    )
    failed_at: float | None = None  # when it first failed alone
    tries: int = 0  # how often it has failed alone
    counted: int = 0  # of these, after others had passed

    @property
    def track(self) -> Track:
        return self.verified.device, self.verified.agreement_id
