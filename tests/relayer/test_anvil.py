# SPDX-License-Identifier: Apache-2.0
"""Relayer and contract on a real node, with things going wrong: every interval lands, each exactly once.

Faults of the node itself are in test_chaos.py.
"""

import asyncio
import signal
from dataclasses import replace

import aiohttp
import pytest

from electro_contracts import calldata
from electro_protocol.signed import SignedMessage
from electro_relayer.paying.key import read_key
from tests.relayer.carrying import assert_all_there_once, assert_no_gas_was_burnt, carry


async def test_a_week_of_three_meters_arrives_in_a_few_batches(world, settings_for, relay):
    world.agree(3)
    world.block_time(1)
    settings = settings_for(world)
    client = await relay(settings)
    await asyncio.gather(*[carry([client.url], meter, 672, intervals=96) for meter in world.meters])
    assert_all_there_once(world, 672)
    assert_no_gas_was_burnt(world, settings)
    assert len(world.transactions_of(read_key(settings.key_file).address)) <= 5


async def test_sealed_reports_arrive_beside_plain_ones(world, settings_for, relay):
    world.agree(1, passed=0)
    plain = world.meters
    world.agree(2, tight=True, seed=2, viewing_key=bytes(range(32)))
    settings = settings_for(world)
    client = await relay(settings)
    world.meters = [*plain, *world.meters]
    world.block_time(1)
    await asyncio.gather(*[carry([client.url], meter, 192, intervals=48) for meter in world.meters])
    assert_all_there_once(world, 192)
    assert_no_gas_was_burnt(world, settings)


async def test_a_plain_report_of_a_sealed_agreement_is_refused_and_holds_up_no_sealed_one(
    world, settings_for, relay, eventually
):
    world.agree(1, viewing_key=bytes(range(32)))
    settings = settings_for(world)
    client = await relay(settings)
    [meter] = world.meters
    plain = replace(meter, viewing_key=b"").report(0)
    assert (await client.post(plain))[0] == 202  # the form is the contract's to see

    async def is_refused():
        status, body = await client.post(plain)
        return status == 409 and body["error"]["code"] == "OTHER_FORM"

    await eventually(is_refused)
    assert world.reported(meter) == []
    assert (await client.post(meter.report(0)))[0] == 202
    await eventually(lambda: world.reported(meter) == [0])
    assert_no_gas_was_burnt(world, settings)


async def test_finality_by_depth_is_told_apart_from_the_latest_block(world, settings_for, relay, eventually):
    world.agree(1)
    client = await relay(settings_for(world, finality="3"))
    [meter] = world.meters
    report = meter.report(0)
    assert (await client.post(report))[0] == 202

    async def stands(latest, final):
        return await client.next(meter) == {"latest": latest, "final": final}

    await eventually(lambda: stands(1, 0))
    assert (await client.post(report))[0] == 202
    world.rpc("anvil_mine", "0x3")
    await eventually(lambda: stands(1, 1))
    assert (await client.post(report))[0] == 200

    async def timed():
        return (await client.metrics())["final_seconds_count",] == 1

    await eventually(timed)


async def test_nothing_is_lost_or_doubled_when_the_relayer_is_killed(world, settings_for, spawn):
    world.agree(4)
    world.block_time(1)
    settings = settings_for(world)
    relayer = spawn(settings)
    carrying = [asyncio.create_task(carry([relayer.url], meter, 40)) for meter in world.meters]
    for _ in range(3):
        await asyncio.sleep(0.7)
        await asyncio.to_thread(relayer.end)
        await asyncio.to_thread(relayer.start)
    await asyncio.gather(*carrying)
    assert_all_there_once(world, 40)
    assert_no_gas_was_burnt(world, settings)


async def test_two_relayers_with_the_same_messages_deliver_once(world, settings_for, relay, eventually):
    world.agree(4)
    world.block_time(1)
    settings = [settings_for(world, key) for key in (1, 2)]
    clients = [await relay(each) for each in settings]
    for meter in world.meters:
        messages = {"messages": meter.reports(30)}
        await asyncio.gather(*[client.post(messages) for client in clients])
    await asyncio.gather(*[carry([client.url for client in clients], meter, 30) for meter in world.meters])
    assert_all_there_once(world, 30)
    for each in settings:
        sent = world.transactions_of(read_key(each.key_file).address)
        assert all(receipt["status"] == 1 for receipt in sent)


async def test_a_node_that_stops_for_a_while_loses_nothing(world, anvil, settings_for, relay, eventually):
    world.agree(3)
    world.block_time(1)
    settings = settings_for(world, rpc_timeout_s=0.5, heal_s=0.5)
    client = await relay(settings)
    carrying = [asyncio.create_task(carry([client.url], meter, 40)) for meter in world.meters]
    await asyncio.sleep(0.5)
    anvil._process.send_signal(signal.SIGSTOP)
    try:

        async def told():
            status, body = await client.get("/readyz")
            return status == 503 and body["error"]["code"] == "NODE_DOWN"

        await eventually(told)
        assert (await client.get("/healthz"))[0] == 200
    finally:
        anvil._process.send_signal(signal.SIGCONT)
    await asyncio.gather(*carrying)
    assert_all_there_once(world, 40)
    assert_no_gas_was_burnt(world, settings)


async def test_a_transaction_that_the_node_lost_is_sent_again(world, settings_for, relay, eventually):
    world.agree(1)
    world.block_time(1000)
    client = await relay(settings_for(world, heal_s=0.3))
    [meter] = world.meters
    await client.post({"messages": meter.reports(3)})

    def pending():
        return world.rpc("txpool_content")["pending"]

    await eventually(pending)
    [before] = [t["hash"] for each in pending().values() for t in each.values()]
    world.rpc("anvil_dropTransaction", before)
    await eventually(pending)
    [after] = [t["hash"] for each in pending().values() for t in each.values()]
    assert after == before  # the same bytes
    world.rpc("evm_mine")
    await eventually(lambda: world.reported(meter) == [0, 1, 2])


async def test_gas_may_cost_nothing(start_anvil, settings_for, relay, eventually):
    from tests.relayer.world import World

    free = World(start_anvil("--base-fee", "0", "--gas-price", "0", "--disable-min-priority-fee").url)
    free.agree(1)
    settings = settings_for(free)
    sender = read_key(settings.key_file).address
    free.rpc("anvil_setBalance", "0x" + sender.hex(), "0x0")
    client = await relay(settings)
    [meter] = free.meters
    await client.post(meter.report(0))
    await eventually(lambda: free.reported(meter) == [0])


async def test_legacy_transactions_land_too(world, settings_for, relay, eventually):
    world.agree(1)
    settings = settings_for(world, fees="legacy")
    client = await relay(settings)
    [meter] = world.meters
    await client.post(meter.report(0))
    await eventually(lambda: world.reported(meter) == [0])
    [receipt] = world.transactions_of(read_key(settings.key_file).address)
    assert receipt["type"] == 0


async def test_without_money_messages_wait_and_land_when_there_is_some(
    world, settings_for, relay, eventually
):
    world.agree(1)
    settings = settings_for(world)
    sender = "0x" + read_key(settings.key_file).address.hex()
    world.rpc("anvil_setBalance", sender, "0x0")
    client = await relay(settings)
    [meter] = world.meters
    assert (await client.post(meter.report(0)))[0] == 202
    await asyncio.sleep(0.3)
    assert world.reported(meter) == []
    world.rpc("anvil_setBalance", sender, hex(10**20))
    await eventually(lambda: world.reported(meter) == [0])


@pytest.mark.parametrize(
    "lanes",
    [(0xFFFE,), (0xFFFE, 0xFFFF, 0, 0x7FFF, 0x8001, 5)],
    ids=["interrupted", "everything at once"],
)
async def test_the_worst_batch_fits_its_gas_limit(world, settings_for, relay, eventually, lanes):
    world.agree(10, tight=True)
    settings = settings_for(world, batch_ms=200)
    client = await relay(settings)
    for intervals in (1, 95, 96):
        messages = [meter.reports(1, intervals, lanes)[0] for meter in world.meters]
        await client.post({"messages": messages})
        await eventually(lambda: all(world.next_interval(m) == m.next for m in world.meters))
    assert_no_gas_was_burnt(world, settings)
    for receipt in world.transactions_of(read_key(settings.key_file).address):
        limit = world.web3.eth.get_transaction(receipt["transactionHash"])["gas"]
        assert receipt["gasUsed"] * 1.1 < limit < receipt["gasUsed"] * 3


async def test_long_outages_get_the_gas_they_need(world, settings_for, relay, eventually):
    world.agree(10)
    settings = settings_for(world, batch_ms=200, batch_gas=300_000)
    client = await relay(settings)
    for meter in world.meters:
        await client.post({"messages": meter.reports(9, 96, (0x8000,))})
    await eventually(lambda: all(world.next_interval(meter) == 9 * 96 for meter in world.meters))
    messages = [meter.outage(world.start + 1, world.start + 9 * 86_400) for meter in world.meters]
    _, body = await client.post({"messages": messages})
    assert [result["status_code"] for result in body["results"]] == [202] * 10
    events = world.contract.events.OutageReported()
    await eventually(lambda: len(events.get_logs(from_block=0)) == 10)
    assert_no_gas_was_burnt(world, settings)
    assert len({entry["transactionHash"] for entry in events.get_logs(from_block=0)}) > 1


async def test_a_terminated_relayer_finishes_what_it_has_accepted(world, settings_for, spawn):
    world.agree(1)
    world.block_time(1)
    settings = settings_for(world, batch_ms=5000)
    relayer = spawn(settings)
    [meter] = world.meters
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{relayer.url}/v1/messages", json={"messages": meter.reports(20)}) as response,
    ):
        assert response.status == 200
    assert await asyncio.to_thread(relayer.end, signal.SIGTERM) == 0
    assert world.reported(meter) == list(range(20))


def test_logs_that_come_after_their_blocks_state_are_waited_for(world, monkeypatch):
    world.agree(1, passed=10)
    [meter] = world.meters
    report = SignedMessage.from_json(meter.report(0, 3))
    sending = {"to": world.contract.address, "data": "0x" + calldata.submit(report).hex()}
    sent = world.rpc("eth_sendTransaction", {**sending, "from": world.operator.address, "gas": "0x989680"})
    world.web3.eth.wait_for_transaction_receipt(sent)
    tell, times = world.web3.eth.get_logs, iter(range(10))
    monkeypatch.setattr(world.web3.eth, "get_logs", lambda asked: tell(asked) if next(times) else [])
    assert world.reported(meter) == [0, 1, 2]
