# SPDX-License-Identifier: Apache-2.0
"""One random life of a contract: every rule by its weight, the clock, what is asked, and the end of all agreements."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from .changes import ChangeRules
from .checks import same
from .meters import MeterRules
from .money import MoneyRules
from .people import PeopleRules
from .questions import Questions
from .table import PURSE

if TYPE_CHECKING:
    from .books import Entry

# Steps from one comparison to the next: of what was touched, and of all agreements that run. Comparing an agreement
# takes as long as sending three reports.
COMPARE_EVERY, COMPARE_ALL_EVERY = 16, 64


class Play(MeterRules, PeopleRules, ChangeRules, MoneyRules, Questions):
    def prepare(self) -> None:
        """What comes before the first proposal: in half of the lives an escrow."""
        if self.rng.random() < 0.5:
            self.open_escrow()

    # -- The clock

    def time_passes(self) -> None:
        entry = self._soon()
        self.pass_to(self.paper.now + self.rng.randint(0, entry.terms.interval_seconds * 3 // 2))

    def an_instant_comes(self) -> None:
        """The clock stands just before, at or just behind an instant that matters."""
        entry, rng = self._soon(), self.rng
        terms, money = entry.terms, entry.money
        running = (self.paper.now - terms.start) // terms.interval_seconds
        instants = [terms.start, terms.start + (running + rng.randint(1, 2)) * terms.interval_seconds]
        if money is not None:
            late = [money.reports_until, money.closes_at, money.settles_at, money.redeemable_until]
            instants += [each for each in late if each - self.paper.now < 12 * terms.interval_seconds]
        ahead = [each for each in instants if each >= self.paper.now]
        if ahead:
            self.pass_to(max(self.paper.now, rng.choice(ahead) + rng.randint(-1, 1)))

    def _soon(self) -> Entry:
        """An agreement that the clock goes by: seldom one that has ended, while others run."""
        running = self.running()
        return self.rng.choice(running) if running and self.rng.random() < 0.9 else self.entry()

    # -- Comparing, and the end

    def compare(self, all_running: bool = True) -> None:
        if all_running:
            self.checks.touched.update(entry.id for entry in self.recent() if entry.runs)
        self.checks.compare_touched()
        if self.token is None:
            return
        for account in (*self.operators, *(each.address for each in self.consumers)):
            same("owed", self.chain.asked("owed", account), [self.paper.owed[account]])
            fund = PURSE if account in self.operators else 0
            same("paid", self.chain.balance(self.token.address, account), fund + self.paper.paid[account])
        same("held", self.chain.balance(self.token.address, self.chain.address), self.paper.held)

    def end(self) -> None:
        """Let every agreement end, settle it by anyone, and compare all that there ever was."""
        for entry in list(self.paper.entries.values()):
            if entry.runs:
                self.pass_to(max(self.paper.now, entry.agreed().settles_at))
                self.compare()
                while entry.runs:  # seldom another one is named by mistake
                    self.settle_one(entry)
        self.checks.touched.update(self.paper.entries)
        self.compare()
        for entry in self.paper.entries.values():
            self.checks.terms_unchanged(entry)


WEIGHTS = {
    "report": 34, "report_all_that_is_due": 8, "messages_in_any_order": 5, "outage": 8, "an_open_outage_ends": 4,
    "replay": 4, "forged": 5, "batch": 7, "outage_batch": 3, "time_passes": 4, "an_instant_comes": 4,
    "enrol": 0.6, "propose": 2, "accept": 2.5, "renew": 1, "cancel": 0.5, "revoke": 0.15, "rotate": 0.9, "grant": 0.7,
    "waive": 1, "terminate": 0.3, "settle": 2.5, "redeem": 2, "acknowledge": 1, "collect": 0.8,
    "renominate": 2.5, "renominate_together": 1, "widen": 1, "fault": 0.3, "succeed": 0.5,
    "pause": 0.3, "appoint": 0.3, "use_escrow_again": 0.1, "meter_state": 1, "meter_states": 0.5, "quote": 1,
    "records": 0.5,
}  # fmt: skip
NAMES = list(WEIGHTS)
CUMULATED = [sum(list(WEIGHTS.values())[: i + 1]) for i in range(len(NAMES))]


STEPS = 1500  # a life long enough for a dozen agreements, short enough to be played again by hand


def life(seed: int) -> Play:
    """Play one life, always the same for a seed. A Disagreement names the seed, the step and what came before."""
    play = Play(random.Random(seed))
    steps: list[str] = []
    try:
        play.prepare()
        for i in range(STEPS):
            steps.append(play.rng.choices(NAMES, cum_weights=CUMULATED)[0])
            getattr(play, steps[-1])()
            if i % COMPARE_EVERY == 0:
                play.compare(all_running=i % COMPARE_ALL_EVERY == 0)
        steps.append("end")
        play.end()
    except Exception as error:
        error.add_note(
            f"life {seed}, step {len(steps)}, at {play.paper.now}; the last: {', '.join(steps[-8:])}"
        )
        raise
    return play
