# SPDX-License-Identifier: Apache-2.0
"""Readiness tells the truth: why nothing can be carried, and nothing of what does no harm."""

import time

import pytest

from electro_relayer.chain import upkeep
from electro_relayer.chain.pulse import Pulse
from electro_relayer.paying.key import read_key
from tests.relayer import faults


@pytest.fixture(autouse=True)
def _looked_at_often(monkeypatch):
    for name in ("HEAD_EVERY_S", "BALANCE_EVERY_S", "POOR_EVERY_S"):
        monkeypatch.setattr(upkeep, name, 0.1)


async def readiness(client):
    status, body = await client.get("/readyz")
    return status, body["error"]["code"] if status != 200 else body["status"]


async def test_without_money_it_is_not_ready_and_says_so_until_there_is_some(
    world, settings_for, relay, eventually
):
    world.agree(1)
    settings = settings_for(world)
    client = await relay(settings)
    sender = "0x" + read_key(settings.key_file).address.hex()
    assert await readiness(client) == (200, "ready")
    world.rpc("anvil_setBalance", sender, "0x1")

    async def is_poor():
        return await readiness(client) == (503, "NO_MONEY")

    await eventually(is_poor)
    assert (await client.metrics())["not_ready", "NO_MONEY"] == 1
    [meter] = world.meters
    assert (await client.post(meter.report(0)))[0] == 202  # for a while what comes waits in memory
    world.rpc("anvil_setBalance", sender, hex(10**20))

    async def is_ready():
        return await readiness(client) == (200, "ready")

    await eventually(is_ready)
    await eventually(lambda: world.reported(meter) == [0])
    assert (await client.metrics())["not_ready", "NO_MONEY"] == 0


async def test_without_money_for_long_nothing_new_is_taken(world, settings_for, relay, eventually):
    world.agree(2)
    settings = settings_for(world, stalled_s=1, drain_s=0)
    client = await relay(settings)
    world.rpc("anvil_setBalance", "0x" + read_key(settings.key_file).address.hex(), "0x0")
    one, two = world.meters

    async def refused():
        status, body = await client.post(two.reports(1)[0])
        return status == 503 and body["error"]["code"] == "NO_MONEY"

    await client.post(one.report(0))
    await eventually(refused)


async def test_a_chain_that_makes_empty_blocks_and_stops_has_halted(world, settings_for, relay, eventually):
    world.agree(1)
    world.block_time(1)
    client = await relay(settings_for(world, stalled_s=1.5))

    async def is_habit_known():
        return (await client.metrics())["head_block",] >= start + 4

    start = world.web3.eth.block_number
    await eventually(is_habit_known)
    assert await readiness(client) == (200, "ready")
    world.rpc("evm_setIntervalMining", 0)

    async def has_halted():
        return await readiness(client) == (503, "CHAIN_HALTED")

    await eventually(has_halted)
    world.rpc("evm_setIntervalMining", 1)

    async def is_ready():
        return await readiness(client) == (200, "ready")

    await eventually(is_ready)


async def test_a_chain_without_empty_blocks_that_has_nothing_to_do_has_not_halted(
    world, settings_for, relay, eventually
):
    world.agree(1)  # mines when something comes
    client = await relay(settings_for(world, stalled_s=1))
    [meter] = world.meters
    for number in range(5):
        assert (await client.post(meter.report(number)))[0] == 202
        await eventually(lambda number=number: world.next_interval(meter) == number + 1)

    async def has_stood_still():
        return (await client.metrics())["head_still_seconds",] > 3

    await eventually(has_stood_still)
    assert await readiness(client) == (200, "ready")
    assert (await client.post(meter.report(5)))[0] == 202


async def test_a_message_that_comes_after_a_long_pause_makes_no_halt_of_it(
    world, settings_for, relay, eventually
):
    world.agree(1)
    client = await relay(settings_for(world, stalled_s=6))

    async def has_stood_still():
        return (await client.metrics())["head_still_seconds",] > 7

    await eventually(has_stood_still)
    world.rpc("evm_setAutomine", False)
    [meter] = world.meters
    assert (await client.post(meter.report(0)))[0] == 202

    async def is_in_flight():
        return (await client.metrics())["unmined_transactions",] == 1

    await eventually(is_in_flight)
    assert await readiness(client) == (200, "ready")
    world.rpc("evm_setAutomine", True)
    world.rpc("evm_mine")
    await eventually(lambda: world.reported(meter) == [0])


async def test_a_chain_without_empty_blocks_that_leaves_ours_waiting_has_halted(
    world, settings_for, relay, eventually
):
    world.agree(1)
    client = await relay(settings_for(world, stalled_s=1, drain_s=0))
    world.rpc("evm_setAutomine", False)
    [meter] = world.meters
    assert (await client.post(meter.report(0)))[0] == 202

    async def has_halted():
        return await readiness(client) == (503, "CHAIN_HALTED")

    await eventually(has_halted)
    status, body = await client.post(meter.report(1))
    assert (status, body["error"]["code"]) == (503, "CHAIN_HALTED")
    assert (await client.post(meter.report(0)))[0] == 202  # what is in memory is in memory
    world.rpc("evm_setAutomine", True)
    world.rpc("evm_mine")
    await eventually(lambda: world.reported(meter) == [0])


async def test_where_blocks_come_and_nothing_of_ours_is_in_them_it_is_not_ready(
    world, faulty, settings_for, relay, eventually
):
    world.agree(1)
    world.block_time(1)
    client = await relay(settings_for(world, rpc_url=faulty.url, stalled_s=2))
    faulty.refuse = lambda call: "txpool is full" if faults.sends([call]) else None
    [meter] = world.meters
    assert (await client.post(meter.report(0)))[0] == 202

    async def stands_still():
        return await readiness(client) == (503, "NOTHING_MINED")

    await eventually(stands_still)
    assert (await client.metrics())["no_progress_seconds",] > 1
    faulty.refuse = lambda call: None
    await eventually(lambda: world.reported(meter) == [0])

    async def is_ready():
        return await readiness(client) == (200, "ready")

    await eventually(is_ready)


async def test_receipts_that_come_late_are_nothing(world, faulty, settings_for, relay, eventually):
    world.agree(1)
    world.block_time(1)
    client = await relay(settings_for(world, rpc_url=faulty.url))

    def hide(call, answer):
        return {**answer, "result": None} if call["method"] == "eth_getTransactionReceipt" else answer

    faulty.change = hide
    [meter] = world.meters
    await client.post(meter.report(0))
    await eventually(lambda: world.reported(meter) == [0])
    assert await readiness(client) == (200, "ready")
    faulty.change = lambda call, answer: answer
    await eventually(lambda: client_is_empty(client))
    assert await readiness(client) == (200, "ready")


async def client_is_empty(client):
    return (await client.metrics())["queue_messages",] == 0


def far_behind(call, answer):
    """What a node says that has fetched the blocks up to an hour ago."""
    if call["method"] == "eth_syncing":
        return {**answer, "result": {"startingBlock": "0x0", "currentBlock": "0x10", "highestBlock": "0x100"}}
    if call["method"] == "eth_getBlockByNumber" and call["params"][0] == "latest":
        return {**answer, "result": {**answer["result"], "timestamp": hex(int(time.time()) - 3600)}}
    return answer


async def test_a_node_that_is_fetching_blocks_is_not_ready_and_takes_nothing(
    world, faulty, settings_for, relay, eventually
):
    world.agree(1)
    client = await relay(settings_for(world, rpc_url=faulty.url))
    faulty.change = far_behind

    async def is_behind():
        return await readiness(client) == (503, "NODE_BEHIND")

    await eventually(is_behind)
    assert (await client.metrics())["not_ready", "NODE_BEHIND"] == 1
    [meter] = world.meters
    status, body = await client.post(meter.report(0))
    assert (status, body["error"]["code"]) == (503, "NODE_BEHIND")
    faulty.change = lambda call, answer: answer

    async def is_ready():
        return await readiness(client) == (200, "ready")

    await eventually(is_ready)


async def test_a_node_that_is_fetching_blocks_is_left_for_another(
    world, faulty, settings_for, relay, eventually
):
    world.agree(1)
    faulty.change = far_behind
    client = await relay(settings_for(world, rpc_url=f"{faulty.url},{world.url}"))

    async def left():
        return (await client.metrics())["failovers_total",] == 1 and await readiness(client) == (200, "ready")

    await eventually(left)


async def test_where_all_nodes_are_fetching_blocks_none_is_left_again_and_again(
    world, faulty, settings_for, relay, eventually
):
    world.agree(1)
    async with faults.FaultyNode(world.url) as second:
        for each in (faulty, second):
            each.change = far_behind
        client = await relay(settings_for(world, rpc_url=f"{faulty.url},{second.url}"))
        await eventually(lambda: second.calls.count("eth_syncing") > 10)
        assert (await client.metrics())["failovers_total",] == 1
        assert await readiness(client) == (503, "NODE_BEHIND")


@pytest.mark.parametrize(
    "syncing",
    [
        False,
        None,
        {},
        {"currentBlock": "0x10", "highestBlock": "0x11"},
        {"currentBlock": 1, "highestBlock": []},
    ],
)
async def test_who_fetches_old_blocks_only_is_not_behind(
    world, faulty, settings_for, relay, eventually, syncing
):
    def change(call, answer):
        told = far_behind(call, answer)
        return {**told, "result": syncing} if call["method"] == "eth_syncing" else told

    faulty.change = change
    client = await relay(settings_for(world, rpc_url=faulty.url))
    await eventually(lambda: faulty.calls.count("eth_syncing") > 3)
    assert await readiness(client) == (200, "ready")


async def test_however_often_readiness_is_asked_the_node_is_asked_once_a_second(
    shared_world, faulty_shared, settings_for, relay
):
    client = await relay(settings_for(shared_world, rpc_url=faulty_shared.url))
    await client.get("/readyz")
    faulty_shared.requests.clear()
    for _ in range(30):
        await client.get("/readyz")
    asked = [request for request in faulty_shared.requests if request[0]["method"] == "eth_chainId"]
    assert len(asked) <= 15  # thirty questions take less than a second, or the machine is slow


def pulse_of(blocks):
    """A pulse after blocks that came so many seconds apart, empty or not, and its clock."""
    now = [0.0]
    pulse = Pulse(lambda: now[0], lambda: now[0])
    for number, (pause_s, empty) in enumerate(blocks):
        now[0] += pause_s
        pulse.note(number, int(now[0]), empty=empty)
    return pulse, now


def test_a_chain_with_rare_empty_blocks_is_given_its_time():
    pulse, now = pulse_of([(60, True)] * 6)
    now[0] += 200
    assert not pulse.has_halted(120, awaited=False)
    assert pulse.has_halted(120, awaited=True)
    now[0] += 60
    assert pulse.has_halted(120, awaited=False)


def test_an_empty_block_or_two_are_no_habit():
    pulse, now = pulse_of([(1, False), (1, True), (1, False), (1, True), (1, False)])
    now[0] += 10**6
    assert not pulse.has_halted(120, awaited=False)
    assert pulse.has_halted(120, awaited=True)


def test_a_busy_chain_of_which_it_is_known_that_it_never_rests_has_halted():
    now = [0.0]
    pulse = Pulse(lambda: now[0], lambda: now[0], steady=True)
    for number in range(8):
        now[0] += 12
        pulse.note(number, int(now[0]), empty=False)
    now[0] += 119
    assert not pulse.has_halted(120, awaited=False)
    now[0] += 2
    assert pulse.has_halted(120, awaited=False)


def test_before_the_first_block_nothing_is_said_of_the_chain():
    pulse, now = pulse_of([])
    now[0] += 10**6
    assert not pulse.has_halted(1, awaited=True)
    assert pulse.age_s is None
