# SPDX-License-Identifier: Apache-2.0
"""What both parties' offices would know of all agreements and devices, on paper: who may do what, and when.

The money of one agreement is `electro_contracts.model`'s; here is what lies around it, until an agreement begins; what
changes and ends it is in `running`. Every step names the first reason for which it is refused, as the contract does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from electro_contracts import bill
from electro_contracts.model import Refused
from electro_protocol.messages import EnergyReport, OutageReport

from .books import ACCEPTED, CANCELLED, NO_RIGHT, PROPOSED, Device, Entry
from .running import Running

if TYPE_CHECKING:
    from electro_contracts.terms import Terms


class Paper(Running):
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

    def enrol(self, caller: bytes, device: bytes | None, base_seconds: int, deadline: int) -> None:
        self._operator(caller)
        self._in_time(deadline)
        if not base_seconds:
            raise Refused("BadAmount")
        if device is None:
            raise Refused("BadSignature")
        if device in self.devices:
            raise Refused("AlreadyEnrolled")
        self.devices[device] = Device(base_seconds)

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
            self._made_of(terms, (device,))
            if device in devices[:i]:
                raise Refused("DuplicateDevice")
        if any(given < least for given, least in zip(_waits(terms), self.least, strict=True)):
            raise Refused("InvalidTerms")
        self._in_future(terms.start)
        if bill.first_cheap_silence(terms.bands, terms):
            raise Refused("SilenceTooCheap")
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
        for device in old.devices:
            if self.devices[device].revoked:
                raise Refused("RevokedDevice")
            self._made_of(new, (device,))
        if signed is not None:
            self._in_time(deadline)
            if not signed:
                raise Refused("BadSignature")
            self._may_serve(old.devices, start)
        entry = self._enter(caller, old.consumer, new, old.devices, bonus, old)
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
            for place in entry.agreed().places:
                self.devices[place.device].served.remove(id_)
            self._credit(entry.funder, entry.agreed().locked)
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
        points = entry.agreed().points
        if old not in points or points[old].replaced:
            raise Refused("UnknownDevice")
        if new in points:
            raise Refused("DuplicateDevice")
        if new not in self.devices:
            raise Refused("NotEnrolled")
        if self.devices[new].revoked:
            raise Refused("RevokedDevice")
        self._made_of(entry.terms, (new,))
        entry.rotations[old] = new

    def accept_rotation(self, caller: bytes, id_: int, old: bytes, new: bytes) -> None:
        entry = self._running(id_)
        if caller != entry.consumer:
            raise Refused("NotConsumer")
        if entry.rotations.get(old) != new:
            raise Refused("NoSuchRotation")
        money, terms = entry.agreed(), entry.terms
        if new in money.points:
            raise Refused("DuplicateDevice")
        first = money.begun(self.now)
        if first >= money.intervals:
            raise Refused("OutsideTerm")
        self._may_serve((new,), terms.instant(first))
        money.rotate(old, new, self.now)
        del entry.rotations[old]
        entry.joined.append(new)
        if not first:
            self.devices[old].served.remove(id_)
        self._serve(new, id_)

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


def _waits(terms: Terms) -> tuple[int, int, int]:
    return terms.grace, terms.dispute_window, terms.discount_expiry
