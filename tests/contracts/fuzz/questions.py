# SPDX-License-Identifier: Apache-2.0
"""What is asked of the contract, by meters, by those who plan, and by those who look at what is on record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_contracts import calldata
from electro_contracts.model import Agreement, Refused
from electro_protocol.readings import pack

from .checks import same
from .messages import Messages
from .table import INVOICES

if TYPE_CHECKING:
    from .books import Entry


class Questions(Messages):
    def meter_state(self) -> None:
        meter, ahead = self.rng.choice(self.meters), self.rng.choice((0, 1, 8, 200))
        data = calldata.meter_state(meter.address, ahead)
        device = self.paper.devices.get(meter.address)
        if device is None:
            same("a stranger's state", self.chain.send(self.chain.anyone, data), "NotEnrolled")
            self.count("meterState", "NotEnrolled")
            return
        states = calldata.decode_meter_state(self.chain.ask(data))
        self.count("meterState", "")
        same("served", [state.agreement_id for state in states], device.served[::-1])
        for state in states:
            entry = self.paper.entries[state.agreement_id]
            same("state", state, self._state(entry, meter.address, ahead))

    def _state(self, entry: Entry, device: bytes, ahead: int) -> calldata.MeterState:
        terms, money, now = entry.terms, entry.agreed(), self.paper.now
        meter = money.meters[device]
        running = min(meter.end, max(0, now - terms.start) // terms.interval_seconds)
        count = min(ahead, meter.end - running)
        return calldata.MeterState(
            agreement_id=entry.id, state=calldata.STATES[entry.state], start=terms.start,
            interval_seconds=terms.interval_seconds, intervals=meter.end, slots=len(terms.bands),
            unit_wh=terms.unit_wh, next_interval=meter.next, remaining_bonus=money.remaining(now),
            bounds_from=running,
            bounds=tuple(terms.bands[(running + i) % len(terms.bands)] for i in range(count)),
        )  # fmt: skip

    def quote(self) -> None:
        """What readings would cost, for an agreement in any state."""
        entry, rng = self.entry(), self.rng
        first, count = rng.randrange(entry.terms.intervals + 2), rng.randint(1, 60)
        if rng.random() < 0.8:
            count = min(count, len(entry.terms.bands) - first % len(entry.terms.bands))
        lanes = self._lanes(entry, first, count)
        paper = entry.money or Agreement(entry.id, entry.terms, entry.devices, entry.bonus)
        data = calldata.quote(entry.id, first, pack(lanes))
        try:
            bill = paper.quote(first, lanes)
        except Refused as refusal:
            same("quote", self.chain.send(self.chain.anyone, data), refusal.reason)
            self.count("quote", refusal.reason)
            return
        expected = (bill.under, bill.over, bill.no_data, bill.no_supply, bill.under_units, bill.over_units)
        same("quote", calldata.decode_quote(self.chain.ask(data)), calldata.Quote(*expected, bill.accrued))
        self.count("quote", "")

    def records(self) -> None:
        """What anyone looks up, a redemption among it."""
        meter, entry, invoice = self.rng.choice(self.meters), self.entry(), self.rng.choice(INVOICES)
        same("enrolled", self.chain.asked("isEnrolled", meter.address), [meter.address in self.paper.devices])
        same("paused", self.chain.asked("proposalsPaused"), [self.paper.paused])
        token = int(self.token.address, 16) if self.token else 0
        same("currency", self.chain.asked("currency"), [token])
        money = entry.money
        amount = money.redeemed.get(invoice, 0) if money else 0
        at = money.redeemed_at.get(invoice, 0) if money else 0
        marks = (
            [invoice in each for each in (money.acknowledged, money.withdrawn)] if money else [False, False]
        )
        same("redemption", self.chain.asked("redemption", entry.id, invoice), [amount, at, *marks])
        self.count("records", "")
