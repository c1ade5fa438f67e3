# SPDX-License-Identifier: Apache-2.0
"""Final is what the chain calls so: no first answer of a node decides for ever, and what is final may be asked anew."""

from dataclasses import replace

import pytest
import rlp

from electro_contracts.node.profiles import PROFILES, recognise
from electro_relayer import preflight
from electro_relayer.chain import upkeep
from electro_relayer.chain.final import FinalBlock
from electro_relayer.chain.finality import Finality, find_finality
from electro_relayer.chain.rpc import RpcError
from electro_relayer.metrics import Metrics
from tests.relayer import faults


class Headers:
    """A node that knows blocks by name."""

    def __init__(self, finalized, latest):
        self.answers = [finalized, latest]

    async def batch(self, requests):
        assert [params[0] for _, params in requests] == ["finalized", "latest"]
        return self.answers


UNKNOWN = RpcError(-39001, "Unknown block")
EXTRA_DATA = "0x" + rlp.encode([bytes(32), [bytes(20)], b"", b"", [bytes(65)]]).hex()
QBFT = {"hash": "0x2", "extraData": EXTRA_DATA}
PLAIN = {"hash": "0x2", "extraData": "0x"}
OWN, MAINNET = 31337, 1


@pytest.mark.parametrize(
    ("setting", "chain_id", "finalized", "latest", "block"),
    [
        ("auto", OWN, {"hash": "0x1"}, PLAIN, "finalized"),
        ("auto", OWN, {"hash": "0x2"}, PLAIN, "finalized"),  # just begun, or in memory: asked each time
        ("auto", OWN, UNKNOWN, QBFT, "latest"),
        ("auto", OWN, UNKNOWN, PLAIN, hex(100 - 12)),
        ("auto", OWN, None, PLAIN, hex(100 - 12)),
        ("auto", MAINNET, None, PLAIN, "finalized"),  # of a node that syncs
        ("auto", MAINNET, UNKNOWN, QBFT, "finalized"),
        ("latest", MAINNET, UNKNOWN, QBFT, "latest"),
        ("3", OWN, UNKNOWN, QBFT, hex(97)),
        ("200", OWN, UNKNOWN, QBFT, "0x0"),
    ],
)
async def test_the_final_block_is_what_the_chain_calls_so(setting, chain_id, finalized, latest, block):
    found = await find_finality(Headers(finalized, latest), setting, recognise(chain_id, "", latest))
    assert found.block(100) == block
    assert found.why


def test_a_chain_of_depth_nought_is_final_at_once():
    assert Finality(None, 0).instant
    assert not Finality(None, 1).instant


async def test_a_node_that_begins_with_finalized_at_its_head_is_no_chain_in_memory(
    world, faulty, settings_for, relay, eventually
):
    world.agree(1)
    head = True

    def finalized(call, answer):
        """Tell the latest block for `finalized` at first, and then the one before the agreement."""
        if call["method"] == "eth_getBlockByNumber" and call["params"][0] == "finalized":
            number = world.rpc("eth_blockNumber") if head else "0x1"
            return {**answer, "result": world.rpc("eth_getBlockByNumber", number, False)}
        if call["method"] == "eth_call" and call["params"][1] == "finalized" and not head:
            return {"jsonrpc": "2.0", "id": call["id"], "result": "0x"}  # no contract there yet
        return answer

    faulty.change = finalized
    client = await relay(settings_for(world, rpc_url=faulty.url, finality="auto"))
    head = False
    [meter] = world.meters
    await client.post(meter.report(0))
    await eventually(lambda: world.reported(meter) == [0])
    assert (await client.post(meter.report(0)))[0] == 202
    assert await client.next(meter) == {"latest": 1, "final": 0}


async def test_a_chain_that_learns_to_finalize_is_believed_from_then_on(
    world, faulty, settings_for, relay, eventually, monkeypatch, caplog
):
    monkeypatch.setattr(upkeep, "REVIEW_EVERY_S", 0.2)
    world.agree(1)
    syncing = True

    def finalized(call, answer):
        if call["method"] == "eth_getBlockByNumber" and call["params"][0] == "finalized":
            if syncing:
                return faults.error(call, "Unknown block", -39001)
            number = hex(int(world.rpc("eth_blockNumber"), 16) - 1)
            return {**answer, "result": world.rpc("eth_getBlockByNumber", number, False)}
        return answer

    faulty.change = finalized
    caplog.set_level("INFO")
    client = await relay(settings_for(world, rpc_url=faulty.url, finality="auto"))
    assert "final is what is 12 blocks deep" in caplog.text
    syncing = False
    await eventually(lambda: "final is the block `finalized`" in caplog.text)
    _, told = await client.get("/v1/meters/0x" + world.meters[0].device.hex())
    assert told["block"]["final"] == told["block"]["latest"] - 1


async def test_what_was_final_is_asked_anew_when_the_chain_was_reset(
    world, settings_for, relay, eventually, monkeypatch
):
    monkeypatch.setattr(upkeep, "HEAD_EVERY_S", 0.2)
    world.agree(1)
    settings = settings_for(world)
    before = world.rpc("evm_snapshot")
    client = await relay(settings)
    [meter] = world.meters
    report = meter.report(0)
    await client.post(report)

    async def status():
        return (await client.post(report))[0]

    async def is_final():
        return await status() == 200

    await eventually(is_final)
    world.rpc("evm_revert", before)
    for _ in range(8):  # longer than it was: numbers alone tell nothing
        world.rpc("evm_mine")

    async def forgotten():
        return await status() == 202

    await eventually(forgotten)
    await eventually(lambda: world.reported(meter) == [0])
    assert (await client.metrics())["finality_broken_total",] >= 1


class Blocks:
    """A chain that tells blocks by number, and which of them is final; `final` is used as the relayer's own."""

    def __init__(self):
        self.hashes = {100: "0xaa"}
        self.final_number = 100

    async def call(self, method, params):
        assert method == "eth_getBlockByNumber"
        number = self.final_number if params[0] == "finalized" else int(params[0], 16)
        if number not in self.hashes:
            raise RpcError(-39001, "Unknown block")
        return {"number": hex(number), "hash": self.hashes[number]}

    @property
    def shown(self):
        return "node"


class Watched:
    """The chain as upkeep sees it."""

    profile = PROFILES["anvil"]

    def __init__(self, blocks):
        self.final = FinalBlock(blocks, "finalized")
        self.final.rule = Finality("finalized")

    def clock(self):
        return 0.0


@pytest.fixture
def blocks():
    return Blocks()


@pytest.fixture
def kept(blocks):
    """Upkeep of these blocks, and how often what was final was taken back."""
    taken_back = []
    metrics = Metrics()
    return upkeep.Upkeep(Watched(blocks), metrics, lambda: taken_back.append(1)), taken_back


async def test_a_chain_that_began_anew_and_has_no_final_block_is_another_one(blocks, kept):
    watched, taken_back = kept
    await watched._look_at_final()
    blocks.hashes, blocks.final_number = {100: "0xbb"}, 0
    await watched._look_at_final()
    assert taken_back == [1]
    assert watched.final_lag() is None
    await watched._look_at_final()
    assert taken_back == [1]


async def test_a_node_that_lags_for_a_moment_breaks_no_finality_and_one_that_stays_short_does(blocks, kept):
    watched, taken_back = kept
    await watched._look_at_final()
    whole, short = {100: "0xaa"}, {50: "0x55"}
    for hashes in (short, short, whole, short, short, whole):
        blocks.hashes, blocks.final_number = hashes, max(hashes)
        await watched._look_at_final()
    assert taken_back == []
    blocks.hashes, blocks.final_number = short, 50
    for _ in range(upkeep.LOOKS_SHORT):
        await watched._look_at_final()
    assert taken_back == [1]


async def test_a_profile_that_is_told_decides_whatever_the_node_says(world, settings_for):
    settings = settings_for(world, chain_profile="polygon", finality="auto")
    found = {finding.what: finding.sentence async for finding in preflight.check(settings)}
    assert "the block `finalized` (as polygon does it)" in found["contract"]
    assert found["chain"].startswith("taken for polygon")
    assert float(found["gas"].split()[0]) >= 25, "the floor of its pools"
    named = {f.what: f.sentence async for f in preflight.check(replace(settings, chain_profile="auto"))}
    assert named["chain"].startswith("taken for anvil")
