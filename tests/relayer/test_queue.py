# SPDX-License-Identifier: Apache-2.0
"""A message in memory is in one place, and none is lost or doubled there, whatever becomes of the others."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from electro_protocol.messages import EnergyReport
from electro_relayer.incoming.intake import Verified
from electro_relayer.paying.batch import BEHIND_S, Queue
from electro_relayer.paying.item import Place

DEVICES = 3


def report(device, number):
    message = EnergyReport(1, 0, bytes(16), number, 0, b"\0\1")
    digest = bytes([device]) + number.to_bytes(4, "big")
    return Verified(None, message, digest, bytes([device]) * 20, 1, number, number + 1)


class Now:
    value = 0.0

    def __call__(self):
        return self.value


def queue(now, **more):
    limits = {"size": 1000, "device_limit": 1000, "batch_size": 4, "batch_gas": 12_000_000, "window_s": 0.0}
    return Queue(**{**limits, **more}, clock=now)


@pytest.fixture(scope="module")
def taken_now():
    """A function that returns what the lane would get from a queue, and nothing if it would wait."""
    with asyncio.Runner() as runner:

        async def take(held, batches):
            try:
                async with asyncio.timeout(0):
                    return await held.take(batches)
            except TimeoutError:
                return []

        yield lambda held, batches=100: runner.run(take(held, batches))


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["put", "take", "wait", "hold", "behind", "back", "refuse", "send", "mine", "give_up"]
        ),
        st.integers(0, 99),
    ),
    max_size=80,
)


class Lane:
    """Does to a queue what lane, watch and healing do, in any order, and knows what it has in hand."""

    def __init__(self, taken_now):
        self._taken_now = taken_now
        self.now = Now()
        self.queue = queue(self.now)
        self.taken, self.sent = [], []
        self._next = dict.fromkeys(range(DEVICES), 0)

    def put(self, number):
        device = number % DEVICES
        self.queue.put(report(device, self._next[device]), 20_000)
        self._next[device] += 1

    def take(self, number):
        self.taken += self._taken_now(self.queue, 1 + number % 3)

    def wait(self, number):
        self.now.value += number / 10

    def hold(self, number):
        for item in self._pick(self.taken, number):
            self.queue.hold(item, number / 10)

    def behind(self, number):
        for item in self._pick(self.taken, number):
            self.queue.hold_behind(item)

    def back(self, number):
        self.queue.put_back(self._pick(self.taken, number))

    def refuse(self, number):
        for item in self._pick(self.taken, number):
            self.queue.release(item)
            self.queue.release(item)  # twice is once

    def send(self, number):
        for item in self._pick(self.taken, number):
            item.place = Place.SENT
            self.sent.append(item)

    def mine(self, number):
        for item in self._pick(self.sent, number):
            self.queue.release(item)

    def give_up(self, number):
        for item in self._pick(self.sent, number):
            item.place = Place.TAKEN
            self.queue.put_back([item])
            self.queue.wake([item])

    def _pick(self, items, number):
        return [items.pop(number % len(items))] if items else []


@given(STEPS)
def test_what_is_in_memory_can_always_be_taken_once_and_only_once(taken_now, steps):
    lane = Lane(taken_now)
    for step, number in steps:
        getattr(lane, step)(number)
    places = lane.queue.places()
    assert places[Place.GONE] == 0
    assert (places[Place.TAKEN], places[Place.SENT]) == (len(lane.taken), len(lane.sent))
    lane.now.value += 1000
    rest = []
    while more := taken_now(lane.queue):
        rest += more
    assert len(rest) == len({id(item) for item in rest}) == len(lane.queue) - len(lane.taken) - len(lane.sent)
    assert all(item.place is Place.TAKEN for item in rest)


def test_one_that_fails_alone_lets_all_others_go_first(taken_now):
    now = Now()
    held = queue(now, batch_size=2)
    for number in range(4):
        held.put(report(number % DEVICES, number // DEVICES), 20_000)
    guilty, *others = taken_now(held, 2)
    guilty.company, guilty.tries = 1, 1
    held.hold(guilty, 1.0)
    held.put_back(others)
    now.value = 1.0
    assert taken_now(held, 1) == others[:2]
    assert taken_now(held, 1) == others[2:]
    assert taken_now(held, 1) == [guilty]


def test_those_behind_wake_when_something_becomes_of_the_one_before_and_at_the_latest_soon(taken_now):
    now = Now()
    held = queue(now)
    for number in range(3):
        held.put(report(1, number), 20_000)
    first, second, third = taken_now(held)
    held.hold_behind(second)
    held.hold_behind(third)
    assert taken_now(held) == []
    held.release(first)
    assert taken_now(held) == [second, third]
    held.hold_behind(third)
    now.value += BEHIND_S
    assert taken_now(held) == [third]


def test_batches_are_cut_by_number_gas_and_company(taken_now):
    now = Now()
    held = queue(now, batch_gas=51_000 + 60_000)
    for number in range(9):
        held.put(report(1, number), 20_000)
    items = taken_now(held)
    items[4].company = 1
    items[5].company = 2
    assert [len(batch) for batch in held.split(items)] == [3, 1, 1, 2, 2]
