# SPDX-License-Identifier: Apache-2.0
"""What both parties' offices would know of all agreements and devices, on paper: who may do what, and when.

The money of one agreement is `electro_contracts.model`'s; here is what lies around it. Every step names the first
reason for which it is refused, as the contract does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from electro_contracts.model import Refused
from electro_protocol.messages import EnergyReport, OutageReport

from .books import ACCEPTED, CANCELLED, MOST, NO_RIGHT, PROPOSED, SETTLED, TERMINATED, Books, Device, Entry

if TYPE_CHECKING:
    from electro_contracts.terms import Terms


class Paper(Books):
    # -- Meters

    def message(self, device: bytes, message: EnergyReport | OutageReport) -> None:
        entry = self.entries.get(message.agreement_id)
        if entry is None or entry.money is None:
            raise Refused("UnknownDevice")
        if isinstance(message, EnergyReport):
            entry.money.report(device, message, self.now)
        else:
            entry.money.outage(device, message, self.now)

    # -- Devices and proposals

    def enrol(self, caller: bytes, device: bytes | None, deadline: int) -> None:
        self._operator(caller)
        self._in_time(deadline)
        if device is None:
            raise Refused("BadSignature")
        if device in self.devices:
            raise Refused("AlreadyEnrolled")
        self.devices[device] = Device()

    def propose(
        self, caller: bytes, consumer: bytes, terms: Terms, devices: tuple[bytes, ...], bonus: int
    ) -> None:
        self._operator(caller)
        if self.paused:
            raise Refused("ProposalsPaused")
        if not any(consumer):
            raise Refused("NoConsumer")
        if not 1 <= len(devices) <= 64:
            raise Refused("BadDeviceCount")
        for i, device in enumerate(devices):
            if device not in self.devices:
                raise Refused("NotEnrolled")
            if self.devices[device].revoked:
                raise Refused("RevokedDevice")
            if device in devices[:i]:
                raise Refused("DuplicateDevice")
        self._in_future(terms.start)
        self._enter(caller, consumer, terms, devices, bonus)

    def renew(
        self, caller: bytes, earlier: int, start: int, bonus: int, deadline: int, signed: bool | None
    ) -> None:
        """`signed`: None without a signature, else whether it is the consumer's for exactly this."""
        self._operator(caller)
        if self.paused:
            raise Refused("ProposalsPaused")
        old = self.entries.get(earlier)
        if old is None or old.money is None or old.joined:
            raise Refused("NotRenewable")
        self._in_future(start)
        new = replace(old.terms, start=start)
        if signed is not None:
            self._in_time(deadline)
            if not signed:
                raise Refused("BadSignature")
            self._may_serve(old.devices, start)
        entry = self._enter(caller, old.consumer, new, old.devices, bonus)
        if signed is not None:
            self._begin(entry)

    def accept(self, caller: bytes, id_: int, as_proposed: bool) -> None:
        entry = self._known(id_)
        if caller != entry.consumer:
            raise Refused("NotConsumer")
        self._accept(entry, as_proposed)

    def accept_by_signature(self, id_: int, deadline: int, signed: bool, as_proposed: bool) -> None:
        entry = self._known(id_)
        self._in_time(deadline)
        if not signed:
            raise Refused("BadSignature")
        self._accept(entry, as_proposed)

    def _accept(self, entry: Entry, as_proposed: bool) -> None:
        if entry.state != PROPOSED:
            raise Refused("WrongState")
        self._in_future(entry.terms.start)
        if not as_proposed:
            raise Refused("NotWhatWasProposed")
        self._may_serve(entry.devices, entry.terms.start)
        self._begin(entry)

    def cancel(self, caller: bytes, id_: int) -> None:
        entry = self._party(caller, id_)
        if entry.state == ACCEPTED and caller == entry.consumer:
            self._in_future(entry.terms.start)
            for device in entry.devices:
                self.devices[device].served.remove(id_)
            self._credit(entry.funder, entry.bonus + entry.agreed().grants)
            entry.money = None
        elif entry.state != PROPOSED:
            raise Refused("WrongState")
        entry.state = CANCELLED

    def revoke(self, caller: bytes, device: bytes) -> None:
        self._operator(caller)
        if device not in self.devices:
            raise Refused("NotEnrolled")
        if self.devices[device].revoked:
            raise Refused("RevokedDevice")
        self.devices[device].revoked = True
        for id_ in self.devices[device].served:
            self.entries[id_].agreed().revoke(device, self.now)

    def propose_rotation(self, caller: bytes, id_: int, old: bytes, new: bytes) -> None:
        self._operator(caller)
        entry = self._running(id_)
        meters = entry.agreed().meters
        if old not in meters or entry.rotations.get(old) == old:
            raise Refused("UnknownDevice")
        if new in meters:
            raise Refused("DuplicateDevice")
        if new not in self.devices:
            raise Refused("NotEnrolled")
        entry.rotations[old] = new

    def accept_rotation(self, caller: bytes, id_: int, old: bytes, new: bytes) -> None:
        entry = self._running(id_)
        if caller != entry.consumer:
            raise Refused("NotConsumer")
        if old == new or entry.rotations.get(old) != new:
            raise Refused("NoSuchRotation")
        if new in entry.agreed().meters:
            raise Refused("DuplicateDevice")
        terms = entry.terms
        if self.now < terms.start:
            raise Refused("TooEarly")
        first = (self.now - terms.start) // terms.interval_seconds + 1
        if first >= entry.agreed().intervals:
            raise Refused("OutsideTerm")
        self._may_serve((new,), terms.start + first * terms.interval_seconds)
        entry.agreed().rotate(old, new, self.now)
        entry.rotations[old] = old
        entry.joined.append(new)
        self._serve(new, id_)

    # -- Money

    def grant(self, caller: bytes, id_: int, amount: int) -> None:
        self._operator(caller)
        entry = self._running(id_)
        if amount > MOST - entry.bonus - entry.agreed().grants:
            raise Refused("BadAmount")
        entry.agreed().grant(amount)
        self._pay_in(caller, amount)

    def waive(self, caller: bytes, id_: int, amount: int) -> None:
        self._operator(caller)
        self._running(id_).agreed().waive(amount, self.now)

    def terminate(self, caller: bytes, id_: int) -> None:
        entry = self._party(caller, id_)
        if entry.state != ACCEPTED:
            raise Refused("WrongState")
        entry.agreed().terminate(caller == entry.consumer, self.now)
        entry.state = TERMINATED

    def settle(self, id_: int) -> None:
        entry = self._running(id_)
        settled = entry.agreed().settle(self.now)
        entry.state = SETTLED
        self._credit(entry.funder, entry.bonus + entry.agreed().grants - settled.discount)

    def redeem(self, caller: bytes, id_: int, invoice: bytes, amount: int) -> None:
        entry = self._known(id_)
        if caller != entry.consumer:
            raise Refused("NotConsumer")
        self._redeem(entry, invoice, amount)

    def redeem_by_signature(self, id_: int, invoice: bytes, amount: int, deadline: int, signed: bool) -> None:
        entry = self._known(id_)
        self._in_time(deadline)
        if not signed:
            raise Refused("BadSignature")
        self._redeem(entry, invoice, amount)

    def _redeem(self, entry: Entry, invoice: bytes, amount: int) -> None:
        if entry.money is None:
            raise Refused("WrongState")
        entry.money.redeem(invoice, amount, self.now)

    def acknowledge(self, caller: bytes, id_: int, invoice: bytes) -> None:
        self._operator(caller)
        entry = self.entries.get(id_)
        if entry is None or entry.money is None:
            raise Refused("NothingToAcknowledge")
        entry.money.acknowledge(invoice)
        self._credit(entry.funder, entry.money.redeemed[invoice])

    def withdraw(self, id_: int, invoice: bytes) -> None:
        self._holds_money()
        entry = self.entries.get(id_)
        if entry is None or entry.money is None:
            raise Refused("NothingToTake")
        entry.money.withdraw(invoice, self.now)
        self._credit(entry.consumer, entry.money.redeemed[invoice])

    def reclaim(self, id_: int) -> None:
        self._holds_money()
        entry = self.entries.get(id_)
        if entry is None or entry.money is None:
            raise Refused("WrongState")
        entry.money.reclaim(self.now)
        self._credit(entry.funder, entry.money.reclaimed)

    def collect(self, account: bytes) -> None:
        self._holds_money()
        if not self.owed[account]:
            raise Refused("NothingToTake")
        self.held -= self.owed[account]
        self.paid[account] += self.owed.pop(account)

    # -- Rights

    def pause(self, caller: bytes, paused: bool) -> None:
        self._operator(caller)
        self.paused = paused

    def appoint(self, caller: bytes, account: bytes, operator: bool) -> None:
        """Give the role of an operator, or take it."""
        if caller != self.admin:
            raise Refused(NO_RIGHT)
        (self.operators.add if operator else self.operators.discard)(account)

    def use_escrow(self, caller: bytes) -> None:
        if caller != self.admin:
            raise Refused(NO_RIGHT)
        if self.entries or self.escrow:
            raise Refused("CurrencyFixed")
        self.escrow = True
