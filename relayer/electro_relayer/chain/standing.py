# SPDX-License-Identifier: Apache-2.0
"""Say where a meter stands on the chain, and write it down as the meter is told it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from electro_relayer.hashing import checksum

if TYPE_CHECKING:
    from electro_contracts.calldata import MeterState


@dataclass(slots=True)
class Agreement:
    """An agreement as the contract tells it to one meter, with the meter's next interval and outage at both blocks.

    Receipts move the next intervals on in place: that happens for every report that lands.
    """

    state: MeterState
    next_latest: int
    next_final: int
    outage_final: int  # the latest is the state's


@dataclass(frozen=True, slots=True)
class Standing:
    device: bytes
    enrolled: bool
    agreements: tuple[Agreement, ...]
    latest: int
    final: int
    chain_time_s: int
    read_at: float

    def agreement(self, agreement_id: int) -> Agreement | None:
        for agreement in self.agreements:
            if agreement.state.agreement_id == agreement_id:
                return agreement
        return None

    def to_json(self, chain_id: int, contract: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what each block moves, and what concerns the meter."""
        moving = {"time": self.chain_time_s, "block": {"latest": self.latest, "final": self.final}}
        return moving, {
            "device": checksum(self.device),
            "chain_id": chain_id,
            "contract": checksum(contract),
            "agreements": [_agreement_json(a) for a in self.agreements],
        }

    def without_bounds(self) -> Standing:
        """Return the same in a tenth of the memory."""
        if not any(agreement.state.bounds for agreement in self.agreements):
            return self
        slim = [
            Agreement(replace(a.state, bounds=()), a.next_latest, a.next_final, a.outage_final)
            for a in self.agreements
        ]
        return Standing(
            self.device, True, tuple(slim), self.latest, self.final, self.chain_time_s, self.read_at
        )


def _agreement_json(agreement: Agreement) -> dict[str, Any]:
    state = agreement.state
    return {
        "agreement_id": state.agreement_id,
        "state": state.state,
        "place": state.place,
        "start": state.start,
        "interval_seconds": state.interval_seconds,
        "intervals": state.intervals,
        "end": state.end,
        "reports_until": state.reports_until,
        "slots": state.slots,
        "unit_wh": state.unit_wh,
        "terms": {"account": checksum(state.terms_account), "code_hash": "0x" + state.code_hash.hex()},
        "next": {"latest": agreement.next_latest, "final": agreement.next_final},
        "next_outage": {"latest": state.next_outage, "final": agreement.outage_final},
        "outage_open": state.outage_open,
        "remaining_bonus": str(state.remaining_bonus),
        "bounds": {
            "first_interval": state.bounds_from,
            "min": [least for least, _ in state.bounds],
            "max": [greatest for _, greatest in state.bounds],
        },
    }
