# SPDX-License-Identifier: Apache-2.0
"""Where meters stand: asked for many at once, remembered small and in bounded number, told with a tag."""

import asyncio
import itertools
import tracemalloc

import pytest

from electro_contracts.calldata import MeterState
from electro_relayer.chain.gathering import Gathering
from electro_relayer.chain.standing import Standings
from electro_relayer.chain.survey import Head, Position

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
