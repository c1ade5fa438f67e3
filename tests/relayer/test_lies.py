# SPDX-License-Identifier: Apache-2.0
"""Whatever stands in whatever place of a node's answer, it is an answer or none, and no fault of ours.

The answers of a real node are told again with one value replaced, each place and each lie in turn.
"""

import copy
import json

import orjson
import pytest

from electro_contracts import calldata
from electro_contracts.node.profiles import is_qbft
from electro_protocol.signed import SignedMessage
from electro_relayer.chain.chain import Chain
from electro_relayer.chain.nodewords import Verdict, understand
from electro_relayer.chain.proofs import NoProof
from electro_relayer.chain.receipts import read_receipt
from electro_relayer.chain.rpc import Node, NodeUnreachable, RpcError
from electro_relayer.chain.standings import Standings
from electro_relayer.errors import StartError
from electro_relayer.incoming.intake import verify
from electro_relayer.paying.key import Key
from electro_relayer.settings import Settings
from tests.bench.relayer import RELAYER_KEY
from tests.relayer.test_rpc import node_that

HONEST = (NodeUnreachable, RpcError, StartError, NoProof)  # what callers know how to wait out
LIES = (
    None, True, 0, -1, 1.5, 10**18, "", "0x", "0x0", "0x-1", "-1", "0x1_0", " 0x1", "later", "²", "\ud7ff" * 9,
    "0x" + "f" * 16, "0x" + "f" * 64, "0x1" + "0" * 64, "0x" + "ff" * 3000, "0x" + "00" * 96, "0x" + "c1" * 2000,
    [], {}, [[]], [None], {"number": "0x1"}, [{"topics": None}], [{"topics": ["0x"], "address": None}],
)  # fmt: skip
WORDS = ("00" * 32, "ff" * 32, "00" * 31 + "20", "00" * 30 + "ffff", "00" * 24 + "f" * 16)


class Retold:
    """Asks a node once for all, and tells its answers again; from `lie` on one of them with something else in it."""

    shown = "retold"

    def __init__(self, node):
        self._node, self.told, self.lie = node, {}, None
        self.used = set()

    async def call(self, method, params):
        [answer] = await self.batch([(method, params)])
        if isinstance(answer, RpcError):
            raise answer
        return answer

    async def batch(self, requests):
        return [await self._one(*request) for request in requests]

    async def _one(self, method, params):
        key = json.dumps([method, params])
        self.used.add(key)
        if key not in self.told:
            if self.lie is not None:
                return RpcError(-32000, "something else is asked for")
            [self.told[key]] = await self._node.batch([(method, params)])
        if self.lie is not None and self.lie[0] == key:
            return changed(self.told[key], *self.lie[1:])
        return self.told[key]


def changed(answer, path, lie):
    if not path:
        return lie
    answer = copy.deepcopy(answer)
    place = answer
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = lie
    return answer


def lies_about(answer, path=()):
    """Yield each place in an answer with each lie for it."""
    for lie in LIES:
        yield path, lie
    if isinstance(answer, dict | list):
        places = answer.items() if isinstance(answer, dict) else enumerate(answer[:3])
        for step, value in places:
            yield from lies_about(value, (*path, step))
    elif isinstance(answer, str) and len(answer) % 64 == 2:  # words of the ABI
        for at in range(2, len(answer), 64):
            for word in WORDS:
                yield path, answer[:at] + word + answer[at + 64 :]


@pytest.fixture(scope="module")
def landed(shared_world):
    """A meter with a report on chain by a batch of which a part was left out, and that transaction's hash."""
    shared_world.agree(1, seed=950, passed=10)
    [meter] = shared_world.meters
    reports = [SignedMessage.from_json(meter.report(place)) for place in (0, 0)]
    transaction = {"to": shared_world.contract.address, "data": "0x" + calldata.submit_batch(reports).hex()}
    sent = shared_world.rpc(
        "eth_sendTransaction", {**transaction, "from": shared_world.operator.address, "gas": "0x989680"}
    )
    return meter, bytes(shared_world.web3.eth.wait_for_transaction_receipt(sent)["transactionHash"])


async def asked(chain, meter, digest):
    """Yield everything that is asked of a node, by name."""
    report = SignedMessage.from_json(meter.report(1))
    outage = verify(meter.outage(meter.start + 100, meter.start + 200), chain.domain)

    async def standing():
        found = await Standings(chain, chain.clock, limit=100).read(meter.device, 96)
        return [orjson.dumps(part) for part in found.to_json(chain.chain_id, chain.contract)]

    head, [states] = await chain.states([(meter.device, 0)])
    return {
        "open": chain.open,
        "ready": chain.ready,
        "latest": chain.latest_block,
        "standing": standing,
        "final": lambda: chain.positions_at_final([meter.device], head),
        "check": lambda: chain.check(calldata.check([report]), 1),
        "quote": chain.market.quote,
        "estimate": lambda: chain.estimate_gas(calldata.submit_batch([report])),
        "send": lambda: chain.send([b"\2", b"\1"]),
        "mined": lambda: chain.mined([digest]),
        "balance": chain.balance,
        "nonce": chain.pending_nonce,
        "mark": chain.final.mark,
        "still has": lambda: chain.final.still_has(1, "0x"),
        "review": chain.final.review,
        "terms": lambda: chain.terms.code(states[0].terms_account),
        "outage": lambda: chain.outages.reasons(outage),
        "receipt": lambda: chain.proofs.receipt(meter.device),
    }


@pytest.mark.parametrize(
    "name",
    [
        "open", "ready", "latest", "standing", "final", "check", "quote", "estimate", "send", "mined", "balance",
        "nonce", "mark", "still has", "review", "terms", "outage", "receipt",
    ],
)  # fmt: skip
async def test_a_lie_in_any_place_is_no_fault_of_ours(shared_world, landed, name):
    meter, digest = landed
    settings = Settings(rpc_url=shared_world.url, contract=shared_world.address, key_file="key")
    async with Node(shared_world.url, timeout_s=10) as node:
        truth = Retold(node)

        async def fresh():
            chain = Chain(truth, settings, Key(RELAYER_KEY).address)
            truth.lie = None
            await chain.open()
            return chain, (await asked(chain, meter, digest))[name]

        _, ask = await fresh()
        truth.used.clear()
        try:
            await ask()
        except HONEST:
            assert name == "receipt"  # a chain without QBFT proves nothing to anybody
        for key in sorted(truth.used):
            for path, lie in lies_about(truth.told[key]):
                chain, ask = await fresh()
                truth.lie = (key, path, lie)
                try:
                    await ask()
                except HONEST:
                    pass
                except Exception as error:
                    raise AssertionError(f"{key:.100} {path} {lie!r:.80}") from error
                orjson.dumps([chain.highest, chain.time_s, chain.block_gas])


async def test_answers_of_a_batch_that_name_no_question_are_none():
    async with node_that(lambda request: [{"id": [0], "result": "0x1"}, {"id": {}}, {"id": 1}, 5]) as node:
        with pytest.raises(NodeUnreachable, match="left out"):
            await node.batch([("a", []), ("b", [])])


async def test_a_block_from_far_in_the_future_holds_no_longer_than_it_is_the_latest():
    header = {"number": "0x5", "timestamp": hex(1 << 62), "transactions": []}
    async with node_that(lambda request: {"id": 0, "result": header}) as node:
        settings = Settings(rpc_url="http://x", contract=bytes(20), key_file="key")
        chain = Chain(node, settings, bytes(20))
        await chain.latest_block()
        assert chain.time_s == 1 << 62
        header |= {"number": "0x4", "timestamp": hex(900)}  # of a node that lags
        await chain.latest_block()
        assert chain.time_s == 1 << 62
        header |= {"number": "0x6", "timestamp": hex(1000)}
        await chain.latest_block()
        assert chain.time_s == 1000


@pytest.mark.parametrize("digits", ["²", "5" * 400, ""])
def test_words_with_strange_numbers_have_a_meaning_too(digits):
    assert understand(RpcError(-32000, f"Invalid transaction nonce: expected {digits}")) is Verdict.NONCE_LOW


def test_a_header_of_a_thousand_brackets_is_no_qbft():
    nested = b"\xc0"
    for _ in range(5_000):
        size = len(nested).to_bytes(4, "big")
        nested = b"\xfb" + size + nested
    assert not is_qbft({"extraData": "0x" + nested.hex()})


def states_of(agreements, slots):
    """An answer of meterStates about one meter, whose records all share the same bounds."""
    record = b"".join(word.to_bytes(32, "big") for word in (1, 2, *[0] * 16, 19 * 32))
    bounds = (4 * slots).to_bytes(32, "big") + bytes(-(-4 * slots // 32) * 32)
    offsets = b"".join((32 * agreements).to_bytes(32, "big") for _ in range(agreements))
    words = (64, 128, 1, 1, 1, 32, agreements)
    return b"".join(word.to_bytes(32, "big") for word in words) + offsets + record + bounds


def test_a_few_words_tell_of_no_more_than_was_asked_for():
    [states] = calldata.decode_meter_states(states_of(3, 96), 96)
    assert [len(state.bounds) for state in states] == [96, 96, 96]
    for agreements, slots in ((4, 96), (1, 97), (1000, 1)):
        with pytest.raises(calldata.DecodeError):
            calldata.decode_meter_states(states_of(agreements, slots), 96)


def test_a_receipt_of_another_transaction_is_none(shared_world, landed):
    _, digest = landed
    told = shared_world.rpc("eth_getTransactionReceipt", "0x" + digest.hex())
    assert read_receipt(told, digest, shared_world.address).skipped == {1}
    with pytest.raises(ValueError, match="another"):
        read_receipt(told, bytes(32), shared_world.address)


async def test_messages_are_settled_once_a_node_tells_their_receipt_right(
    world, faulty, settings_for, relay, eventually
):
    world.agree(1, passed=10)
    [meter] = world.meters
    lies = iter(range(3))

    def change(call, answer):
        if (
            call["method"] == "eth_getTransactionReceipt"
            and answer["result"]
            and next(lies, None) is not None
        ):
            answer["result"]["logs"] = [{"topics": 5}]
        return answer

    faulty.change = change
    client = await relay(settings_for(world, rpc_url=faulty.url))
    assert (await client.post(meter.report(0)))[0] == 202

    async def settled():
        counted = await client.metrics()
        return counted["queue_messages",] == 0 and counted["landed_total",] == 1

    await eventually(settled)
    assert next(lies, None) is None
