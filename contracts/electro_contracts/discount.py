# SPDX-License-Identifier: Apache-2.0
"""What becomes of an agreement's bonus in the end: locked and credited in escrow, or promised and redeemed.

- In escrow the discount of a perfect consumer is paid in at once, and what a grant adds to it with the grant. The
  settlement credits the consumer with the discount and who paid in with the rest.
- A promise is redeemed against invoices, each once, until it expires; the operator acknowledges what it has lowered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .terms import PPM

if TYPE_CHECKING:
    from .terms import Terms


class Refused(ValueError):  # noqa: N818 - the contract's word
    """The agreement does not take a message; `reason` is the name of the contract's error, `numbers` its arguments.

    Numbers are told where a person plans by them: of renominations.
    """

    def __init__(self, reason: str, *numbers: int) -> None:
        self.reason = reason
        self.numbers = numbers
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

    def discount_of(self, remaining: int) -> int:
        """What so much of the bonus becomes."""
        return remaining * self.terms.discount_rate_ppm // PPM

    @property
    def locked(self) -> int:
        """What an escrow holds for the agreement: the discount if nothing is taken."""
        return self.discount_of(self.bonus + self.grants)

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
        if invoice not in self.redeemed or invoice in self.acknowledged:
            raise Refused("NothingToAcknowledge")
        self.acknowledged.add(invoice)
