# SPDX-License-Identifier: Apache-2.0
"""Whatever fails, the lane moves on: a guilty message is found and refused alone, a node's trouble refuses none."""

import asyncio

import pytest
from aiohttp import web

from electro_contracts import calldata
from electro_relayer.chain.chain import Chain
from electro_relayer.paying import admission, blame, checking, submit
from electro_relayer.paying.batch import Queue
from electro_relayer.paying.key import read_key
from tests.relayer import faults
from tests.relayer.world import INTERVAL_S


def carries(call, message):
    """Tell whether a call sends, checks or estimates this message: its signature's r stands in the bytes."""
    return message["signature"][2:66] in str(call["params"])


def asks(call, selector):
    return call["method"] == "eth_call" and call["params"][0]["data"].startswith("0x" + selector.hex())


async def code(client, message):
    status, body = await client.post(message)
    return body["error"]["code"] if "error" in body else status


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    """Let what is set aside wait for a fifth of the time."""
    monkeypatch.setattr(blame, "FIRST_ASIDE_S", blame.FIRST_ASIDE_S / 5)


GUILTY = {  # what goes wrong, whenever the guilty message is in the request
    "send": lambda call: call["method"] == "eth_sendRawTransaction",
    "check": lambda call: asks(call, calldata.CHECK),
}


@pytest.mark.parametrize("stage", GUILTY)
async def test_one_message_that_spoils_whatever_it_is_in_is_refused_alone(
    world, faulty, settings_for, relay, eventually, caplog, stage
):
    world.agree(12)
    world.block_time(1)
    client = await relay(settings_for(world, rpc_url=faulty.url, batch_ms=300))
    messages = [meter.report(0) for meter in world.meters]
    guilty = messages[7]
    faulty.refuse = lambda call: "kaboom" if GUILTY[stage](call) and carries(call, guilty) else None
    _, body = await client.post({"messages": messages})
    assert {result["status_code"] for result in body["results"]} == {202}
    innocent = [meter for meter in world.meters if meter is not world.meters[7]]
    await eventually(lambda: all(world.reported(meter) == [0] for meter in innocent))

    async def refused():
        return await code(client, guilty) == "REFUSED"

    await eventually(refused)
    assert world.reported(world.meters[7]) == []
    assert guilty["signature"] not in caplog.text
    assert "set 0x" in caplog.text
    assert "refused 0x" in caplog.text
    counted = await client.metrics()
    assert counted["refused_total", "REFUSED"] >= 1
    assert counted["set_aside_total",] >= 1
    assert counted["queue_messages",] == 0


async def test_a_message_that_no_transaction_can_carry_is_refused_at_once(
    world, faulty, settings_for, relay, eventually
):
    world.agree(3)
    world.block_time(1)
    client = await relay(settings_for(world, rpc_url=faulty.url, batch_ms=300))
    messages = [meter.report(0) for meter in world.meters]
    faulty.refuse = lambda call: (
        "oversized data"
        if call["method"] == "eth_sendRawTransaction" and carries(call, messages[0])
        else None
    )
    await client.post({"messages": messages})
    await eventually(lambda: all(world.reported(meter) == [0] for meter in world.meters[1:]))

    async def refused():
        return await code(client, messages[0]) == "REFUSED"

    await eventually(refused)


@pytest.mark.parametrize(
    "words", ["tx send limit of your plan reached", "daily request count exceeded, request rate limited", ""]
)
async def test_a_nodes_trouble_refuses_no_message(world, faulty, settings_for, relay, eventually, words):
    world.agree(3)
    world.block_time(1)
    settings = settings_for(world, rpc_url=faulty.url)
    client = await relay(settings)
    faulty.refuse = lambda call: words if call["method"] == "eth_sendRawTransaction" else None
    messages = [meter.report(0) for meter in world.meters]
    await client.post({"messages": messages})
    await asyncio.sleep(2)  # formerly refused for good after four tries, which take less now
    assert [await code(client, message) for message in messages] == [202] * 3
    faulty.refuse = lambda call: None
    await eventually(lambda: all(world.reported(meter) == [0] for meter in world.meters))
    sent = world.transactions_of(read_key(settings.key_file).address)
    assert all(receipt["status"] == 1 for receipt in sent)


async def test_an_outage_that_fits_no_block_is_refused_when_it_comes(world, settings_for, relay, eventually):
    world.agree(2, intervals=96 * 30)
    client = await relay(settings_for(world))
    hostile, honest = world.meters
    await client.post({"messages": hostile.reports(30, 96, (0x8000,))})
    await eventually(lambda: world.next_interval(hostile) == 96 * 30)
    world.rpc("evm_setBlockGasLimit", hex(100_000))
    world.rpc("evm_mine")
    too_long = hostile.outage(world.start + 1, world.start + 30 * 86_400 - 1)
    assert await code(client, too_long) == "FITS_NO_BLOCK"
    assert await code(client, honest.report(0)) == 202
    await eventually(lambda: world.reported(honest) == [0])


async def test_the_nodes_work_for_an_outage_is_its_meters(
    world, settings_for, relay, eventually, monkeypatch
):
    monkeypatch.setattr(admission, "ESTIMATED_GAS_A_TOKEN", 2_500)  # so that a short one is a long one's work
    world.agree(2)
    client = await relay(settings_for(world, device_burst=20, device_rate=0.001))
    hostile, honest = world.meters
    await client.post(hostile.report(0, 3))
    await eventually(lambda: world.next_interval(hostile) == 3)
    first = hostile.outage(world.start + 1, world.start + 1000)
    second = hostile.outage(world.start + 1001, world.start + 2000, number=1)
    assert await code(client, first) == 202
    assert await code(client, second) == "TOO_MANY_MESSAGES"
    assert await code(client, first) in (200, 202)  # what repeats costs nothing
    assert await code(client, honest.report(0)) == 202


async def test_an_estimate_that_fails_stops_nobody(world, faulty, settings_for, relay, eventually):
    world.agree(3)
    world.block_time(1)
    client = await relay(settings_for(world, rpc_url=faulty.url, batch_ms=200))
    one, two, honest = world.meters
    await client.post({"messages": [one.report(0, 2), two.report(0, 2)]})
    await eventually(lambda: world.next_interval(one) == world.next_interval(two) == 2)
    outages = [meter.outage(world.start + 1, world.start + 1000) for meter in (one, two)]
    _, body = await client.post({"messages": outages[:1]})
    assert body["results"][0]["status_code"] == 202
    faulty.refuse = lambda call: (
        "gas required exceeds allowance (30000000)"
        if call["method"] == "eth_estimateGas" and carries(call, outages[0])
        else None
    )
    assert await code(client, outages[1]) == 202
    assert await code(client, honest.report(0)) == 202
    await eventually(lambda: world.reported(honest) == [0])
    events = world.contract.events.OutageReported()
    await eventually(lambda: len(events.get_logs(from_block=0)) >= 1)


async def test_a_check_slower_than_the_time_out_becomes_smaller_and_grows_again(
    world, faulty, settings_for, relay, eventually
):
    world.agree(8)
    world.block_time(1)
    client = await relay(
        settings_for(world, rpc_url=faulty.url, rpc_timeout_s=1, batch_ms=500, batch_size=50)
    )
    sizes = []
    slow = True

    async def dawdle(calls):
        for call in calls:
            if asks(call, calldata.CHECK):
                count = int(call["params"][0]["data"][2 + 8 + 64 :][:64], 16)
                sizes.append(count)
                if slow:
                    await asyncio.sleep(0.05 * count)  # 160 take eight times as long as they may

    faulty.instead = dawdle
    await asyncio.gather(*[client.post({"messages": meter.reports(20)}) for meter in world.meters])
    await eventually(lambda: all(world.next_interval(m) == 20 for m in world.meters))
    assert sizes[0] > 20
    fitted = min(sizes)
    assert fitted <= 20
    slow = False
    sizes.clear()
    for _ in range(6):
        for meter in world.meters:
            await client.post({"messages": meter.reports(10)})
        await eventually(lambda: all(world.next_interval(m) == m.next for m in world.meters))
    assert max(sizes) > fitted


async def test_a_sender_that_is_not_allowed_is_the_relayers_trouble_and_no_verdict(
    world, faulty, settings_for, relay, eventually
):
    world.agree(1)
    client = await relay(settings_for(world, rpc_url=faulty.url))
    [meter] = world.meters
    told = []

    def deny(call, answer):
        if call["method"] == "eth_sendRawTransaction":
            told.append(call)
            return faults.error(call, "Sender account not authorized to send transactions", -32007)
        return answer

    def instead(calls):
        if faults.sends(calls):
            answers = [deny(call, None) for call in calls]
            return web.json_response(answers if len(answers) > 1 else answers[0])
        return None

    faulty.instead = instead
    report = meter.report(0)
    assert await code(client, report) == 202
    await eventually(lambda: len(told) >= 6)
    assert await code(client, report) == 202
    faulty.instead = lambda calls: None
    await eventually(lambda: world.reported(meter) == [0])


def answered_of_the_latest(calls):
    """Make a chain's pending block its latest, as some nodes do: its time is old where no block is made."""
    for call in calls:
        if call["method"] in ("eth_call", "eth_estimateGas") and call["params"][1:] == ["pending"]:
            call["params"][1] = "latest"


@pytest.fixture
def later(world, monkeypatch):
    """A function that lets an interval pass of which no block tells."""

    def pass_by():
        monkeypatch.setattr(checking, "UNMOVED_S", 0.3)
        latest = world.now
        world.rpc("evm_increaseTime", INTERVAL_S)  # of the next block, if there is one
        monkeypatch.setattr(Chain, "wall_s", lambda self: float(latest + INTERVAL_S + 5))

    return pass_by


async def test_a_chain_without_empty_blocks_takes_reports_though_its_latest_block_is_old(
    world, faulty, settings_for, relay, eventually, later
):
    world.agree(1, passed=2)
    [meter] = world.meters
    faulty.instead = answered_of_the_latest
    settings = settings_for(world, rpc_url=faulty.url)
    client = await relay(settings)
    await client.post({"messages": meter.reports(2)})
    await eventually(lambda: world.reported(meter) == [0, 1])
    later()
    assert await code(client, meter.report(2)) == 202
    await eventually(lambda: world.reported(meter) == [0, 1, 2])
    sent = world.transactions_of(read_key(settings.key_file).address)
    assert all(receipt["status"] == 1 for receipt in sent)
    assert [receipt["gasUsed"] for receipt in sent].count(21_000) == 1  # one transfer had the block made


async def test_while_a_chain_halts_good_readings_are_taken_and_early_ones_are_not(
    world, faulty, settings_for, relay, eventually, later
):
    world.agree(1, passed=2)
    [meter] = world.meters
    faulty.instead = answered_of_the_latest
    client = await relay(settings_for(world, rpc_url=faulty.url))
    await client.post({"messages": meter.reports(2)})
    await eventually(lambda: world.reported(meter) == [0, 1])
    world.block_time(1000)
    later()
    for _ in range(5):
        assert await code(client, meter.report(2)) == 202
        assert await code(client, meter.report(3)) == "FROM_THE_FUTURE"
        await asyncio.sleep(0.3)
    assert world.reported(meter) == [0, 1]
    world.block_time(1)
    await eventually(lambda: world.reported(meter) == [0, 1, 2])


async def test_a_standstill_is_told_with_its_cause(
    world, faulty, settings_for, relay, eventually, monkeypatch, caplog
):
    monkeypatch.setattr(submit, "STANDSTILL_S", 0.5)
    world.agree(2)
    client = await relay(settings_for(world, rpc_url=faulty.url))
    faulty.refuse = lambda call: "request rate limited" if asks(call, calldata.CHECK) else None
    await client.post({"messages": [meter.report(0) for meter in world.meters]})
    await eventually(lambda: "no message was done with for" in caplog.text)
    assert "rate limited" in caplog.text
    assert (await client.metrics())["no_progress_seconds",] > 0.5
    faulty.refuse = lambda _call: None  # or its end waits for them


@pytest.mark.parametrize("stage", GUILTY)
async def test_a_guilty_message_without_company_is_found_by_asking_for_something_harmless(
    world, faulty, settings_for, relay, eventually, stage
):
    world.agree(1)
    settings = settings_for(world, rpc_url=faulty.url)
    client = await relay(settings)
    guilty = world.meters[0].report(0)
    faulty.refuse = lambda call: "kaboom" if GUILTY[stage](call) and carries(call, guilty) else None
    assert await code(client, guilty) == 202

    async def refused():
        return await code(client, guilty) == "REFUSED"

    await eventually(refused)
    spent = [receipt["gasUsed"] for receipt in world.transactions_of(read_key(settings.key_file).address)]
    assert spent == ([21_000] if stage == "send" else [])


async def test_a_part_that_fails_begins_again(world, settings_for, relay, eventually, monkeypatch):
    world.agree(1)
    take, failed = Queue.take, []

    async def fail_once(self, batches=1):
        items = await take(self, batches)
        if not failed:
            failed.append(True)
            self.put_back(items)
            raise RuntimeError("a fault of ours")
        return items

    monkeypatch.setattr(Queue, "take", fail_once)
    client = await relay(settings_for(world))
    await client.post(world.meters[0].report(0))
    await eventually(lambda: world.reported(world.meters[0]) == [0])
    assert failed


async def test_a_proxy_that_takes_small_requests_only_gets_small_ones(
    world, faulty, settings_for, relay, eventually
):
    world.agree(6)
    world.block_time(1)
    client = await relay(settings_for(world, rpc_url=faulty.url, batch_size=2, batch_ms=200))
    too_large = 6 * 1200  # bytes: two batches of two reports, or a check of ten

    def limit(calls):
        asked = calls[0]["params"] if len(calls) == 1 else [call["params"] for call in calls]
        return web.Response(status=413) if len(str(asked)) > too_large else None

    faulty.instead = limit
    await client.post({"messages": [r for meter in world.meters for r in meter.reports(5)]})
    await eventually(lambda: all(world.next_interval(meter) == 5 for meter in world.meters))
