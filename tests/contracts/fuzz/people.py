# SPDX-License-Identifier: Apache-2.0
"""What people do with meters and agreements: enrol, propose, accept, renew, cancel, rotate, revoke; and who may."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from electro_contracts.bill import dearest_truth
from electro_protocol import secp256k1
from electro_protocol.messages import AgreementAcceptance, DeviceEnrollment

from .books import PROPOSED
from .chain import Tail, call, call_propose, devices_hash, keccak256, terms_hash
from .checks import same
from .messages import HIGH_S
from .parties import Parties
from .table import BONUSES, INVOICES, LEAST, SHAPES

if TYPE_CHECKING:
    from electro_contracts.terms import Terms

    from .books import Entry

ROLE = keccak256(b"OPERATOR_ROLE")


class PeopleRules(Parties):
    # -- Devices and proposals

    def begin_something(self) -> None:
        for caller in self.operators:
            if caller not in self.paper.operators:
                self._appoint(self.chain.admin, caller, operator=True)
        if self.paper.paused:
            self._pause(self.chain.operator, paused=False)
        for meter in self.meters[:6]:
            if meter.address not in self.paper.devices:
                self._enrol(meter.address, self.chain.operator, self.paper.now + 60, meter.address)
        start = self.paper.now + self.rng.choice((1, 60, 300))
        self._propose(self.rng.choice(self.operators), self.rng.choice(self.consumers).address, start, 2)
        if not self.paper.entries:  # seldom a device was named twice, say
            self.begin_something()
        self._accept(self.paper.entries[len(self.paper.entries)])

    def enrol(self) -> None:
        signer, deadline = self.rng.choice(self.meters), self.paper.now + self.rng.choice((0, 60, -1))
        named = None if self.rng.random() < 0.1 else signer.address
        self._enrol(signer.address, self.operator(), deadline, named)

    def _enrol(self, address: bytes, caller: bytes, deadline: int, named: bytes | None) -> None:
        hardware, base = keccak256(address), self.bases[address]
        signature = (
            self.signers[address]
            .sign(DeviceEnrollment(hardware, base, deadline), self.chain.domain)
            .signature
        )
        compact = secp256k1.compact(signature)
        again = address in self.paper.devices
        refused = self.both(
            "enrol", lambda: self.paper.enrol(caller, named, base, deadline),
            call("enrol", hardware, base, deadline, compact[:32], compact[32:] if named else HIGH_S), caller,
        )  # fmt: skip
        if again and refused:
            self.checks.hold(13)

    def propose(self) -> None:
        rng = self.rng
        consumer = rng.choice(self.consumers).address if rng.random() < 0.98 else bytes(20)
        start = self.paper.now + rng.choice((1, 5, 100, 2000, 20_000, 0) if rng.random() < 0.3 else (5, 300))
        if rng.random() < 0.4:  # as meters with slow registers need it
            start += -start % 420
        self._propose(self.operator(), consumer, start, rng.choice((1, 2, 2, 3)))
        if rng.random() < 0.8:
            self.accept()

    def _propose(self, caller: bytes, consumer: bytes, start: int, count: int) -> None:
        rng = self.rng
        terms = replace(self.shape if rng.random() < 0.9 else rng.choice(SHAPES), start=start)
        if rng.random() < 0.02:
            terms = replace(terms, discount_expiry=LEAST[2] - 1)
        if rng.random() < 0.02:
            terms = replace(terms, missing_penalty=self._just_too_cheap(terms))
        free = [each.address for each in self.meters if self._is_free(each.address, start)]
        pool = free if len(free) >= count and rng.random() < 0.9 else [each.address for each in self.meters]
        devices = tuple(rng.sample(pool, count)) if rng.random() < 0.97 else tuple(rng.choices(pool, k=count))
        if rng.random() < 0.01:
            devices = ()
        bonus = rng.choice(BONUSES)
        self.both(
            "propose", lambda: self.paper.propose(caller, consumer, terms, devices, bonus),
            call_propose(consumer, terms, devices, bonus), caller,
        )  # fmt: skip

    def _just_too_cheap(self, terms: Terms) -> int:
        """The least price of silence, or one less than that where there is one."""
        dearest = max(dearest_truth(band, terms) for band in terms.bands)
        return max(0, dearest - self.rng.randrange(2))

    def _is_free(self, address: bytes, start: int) -> bool:
        device = self.paper.devices.get(address)
        if device is None or device.revoked:
            return False
        return not device.served or self.paper.entries[device.served[0]].terms.end <= start

    def accept(self) -> None:
        waiting = [
            each for each in self.recent() if each.state == PROPOSED and each.terms.start > self.paper.now
        ]
        if waiting and self.rng.random() < 0.9:
            self._accept(self.rng.choice(waiting))
        elif self.rng.random() < 0.3:
            self._accept(self.entry())

    def _accept(self, entry: Entry) -> None:
        id_, bonus = self.id_of(entry), entry.bonus + (self.rng.random() < 0.03)
        hashes = (terms_hash(entry.terms), devices_hash(entry.devices))
        if self.rng.random() < 0.03:
            hashes = (hashes[1], hashes[0])
        as_proposed = bonus == entry.bonus and hashes[0] == terms_hash(entry.terms)
        if self.rng.random() < 0.5:
            caller = self.consumer(entry)
            self.both(
                "accept", lambda: self.paper.accept(caller, id_, as_proposed),
                call("accept", id_, *hashes, bonus), caller,
            )  # fmt: skip
        else:
            deadline = self.paper.now + self.rng.choice((0, 600) if self.rng.random() < 0.95 else (-1,))
            message = AgreementAcceptance(id_, *hashes, bonus, deadline)
            signature, good = self._signed(message, entry)
            self.both(
                "acceptBySignature",
                lambda: self.paper.accept_by_signature(id_, deadline, good, as_proposed),
                call("acceptBySignature", *message.values(), Tail(signature)), self._anyone(),
            )  # fmt: skip
        self._touch(id_)

    def renew(self) -> None:
        entry, caller = self.entry(), self.operator()
        id_, bonus = self.id_of(entry), self.rng.choice(BONUSES)
        start = max(self.paper.now, entry.terms.end) + self.rng.choice((0, 1, 60, -1))
        deadline = self.paper.now + self.rng.choice((0, 600, 600, -1))
        coming = replace(entry.terms, start=start)
        message = AgreementAcceptance(
            len(self.paper.entries) + 1, terms_hash(coming), devices_hash(entry.devices), bonus, deadline
        )
        signature, good = b"", None
        if self.rng.random() < 0.7:
            signature, good = self._signed(message, entry)
        self.both(
            "renew", lambda: self.paper.renew(caller, id_, start, bonus, deadline, good),
            call("renew", id_, start, bonus, deadline, Tail(signature)), caller,
        )  # fmt: skip

    def cancel(self) -> None:
        entry = self.entry()
        caller = self.operator() if self.rng.random() < 0.5 else self.consumer(entry)
        id_ = self.id_of(entry)
        with_nothing_lost = caller in self.paper.operators and entry.runs
        self._act("cancel", lambda: self.paper.cancel(caller, id_), id_, caller, keeps=with_nothing_lost)

    def revoke(self) -> None:
        device, caller = self.rng.choice(self.meters).address, self.operator()
        served = self.paper.devices[device].served if device in self.paper.devices else []
        before = {id_: (self.checks.remaining(id_), self.checks.prospects(id_)) for id_ in served}
        self.both("revoke", lambda: self.paper.revoke(caller, device), call("revoke", device), caller)
        for id_, (remaining, prospects) in before.items():
            same("not lowered", self.checks.remaining(id_) >= remaining, True)
            self.checks.not_lowered(id_, prospects)
            self.checks.hold(15)
            self._touch(id_)

    def rotate(self) -> None:
        entry, signer = self.point()
        id_, old = self.id_of(entry), signer.address
        new = self.rng.choice(self.meters).address
        if self.rng.random() < 0.8:
            caller = self.operator()
            self.both(
                "proposeRotation", lambda: self.paper.propose_rotation(caller, id_, old, new),
                call("proposeRotation", id_, old, new), caller,
            )  # fmt: skip
        if self.rng.random() < 0.8:
            consumer = self.consumer(entry)
            early = self.paper.now < entry.terms.start
            refused = self.both(
                "acceptRotation", lambda: self.paper.accept_rotation(consumer, id_, old, new),
                call("acceptRotation", id_, old, new), consumer,
            )  # fmt: skip
            if early and not refused:
                self.count("rotation before the start", "")
            self._touch(id_)

    # -- Rights

    def pause(self) -> None:
        self._pause(self.operator(), self.rng.random() < 0.3)

    def _pause(self, caller: bytes, paused: bool) -> None:
        self.both(
            "pauseProposals", lambda: self.paper.pause(caller, paused), call("pauseProposals", paused), caller
        )

    def appoint(self) -> None:
        caller = self.chain.admin if self.rng.random() < 0.9 else self.operator()
        self._appoint(caller, self.rng.choice(self.operators), self.rng.random() < 0.85)

    def _appoint(self, caller: bytes, account: bytes, operator: bool) -> None:
        name = "grantRole" if operator else "revokeRole"
        self.both(
            name, lambda: self.paper.appoint(caller, account, operator), call(name, ROLE, account), caller
        )

    def use_escrow_again(self) -> None:
        self.entry()
        caller = self.chain.admin if self.rng.random() < 0.5 else self.operator()
        self.both(
            "useEscrow", lambda: self.paper.use_escrow(caller), call("useEscrow", INVOICES[0][:20]), caller
        )
