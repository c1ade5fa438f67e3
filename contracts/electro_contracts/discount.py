# SPDX-License-Identifier: Apache-2.0
"""What becomes of a settled agreement's discount: redeemed against invoices, acknowledged, taken back.

- Each invoice has its share once, until the discount expires.
- In escrow mode bonus and grants are paid in at once. At the settlement all but the discount is due to the operator; so
  is what it acknowledges on invoices, and what expires. What it does not acknowledge for as long as the dispute window
  the consumer may take.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .terms import Terms


class Refused(ValueError):  # noqa: N818 - the contract's word
    """The agreement does not take a message; `reason` is the name of the contract's error."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class Settlement:
    accrued: int
    remaining: int
    discount: int


class Discounted:
    """The end of an agreement; `now` is the chain's time at which something happens."""

    def __init__(self, terms: Terms, bonus: int) -> None:
        self.terms = terms
        self.bonus = bonus
        self.grants = 0
        self.settlement: Settlement | None = None
        self.redeemable_until = 0
        self.redeemed: dict[bytes, int] = {}
        self.redeemed_at: dict[bytes, int] = {}
        self.acknowledged: set[bytes] = set()
        self.withdrawn: set[bytes] = set()
        self.reclaimed = 0

    def redeem(self, invoice: bytes, amount: int, now: int) -> None:
        """Set a part of the discount against an invoice."""
        if self.settlement is None:
            raise Refused("WrongState")
        if now > self.redeemable_until:
            raise Refused("TooLate")
        if invoice in self.redeemed:
            raise Refused("InvoiceRedeemed")
        if not 1 <= amount <= self.settlement.discount - sum(self.redeemed.values()):
            raise Refused("BadAmount")
        self.redeemed[invoice] = amount
        self.redeemed_at[invoice] = now

    def acknowledge(self, invoice: bytes) -> None:
        """Confirm what was redeemed against an invoice."""
        if invoice not in self.redeemed or invoice in self.acknowledged | self.withdrawn:
            raise Refused("NothingToAcknowledge")
        self.acknowledged.add(invoice)

    # -- Where the money of an escrow is

    def withdraw(self, invoice: bytes, now: int) -> None:
        """Take what the operator has not acknowledged in time."""
        if invoice not in self.redeemed or invoice in self.acknowledged | self.withdrawn:
            raise Refused("NothingToTake")
        if now <= self.redeemed_at[invoice] + self.terms.dispute_window:
            raise Refused("TooEarly")
        self.withdrawn.add(invoice)

    def reclaim(self, now: int) -> None:
        """Give an expired discount back."""
        if self.settlement is None:
            raise Refused("WrongState")
        if now <= self.redeemable_until:
            raise Refused("TooEarly")
        rest = self.settlement.discount - sum(self.redeemed.values())
        if self.reclaimed or not rest:
            raise Refused("NothingToTake")
        self.reclaimed = rest

    @property
    def due_to_consumer(self) -> int:
        """All that the escrow has ever owed the consumer."""
        return sum(self.redeemed[invoice] for invoice in self.withdrawn)

    @property
    def due_to_operator(self) -> int:
        """All that the escrow has ever owed the operator."""
        if self.settlement is None:
            return 0
        unused = self.bonus + self.grants - self.settlement.discount
        return unused + sum(self.redeemed[invoice] for invoice in self.acknowledged) + self.reclaimed
