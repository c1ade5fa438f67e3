# SPDX-License-Identifier: Apache-2.0
"""Nodes that flap, lie, dawdle, forget and fork: then every interval is on chain exactly once, nothing reverted."""

import asyncio
import time

import pytest
import rlp
from aiohttp import web

from electro_contracts import calldata
from electro_relayer.paying.key import read_key
from tests.relayer import faults
from tests.relayer.carrying import assert_all_there_once, assert_no_gas_was_burnt, carry
from tests.relayer.faults import FaultyNode

QUICK = {"rpc_timeout_s": 2, "heal_s": 0.5, "bump_s": 60}
COUNT = 24  # intervals of each meter


async def all_carried(world, settings, clients):
    await asyncio.gather(*[carry([c.url for c in clients], meter, COUNT) for meter in world.meters])
    assert_all_there_once(world, COUNT)
    for each in settings:
        assert_no_gas_was_burnt(world, each)


async def gauge(client, name):
    return (await client.metrics())[name,]


async def test_a_node_that_flaps(world, faulty, settings_for, relay):
    world.agree(3)
    world.block_time(1)
    settings = settings_for(world, rpc_url=faulty.url, **QUICK)
    client = await relay(settings)
    faulty.instead = lambda calls: web.Response(status=502) if time.monotonic() % 0.6 < 0.3 else None
    await all_carried(world, [settings], [client])


async def test_a_node_that_takes_transactions_and_drops_the_answer(world, faulty, settings_for, relay):
    world.agree(3)
    world.block_time(1)
    settings = settings_for(world, rpc_url=faulty.url, **QUICK)
    client = await relay(settings)
    faulty.afterwards = lambda calls: web.Response(status=504) if faults.sends(calls) else None
    await all_carried(world, [settings], [client])


async def test_a_node_that_loses_every_other_transaction_and_says_it_took_it(
    world, faulty, settings_for, relay
):
    world.agree(3)
    world.block_time(1)
    settings = settings_for(world, rpc_url=faulty.url, **QUICK)
    client = await relay(settings)
    seen = []

    def lose(calls):
        if not faults.sends(calls):
            return None
        seen.append(calls)
        if len(seen) % 2 == 0:
            return None
        told = [{"jsonrpc": "2.0", "id": call["id"], "result": "0x" + "00" * 32} for call in calls]
        return web.json_response(told if len(told) > 1 else told[0])

    faulty.instead = lose
    await all_carried(world, [settings], [client])


async def test_a_node_that_answers_slowly(world, faulty, settings_for, relay):
    world.agree(3)
    world.block_time(1)
    settings = settings_for(world, rpc_url=faulty.url, **QUICK)
    client = await relay(settings)
    turn = iter(range(10**6))

    async def dawdle(calls):
        await asyncio.sleep((0.0, 0.2, 0.4, 0.1, 2.4)[next(turn) % 5])  # the last one is too slow

    faulty.instead = dawdle
    await all_carried(world, [settings], [client])


def lie_about_next(call, answer):
    """Tell every meter's next interval three lower, at any block."""
    selector = call["params"][0].get("data", "")[2:10] if call["method"] == "eth_call" else ""
    if selector not in (calldata.METER_STATE.hex(), calldata.METER_STATES.hex()) or "result" not in answer:
        return answer
    data = bytes.fromhex(answer["result"][2:])
    words = [int.from_bytes(data[i : i + 32], "big") for i in range(0, len(data), 32)]
    if selector == calldata.METER_STATE.hex():
        lists = [1]  # where each meter's list of records begins, in words
    else:
        first = words[1] // 32 + 1
        lists = [first + words[first + i] // 32 for i in range(words[first - 1])]
    for at in lists:
        for i in range(1, words[at] + 1):
            next_at = at + 1 + words[at + i] // 32 + 13  # the record's fourteenth field
            words[next_at] = max(0, words[next_at] - 3)
    return {**answer, "result": "0x" + "".join(f"{word:064x}" for word in words)}


async def test_a_node_that_lies_about_next_is_noticed_and_left_for_the_majority(
    world, faulty, settings_for, relay, eventually
):
    world.agree(2)
    world.block_time(1)
    async with FaultyNode(world.url) as honest, FaultyNode(world.url) as honest_too:
        urls = f"{faulty.url},{honest.url},{honest_too.url}"
        settings = settings_for(world, rpc_url=urls, **QUICK)
        client = await relay(settings)
        [one, *_] = world.meters
        await client.post({"messages": one.reports(8)})
        await eventually(lambda: world.next_interval(one) == 8)
        await client.next(one)
        faulty.change = lie_about_next

        async def left():
            await client.next(one)
            return await gauge(client, "failovers_total") == 1

        await eventually(left)
        assert await gauge(client, "node_backwards_total") >= 1
        assert await gauge(client, "nodes_disagree_total") >= 1
        assert (await client.next(one))["latest"] == 8
        await all_carried(world, [settings], [client])


async def test_a_node_that_takes_all_and_hands_on_nothing_is_gone_around(world, faulty, settings_for, relay):
    world.agree(2)
    world.block_time(1)

    def keep(calls):
        if faults.sends(calls):
            answers = [{"jsonrpc": "2.0", "id": c["id"], "result": "0x" + "77" * 32} for c in calls]
            return web.json_response(answers if len(answers) > 1 else answers[0])
        return None

    faulty.instead = keep
    async with FaultyNode(world.url) as slow:
        settings = settings_for(world, rpc_url=f"{faulty.url},{slow.url},{world.url}", **QUICK)
        client = await relay(settings)
        slow.instead = lambda calls: asyncio.sleep(2)
        await all_carried(world, [settings], [client])
        assert await gauge(client, "failovers_total") == 0  # all else it answers well


async def test_another_node_takes_over_but_never_one_of_another_chain(
    world, start_anvil, faulty, settings_for, relay
):
    world.agree(3)
    world.block_time(1)
    with start_anvil(chain_id=5) as foreign:
        settings = settings_for(world, rpc_url=f"{faulty.url},{foreign.url},{world.url}", **QUICK)
        client = await relay(settings)
        carrying = asyncio.create_task(all_carried(world, [settings], [client]))
        await asyncio.sleep(1.5)
        faulty.instead = lambda calls: web.Response(status=503)
        await carrying
        assert await gauge(client, "failovers_total") == 1
        assert (await client.get("/readyz"))[0] == 200


@pytest.mark.parametrize("depth", [2, 6])
async def test_a_fork_deeper_than_what_was_taken_for_final(world, settings_for, relay, depth):
    world.agree(3)
    world.block_time(1)
    # a fork is seen by the nonces that it takes back: no need to wait until things are overdue
    settings = settings_for(world, finality="3", **{**QUICK, "heal_s": 60})
    client = await relay(settings)
    began = world.web3.eth.block_number
    carrying = asyncio.gather(*[carry([client.url], meter, COUNT) for meter in world.meters])
    while world.web3.eth.block_number < began + depth:
        await asyncio.sleep(0.1)
    await asyncio.to_thread(world.rpc, "anvil_reorg", depth, [])
    await carrying
    await all_carried(world, [settings], [client])  # some meter may have been done before the fork


async def test_a_deep_fork_after_all_was_final_is_seen_by_the_meters_and_mended(world, settings_for, relay):
    world.agree(3)
    world.block_time(1)
    settings = settings_for(world, finality="2", **QUICK)
    client = await relay(settings)
    await all_carried(world, [settings], [client])
    before = [world.next_interval(meter) for meter in world.meters]
    await asyncio.to_thread(world.rpc, "anvil_reorg", 5, [])
    assert [world.next_interval(meter) for meter in world.meters] != before
    await all_carried(world, [settings], [client])  # the same sequence, from wherever the chain stands


async def test_a_key_that_two_relayers_share_is_noticed_and_costs_no_reading(
    world, settings_for, relay, eventually
):
    world.agree(4)
    world.block_time(1)
    settings = [settings_for(world, key=3, **QUICK), settings_for(world, key=3, **QUICK)]
    clients = [await relay(each) for each in settings]
    halves = world.meters[:2], world.meters[2:]
    await asyncio.gather(
        *[
            carry([client.url], meter, COUNT)
            for client, half in zip(clients, halves, strict=True)
            for meter in half
        ]
    )
    assert_all_there_once(world, COUNT)
    assert_no_gas_was_burnt(world, settings[0])

    async def noticed():
        found = [await client.get("/readyz") for client in clients]
        assert all(status == 200 for status, _ in found)  # messages were carried all the while
        return any("KEY_SHARED" in body.get("warnings", ()) for _, body in found)

    await eventually(noticed)


async def test_a_node_that_asks_a_tenth_more_for_a_replacement_gets_it(
    world, faulty, settings_for, relay, eventually
):
    world.agree(1)
    world.block_time(1000)
    settings = settings_for(world, rpc_url=faulty.url, rpc_timeout_s=1, heal_s=0.3, bump_s=0.5)
    client = await relay(settings)
    offers = {}

    def as_geth(call):
        for raw in faults.sends([call]):
            fields = rlp.decode(bytes.fromhex(raw[4:]))
            nonce, tip, fee = (int.from_bytes(fields[i], "big") for i in (1, 2, 3))
            old = offers.get(nonce, (0, 0))
            if (tip, fee) != old and (fee * 10 < old[1] * 11 or tip * 10 < old[0] * 11):
                refused.append((tip, fee))
                return "replacement transaction underpriced"
            offers[nonce] = (tip, fee)
        return None

    refused = []
    faulty.refuse = as_geth
    [meter] = world.meters
    await client.post({"messages": meter.reports(3)})
    await eventually(lambda: len(offers) == 1)
    [(_, first)] = offers.values()

    def raised():
        """Make a block that the first offer is too low for, and look whether it was raised."""
        world.rpc("anvil_setNextBlockBaseFeePerGas", hex(3 * first))
        world.rpc("evm_mine")
        return next(iter(offers.values()))[1] > 1.2 * first

    await eventually(raised)
    assert refused == []
    world.block_time(1)
    await eventually(lambda: world.reported(meter) == [0, 1, 2])
    assert len(world.transactions_of(read_key(settings.key_file).address)) == 1


async def test_a_transaction_that_the_pool_evicts_again_and_again(world, faulty, settings_for, relay):
    world.agree(3)
    world.block_time(1)
    settings = settings_for(world, rpc_url=faulty.url, **QUICK)
    client = await relay(settings)
    evicted = []

    async def evict():
        while len(evicted) < 4:
            await asyncio.sleep(0.6)
            content = await asyncio.to_thread(world.rpc, "txpool_content")
            for each in content["pending"].values():
                for transaction in each.values():
                    await asyncio.to_thread(world.rpc, "anvil_dropTransaction", transaction["hash"])
                    evicted.append(transaction["hash"])

    evicting = asyncio.create_task(evict())
    await all_carried(world, [settings], [client])
    await evicting if evicted and len(evicted) >= 4 else evicting.cancel()
    assert evicted


async def test_a_node_that_falls_far_back_is_noticed(world, settings_for, relay, eventually):
    world.agree(1)
    settings = settings_for(world, **QUICK)
    client = await relay(settings)
    [meter] = world.meters
    world.rpc("anvil_mine", "0x9")
    await client.next(meter)
    assert await gauge(client, "node_backwards_total") == 0
    world.rpc("anvil_rollback", 6)

    async def noticed():
        await client.next(meter)
        return await gauge(client, "node_backwards_total") == 1

    await eventually(noticed)
    world.block_time(1)
    await all_carried(world, [settings], [client])
