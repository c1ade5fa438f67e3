# SPDX-License-Identifier: Apache-2.0
"""Whatever meters, relayers, people and time do, in any order: the contract comes to what it comes to on paper.

The rules and what is compared are in `fuzz`. A seeded driver runs them many times, hypothesis few times, and shrinks
what fails to few steps if asked: with ELECTRO_FUZZ=1000, say, it plays that many lives.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from .fuzz.play import WEIGHTS, Play
from .fuzz.run import Tally, lives
from .test_invariants import PROMISES

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

CALLS = 100_000  # about twenty seconds; 10^7 by `python -m tests.contracts.fuzz --calls 10000000`
EXAMPLES = int(os.environ.get("ELECTRO_FUZZ", "0"))
RANDOMS = st.randoms(use_true_random=False)


def _rule(name: str) -> Callable[[Lives, random.Random], None]:
    """A rule of the driver's as one of hypothesis', which chooses, and shrinks, every random number in it."""

    def step(self: Lives, rng: random.Random) -> None:
        self.play.rng = rng
        getattr(self.play, name)()

    step.__name__ = name
    ruled: Callable[[Lives, random.Random], None] = rule(rng=RANDOMS)(step)
    return ruled


class Lives(RuleBasedStateMachine):
    play: Play

    @initialize(rng=RANDOMS)
    def begin(self, rng: random.Random) -> None:
        self.play = Play(rng)
        self.play.prepare()

    @invariant()
    def contract_is_as_on_paper(self) -> None:
        if hasattr(self, "play"):
            self.play.compare()

    for _name in WEIGHTS:
        locals()[_name] = _rule(_name)
    del _name


Lives.TestCase.settings = settings(
    max_examples=EXAMPLES or 25,
    stateful_step_count=40,
    phases=set(Phase) if EXAMPLES else set(Phase) - {Phase.shrink, Phase.explain},
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
TestLives = pytest.mark.timeout(0)(Lives.TestCase) if EXAMPLES else Lives.TestCase


def test_contract_and_paper_never_differ_in_many_lives(node_modules: object) -> None:
    """A Failed says how to play the life that failed again."""
    played = Tally()
    for each in lives(1, CALLS):
        played.add(each)
    assert played.total >= CALLS
    # A rule that never succeeds, or never fails, would test half of what it says; so would an invariant out of play.
    kinds = {kind for kind, _ in played.calls}
    assert {kind for kind in kinds if not played.calls[kind, ""]} == {"forged"}
    refused = {kind for kind, reason in played.calls if reason}
    assert kinds - refused == {
        "check",
        "checkOutages",
        "meterStates",
        "records",
        "rotation before the start",  # an accepted one, counted once more
        "submitBatch",
        "submitOutageBatch",
    }
    assert {number for number in PROMISES if played.held[number] < 50} == set()
