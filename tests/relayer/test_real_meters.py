# SPDX-License-Identifier: Apache-2.0
"""Real meters' journals and uplinks, two relayers, and everything going wrong that can: chain and journals agree.

One trouble follows the other while the meters measure. ELECTRO_SLOW=1 goes on for a whole day of intervals with two
troubles at a time, in any order, and after each pair everything must come to rest.
"""

import asyncio
import os
import random

import pytest

from electro_meter.uplink.dns import Resolver
from electro_meter.uplink.http import Client
from electro_meter.uplink.node import standing as of_node
from electro_meter.uplink.sources import standing as of_relayer
from tests.relayer.faults import FaultyNode
from tests.relayer.real_meters import LiveBoard, RealMeter
from tests.relayer.troubles import TROUBLES, Scene
from tests.relayer.world import World

SLOW = bool(os.environ.get("ELECTRO_SLOW"))
FINALITY = 3  # blocks
INTERVALS = 96


@pytest.fixture
def world(start_anvil):
    """A chain that tells a `finalized` block two below the latest, for the meter that asks a node itself."""
    with start_anvil("--slots-in-an-epoch", "1") as chain:
        made = World(chain.url)
        made.agree(3, INTERVALS)
        yield made


@pytest.fixture
async def scene(world, settings_for, spawn, tmp_path):
    world.block_time(1)
    quick = {"finality": str(FINALITY), "rpc_timeout_s": 1, "heal_s": 1, "bump_s": 2}
    async with FaultyNode(world.url) as one, FaultyNode(world.url) as two:
        settings = [settings_for(world, key, rpc_url=node.url, **quick) for key, node in ((1, one), (2, two))]
        meters: list[RealMeter] = []
        made = await asyncio.to_thread(Scene, world, [one, two], settings, spawn, meters)
        urls = [relayer.url for relayer in made.relayers]
        for number, meter in enumerate(world.meters):
            folder = tmp_path / f"meter{number}"
            folder.mkdir()
            nodes = [world.url] if number == 1 else []  # this one asks the node itself where it stands
            meters.append(RealMeter(world, meter, folder, urls[number % 2 :] + urls[: number % 2], nodes))
            meters[-1].power_on()
        yield made
        for meter in meters:
            await meter.power_off()


@pytest.mark.timeout(1800)
async def test_whatever_happens_the_contract_ends_with_what_the_journals_hold(scene, eventually):
    for name in TROUBLES:
        await scene.go_through(name)
    await scene.meters[0].power_off()
    scene.meters[0].power_on()
    await scene.go_through()
    await scene.come_to_rest(eventually)


@pytest.mark.skipif(not SLOW, reason="minutes: ELECTRO_SLOW=1")
@pytest.mark.timeout(1800)
async def test_two_troubles_at_a_time_and_rest_after_each_pair(scene, eventually):
    while scene.meters[0].measured < INTERVALS - 6:
        await scene.go_through(*random.sample(TROUBLES, 2))
        await scene.come_to_rest(eventually)


async def test_a_meter_that_asks_a_node_itself_is_told_what_a_relayer_tells(
    world, settings_for, relay, eventually
):
    client = await relay(settings_for(world, finality="finalized"))
    [one, *_] = world.meters
    await client.post(one.report(0, 4))
    await eventually(lambda: world.next_interval(one) == 4)
    board = LiveBoard(world.now, "")
    meter = Client(board, Resolver(board, []))
    for stands in ((4, 0), (4, 4)):
        [told], _ = await of_node(meter, world.url, world.chain_id, world.address, one.device, 6)
        _, answer = await client.get(f"/v1/meters/0x{one.device.hex()}?ahead=6")
        [expected] = of_relayer(answer, world.chain_id, world.address)
        assert (told.next_latest, told.next_final) == stands
        assert vars(told) == vars(expected)
        world.rpc("anvil_mine", "0x3")
    stranger, _ = await of_node(meter, world.url, world.chain_id, world.address, b"\x77" * 20, 6)
    assert stranger == []
    await meter.close()
