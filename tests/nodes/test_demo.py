# SPDX-License-Identifier: Apache-2.0
"""The demo, in short, on Hardhat's node and on the stand-in for Besu: settled, and equal to the independent model.

Where a person waits for the chain's clock, it is moved here: both are chains in memory behind what they say they are.
"""

import asyncio
import math

import pytest

from electro_tools.fleet.pace import Pace
from tests.relayer.besu import FREE_OF_CHARGE, BesuStandIn
from tests.tools.agreements import electro


@pytest.fixture
def hourly(tmp_path, monkeypatch):
    """The line of a demo of 24 intervals, whose clock is moved."""
    monkeypatch.setattr(Pace, "_wait", Pace._move)
    file = tmp_path / "day.csv"
    rows = [
        f"2026-05-04T{hour:02}:00:00Z,{150 + 100 * math.sin(hour / 24 * math.tau):.1f}" for hour in range(24)
    ]
    file.write_text("\n".join(["time,energy_kwh", *rows]) + "\n")
    return "demo", "--load", file, "--short", 5


def assert_it_held(done, profile):
    assert done.code == 0, (done.out[-2_000:], done.err)
    assert f", {profile}, " in done.out
    assert "contract = independent model: yes, to the unit" in done.out


def test_on_hardhats_node(hardhat, hourly):
    assert_it_held(electro(*hourly, "--rpc", hardhat.url), "hardhat")


async def test_on_the_stand_in_for_besu_without_any_money(start_anvil, hourly):
    with start_anvil(*FREE_OF_CHARGE) as chain:
        async with BesuStandIn(chain.url) as node:
            done = await asyncio.to_thread(electro, *hourly, "--rpc", node.url)
    assert_it_held(done, "besu-qbft")
