# SPDX-License-Identifier: Apache-2.0
"""The whole path on a stand-in for Besu with QBFT (what is Besu's in it, and what not: besu.py), without any money."""

import asyncio

import aiohttp
import pytest

from electro_contracts.deployment import LEAST
from electro_contracts.node.profiles import BESU_QBFT, recognise
from electro_relayer import preflight
from electro_relayer.chain.nodewords import Verdict, understand
from electro_relayer.chain.rpc import Node, RpcError
from electro_relayer.paying.key import read_key
from electro_tools import transact
from electro_tools.besu.genesis import validators_of
from electro_tools.contract import deploy
from tests.relayer.besu import FREE_OF_CHARGE, POOL_PER_ACCOUNT, SET, BesuStandIn
from tests.relayer.carrying import assert_no_gas_was_burnt
from tests.relayer.real_meters import RealMeter
from tests.relayer.world import World

INTERVALS = 96


@pytest.fixture
async def besu(start_anvil):
    with start_anvil(*FREE_OF_CHARGE) as chain:
        async with BesuStandIn(chain.url) as node:
            yield node


@pytest.fixture
async def world(besu):
    """An agreement between accounts that own nothing; everything was asked of the stand-in."""

    def make():
        made = World(besu.url, free=True)
        made.agree(3, INTERVALS)
        made.block_time(1)
        return made

    return await asyncio.to_thread(make)


async def test_from_deployment_to_journals_that_agree_without_any_money(
    besu, world, settings_for, relay, tmp_path, eventually
):
    operator = world.operator.address
    web3 = await asyncio.to_thread(transact.connect, besu.url)
    made = await asyncio.to_thread(
        lambda: deploy.deploy(
            web3, world.operator, admin=operator, operator=operator, admin_delay_s=0, least=LEAST
        )
    )
    assert made.address != world.contract.address
    settings = await asyncio.to_thread(lambda: settings_for(world, rpc_url=besu.url, finality="auto"))
    findings = {finding.what: finding async for finding in preflight.check(settings)}
    assert all(finding.good is not False for finding in findings.values()), findings
    client = await relay(settings)
    meters = []
    for number, meter in enumerate(world.meters):
        folder = tmp_path / f"meter{number}"
        folder.mkdir()
        nodes = [besu.url] if number else []  # the others ask the stand-in itself
        meters.append(await asyncio.to_thread(RealMeter, world, meter, folder, [client.url], nodes))
        meters[-1].power_on()
    for _ in range(6):
        for meter in meters:
            meter.measure()
        await asyncio.sleep(0.2)
    for meter in meters:
        await eventually(lambda meter=meter: asyncio.to_thread(meter.agrees))  # final is latest
        await meter.power_off()
    await asyncio.to_thread(assert_no_gas_was_burnt, world, settings)
    for account in (read_key(settings.key_file).address, bytes.fromhex(operator[2:])):
        balance = await asyncio.to_thread(world.web3.eth.get_balance, account)
        assert balance == 0


async def test_a_pool_of_five_and_a_key_used_twice_lose_nothing(besu, world, settings_for, relay):
    small = {
        "rpc_url": besu.url,
        "finality": "auto",
        "batch_size": 2,
        "heal_s": 0.5,
        "unmined_transactions": 16,
    }
    settings = [await asyncio.to_thread(lambda: settings_for(world, key=1, **small)) for _ in range(2)]
    clients = [await relay(each) for each in settings]
    count = 0

    async def carried(meter, client):
        while (stands := (await client.next(meter))["final"]) < count:
            await client.post({"messages": [meter.report(i) for i in range(stands, count)]})
            await asyncio.sleep(0.5)

    # Whether the two meet at a nonce is chance: again until they have, and until the pool was full.
    while count < INTERVALS - 10 and not (besu.turned_away and besu.replaced):
        count += 10
        await asyncio.gather(*[carried(m, clients[i % 2]) for i, m in enumerate(world.meters)])
    assert besu.turned_away > 0
    assert besu.replaced > 0
    for meter in world.meters:
        assert await asyncio.to_thread(world.reported, meter) == list(range(count))
    await asyncio.to_thread(assert_no_gas_was_burnt, world, settings[0])


async def test_an_account_that_is_not_allowed_is_found_out_before_and_waits_until_it_is(
    besu, world, settings_for, relay, eventually
):
    settings = await asyncio.to_thread(lambda: settings_for(world, rpc_url=besu.url, finality="auto"))
    sender = "0x" + read_key(settings.key_file).address.hex()

    async def permission():
        return [f.good async for f in preflight.check(settings) if f.what == "permission"]

    assert await permission() == [True]
    besu.allowlist = {"0x" + "00" * 20}
    assert await permission() == [False]
    client = await relay(settings)
    meter = world.meters[0]
    report = meter.report(0)
    assert (await client.post(report))[0] == 202

    async def told():
        status, body = await client.get("/readyz")
        return status == 503 and body["error"]["code"] == "SENDER_NOT_ALLOWED"

    await eventually(told)
    assert (await client.post(report))[0] == 202  # no verdict on the message
    besu.allowlist.add(sender)
    await eventually(lambda: asyncio.to_thread(lambda: world.reported(meter) == [0]))
    assert (await client.get("/readyz"))[0] == 200


async def test_on_a_network_it_sends_no_more_than_its_pool_holds_and_turns_nothing_away(
    besu, world, settings_for, relay, eventually
):
    settings = await asyncio.to_thread(
        lambda: settings_for(world, rpc_url=besu.url, finality="auto", batch_size=1)
    )
    client = await relay(settings)
    for first in range(0, 30, 10):
        for meter in world.meters:
            await client.post({"messages": [meter.report(i) for i in range(first, first + 10)]})
        await eventually(lambda end=first + 10: asyncio.to_thread(lambda: _all_at(world, end)))
    assert besu.turned_away == 0


async def test_a_network_that_halts_takes_readings_and_loses_none(
    besu, world, settings_for, relay, eventually
):
    settings = await asyncio.to_thread(
        lambda: settings_for(world, rpc_url=besu.url, finality="auto", stalled_s=2)
    )
    client = await relay(settings)
    await client.post({"messages": [meter.report(0) for meter in world.meters]})
    await eventually(lambda: asyncio.to_thread(lambda: _all_at(world, 1)))
    await besu.halt()
    answers = [(await client.post(meter.report(1)))[0] for meter in world.meters]
    assert answers == [202] * 3

    async def told():
        status, body = await client.get("/readyz")
        return status == 503 and body["error"]["code"] in ("CHAIN_HALTED", "NOTHING_MINED")

    await eventually(told)
    assert [(await client.post(meter.report(1)))[0] for meter in world.meters] == [202] * 3
    await besu.come_back()
    await eventually(lambda: asyncio.to_thread(lambda: _all_at(world, 2)))
    for meter in world.meters:
        assert await asyncio.to_thread(world.reported, meter) == [0, 1]
    await asyncio.to_thread(assert_no_gas_was_burnt, world, settings)


def _all_at(world, interval):
    return all(world.next_interval(meter) == interval for meter in world.meters)


async def test_the_stand_in_answers_as_was_measured(besu, world):
    async with Node(besu.url, timeout_s=10) as node:
        number = await node.call("eth_blockNumber", [])
        header, other = [await node.call("eth_getBlockByNumber", [number, False]) for _ in range(2)]
        assert header["hash"] == other["hash"]
        assert header["extraData"] != other["extraData"], "as two nodes of a network tell one block"
        assert {(len(each["extraData"]) - 2) // 2 for each in (header, other)} == {327}
        assert validators_of(bytes.fromhex(header["extraData"][2:])) == list(SET)
        assert recognise(world.chain_id, "", header) is BESU_QBFT
        async with aiohttp.ClientSession() as session:
            asked = {"jsonrpc": "2.0", "id": 0, "method": "eth_chainId", "params": []}
            async with session.post(besu.url, json=asked) as answer:
                assert answer.headers["Transfer-Encoding"] == "chunked"
        assert header["baseFeePerGas"] == "0x0"
        assert [await node.call(name, []) for name in ("eth_gasPrice", "eth_maxPriorityFeePerGas")] == [
            "0x0"
        ] * 2
        for block in ("finalized", "safe"):
            with pytest.raises(RpcError, match="Unknown block") as caught:
                await node.call("eth_getBlockByNumber", [block, False])
            assert caught.value.code == -39001
        raw = await asyncio.to_thread(transfer, world, 0)
        [taken, again] = [(await node.batch([("eth_sendRawTransaction", [raw])]))[0] for _ in range(2)]
        assert taken.startswith("0x")
        assert (again.code, understand(again)) == (-32000, Verdict.KNOWN)
        far = [await asyncio.to_thread(transfer, world, nonce) for nonce in range(1, POOL_PER_ACCOUNT + 1)]
        *fit, too_far = await node.batch([("eth_sendRawTransaction", [each]) for each in far])
        assert all(isinstance(each, str) for each in fit)
        assert (too_far.code, understand(too_far)) == (-32000, Verdict.NONCE_HIGH)
        await node.call("evm_mine", [])
        [low] = await node.batch(
            [("eth_sendRawTransaction", [await asyncio.to_thread(transfer, world, 0, 1)])]
        )
        assert (low.code, understand(low)) == (-32001, Verdict.NONCE_LOW)
        with pytest.raises(RpcError) as caught:
            await node.call("eth_call", [{"to": "0x" + world.address.hex(), "data": "0x12345678"}, "latest"])
        assert caught.value.code == 3


def transfer(world, nonce, value=0):
    """The signed bytes of a transfer without a fee, from an account that owns nothing."""
    from eth_account import Account

    fields = {
        "to": world.contract.address,
        "value": value,
        "gas": 21_000,
        "nonce": nonce,
        "chainId": world.chain_id,
    }
    account = Account.from_key("0x" + "77" * 32)
    raw = account.sign_transaction({**fields, "maxFeePerGas": 0, "maxPriorityFeePerGas": 0}).raw_transaction
    return raw.to_0x_hex()
