# SPDX-License-Identifier: Apache-2.0
"""Whatever meters, relayers, people and time do, in any order: the contract comes to what it comes to on paper.

The rules and what is compared are in `fuzz`. A seeded driver runs them many times, hypothesis few times, and shrinks
what fails to few steps if asked: with ELECTRO_FUZZ=1000, say, it plays that many lives.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from .fuzz import record
from .fuzz.play import WEIGHTS, Play
from .fuzz.run import Tally, lives, play
from .test_invariants import PROMISES

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

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


def test_a_record_goes_on_where_it_stopped_and_records_add_up(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for path, seed, count in (
        (one, 1, 2),
        (one, 1, 1),
        (other, 4, 1),
    ):  # the second line goes on with the first
        kept = record.go_on(path, "sources", seed)
        for _ in range(count):
            kept.add(play(kept.next))
        kept.write(path)
    whole = Tally()
    for seed in (1, 2, 3, 4):
        whole.add(play(seed))
    records = [record.read(one), record.read(other)]
    assert [(each.first, each.next) for each in records] == [(1, 4), (4, 5)]
    assert record.total(records) == whole
    for wrong in ([records[0], records[0]], [records[0], replace(records[1], source="others")]):
        with pytest.raises(record.NotOneRecord):
            record.total(wrong)
    with pytest.raises(record.NotOneRecord, match="other sources"):
        record.go_on(one, "others", 1)
    one.write_text("{}")
    with pytest.raises(record.NotOneRecord, match="no record of lives"):
        record.read(one)
