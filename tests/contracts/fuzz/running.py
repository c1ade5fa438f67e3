# SPDX-License-Identifier: Apache-2.0
"""What the parties do with an agreement that runs, and with its discount, on paper: who may, and where money goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_contracts.model import By, Refused
from electro_contracts.terms import unpack_bands

from .books import ACCEPTED, MOST, SETTLED, TERMINATED, Books, Entry

if TYPE_CHECKING:
    from electro_protocol.messages import Renomination


class Running(Books):
    def fault(self, caller: bytes, id_: int, place: int) -> None:
        entry = self._running(id_)
        if caller != entry.consumer:
            raise Refused("NotConsumer")
        entry.agreed().fault(place, self.now)

    # -- Renominations

    def widen(self, caller: bytes, id_: int, place: int, first: int, bands: bytes) -> None:
        self._operator(caller)
        self._running(id_).agreed().place(place)
        self._renominate(id_, place, first, bands, By.OPERATOR)

    def renominate_together(self, caller: bytes, message: Renomination, signed: bool) -> None:
        self._operator(caller)
        self._running(message.agreement_id).agreed().place(message.place)
        self._signed(message, signed)
        self._renominate(
            message.agreement_id,
            message.place,
            message.first_interval,
            message.bands,
            By.BOTH,
            message.sequence,
        )

    def renominate(self, caller: bytes, message: Renomination, signed: bool | None) -> None:
        """`signed`: None without a signature."""
        entry = self._running(message.agreement_id)
        entry.agreed().place(message.place)
        if signed is None:
            self._in_time(message.deadline)
            if caller != entry.consumer:
                raise Refused("NotConsumer")
        else:
            self._signed(message, signed)
        self._renominate(
            entry.id, message.place, message.first_interval, message.bands, By.CONSUMER, message.sequence
        )

    def _signed(self, message: Renomination, signed: bool) -> None:
        self._in_time(message.deadline)
        if not signed:
            raise Refused("BadSignature")

    def _renominate(self, id_: int, place: int, first: int, bands: bytes, by: By, sequence: int = 0) -> None:
        """Bands that are no whole number of slots are none: the model refuses both for their length."""
        whole = () if len(bands) % 4 else unpack_bands(bands)
        self._running(id_).agreed().renominate(place, first, whole, by, self.now, sequence)

    # -- Succession

    def offer_succession(self, caller: bytes, id_: int, successor: bytes) -> None:
        entry = self._bound(id_)
        if caller != entry.consumer:
            raise Refused("NotConsumer")
        entry.successor = successor

    def accept_succession(self, caller: bytes, id_: int) -> None:
        entry = self._bound(id_)
        if caller != entry.successor:
            raise Refused("NotOffered")
        entry.consumer, entry.successor = caller, bytes(20)

    def _bound(self, id_: int) -> Entry:
        entry = self._known(id_)
        if entry.state not in (ACCEPTED, TERMINATED, SETTLED):
            raise Refused("WrongState")
        return entry

    # -- Money

    def grant(self, caller: bytes, id_: int, amount: int) -> None:
        self._operator(caller)
        entry = self._running(id_)
        if self.escrow and caller != entry.funder:
            raise Refused("NotFunder")
        if not 1 <= amount <= MOST - entry.bonus - entry.agreed().grants:
            raise Refused("BadAmount")
        before = entry.agreed().locked
        entry.agreed().grant(amount)
        self._pay_in(caller, entry.agreed().locked - before)

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
        self._credit(entry.consumer, settled.discount)
        self._credit(entry.funder, entry.agreed().locked - settled.discount)

    def redeem(self, caller: bytes, id_: int, invoice: bytes, amount: int) -> None:
        self._promises()
        entry = self._known(id_)
        if caller != entry.consumer:
            raise Refused("NotConsumer")
        self._redeem(entry, invoice, amount)

    def redeem_by_signature(self, id_: int, invoice: bytes, amount: int, deadline: int, signed: bool) -> None:
        self._promises()
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
        self._promises()
        entry = self.entries.get(id_)
        if entry is None or entry.money is None:
            raise Refused("NothingToAcknowledge")
        entry.money.acknowledge(invoice)

    def collect(self, account: bytes, to: bytes) -> None:
        self._holds_money()
        if not self.owed[account]:
            raise Refused("NothingToTake")
        self.held -= self.owed[account]
        self.paid[to] += self.owed.pop(account)
