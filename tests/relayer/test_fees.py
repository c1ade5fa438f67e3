# SPDX-License-Identifier: Apache-2.0
"""Fees follow the market: no clock makes them dearer, what a pool demands is learnt, and old offers are outbid."""

import asyncio

import pytest
import rlp
from eth_account import Account

from electro_relayer.chain.market import ABOVE_MARKET, FLOOR_LIVES_S, FLOOR_MOST_WEI, Fees, Market
from electro_relayer.paying.key import read_key
from electro_relayer.settings import Settings
from tests.relayer import faults

GWEI = 10**9


def pool(world, sender):
    """The transactions of an account that wait, by nonce."""
    return {
        int(t["nonce"], 16): t
        for kind in world.rpc("txpool_content").values()
        for each in kind.values()
        for t in each.values()
        if bytes.fromhex(t["from"][2:]) == sender
    }


async def test_a_halted_chain_makes_nothing_dearer(world, settings_for, relay, eventually):
    world.agree(1)
    world.block_time(1000)
    settings = settings_for(world, bump_s=0.05, heal_s=0.1)
    client = await relay(settings)
    [meter] = world.meters
    sender = read_key(settings.key_file).address
    await client.post(meter.report(0))
    await eventually(lambda: pool(world, sender))
    before = pool(world, sender)[0]["hash"]
    await asyncio.sleep(3)  # sixty times what used to raise it by an eighth
    assert pool(world, sender)[0]["hash"] == before
    world.rpc("evm_mine")
    await eventually(lambda: world.reported(meter) == [0])
    [receipt] = world.transactions_of(sender)
    block = world.web3.eth.get_block(receipt["blockNumber"])
    tip = receipt["effectiveGasPrice"] - block["baseFeePerGas"]
    assert tip <= int(world.rpc("eth_maxPriorityFeePerGas"), 16)


async def test_what_blocks_pass_by_is_raised_to_the_markets_price(world, settings_for, relay, eventually):
    world.agree(1)
    world.block_time(1000)
    settings = settings_for(world, bump_s=0.2, heal_s=60)
    client = await relay(settings)
    [meter] = world.meters
    sender = read_key(settings.key_file).address
    await client.post(meter.report(0))
    await eventually(lambda: pool(world, sender))
    first = int(pool(world, sender)[0]["maxFeePerGas"], 16)

    def mined():
        world.rpc("anvil_setNextBlockBaseFeePerGas", hex(3 * first))
        world.rpc("evm_mine")
        return world.reported(meter) == [0]

    await eventually(mined)
    [receipt] = world.transactions_of(sender)
    assert 3 * first < receipt["effectiveGasPrice"] < 1.5 * 3 * first


async def test_a_tip_that_the_pool_demands_is_learnt_and_kept(world, faulty, settings_for, relay, eventually):
    world.agree(1)
    settings = settings_for(world, rpc_url=faulty.url)
    client = await relay(settings)
    [meter] = world.meters
    refused = []

    def polygon(call):
        for raw in faults.sends([call]):
            tip = int.from_bytes(rlp.decode(bytes.fromhex(raw[4:]))[2], "big")
            if tip < 25 * GWEI:
                refused.append(tip)
                return "transaction underpriced"
        return None

    faulty.refuse = polygon
    for interval in range(3):
        await client.post(meter.report(interval))
        await eventually(lambda n=interval: world.reported(meter) == list(range(n + 1)))
    first_round = len(refused)
    assert first_round <= 6
    assert refused == sorted(set(refused))  # no price was offered twice
    tips = [
        receipt["effectiveGasPrice"] - world.web3.eth.get_block(receipt["blockNumber"])["baseFeePerGas"]
        for receipt in world.transactions_of(read_key(settings.key_file).address)
    ]
    assert all(25 * GWEI <= tip <= 50 * GWEI for tip in tips)


async def test_a_demand_in_numbers_is_met_at_once(world, faulty, settings_for, relay, eventually):
    world.agree(1)
    settings = settings_for(world, rpc_url=faulty.url)
    client = await relay(settings)
    [meter] = world.meters
    tips = []

    def bor(call):
        for raw in faults.sends([call]):
            tips.append(int.from_bytes(rlp.decode(bytes.fromhex(raw[4:]))[2], "big"))
            if tips[-1] < 25 * GWEI:
                return f"transaction underpriced: gas tip cap {tips[-1]}, minimum needed {25 * GWEI}"
        return None

    faulty.refuse = bor
    await client.post(meter.report(0))
    await eventually(lambda: world.reported(meter) == [0])
    assert len(tips) == 2
    assert tips[1] == 25 * GWEI


async def test_a_transaction_of_an_earlier_life_that_is_too_cheap_now_is_outbid(
    world, settings_for, relay, eventually
):
    world.agree(1)
    world.block_time(1000)
    settings = settings_for(world, bump_s=0.3, heal_s=0.3)
    account = Account.from_key(settings.key_file.read_text())
    base = int(world.rpc("eth_gasPrice"), 16)
    cheap = {"maxFeePerGas": base, "maxPriorityFeePerGas": 1}
    for nonce in range(2):
        transfer = {
            "to": account.address,
            "value": 1,
            "gas": 21_000,
            "nonce": nonce,
            "chainId": world.chain_id,
        }
        world.web3.eth.send_raw_transaction(account.sign_transaction({**transfer, **cheap}).raw_transaction)
    client = await relay(settings)
    [meter] = world.meters
    await client.post(meter.report(0))

    def mined():
        world.rpc("anvil_setNextBlockBaseFeePerGas", hex(2 * base))
        world.rpc("evm_mine")
        return world.reported(meter) == [0]

    await eventually(mined)
    receipts = world.transactions_of(read_key(settings.key_file).address)
    assert all(receipt["status"] == 1 for receipt in receipts)
    assert all(receipt["effectiveGasPrice"] <= 2 * 2 * base + 2 * GWEI for receipt in receipts)


class Quoting:
    """A node that tells what gas costs."""

    def __init__(self, base_wei, tip_wei):
        self.base_wei, self.tip_wei = base_wei, tip_wei
        self.shown = "quoting"

    async def batch(self, requests):
        header = {
            "number": "0x1",
            "timestamp": "0x1",
            "gasLimit": "0x1c9c380",
            "baseFeePerGas": hex(self.base_wei),
        }
        return [header, hex(self.tip_wei), hex(self.base_wei + self.tip_wei)]


@pytest.fixture
def market():
    settings = Settings(rpc_url="http://x", contract=bytes(20), key_file="key")
    now = [0.0]
    made = Market(Quoting(10 * GWEI, GWEI), settings, lambda: now[0], lambda number, time_s: None)
    made.now = now
    return made


async def test_no_node_makes_the_relayer_pay_far_beyond_the_market(market):
    market.refused(Fees(0, 0), 10**21)  # "minimum needed" a thousand coins
    assert (await market.quote()).priority_fee_wei == FLOOR_MOST_WEI
    market.now[0] += FLOOR_LIVES_S
    quote = await market.quote()
    assert quote == Fees(21 * GWEI, GWEI)
    offer = quote
    while (dearer := await market.replacement(offer)) is not None:
        offer = dearer
    assert offer.max_fee_wei <= ABOVE_MARKET * quote.max_fee_wei


async def test_a_floor_begins_somewhere_where_gas_is_said_to_be_free(market):
    market._node = Quoting(0, 0)
    assert await market.quote() == Fees(0, 0)
    market.refused(await market.quote(), None)
    assert 0 < (await market.quote()).priority_fee_wei <= GWEI


async def test_gas_that_a_chain_charges_for_data_comes_from_the_node(
    world, faulty, settings_for, relay, eventually
):
    """As on Arbitrum: the estimate holds the price of the data, and a limit below it is refused."""
    world.agree(2)
    settings = settings_for(world, rpc_url=faulty.url)
    client = await relay(settings)
    data_gas = 5_000_000
    limits = []

    def charges(call, answer):
        if call["method"] == "eth_estimateGas" and "result" in answer:
            return {**answer, "result": hex(int(answer["result"], 16) + data_gas)}
        return answer

    def intrinsic(call):
        for raw in faults.sends([call]):
            limits.append(int.from_bytes(rlp.decode(bytes.fromhex(raw[4:]))[4], "big"))
            if limits[-1] < data_gas:
                return "intrinsic gas too low"
        return None

    faulty.change, faulty.refuse = charges, intrinsic
    for interval in range(2):
        await client.post({"messages": [meter.report(interval) for meter in world.meters]})
        await eventually(lambda n=interval: all(world.next_interval(m) == n + 1 for m in world.meters))
    assert min(limits) > data_gas  # none was sent in vain
