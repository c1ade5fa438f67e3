# SPDX-License-Identifier: Apache-2.0
"""Compare what the contract has on record of an agreement with what the independent model makes of the logs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from electro_protocol import address

from .paper import outage_money

if TYPE_CHECKING:
    from electro_contracts.model import Agreement

    from .paper import Paper


@dataclass(frozen=True)
class Compared:
    """One figure from both sides; `device` is whose, None for the whole agreement's."""

    what: str
    device: str | None
    contract: int
    model: int

    @property
    def equal(self) -> bool:
        return self.contract == self.model


@dataclass(frozen=True)
class OnRecord:
    """What the contract answered at the end of a block: of the agreement, and of each meter by its address."""

    agreement: dict[str, Any]
    points: dict[str, dict[str, Any]]


def compare(paper: Paper, record: OnRecord, now: int) -> list[Compared]:
    """Return every figure that both sides have, at the time of the block that was asked about."""
    model, found = paper.model, record.agreement
    if model is None:
        return []
    figures = [
        Compared(
            "end", None, found["end"], model.terms.start + model.intervals * model.terms.interval_seconds
        ),
        Compared("bonus", None, found["bonus"], model.bonus),
        Compared("grants", None, found["grants"], model.grants),
        Compared("accrued", None, found["accrued"], 0 if paper.cancelled else model.accrued(now)),
        Compared("waived", None, found["waived"], model.waived),
        Compared("forfeited", None, found["forfeited"], model.forfeited),
        Compared(
            "neutral share", None, found["neutralShare"], model.neutral_share() if model.is_closed(now) else 0
        ),
        Compared("remaining", None, found["remaining"], 0 if paper.cancelled else model.remaining(now)),
        Compared("discount", None, found["discount"], model.settlement.discount if model.settlement else 0),
        Compared("redeemed", None, found["redeemed"], sum(model.redeemed.values())),
        Compared("good until", None, found["redeemableUntil"], model.redeemable_until),
    ]
    for device, point in record.points.items():
        figures += _meter(model, device, point)
    return figures


def _meter(model: Agreement, device: str, point: dict[str, Any]) -> list[Compared]:
    raw = address.parse(device)
    if raw not in model.points:
        return [Compared("unknown meter", device, 1, 0)]
    meter = model.points[raw]
    bill, outages = model.bill_of(raw, closed=False), outage_money(model, raw)
    return [
        Compared("next", device, point["next"], meter.next),
        Compared("end", device, point["end"], meter.end),
        Compared("for readings", device, point["accrued"], bill.accrued - outages),
        Compared("for outages", device, point["outageAccrued"], outages),
        Compared("next outage", device, point["nextOutage"], len(meter.outages)),
        Compared("unexplained", device, point["unexplained"], bill.unexplained),
    ]
