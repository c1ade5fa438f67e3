# SPDX-License-Identifier: Apache-2.0
"""Receipts: what the relayer tells is checked by what a meter checks it with; cached by final block, bounded."""

import asyncio
import itertools

import pytest

from electro_contracts.receipts import numbers
from electro_protocol import receipt
from electro_relayer import app
from electro_relayer.chain import proofs
from electro_relayer.chain.proofs import Crowded, Proofs
from electro_relayer.hashing import checksum
from tests.protocol.receipts import address, driven, seal, validators
from tests.relayer.faults import error

KEYS = validators(4)
_seeds = itertools.count(900)
SET = tuple(address(one) for one in KEYS)


def sealing(call, answer):
    """Tell each block as nodes of a network of four validators do, all of which have sealed it."""
    if call["method"] != "eth_getBlockByNumber" or not isinstance(answer.get("result"), dict):
        return answer
    return {**answer, "result": seal(answer["result"], SET, KEYS)}


@pytest.fixture
async def besu(faulty_shared):
    faulty_shared.change = sealing
    return faulty_shared


@pytest.fixture
async def client(besu, shared_world, settings_for, relay):
    await asyncio.to_thread(shared_world.agree, 2, seed=next(_seeds))
    settings = settings_for(shared_world, rpc_url=besu.url)
    # the key was given money without a block: what is proved is the state behind one
    await asyncio.to_thread(shared_world.rpc, "evm_mine")
    return await relay(settings)


async def told(client, meter, status=200, **headers):
    url = f"{client.url}/v1/meters/0x{meter.device.hex()}/proof"
    async with client.session.get(url, headers=headers) as answer:
        assert answer.status == status, await answer.text()
        return await answer.read(), answer.headers


async def checked(client, world, meter, raw, validators_=SET):
    codes = {}
    _, standing = await client.get(f"/v1/meters/0x{meter.device.hex()}")
    for agreement in standing["agreements"]:
        async with client.session.get(f"{client.url}/v1/terms/{agreement['terms']['account']}") as answer:
            codes[agreement["terms"]["code_hash"]] = await answer.read()

    def header_of(_account, code_hash):
        return numbers(codes["0x" + code_hash.hex()])

    contract = bytes.fromhex(world.address.hex())
    return driven(receipt.check(raw, validators_, contract, meter.device, 0, header_of)), standing


async def test_a_receipt_proves_what_the_relayer_tells_with_the_fewest_seals(client, shared_world):
    meter = shared_world.meters[0]
    raw, headers = await told(client, meter)
    assert headers["Content-Type"] == "application/octet-stream"
    proved, standing = await checked(client, shared_world, meter, raw)
    assert proved.sealed == 3
    assert proved.number == standing["block"]["final"]
    (one,) = proved.standings
    (agreement,) = standing["agreements"]
    assert (one.id, one.start_s, one.place) == (agreement["agreement_id"], agreement["start"], 0)
    assert (one.next, one.end) == (agreement["next"]["final"], agreement["end"])
    assert checksum(one.account) == agreement["terms"]["account"]


async def test_it_is_made_once_in_half_a_minute_and_known_by_its_tag(client, shared_world, besu, monkeypatch):
    meter = shared_world.meters[0]
    raw, headers = await told(client, meter)
    asked = besu.calls.count("eth_getProof")
    assert asked
    again = await asyncio.gather(*[told(client, meter) for _ in range(20)])
    assert {one for one, _ in again} == {raw}
    assert besu.calls.count("eth_getProof") == asked
    body, _ = await told(client, meter, 304, **{"If-None-Match": headers["ETag"]})
    assert body == b""
    await asyncio.to_thread(shared_world.rpc, "evm_mine")
    await asyncio.sleep(proofs.FINAL_KNOWN_FOR_S)
    assert (await told(client, meter))[0] == raw  # an older block proves as much
    assert besu.calls.count("eth_getProof") == asked
    monkeypatch.setattr(proofs, "GOOD_FOR_S", 0.0)
    other, _ = await told(client, meter)
    assert other != raw
    assert (await checked(client, shared_world, meter, other))[0].sealed == 3


async def test_header_and_terms_are_asked_for_once_for_all_meters(client, shared_world, besu):
    one, other = shared_world.meters[:2]
    await told(client, one)
    before = len(besu.calls)
    await told(client, other)
    new = besu.calls[before:]
    assert "eth_getCode" not in new
    assert new.count("eth_getBlockByNumber") <= 1  # by its tag, whether it is another one now


async def test_one_sender_has_only_so_many_made_and_is_told_those_that_are(
    besu, shared_world, settings_for, relay, monkeypatch
):
    """Anyone may know all meters: who asks for theirs leaves room for others."""
    monkeypatch.setattr(app, "MOST_OF_ONE_SENDER", 1)
    await asyncio.to_thread(shared_world.agree, 2, seed=next(_seeds))
    client = await relay(settings_for(shared_world, rpc_url=besu.url, stranger_rate=0.001))
    one, other = shared_world.meters[:2]
    await told(client, one)
    assert b"TOO_MANY_RECEIPTS" in (await told(client, other, 503))[0]
    await told(client, one)
    assert proofs.MOST_OF_ONE_SENDER * 2 <= proofs.MOST_WAITING


async def test_a_chain_without_seals_is_proved_by_the_hash_of_its_header(client, shared_world, besu):
    besu.change = lambda call, answer: answer
    meter = shared_world.meters[1]
    raw, _ = await told(client, meter)
    proved, _ = await checked(client, shared_world, meter, raw, ())
    block = await asyncio.to_thread(shared_world.rpc, "eth_getBlockByNumber", hex(proved.number), False)
    assert "0x" + proved.digest.hex() == block["hash"]


async def test_strangers_and_mistyped_addresses_are_refused_as_for_a_standing(client):
    for path, status, code in (
        ("0x" + "77" * 20, 404, "UNKNOWN_DEVICE"),
        ("0x12", 400, "MALFORMED"),
        ("0x" + "zz" * 20, 400, "MALFORMED"),
    ):
        found, body = await client.get(f"/v1/meters/{path}/proof")
        assert (found, body["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    "answer", [{}, None, {"accountProof": "0x"}, {"accountProof": [], "storageProof": []}, 7]
)
async def test_a_node_whose_proofs_are_nonsense_makes_no_receipt(client, shared_world, besu, answer):
    def nonsense(call, right):
        right = sealing(call, right)
        return {**right, "result": answer} if call["method"] == "eth_getProof" else right

    besu.change = nonsense
    raw, headers = await told(client, shared_world.meters[0], 503)
    assert b"NO_RECEIPT" in raw
    assert headers["Retry-After"] == "60"


async def test_a_node_without_proofs_and_one_with_another_hash_make_no_receipt(client, shared_world, besu):
    besu.change = lambda call, answer: (
        error(call, "the method eth_getProof does not exist", -32601)
        if call["method"] == "eth_getProof"
        else sealing(call, answer)
    )
    assert b"NO_RECEIPT" in (await told(client, shared_world.meters[0], 503))[0]

    def forged(call, answer):
        answer = sealing(call, answer)
        if call["method"] == "eth_getBlockByNumber" and call["params"][0] not in ("latest", "finalized"):
            return {**answer, "result": {**answer["result"], "hash": "0x" + bytes(32).hex()}}
        return answer

    besu.change = forged
    await asyncio.to_thread(shared_world.rpc, "evm_mine")  # the header that was right serves its own block
    await asyncio.sleep(proofs.FINAL_KNOWN_FOR_S)
    assert b"later fork" in (await told(client, shared_world.meters[0], 503))[0]


class Slow:
    """A node that never answers, and a final block."""

    shown = "slow"

    async def batch(self, calls):
        await asyncio.get_running_loop().create_future()

    async def mark(self):
        return 7, "0x07"


async def test_only_so_many_wait_for_a_slow_node():
    made = Proofs(Slow(), bytes(20), Slow(), lambda: 0.0)
    waiting = [asyncio.create_task(made.receipt(i.to_bytes(20, "big"))) for i in range(proofs.MOST_WAITING)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    same = asyncio.create_task(made.receipt(bytes(20)))  # who is waited for already is no more work
    await asyncio.sleep(0)
    with pytest.raises(Crowded):
        await made.receipt(b"\xff" * 20)
    for task in [*waiting, same, *made._making.values()]:
        task.cancel()
    await asyncio.gather(*waiting, same, return_exceptions=True)
