# SPDX-License-Identifier: Apache-2.0
"""The parties: who acts, mostly one who may; what a consumer signs; and a step about one agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_protocol import secp256k1

from .chain import call
from .checks import same
from .messages import HIGH_S
from .table import Table, foreign

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_protocol.messages import Message

    from .books import Entry


class Parties(Table):
    # -- Who acts

    def operator(self) -> bytes:
        """Mostly one who may."""
        chance = self.rng.random()
        if chance < 0.04:
            return self.rng.choice((self.consumers[0].address, self.chain.anyone, self.chain.admin))
        return self.rng.choice(sorted(self.paper.operators) or self.operators)

    def consumer(self, entry: Entry) -> bytes:
        if self.rng.random() < 0.05:
            return self.rng.choice((self.consumers[0].address, self.chain.operator))
        return entry.consumer

    def id_of(self, entry: Entry) -> int:
        """Seldom one that does not exist."""
        return entry.id if self.rng.random() < 0.99 else len(self.paper.entries) + 1

    def _act(
        self, name: str, step: Callable[[], object], id_: int, caller: bytes,
        *arguments: int | bytes, keeps: bool = False, gas: int | None = None,
    ) -> str:  # fmt: skip
        """A step about one agreement; `keeps`: it may not lower what the consumer has (invariants 15, 20)."""
        exists = id_ in self.paper.entries
        before = self.checks.remaining(id_) if keeps and exists else 0
        prospects = self.checks.prospects(id_) if keeps and exists else None
        refused = self.both(name, step, call(name, id_, *arguments), caller, gas)
        if keeps and exists:
            same("not lowered", self.checks.remaining(id_) >= before, True)
            self.checks.not_lowered(id_, prospects)
            self.checks.hold(15)
        if not refused:
            self._touch(id_)
        return refused

    def _touch(self, id_: int) -> None:
        if id_ in self.paper.entries:
            self.checks.touched.add(id_)

    def _anyone(self) -> bytes:
        return self.rng.choice(self.carriers)

    def _signed(self, message: Message, entry: Entry) -> tuple[bytes, bool]:
        """A signature, and whether it is the consumer's of this agreement for exactly this message."""
        chance, domain = self.rng.random(), self.chain.domain
        signers = {each.address: each for each in self.consumers}
        signer = signers.get(entry.consumer, self.consumers[0])
        if chance < 0.03:
            return signer.sign(message, self.rng.choice(foreign(domain))).signature, False
        if chance < 0.06:
            return self.meters[0].sign(message, domain).signature, False
        signature = signer.sign(message, domain).signature
        if chance < 0.09:
            return signature[:32] + HIGH_S + signature[64:], False
        if chance < 0.12:
            return signature[:64] + bytes([self.rng.choice((0, 1, 29, 55 - signature[64]))]), False
        return (secp256k1.compact(signature) if chance < 0.5 else signature), True
