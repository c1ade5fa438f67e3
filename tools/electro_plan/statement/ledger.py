# SPDX-License-Identifier: Apache-2.0
"""The lines of a statement: everything that moved an agreement's money, and that it adds up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from electro_plan.errors import PlanError
from electro_plan.money import MINOR_UNITS, Currency
from electro_plan.sentence import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Line:
    """One movement.

    Args:
        kind: key of its sentence in `words`.
        amount: minor units, taken from the bonus; below 0 given to it.
        at_s: unix seconds; None: it has no moment.
        meter: of whom, "" of the whole agreement.
        figures: what the sentence is filled with.
    """

    kind: str
    amount: int
    at_s: int | None = None
    meter: str = ""
    figures: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Statement:
    """All that a statement says.

    Args:
        name: of the agreement; "" if it has none.
        agreement_id: its number.
        contract: address, with the chain's number: "0x… on chain 1".
        consumer: address.
        start_s: of the term, unix seconds.
        end_s: of it.
        at_s: when the statement was made.
        zone: in which times are told.
        currency: of the money.
        bonus: minor units.
        lines: in the order of time.
        remaining: minor units, by the contract.
        discount: minor units, once it is settled; None before.
        checked: whether the contract and the independent model agree.
    """

    name: str
    agreement_id: int
    contract: str
    consumer: str
    start_s: int
    end_s: int
    at_s: int
    zone: str
    bonus: int
    lines: tuple[Line, ...]
    remaining: int
    discount: int | None
    checked: bool
    currency: Currency = MINOR_UNITS

    def __post_init__(self) -> None:
        left = max(0, self.bonus - sum(line.amount for line in self.lines))
        if left != self.remaining:
            raise PlanError(
                sentence(
                    "the lines of agreement {0} leave {1:,}, and the contract says {2:,}",
                    self.agreement_id,
                    left,
                    self.remaining,
                ),
                "audit it first: electro agreement audit",
            )
