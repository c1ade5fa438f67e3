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
        self._compare_states(meter.address, ahead, states)

    def meter_states(self) -> None:
        """Many meters at once, strangers among them."""
        meters = [each.address for each in self.rng.choices(self.meters, k=self.rng.randint(0, 4))]
        meters += [self.consumers[0].address] * (self.rng.random() < 0.3)
        ahead = self.rng.choice((0, 3))
        answer = calldata.decode_meter_states(self.chain.ask(calldata.meter_states(meters, ahead)))
        same(
            "strangers",
            [states is None for states in answer],
            [each not in self.paper.devices for each in meters],
        )
        for device, states in zip(meters, answer, strict=True):
            if states is not None:
                self._compare_states(device, ahead, states)
        self.count("meterStates", "")

    def _compare_states(self, device: bytes, ahead: int, states: list[calldata.MeterState]) -> None:
        served = self.paper.devices[device].served[::-1]
        same("served", [state.agreement_id for state in states], served)
        for state in states:
            entry = self.paper.entries[state.agreement_id]
            same("state", state, self._state(entry, device, ahead, state))
            same("the code's hash", self.chain.code_hash(state.terms_account), state.code_hash)

    def _state(
        self, entry: Entry, device: bytes, ahead: int, told: calldata.MeterState
    ) -> calldata.MeterState:
        """What the paper knows; where the terms lie, and how far a replaced meter goes the usual way, it does not."""
        terms, money, now = entry.terms, entry.agreed(), self.paper.now
        point = money.points[device]
        place = money.places[point.place]
        running = min(point.end, max(0, now - terms.start) // terms.interval_seconds)
        count = min(ahead, point.end - running)
        return calldata.MeterState(
            agreement_id=entry.id, state=calldata.STATES[entry.state], place=point.place, start=terms.start,
            interval_seconds=terms.interval_seconds, intervals=terms.intervals,
            stop=told.stop if point.replaced else place.stop(point.next, point.end), end=point.end,
            reports_until=money.reports_until,
            slots=len(terms.bands), unit_wh=terms.unit_wh, terms_account=told.terms_account, code_hash=entry.code_hash,
            next_interval=point.next, next_outage=len(point.outages),
            outage_open=point.open_outage is not None, remaining_bonus=money.remaining(now),
            bounds_from=running, bounds=tuple(place.band_of(running + i) for i in range(count)),
        )  # fmt: skip

    def quote(self) -> None:
        """What readings would cost, for an agreement in any state."""
        entry, rng = self.entry(), self.rng
        first, count = rng.randrange(entry.terms.intervals + 2), rng.randint(1, 60)
        if rng.random() < 0.8:
            count = min(count, len(entry.terms.bands) - first % len(entry.terms.bands))
        lanes = self._lanes(self.band_of(entry, b""), first, count)
        paper = entry.money or Agreement(entry.id, entry.terms, entry.devices, entry.bonus, entry.code_hash)
        place = rng.randrange(len(entry.devices) + (rng.random() < 0.05))
        data = calldata.quote(entry.id, place, first, pack(lanes))
        try:
            bill = paper.quote(place, first, lanes)
        except Refused as refusal:
            same("quote", self.chain.send(self.chain.anyone, data), refusal.reason)
            self.count("quote", refusal.reason)
            return
        expected = (bill.under, bill.over, bill.no_data, bill.interrupted, bill.under_units, bill.over_units)
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
        acknowledged = money is not None and invoice in money.acknowledged
        same("redemption", self.chain.asked("redemption", entry.id, invoice), [amount, at, acknowledged])
        self.count("records", "")
