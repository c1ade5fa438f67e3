# SPDX-License-Identifier: Apache-2.0
"""The whole path, from samples to a discount: on the embedded chain, on a real node, and with the relayer killed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eth_account import Account

from electro_contracts.node.access import Endpoint
from electro_tools import load
from electro_tools.demo import scenario
from electro_tools.demo.audit import judge
from electro_tools.demo.world import BEFORE_START_S, Node, World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.toolchain.running_anvil import Anvil

    from electro_tools.demo.world import Outcome

DAY = load.built_in(1)
# two of the accounts that every anvil funds; worthless anywhere else
ANVIL_KEYS = (
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
)


class Run:
    """One day of three meters, with what was told on the way."""

    def __init__(self, *, stop_relayer: bool = False, interpreter: Path | None = None) -> None:
        self.notes: list[str] = []
        self.world = World(
            scenario.plan(DAY),
            4,
            interpreter,
            stop_relayer=stop_relayer,
            tell=lambda *_: None,
            note=lambda _when, who, what: self.notes.append(f"{who}: {what}"),
        )

    def check(self, outcome: Outcome) -> None:
        verdicts, gas = judge(outcome)
        assert [verdict.intervals for verdict in verdicts] == [96, 96, 96]
        for verdict in verdicts:
            assert verdict.contract == verdict.model
            assert abs(verdict.error_percent) < 1
        mill, furnace, auxiliaries = verdicts
        assert (mill.violations, furnace.violations, auxiliaries.violations) == (1, 1, 0)
        assert mill.outage_s == auxiliaries.outage_s == 0
        assert furnace.outage_s == pytest.approx(
            34 * 60, abs=300
        )  # the sampling's grain is a window in 225 s
        assert mill.contract.remaining == mill.metered.plan.bonus - mill.contract.accrued
        assert auxiliaries.contract.discount == auxiliaries.metered.plan.bonus
        assert 0 < gas.per_interval < 60_000
        assert any("auxiliaries: catches up" in note for note in self.notes)


def test_on_the_embedded_chain_with_the_relayer_killed_on_the_way() -> None:
    """Nothing is lost or counted twice: every interval is on chain once, and the money equals the model's."""
    run = Run(stop_relayer=True)
    run.world.run(run.check)
    assert [note for note in run.notes if note.startswith("relayer")] == [
        "relayer: killed (SIGKILL)",
        "relayer: started again, knowing nothing",
    ]


def test_on_a_real_node(start_anvil: Callable[..., Anvil]) -> None:
    run = Run()
    with start_anvil("--timestamp", str(DAY.start - BEFORE_START_S), chain_id=2**40 + 7) as chain:
        operator, payer = (Account.from_key(key) for key in ANVIL_KEYS)
        run.check(run.world.live(Node(Endpoint(chain.url), operator, payer)))


def test_with_the_meters_in_real_micropython(micropython_i386: list[str], tmp_path: Path) -> None:
    program = tmp_path / "micropython"
    program.write_text("#!/bin/sh\nexec " + " ".join(micropython_i386) + ' "$@"\n')
    program.chmod(0o755)
    run = Run(interpreter=program)
    run.world.run(run.check)
