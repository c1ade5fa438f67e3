# SPDX-License-Identifier: Apache-2.0
"""A fleet of the real meter's code: what it measures arrives, whatever befalls it, and what does not is explained."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.toolchain.running_anvil import FUNDED_PRIVATE_KEY
from tests.tools.agreements import electro

from electro_contracts.node.profiles import ANVIL
from electro_tools.fleet import pace
from electro_tools.fleet.failures import CLOCK, DNS, FLASH, OFFLINE, REBOOT, plan
from electro_tools.fleet.run import Standing
from electro_tools.fleet.summary import as_json, reasons
from electro_tools.transact import connect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.toolchain.running_anvil import Anvil

_SECOND = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"  # anvil funds it too


@pytest.fixture
def keys(tmp_path: Path) -> tuple[str, ...]:
    """The operator's key and the relayer's, as options."""
    files = []
    for name, secret in (("operator", FUNDED_PRIVATE_KEY), ("relayer", _SECOND)):
        file = tmp_path / f"{name}.key"
        file.touch(mode=0o600)
        file.write_text(secret)
        files.append(str(file))
    return "--key-file", files[0], "--relayer-key-file", files[1]


def test_whatever_befalls_some_of_them_everything_arrives(
    start_anvil: Callable[..., Anvil], keys: tuple[str, ...]
) -> None:
    chain = start_anvil("--timestamp", "1780000000")  # its clock is moved: not ahead of where the run goes
    shares = [part for kind in (OFFLINE, REBOOT, FLASH, DNS) for part in (f"--{kind}", "0.2")]
    line = ("fleet", "simulate", "--rpc", chain.url, "--meters", 5, "--intervals", 8, "--report-every", 2)
    done = electro(*line, "--processes", 2, "--kill-relayer", *shares, *keys, "--json")
    assert done.code == 0, done.err
    told = done.json
    assert (told["meters"], told["intervals"], told["arrived"]) == (5, 40, 40)
    assert {group["kind"]: group["missing"] for group in told["groups"]} == dict.fromkeys(
        ("sound", OFFLINE, REBOOT, FLASH, DNS), 0
    )
    assert told["missing_because"] == {}
    assert 10 <= told["signed"] <= 30  # who was away catches up in fewer reports


def test_what_never_comes_back_is_missing_and_said_why(
    start_anvil: Callable[..., Anvil], keys: tuple[str, ...]
) -> None:
    """A relayer that is not there: the meters know it, and the command ends with 3."""
    chain = start_anvil("--timestamp", "1780000000")
    line = ("fleet", "simulate", "--rpc", chain.url, "--meters", 2, "--intervals", 4, "--interval", 300)
    done = electro(*line, "--processes", 1, *keys[:2], "--relayer", "http://127.0.0.1:9")
    assert done.code == 3
    assert "8 of 8 intervals are not on the chain" in done.err
    assert "missing at 2 meters: " in done.out


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ((), 2, "Name --relayer URL, or --relayer-key-file FILE"),
        (("--relayer", "http://127.0.0.1:9", "--offline", "0.7", "--dns", "0.7"), 2, "more than all meters"),
        (("--relayer", "http://127.0.0.1:9", "--clock", "0.5"), 1, "try --clock with --real-time"),
    ],
)
def test_what_can_not_be_tried_is_said_before_anything_is_sent(
    anvil: Anvil, keys: tuple[str, ...], more: tuple[str, ...], code: int, said: str
) -> None:
    done = electro("fleet", "simulate", "--rpc", anvil.url, *keys[:2], *more)
    assert done.code == code
    assert said in done.err


def test_failures_meet_as_many_as_they_should_one_after_the_other() -> None:
    found = plan(20, {OFFLINE: 0.25, REBOOT: 0.1, CLOCK: 0.05, FLASH: 0.0, DNS: 0.0}, 1000, 2000)
    assert [each.kind for each in found if each] == [OFFLINE] * 5 + [REBOOT] * 2 + [CLOCK]
    assert found[8:] == [None] * 12
    offline = [each for each in found if each and each.kind == OFFLINE]
    assert all(1000 <= each.start_s < each.end_s <= 2000 for each in offline)
    assert len({each.start_s for each in offline}) == 5
    assert plan(3, {OFFLINE: 1.0}, 0, 100)[2] is not None


def test_a_summary_counts_what_is_missing_with_the_meters_own_words() -> None:
    offline = plan(2, {OFFLINE: 0.5}, 0, 100)[0]
    standings = [
        Standing("a", offline, 1, {"measured": 4, "signed": 1, "why": "the network is down"}, 1),
        Standing("b", None, 1, {"measured": 4, "signed": 2, "why": ""}, 4),
    ]
    told = as_json(standings, 4)
    assert [(group["kind"], group["missing"]) for group in told["groups"]] == [("sound", 0), (OFFLINE, 3)]
    assert told["arrived"] == 5
    assert reasons(standings, 4) == [("the network is down", 1)]


def test_a_chain_that_makes_blocks_for_transactions_alone_goes_on_in_real_time(
    anvil: Anvil, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock of this machine is played: waiting for a block that nobody makes would have no end."""
    passed = [0.0]

    def sleep(seconds: float) -> None:
        passed[0] += seconds
        assert passed[0] < 100

    monkeypatch.setattr(pace.time, "sleep", sleep)
    monkeypatch.setattr(pace.time, "monotonic", lambda: passed[0])
    clock = pace.Pace(connect(anvil.url), ANVIL, real_time=True)
    began_s = clock.now_s()
    assert asyncio.run(clock.reach(began_s + 30)) == began_s + 30
    assert 29 <= passed[0] <= 31
