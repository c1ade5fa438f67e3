# SPDX-License-Identifier: Apache-2.0
"""Contract and paper side by side, and who sits at the table: what all rules of the fuzzing share."""

from __future__ import annotations

import functools
from collections import Counter
from typing import TYPE_CHECKING

from electro_contracts.model import Refused
from electro_protocol.eip712 import Domain
from tests.contracts.tokens import Token
from tests.contracts.world import NOW, day, key

from .chain import Chain, Signer, call, text
from .checks import Checks, Disagreement
from .paper import Paper

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from electro_protocol.signed import SignedMessage

    from .books import Entry

# Short terms, so that ends, edges and gaps are met often, each of its own shape.
SHAPES = [
    day(
        interval_seconds=1800, intervals=40, bands=tuple((10 + i, 20 + i) for i in range(7)),
        penalised_causes=0b101, notice=7000, discount_expiry=30_000, capacity_units=60, raise_units=10,
        lead_seconds=3600, fault_lookback=4000, missing_penalty=1850,
    ),
    day(  # no time to spare anywhere, several words of readings a pass and of intervals
        interval_seconds=60, intervals=290, bands=tuple((i % 5, 0x7FF0 + i % 16) for i in range(48)),
        penalised_causes=0b100, notice=0, grace=0, dispute_window=0, discount_expiry=3000, discount_rate_ppm=10**6,
        capacity_units=0x7FFF, raise_units=0, lead_seconds=0, fault_lookback=0, missing_penalty=2**20,
    ),
    day(  # the greatest rates, one slot, one interval at the least
        interval_seconds=7000, intervals=3, bands=((0x7FFF, 0x7FFF),), penalised_causes=0b101,
        violation_penalty=2**62, under_rate=2**46, over_rate=2**46, outage_penalty=2**62,
        outage_minute_penalty=2**54, missing_penalty=2**64 - 1, discount_rate_ppm=999_999,
        capacity_units=0x7FFF, raise_units=0xFFFF, lead_seconds=7000, fault_lookback=2**32 - 1,
    ),
    day(  # nothing costs anything, and nothing is left of it
        interval_seconds=900, intervals=33, bands=tuple((0, 0) for _ in range(16)), penalised_causes=0b100,
        violation_penalty=0, under_rate=0, over_rate=0, missing_penalty=0, outage_penalty=0,
        outage_minute_penalty=0, discount_rate_ppm=0, notice=900, capacity_units=5, raise_units=5,
        lead_seconds=60, fault_lookback=2700,
    ),
]  # fmt: skip
LEAST = (0, 0, 2000)  # grace, dispute window, expiry
# How often meters keep their registers: the last are seldom fit for an agreement that starts at any second.
BASES = (1, 1, 1, 1, 1, 1, 1, 60, 60, 7)
BONUSES = (0, 1, 10**6, 10**6, 2**40, 2**40, 2**80, 2**127)
INVOICES = [bytes([i]) * 32 for i in range(1, 4)]
PURSE = 2**200  # what each operator has; more than all bonuses


@functools.cache
def signer(name: str) -> Signer:
    return Signer(key(name))


@functools.lru_cache(maxsize=16)
def foreign(domain: Domain) -> tuple[Domain, Domain]:
    """The same contract on another chain, another contract on the same chain."""
    return Domain(domain.chain_id + 1, domain.contract), Domain(domain.chain_id, bytes(20))


class Table:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.chain = Chain(LEAST)
        self.meters = [signer(f"meter {i}") for i in range(10)]
        self.bases = dict(zip((each.address for each in self.meters), BASES, strict=True))
        self.signers = {each.address: each for each in self.meters}
        self.consumers = [signer("consumer"), signer("other consumer"), signer("third consumer")]
        self.operators = [self.chain.operator, signer("second operator").address]
        self.carriers = [self.chain.anyone, self.chain.operator, self.consumers[0].address]
        self.paper = Paper(self.chain.admin, self.chain.operator, escrow=False, least=LEAST)
        self.checks = Checks(self.chain, self.paper)
        self.calls: Counter[tuple[str, str]] = Counter()
        self.carried: list[tuple[bytes, SignedMessage]] = []
        self.token: Token | None = None
        # mostly one shape a life, or the longest intervals would let the others pass in a step
        self.shape = rng.choice(SHAPES)
        self.pass_to(NOW)

    def open_escrow(self) -> None:
        self.token = Token(self.chain.world)
        for account in self.operators:
            self.token.fund(text(account), PURSE)
        self.both(
            "useEscrow", lambda: self.paper.use_escrow(self.chain.admin),
            call("useEscrow", bytes.fromhex(self.token.address[2:])), self.chain.admin,
        )  # fmt: skip

    def pass_to(self, now: int) -> None:
        self.paper.now = now
        self.chain.set_time(now)

    def count(self, kind: str, refused: str) -> None:
        self.calls[kind, refused] += 1

    def both(
        self, kind: str, step: Callable[[], object], data: bytes, caller: bytes, gas: int | None = None
    ) -> str:
        """Take a step on paper and on chain; both take it, or refuse it for the same reason. Return the reason."""
        expected = ""
        try:
            step()
        except Refused as refusal:
            expected = refusal.reason
        got = self.chain.send(caller, data, gas)
        self.count(kind, expected)
        if got != expected:
            raise Disagreement(f"{kind}: the contract says {got or 'yes'}, the paper {expected or 'yes'}")
        return expected

    # -- Choices

    def point(self) -> tuple[Entry, Signer]:
        """An agreement and a meter, mostly one that measures in it now."""
        chance, running = self.rng.random(), self.running()
        if chance > 0.97 or not running:
            return self.entry(), self.rng.choice(self.meters)
        measuring = [each for each in running if self.paper.now <= each.agreed().reports_until]
        entry = self.rng.choice(measuring if measuring and chance < 0.85 else running)
        points = entry.agreed().points
        wanted = [each for each in points if points[each].next < points[each].end]
        return entry, self.signers[self.rng.choice(wanted if wanted and chance < 0.8 else list(points))]

    def running(self) -> list[Entry]:
        """The late agreements that bind their parties now; there are mostly two at least that still measure."""
        running = [each for each in self.recent() if each.runs]
        measuring = sum(self.paper.now <= each.agreed().reports_until for each in running)
        if measuring < 2 and self.rng.random() < 0.3:
            self.begin_something()
            running = [each for each in self.recent() if each.runs]
        return running

    def entry(self) -> Entry:
        """An agreement, mostly a late one."""
        if not self.paper.entries:
            self.begin_something()
        chosen = self.recent() if self.rng.random() < 0.95 else list(self.paper.entries.values())
        return self.rng.choice(chosen)

    def recent(self) -> list[Entry]:
        count = len(self.paper.entries)
        return [self.paper.entries[id_] for id_ in range(max(1, count - 7), count + 1)]

    def begin_something(self) -> None:
        """Let there be an agreement that begins soon, if the parties can."""
        raise NotImplementedError
