# SPDX-License-Identifier: Apache-2.0
"""What people do with the money of an agreement: grant, waive, give notice, settle, redeem, collect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_protocol.messages import DiscountRedemption

from .books import SETTLED
from .chain import Tail, call
from .checks import same
from .parties import Parties
from .table import INVOICES

if TYPE_CHECKING:
    from .books import Entry

MOST_GAS = 2**24  # of a transaction since Osaka (EIP-7825)


class MoneyRules(Parties):
    def grant(self) -> None:
        entry, caller = self.entry(), self.operator()
        id_, amount = self.id_of(entry), self.rng.choice((0, 1, 5000, 2**127))
        self._act("grant", lambda: self.paper.grant(caller, id_, amount), id_, caller, amount, keeps=True)

    def waive(self) -> None:
        entry, caller = self.entry(), self.operator()
        id_ = self.id_of(entry)
        most = entry.money.accrued(self.paper.now) - entry.money.waived if entry.money else 1
        amount = min(2**128 - 1, self.rng.choice((0, 1, most // 2, most, most + 1)))
        self._act("waive", lambda: self.paper.waive(caller, id_, amount), id_, caller, amount, keeps=True)

    def terminate(self) -> None:
        entry = self.entry()
        caller = self.operator() if self.rng.random() < 0.5 else self.consumer(entry)
        id_, by_operator = self.id_of(entry), caller != entry.consumer
        self._act("terminate", lambda: self.paper.terminate(caller, id_), id_, caller, keeps=by_operator)

    def settle(self) -> None:
        waiting = [each for each in self.recent() if each.runs and self.paper.now >= each.agreed().settles_at]
        self.settle_one(self.rng.choice(waiting) if waiting else self.entry())

    def settle_one(self, entry: Entry) -> None:
        id_ = self.id_of(entry)
        due = entry.runs and id_ == entry.id and self.paper.now >= entry.agreed().settles_at
        refused = self._act("settle", lambda: self.paper.settle(id_), id_, self._anyone(), gas=MOST_GAS)
        if due:
            same("anyone settles what has ended", refused, "")
            settled, given = entry.agreed().settlement, entry.bonus + entry.agreed().grants
            assert settled is not None
            lost = min(given, settled.accrued - entry.agreed().waived)
            same("what is left and what is lost", settled.remaining + lost, given)
            self.checks.hold(3, 16, 25)
            self.checks.terms_unchanged(entry)
            for device, point in entry.agreed().points.items():
                self.checks.silence_never_pays(entry, device, self.rng.randint(point.first, point.next))

    def redeem(self) -> None:
        entry, invoice = self._settled(), self.rng.choice(INVOICES)
        id_, money = self.id_of(entry), entry.money
        rest = money.settlement.discount - sum(money.redeemed.values()) if money and money.settlement else 1
        amount = min(2**128 - 1, self.rng.choice((0, 1, rest // 3, rest // 3, rest, rest + 1)))
        if self.rng.random() < 0.5:
            caller = self.consumer(entry)
            self._act(
                "redeem",
                lambda: self.paper.redeem(caller, id_, invoice, amount),
                id_,
                caller,
                invoice,
                amount,
            )
            return
        deadline = self.paper.now + self.rng.choice((0, 600, 600, 600, -1))
        message = DiscountRedemption(id_, invoice, amount, deadline)
        signature, good = self._signed(message, entry)
        self._act(
            "redeemBySignature",
            lambda: self.paper.redeem_by_signature(id_, invoice, amount, deadline, good),
            id_, self._anyone(), invoice, amount, deadline, Tail(signature),
        )  # fmt: skip

    def acknowledge(self) -> None:
        (id_, invoice), caller = self._redeemed(), self.operator()
        self._act(
            "acknowledge",
            lambda: self.paper.acknowledge(caller, id_, invoice),
            id_,
            caller,
            invoice,
            keeps=True,
        )

    def collect(self) -> None:
        accounts = [*self.operators, *(each.address for each in self.consumers)]
        account = self.rng.choice(accounts)
        if self.rng.random() < 0.6:
            self.both(
                "collect",
                lambda: self.paper.collect(account, account),
                call("collect", account),
                self._anyone(),
            )
            return
        to = self.rng.choice(accounts)
        self.both("collectTo", lambda: self.paper.collect(account, to), call("collectTo", to), account)

    # -- Which

    def _settled(self) -> Entry:
        settled = [each for each in self.recent() if each.state == SETTLED]
        return self.rng.choice(settled) if settled and self.rng.random() < 0.95 else self.entry()

    def _redeemed(self) -> tuple[int, bytes]:
        """An agreement and an invoice, mostly one that has had something."""
        some = [(each.id, invoice) for each in self.recent() if each.money for invoice in each.money.redeemed]
        if some and self.rng.random() < 0.9:
            return self.rng.choice(some)
        return self.id_of(self._settled()), self.rng.choice(INVOICES)
