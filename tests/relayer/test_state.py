# SPDX-License-Identifier: Apache-2.0
"""Where meters stand: asked for many at once, remembered small and in bounded number, told with a tag."""

import asyncio
import itertools
import tracemalloc

import pytest
from eth_abi.abi import encode

from electro_contracts import calldata
from electro_contracts.calldata import MeterState
from electro_relayer.chain import rpc
from electro_relayer.chain.finality import Finality
from electro_relayer.chain.gathering import Gathering
from electro_relayer.chain.rpc import NodeUnreachable, RpcError
from electro_relayer.chain.standings import Standings
from electro_relayer.chain.survey import METER_GAS, SLOT_GAS, Head, Position, Surveyor
from electro_relayer.hashing import checksum

_seeds = itertools.count(800)


def state(next_interval, ahead=0):
    return MeterState(
        agreement_id=1, state="accepted", place=0, start=0, interval_seconds=900, intervals=10**6, stop=10**6,
        end=10**6, reports_until=10**10, slots=96, unit_wh=10, terms_account=bytes(range(20)),
        code_hash=bytes(range(32)), next_interval=next_interval, next_outage=0, outage_open=False,
        remaining_bonus=1000, bounds_from=0, bounds=((10, 200),) * ahead,
    )  # fmt: skip


class Chain:
    """A chain of which every meter's next interval at the latest and at the final block can be set."""

    def __init__(self):
        self.now = 0.0
        self.head = Head(100, 0, 90, False)
        self.latest, self.final = {}, {}
        self.asked, self.asked_final = [], []

    def clock(self):
        return self.now

    async def states(self, questions):
        await asyncio.sleep(0)
        self.asked.append(list(questions))
        return self.head, [
            [state(self.latest[device], ahead)] if device in self.latest else None
            for device, ahead in questions
        ]

    async def positions_at_final(self, devices, head):
        self.asked_final.append(list(devices))
        return [{1: Position(self.final.get(device, 0), 0)} for device in devices]


@pytest.fixture
def chain():
    return Chain()


@pytest.fixture
def standings(chain):
    return Standings(chain, chain.clock, limit=100)


def device(number):
    return number.to_bytes(20, "big")


async def test_meters_that_ask_at_once_are_asked_for_in_one_request(chain, standings):
    chain.latest = {device(i): 0 for i in range(90)}
    found = await asyncio.gather(*[standings.read(device(i), 96) for i in range(90)])
    assert [each.device for each in found] == [device(i) for i in range(90)]
    assert [len(each) for each in chain.asked] == [90]
    assert chain.asked_final == []  # who never reported has nothing that could be final


async def test_the_final_block_is_asked_only_about_what_is_not_final_yet(chain, standings):
    chain.latest, chain.final = {device(1): 5, device(2): 5}, {device(1): 5, device(2): 3}
    for _ in range(3):
        found = await asyncio.gather(standings.read(device(1), 1), standings.read(device(2), 1))
        assert [each.agreements[0].next_final for each in found] == [5, 3]
    assert chain.asked_final == [[device(1), device(2)]]  # until it moves
    chain.head = Head(101, 0, 91, False)
    chain.final[device(2)] = 5
    found = await asyncio.gather(standings.read(device(1), 1), standings.read(device(2), 1))
    assert [each.agreements[0].next_final for each in found] == [5, 5]
    assert chain.asked_final[1:] == [[device(2)]]


async def test_a_chain_that_began_anew_has_nothing_final_from_before(chain, standings):
    chain.latest, chain.final = {device(1): 5}, {device(1): 5}
    assert (await standings.read(device(1), 1)).agreements[0].next_final == 5
    chain.head, chain.final = Head(10, 0, 0, False), {}
    assert (await standings.read(device(1), 1)).agreements[0].next_final == 0


async def test_what_is_remembered_is_bounded_in_number_and_has_no_bounds(chain, standings):
    for i in range(300):
        chain.latest[device(i)] = 1
    for i in range(300):
        told = await standings.read(device(i), 672)
        assert len(told.agreements[0].state.bounds) == 672
    assert len(standings) == 100
    assert standings.remembered(device(0)) is None
    assert standings.remembered(device(299)).agreements[0].state.bounds == ()


async def test_a_remembered_meter_takes_a_kilobyte(chain):
    chain.latest = {device(i): i + 1000 for i in range(2000)}
    standings = Standings(chain, chain.clock, limit=10_000)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for first in range(0, 2000, 100):
            await asyncio.gather(*[standings.read(device(i), 672) for i in range(first, first + 100)])
            chain.asked.clear()
            chain.asked_final.clear()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (after - before) / len(standings) < 1024


async def test_a_stranger_is_asked_for_again_after_a_moment(chain, standings):
    for _ in range(5):
        assert not (await standings.read(device(1))).enrolled
    assert len(chain.asked) == 1
    chain.now += 3
    chain.latest[device(1)] = 0
    assert (await standings.read(device(1))).enrolled
    assert not standings.is_stranger(device(1))


async def test_one_who_leaves_takes_no_answer_from_the_others_and_a_failure_is_told_to_all():
    asked = []

    async def ask(keys):
        asked.append(list(keys))
        await asyncio.sleep(0.05)
        if "bad" in keys:
            raise OSError("the node is gone")
        return [ValueError(key) if key == "odd" else key.upper() for key in keys]

    gathering = Gathering(ask, most=10)
    leaving, staying = (asyncio.create_task(gathering.answer("a")) for _ in range(2))
    odd = asyncio.create_task(gathering.answer("odd"))
    await asyncio.sleep(0.02)
    leaving.cancel()
    assert await staying == "A"
    with pytest.raises(ValueError, match="odd"):
        await odd
    assert asked == [["a", "odd"]]
    with pytest.raises(OSError, match="gone"):
        await gathering.answer("bad")
    assert await gathering.answer("b") == "B"


async def test_who_asks_later_gets_an_answer_that_was_asked_for_later():
    numbers = itertools.count()

    async def ask(keys):
        number = next(numbers)
        await asyncio.sleep(0.05)
        return [number] * len(keys)

    gathering = Gathering(ask, most=10)
    first = asyncio.create_task(gathering.answer("a"))
    await asyncio.sleep(0.03)  # it is being asked
    assert await gathering.answer("a") == 1
    assert await first == 0


async def test_a_meter_that_knows_its_state_is_told_that_nothing_has_changed(
    shared_world, settings_for, relay, eventually
):
    shared_world.agree(1, seed=next(_seeds))
    client = await relay(settings_for(shared_world))
    [meter] = shared_world.meters
    url = f"{client.url}/v1/meters/0x{meter.device.hex()}"

    async def ask(tag=None, path=""):
        async with client.session.get(
            url + path, headers={} if tag is None else {"If-None-Match": tag}
        ) as response:
            return (
                response.status,
                response.headers.get("ETag"),
                response.headers["Cache-Control"],
                await response.read(),
            )

    status, tag, kept, body = await ask()
    assert (status, kept) == (200, "no-cache")
    assert body
    shared_world.rpc("anvil_mine", "0x2")  # time and blocks move on; the meter is where it was
    for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        assert await ask(known) == (304, tag, "no-cache", b"")
    assert (await ask('"other"'))[0] == 200
    assert (await ask(path="?ahead=1"))[0] == 200
    await client.post(meter.report(0))
    await eventually(lambda: shared_world.next_interval(meter) == 1)

    async def has_changed():
        return (await ask(tag))[0] == 200

    await eventually(has_changed)


async def test_an_address_in_any_spelling_is_answered_alike(shared_world, settings_for, relay):
    from electro_relayer.hashing import checksum

    shared_world.agree(1, seed=next(_seeds))
    client = await relay(settings_for(shared_world))
    [meter] = shared_world.meters
    digits = meter.device.hex()
    shown = checksum(meter.device)
    for spelling in ("0x" + digits, "0x" + digits.upper(), shown, shown.replace("x", "%78")):
        status, body = await client.get(f"/v1/meters/{spelling}?ahead=2")
        assert (status, body["device"]) == (200, shown)
    status, body = await client.get(f"/v1/meters/{shown.swapcase().replace('0X', '0x')}")
    assert (status, body["error"]["code"]) == (404, "MISTYPED_ADDRESS")


# -- asked of the contract


class Node:
    """Answers calls about meters as the contract does, with `most` in one; `calls` has how many each asked about."""

    shown = "node"

    def __init__(self, known, most=1000):
        self.known, self.most, self.calls = known, most, []

    async def batch(self, requests):
        return [self.answer(method, params) for method, params in requests]

    def answer(self, method, params):
        if method == "eth_getBlockByNumber":
            return {"number": "0x64", "timestamp": "0x1"}
        data = bytes.fromhex(params[0]["data"][2:])
        devices = [data[i + 12 : i + 32] for i in range(100, len(data), 32)]
        self.calls.append(len(devices))
        if len(devices) > self.most:
            return RpcError(-32000, "out of gas")
        if params[1] != "latest":
            return "0x"  # the contract is younger
        enrolled = [each in self.known for each in devices]
        return "0x" + encode(["bool[]", f"{STATE}[][]"], [enrolled, [[]] * len(devices)]).hex()


STATE = (
    "(uint64,uint8,uint8,uint40,uint32,uint32,uint32,uint32,uint40,uint16,uint32,address,bytes32,"
    "uint32,uint32,bool,uint128,uint32,bytes)"
)


@pytest.mark.parametrize(("most", "calls"), [(1000, [100]), (30, [100, 50, 50, 25, 25, 25, 25])])
async def test_a_call_that_a_node_will_not_make_is_made_in_halves(most, calls):
    node = Node({device(i) for i in range(90)}, most)
    surveyor = Surveyor(node, bytes(20), bytes(20))
    _, told = await surveyor.at_latest([(device(i), 0) for i in range(100)], Finality(None, 3))
    assert told == [[]] * 90 + [None] * 10
    assert sorted(node.calls) == sorted(calls)
    assert await surveyor.positions_at([device(0)], "0x1") == [{}]


async def test_however_many_numbers_of_slots_are_asked_for_the_calls_are_few(shared_world):
    shared_world.agree(2, seed=next(_seeds), passed=0)
    first, second = [meter.device for meter in shared_world.meters]
    questions = [(first, ahead) for ahead in range(97)] + [(second, ahead) for ahead in (0, 5, 672)]
    async with rpc.Node(shared_world.url, timeout_s=10) as node:
        asked = []
        batch = node.batch

        async def count(requests):
            asked.append([method for method, _ in requests])
            return await batch(requests)

        node.batch = count
        _, told = await Surveyor(node, shared_world.address, bytes(20)).at_latest(
            questions, Finality("latest")
        )
    assert asked == [["eth_getBlockByNumber"] + 4 * ["eth_call"]]  # for none, 24, 96 and 672 slots
    assert [len(state.bounds) for [state] in told] == [ahead for _, ahead in questions]


async def test_one_meter_that_can_not_be_told_of_costs_the_others_nothing():
    node = Node({device(i) for i in range(8)})
    answer = node.answer

    def but_one(method, params):
        if device(5).hex() in str(params):
            return RpcError(3, "execution reverted")
        return answer(method, params)

    node.answer = but_one
    _, told = await Surveyor(node, bytes(20), bytes(20)).at_latest(
        [(device(i), 0) for i in range(8)], Finality("latest")
    )
    assert isinstance(told.pop(5), NodeUnreachable)
    assert told == [[]] * 7


def test_a_call_about_many_meters_takes_no_more_gas_than_is_thought(shared_world):
    shared_world.agree(10, seed=next(_seeds), passed=0)
    devices = [meter.device for meter in shared_world.meters]
    for ahead in (0, 96, 672):
        call = {
            "to": checksum(shared_world.address),
            "data": "0x" + calldata.meter_states(devices, ahead).hex(),
        }
        gas = int(shared_world.rpc("eth_estimateGas", call), 16) - 21_000
        bound = len(devices) * (METER_GAS + SLOT_GAS * ahead)
        assert bound / 3 < gas < bound  # a node stops a call far above CALL_GAS


async def test_terms_are_fetched_once_for_all_who_ask_and_remembered(
    shared_world, faulty_shared, settings_for, relay
):
    shared_world.agree(1, seed=next(_seeds))
    client = await relay(
        settings_for(shared_world, rpc_url=faulty_shared.url, stranger_rate=0.001, stranger_burst=2)
    )
    url = client.url + "/v1/terms/" + shared_world.terms_account

    async def ask(**headers):
        async with client.session.get(url, headers=headers) as answer:
            return answer.status, answer.headers["ETag"], await answer.read()

    first, *others = await asyncio.gather(*[ask() for _ in range(2)])
    assert all(other == first for other in others)
    for _ in range(20):  # more than strangers may ask
        assert await ask() == first
    assert await ask(**{"If-None-Match": first[1]}) == (304, first[1], b"")
    assert faulty_shared.calls.count("eth_getCode") == 1
    codes = [(await client.get("/v1/terms/0x" + f"{i:040x}"))[0] for i in range(77, 80)]
    assert codes == [404, 404, 429]
