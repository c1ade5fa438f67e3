# SPDX-License-Identifier: Apache-2.0
"""Be the contract behind hostile sources: honest, but it goes back now and then, and its bands are replaced."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sealed_terms import SealedRelayer

from electro_meter.uplink.passes import PATIENCE_S
from electro_protocol.readings import pack
from electro_protocol.signed import SignedMessage

if TYPE_CHECKING:
    import random

    from simulated_relayer import SimulatedRelayer


class Chain:
    """The contract: agreements in a row, each behind a ledger that checks every signature and position."""

    def __init__(self, ledgers: list[SimulatedRelayer]) -> None:
        self.ledgers = ledgers
        self.early = 0  # reports of intervals that were not over
        self.misjudged = 0  # by bands that don't hold, before each source's own word goes

    def standing(self, address: str) -> dict[str, Any]:
        told = [ledger.answer("GET", f"/v1/meters/{address}", b"")[1] for ledger in self.ledgers]
        first: Any = told[0]
        first["agreements"] = [one for each in told for one in each["agreements"]]  # type: ignore[index]
        return first

    def take(self, message: dict[str, Any], now_s: int) -> tuple[int, dict[str, Any]]:
        for ledger in self.ledgers:
            if ledger.agreement["agreement_id"] == message["message"]["agreementId"]:
                if message["type"] != "OutageReport":
                    report: Any = SignedMessage.from_json(message).message
                    end = report.first_interval + report.intervals
                    if ledger.agreement["start"] + end * ledger.agreement["interval_seconds"] > now_s:
                        self.early += 1
                        return 409, {"error": {"code": "FROM_THE_FUTURE"}}
                status, answer = ledger.answer("POST", "/v1/messages", json.dumps(message).encode())
                refusal: Any = answer.get("error", {})  # type: ignore[union-attr]
                if isinstance(ledger, SealedRelayer) and refusal.get("code") == "OTHER_TERMS":
                    self.misjudged += now_s < ledger.settles_s(report.first_interval) + PATIENCE_S
                return status, answer  # type: ignore[return-value]
        return 409, {"error": {"code": "UNKNOWN_DEVICE"}}

    def sealed(self, number: int) -> SealedRelayer | None:
        """Return the ledger of a sealed agreement, None of another."""
        for ledger in self.ledgers:
            if ledger.agreement["agreement_id"] == number and isinstance(ledger, SealedRelayer):
                return ledger
        return None

    @property
    def codes(self) -> dict[int, bytes]:
        """Return what lies in accounts: terms and bands, agreed on or only deployed."""
        return {account: code for ledger in self.ledgers for account, code in ledger.codes.items()}

    def replace_bands(self, chance: random.Random, now_s: int) -> None:
        """Let both parties agree on other bands for one of the next passes."""
        for ledger in self.ledgers:
            if isinstance(ledger, SealedRelayer):
                slots, greatest = ledger.agreement["slots"], ledger.agreement["band"][1]
                pass_s = slots * ledger.agreement["interval_seconds"]
                pass_ = max(0, (now_s - ledger.agreement["start"]) // pass_s + 1) + chance.randint(0, 1)
                if pass_ not in ledger.told and pass_ * slots < ledger.agreement["intervals"]:
                    least = [chance.randrange(greatest) for _ in range(slots)]  # above which no load is shed
                    ledger.replace(pass_, pack(least + [greatest] * slots))

    def reorganise(self, chance: random.Random) -> None:
        """Forget the last blocks."""
        for ledger in self.ledgers:
            for readings in ledger.readings.values():
                if readings:
                    del readings[-chance.randint(1, 3) :]
