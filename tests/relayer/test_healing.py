# SPDX-License-Identifier: Apache-2.0
"""What was begun is brought to an end: stuck nonces, refusals after a 202, transactions undone by a fork."""

import asyncio

import pytest
from aiohttp import web
from eth_account import Account

from electro_contracts import calldata
from electro_contracts.errors import REASONS
from electro_protocol.keccak import keccak256
from electro_relayer.paying.key import read_key
from electro_relayer.paying.nonces.unmined import Sent, Unmined
from electro_relayer.paying.refusals import MAX_REMEMBERED, MAX_TOLD, REMEMBERED_S, Refusals
from tests.relayer import faults

TOO_LATE = next(selector for selector, name in REASONS.items() if name == "TooLate")


def all_succeeded(world, settings):
    sent = world.transactions_of(read_key(settings.key_file).address)
    return all(receipt["status"] == 1 for receipt in sent)


async def test_bytes_that_got_no_answer_and_are_refused_for_good_give_their_nonce_up(
    world, faulty, settings_for, relay, eventually
):
    world.agree(2)
    world.block_time(1)
    settings = settings_for(world, rpc_url=faulty.url, heal_s=0.1)
    client = await relay(settings)
    lost = []

    def lose_the_first(calls):
        if faults.sends(calls) and not lost:
            lost.extend(faults.sends(calls))
            return web.Response(status=504)
        return None

    faulty.instead = lose_the_first
    faulty.refuse = lambda call: "transaction type not supported" if call["params"][:1] == lost else None
    one, two = world.meters
    assert (await client.post(one.report(0)))[0] == 202
    await eventually(lambda: lost)
    assert (await client.post(two.report(0)))[0] == 202  # on the nonce after the stuck one
    await eventually(lambda: world.reported(one) == world.reported(two) == [0])
    assert all_succeeded(world, settings)


async def test_a_nonce_without_a_message_left_for_it_is_filled(
    world, faulty, settings_for, relay, eventually
):
    world.agree(2)
    world.block_time(1)
    settings = settings_for(world, rpc_url=faulty.url, heal_s=0.1)
    client = await relay(settings)
    one, two = world.meters
    report = one.report(0)
    lost = []

    def carries(raw):
        return report["signature"][2:66] in raw

    def lose_the_first(calls):
        if any(map(carries, faults.sends(calls))) and not lost:
            lost.append(True)
            return web.Response(status=504)
        return None

    faulty.instead = lose_the_first
    faulty.refuse = lambda call: "no such thing here" if any(map(carries, faults.sends([call]))) else None
    await client.post(report)
    await eventually(lambda: lost)
    await client.post(two.report(0))
    await eventually(lambda: world.reported(two) == [0])
    assert world.reported(one) == []

    async def refused():
        status, body = await client.post(report)
        return status == 409 and body["error"]["code"] == "REFUSED"

    await eventually(refused)  # the node takes others, and this alone fails with words nobody knows


async def test_a_refusal_after_a_202_is_told_at_the_next_post_and_get(
    world, faulty, settings_for, relay, eventually
):
    world.agree(2)
    client = await relay(settings_for(world, rpc_url=faulty.url))
    refused, fine = world.meters

    def say_too_late(call, answer):
        if call["method"] == "eth_call" and call["params"][0]["data"].startswith("0x" + calldata.CHECK.hex()):
            words = 3 * 64 + 2
            return {
                **answer,
                "result": answer["result"][: words - 64]
                + TOO_LATE.hex().ljust(64, "0")
                + answer["result"][words:],
            }
        return answer

    faulty.change = say_too_late
    assert (await client.post(refused.report(0)))[0] == 202

    async def told():
        return "refused" in (await client.get("/v1/meters/0x" + refused.device.hex()))[1]

    await eventually(told)
    status, body = await client.post(refused.report(0))
    assert (status, body["error"]["code"]) == (409, "TOO_LATE")
    [note] = (await client.get("/v1/meters/0x" + refused.device.hex()))[1]["refused"]
    assert (note["agreement_id"], note["error"]["code"]) == (refused.agreement_id, "TOO_LATE")
    faulty.change = lambda call, answer: answer
    assert (await client.post(fine.report(0)))[0] == 202
    assert "refused" not in (await client.get("/v1/meters/0x" + fine.device.hex()))[1]


class Said:
    """A verified message, as far as refusals look at it."""

    def __init__(self, number, device=b"d"):
        self.identity = (device, number)
        self.device, self.digest, self.agreement_id = device, number.to_bytes(32, "big"), 1


def test_refusals_are_few_short_lived_and_never_about_the_sequence():
    now = 0.0
    refusals = Refusals(lambda: now)
    for number in range(MAX_REMEMBERED + 5):
        refusals.remember(Said(number), "TooLate")
    assert refusals.of(Said(4)) is None
    assert refusals.of(Said(5)).reason == "TooLate"
    assert len(refusals.of_device(b"d")) == MAX_TOLD
    refusals.remember(Said(1), "WrongSequence")
    assert refusals.of(Said(1)) is None
    now = REMEMBERED_S + 1
    assert refusals.of(Said(5)) is None


def sent():
    return Sent(None, [], 0, 0, 0)


def test_a_nonce_given_up_before_others_is_used_next_and_a_last_one_is_free_again():
    unmined = Unmined(4, lambda: 0.0)
    for nonce in (5, 6, 7):
        unmined.keep(nonce, sent())
    assert unmined.next_nonce(5) == 8
    unmined.give_up(7)
    assert unmined.next_nonce(5) == 7
    unmined.give_up(5)
    assert unmined.next_nonce(5) == 5
    unmined.passed(6)  # somebody used it
    assert unmined.next_nonce(6) == 7
    unmined.give_up(6)
    assert unmined.next_nonce(6) == 6
    assert not unmined.foreign
    assert unmined.next_nonce(9) == 9  # nobody but us should get this far
    assert unmined.foreign


def test_what_a_fork_undid_is_known_for_a_while():
    unmined = Unmined(4, lambda: 0.0)
    for nonce in (5, 6, 7):
        unmined.keep(nonce, sent())
    unmined.mined(6, b"six")
    unmined.mined(5, b"five")
    assert unmined.undone(7) == []
    assert not unmined.forked(7)
    assert unmined.forked(6)
    assert unmined.undone(5) == [b"five", b"six"]
    assert unmined.undone(4) == [b"five", b"six"]
    assert unmined.next_nonce(4) == 4  # nobody knows what was there: a hole
    unmined.passed(5)
    assert unmined.next_nonce(5) == 8
    unmined.abandon(5)  # not mined again, though a node may say that it has it
    assert unmined.next_nonce(8) == 5
    unmined.passed(6)
    unmined.abandon(5)  # what is not remembered is not ours to replace
    assert unmined.next_nonce(8) == 8


@pytest.mark.parametrize("length", [0, 1, 135, 136, 137, 1000])
def test_the_direct_keccak_is_the_protocols(length):
    from electro_relayer import hashing

    data = bytes(i % 251 for i in range(length))
    assert hashing.keccak256(data) == hashing.public_keccak256(data) == keccak256(data)
    assert hashing.keccak256 is not hashing.public_keccak256  # the fast path is in use


def test_threads_hash_side_by_side():
    from concurrent.futures import ThreadPoolExecutor

    from electro_relayer.hashing import keccak256 as direct
    from electro_relayer.hashing import public_keccak256

    inputs = [bytes([i % 256]) * (i * 37) for i in range(400)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(direct, inputs)) == list(map(public_keccak256, inputs))


async def test_a_report_that_continues_one_in_flight_is_sent_without_a_check_of_its_own(
    world, faulty, settings_for, relay, eventually
):
    world.agree(1)
    world.block_time(1000)
    settings = settings_for(world, rpc_url=faulty.url)
    client = await relay(settings)
    [meter] = world.meters
    checks = []

    def count(call, answer):
        if call["method"] == "eth_call" and call["params"][0]["data"].startswith("0x" + calldata.CHECK.hex()):
            checks.append(call)
        return answer

    def pending():
        return sum(len(each) for each in world.rpc("txpool_content")["pending"].values())

    faulty.change = count
    for landed in (1, 2, 3):
        await client.post(meter.reports(1)[0])
        await eventually(lambda landed=landed: pending() == landed)
    assert len(checks) == 1
    world.rpc("evm_mine")
    await eventually(lambda: world.reported(meter) == [0, 1, 2])
    assert all_succeeded(world, settings)

    async def settled():
        return (await client.metrics())["unmined_transactions",] == 0

    await eventually(settled)
    await client.post(meter.reports(1)[0])  # nothing is in flight any more
    await eventually(lambda: pending() == 1)
    assert len(checks) == 2
    world.block_time(1)  # so that it may go down


def sent_before(world, settings):
    """What a process before this one has sent with the key, to its first nonce."""
    account = Account.from_key(settings.key_file.read_text())
    transfer = {"to": account.address, "value": 1, "gas": 21_000, "nonce": 0, "chainId": world.chain_id}
    fees = {"maxFeePerGas": 10**10, "maxPriorityFeePerGas": 10**9}
    return world.web3.eth.send_raw_transaction(account.sign_transaction({**transfer, **fees}).raw_transaction)


def pool(world):
    """The hash of the waiting transaction of each nonce; there is one sender."""
    return {
        int(t["nonce"], 16): t["hash"]
        for each in world.rpc("txpool_content")["pending"].values()
        for t in each.values()
    }


async def test_what_an_earlier_process_has_sent_and_is_still_waiting_is_left_alone(
    world, settings_for, relay, eventually
):
    world.agree(1)
    world.block_time(1000)
    settings = settings_for(world, heal_s=0.2)
    earlier = sent_before(world, settings)
    client = await relay(settings)
    [meter] = world.meters
    await client.post(meter.report(0))

    await eventually(lambda: len(pool(world)) == 2)
    ours = pool(world)[1]
    await asyncio.sleep(1)  # some healing times
    assert pool(world) == {0: earlier.to_0x_hex(), 1: ours}
    world.rpc("evm_mine")
    await eventually(lambda: world.reported(meter) == [0])


async def test_when_it_is_evicted_its_nonce_is_filled(world, settings_for, relay, eventually):
    world.agree(1)
    world.block_time(1000)
    settings = settings_for(world, heal_s=0.2)
    earlier = sent_before(world, settings)
    client = await relay(settings)
    [meter] = world.meters
    await client.post(meter.report(0))
    await eventually(lambda: len(pool(world)) == 2)  # behind the earlier one
    world.rpc("anvil_dropTransaction", earlier.to_0x_hex())
    world.block_time(1)
    await eventually(lambda: world.reported(meter) == [0])
    assert all_succeeded(world, settings)


async def test_a_transaction_that_a_fork_undid_and_nobody_mines_again_blocks_no_other(
    world, faulty, settings_for, relay, eventually
):
    world.agree(2)
    settings = settings_for(world, rpc_url=faulty.url, finality="3", heal_s=0.2, bump_s=0.6)
    client = await relay(settings)
    one, two = world.meters
    sent = []
    faulty.change = lambda call, answer: sent.extend(faults.sends([call])) or answer
    await client.post(one.report(0))
    await eventually(lambda: world.reported(one) == [0])
    [undone] = sent
    world.block_time(1000)
    await client.post(two.report(0))
    await eventually(lambda: world.rpc("txpool_content")["pending"])
    faulty.instead = lambda calls: pretend(calls) if undone in faults.sends(calls) else None
    world.rpc("anvil_reorg", 1, [])
    world.block_time(1)
    await eventually(lambda: world.reported(two) == [0])
    assert world.reported(one) == []
    assert (await client.post(one.report(0)))[0] == 202  # as its meter does, that follows the contract
    await eventually(lambda: world.reported(one) == [0])
    assert all_succeeded(world, settings)


def pretend(calls):
    """Answer that everything was taken, and take nothing."""
    told = [{"jsonrpc": "2.0", "id": call["id"], "result": "0x" + "00" * 32} for call in calls]
    return web.json_response(told if len(told) > 1 else told[0])
