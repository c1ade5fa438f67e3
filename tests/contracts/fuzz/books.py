# SPDX-License-Identifier: Apache-2.0
"""The books of both offices: devices, agreements, rights, and an escrow's money; and how entries are made."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from electro_contracts.model import Agreement, Refused
from electro_protocol.keccak import keccak256

if TYPE_CHECKING:
    from electro_contracts.terms import Terms

NONE, PROPOSED, ACCEPTED, SETTLED, CANCELLED, TERMINATED = range(6)
NO_RIGHT = "AccessControlUnauthorizedAccount"
MOST = 2**128 - 1


@dataclass
class Device:
    base_seconds: int
    revoked: bool = False
    served: list[int] = field(default_factory=list)  # the latest first, three at most


@dataclass
class Entry:
    """One agreement, from its proposal on; `money` from its acceptance on.

    `consumer` is the present one; `author` the one whose address the terms' code has.
    """

    id: int
    consumer: bytes
    author: bytes
    terms: Terms
    devices: tuple[bytes, ...]
    bonus: int
    funder: bytes
    state: int = PROPOSED
    money: Agreement | None = None
    rotations: dict[bytes, bytes] = field(default_factory=dict)
    joined: list[bytes] = field(default_factory=list)
    successor: bytes = bytes(20)
    code_hash: bytes = b""

    def __post_init__(self) -> None:
        if not self.code_hash:
            self.code_hash = keccak256(self.terms.code(self.author, self.devices))

    @property
    def runs(self) -> bool:
        return self.state in (ACCEPTED, TERMINATED)

    def agreed(self) -> Agreement:
        assert self.money is not None
        return self.money


class Books:
    """Addresses are 20 bytes; `now` is the chain's time; `least`: grace, dispute window and expiry at the least."""

    def __init__(self, admin: bytes, operator: bytes, escrow: bool, least: tuple[int, int, int]) -> None:
        self.least = least
        self.now = 0
        self.admin = admin
        self.operators = {operator}
        self.escrow = escrow
        self.paused = False
        self.devices: dict[bytes, Device] = {}
        self.entries: dict[int, Entry] = {}
        self.owed: Counter[bytes] = Counter()
        self.paid: Counter[bytes] = Counter()  # to an account, less what it has paid in
        self.held = 0

    # -- What is asked before a step

    def _operator(self, caller: bytes) -> None:
        if caller not in self.operators:
            raise Refused(NO_RIGHT)

    def _party(self, caller: bytes, id_: int) -> Entry:
        entry = self._known(id_)
        if caller not in self.operators and caller != entry.consumer:
            raise Refused("NotParty")
        return entry

    def _known(self, id_: int) -> Entry:
        if id_ not in self.entries:
            raise Refused("WrongState")
        return self.entries[id_]

    def _running(self, id_: int) -> Entry:
        entry = self.entries.get(id_)
        if entry is None or not entry.runs:
            raise Refused("WrongState")
        return entry

    def _in_time(self, deadline: int) -> None:
        if self.now > deadline:
            raise Refused("Expired")

    def _in_future(self, start: int) -> None:
        if self.now >= start:
            raise Refused("AlreadyStarted")

    # -- Entries

    def _enter(
        self, funder: bytes, consumer: bytes, terms: Terms, devices: tuple[bytes, ...], bonus: int,
        earlier: Entry | None = None,
    ) -> Entry:  # fmt: skip
        """Put a proposal on record; a renewal has the code of the earlier agreement's terms."""
        author, code_hash = (earlier.author, earlier.code_hash) if earlier else (consumer, b"")
        id_ = len(self.entries) + 1
        entry = Entry(id_, consumer, author, terms, devices, bonus, funder, code_hash=code_hash)
        self.entries[entry.id] = entry
        return entry

    def _made_of(self, terms: Terms, devices: tuple[bytes, ...]) -> None:
        if not all(terms.is_made_of(self.devices[device].base_seconds) for device in devices):
            raise Refused("BaseMismatch")

    def _may_serve(self, devices: tuple[bytes, ...], start: int) -> None:
        for name in devices:
            device = self.devices[name]
            if device.revoked:
                raise Refused("RevokedDevice")
            if device.served:
                last = self.entries[device.served[0]]
                end = last.agreed().points[name].end
                if start < last.terms.start + end * last.terms.interval_seconds:
                    raise Refused("DeviceBusy")
            if len(device.served) == 3 and self.now <= self.entries[device.served[2]].agreed().reports_until:
                raise Refused("DeviceBusy")

    def _serve(self, name: bytes, id_: int) -> None:
        device = self.devices[name]
        device.served = [id_, *device.served[:2]]

    def _begin(self, entry: Entry) -> None:
        if self.escrow:
            self._operator(entry.funder)
        for name in entry.devices:
            self._serve(name, entry.id)
        entry.money = Agreement(entry.id, entry.terms, entry.devices, entry.bonus, entry.code_hash)
        entry.state = ACCEPTED
        self._pay_in(entry.funder, entry.money.locked)

    def _holds_money(self) -> None:
        if not self.escrow:
            raise Refused("NoEscrow")

    def _promises(self) -> None:
        if self.escrow:
            raise Refused("HeldInEscrow")

    def _pay_in(self, account: bytes, amount: int) -> None:
        if self.escrow:
            self.held += amount
            self.paid[account] -= amount

    def _credit(self, account: bytes, amount: int) -> None:
        if self.escrow:
            self.owed[account] += amount
