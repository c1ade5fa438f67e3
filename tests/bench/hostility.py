# SPDX-License-Identifier: Apache-2.0
"""Do one's worst to a relayer: a hostile enrolled meter, strangers, somebody who repeats, a node that lies and stalls.

`attack` runs in a process of its own until it is ended, and counts the answers; `misbehave` sets a faulty node's hooks.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from aiohttp import web
from tests.bench.posting import Connection
from tests.relayer.faults import FaultyNode, error, sends
from tests.relayer.world import Meter

from electro_contracts import calldata
from electro_protocol.eip712 import Domain

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

STRANGER_CONNECTIONS, REPEATING_CONNECTIONS, METER_CONNECTIONS, IDLE_CONNECTIONS = 16, 4, 4, 100
STRANGERS = 500  # with a signature each, over and over: the relayer forgets them in two seconds
BEGUN = {"400", "403", "404", "409", "413"}  # when these were answered, everybody is at it
SEED = 1


class Attacker:
    """Somebody who asks again and again over several connections, whatever is answered."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.answers: Counter[str] = Counter()

    async def flood(self, connections: int, requests: Any) -> None:
        """Take requests, (path, body or None for a GET), from an endless iterator; never ends."""
        await asyncio.gather(*[self._ask_on_one(requests) for _ in range(connections)])

    async def _ask_on_one(self, requests: Any) -> None:
        connection: Connection | None = None
        for path, body in requests:
            try:
                if connection is None:
                    connection = await Connection.open(self._url)
                asked = connection.get(path) if body is None else connection.post(path, body)
                self.answers[str(await asked)] += 1
            except OSError:
                self.answers["closed"] += 1
                connection = None
                await asyncio.sleep(0.01)

    async def hold(self, connections: int, beginning: bytes) -> None:
        """Open connections and say so much on each, then a byte a second; begin anew when closed; never ends."""

        async def one() -> None:
            while True:
                with contextlib.suppress(OSError):
                    place = self._url.rsplit("/", 1)[1]
                    host, port = place.split(":")
                    _, writer = await asyncio.open_connection(host, int(port))
                    writer.write(beginning)
                    while not writer.is_closing():
                        await asyncio.sleep(1)
                        writer.write(b"1")
                        await writer.drain()
                await asyncio.sleep(0.2)

        await asyncio.gather(*[one() for _ in range(connections)])


def attack(
    ending: Queue[str],
    told: Queue[dict[str, int]],
    url: str,
    secret: bytes,
    agreement_id: int,
    domain: tuple[int, bytes],
    on_chain: list[bytes],
    start_s: int,
) -> None:
    """Attack until a word comes in `ending`; `told` gets how often which answer came, once all are at it and then."""
    hostile = Meter(secret, Domain(*domain), agreement_id)
    asyncio.run(_attack(ending, told, url, hostile, on_chain, start_s))


async def _attack(
    ending: Queue[str],
    told: Queue[dict[str, int]],
    url: str,
    hostile: Meter,
    on_chain: list[bytes],
    start_s: int,
) -> None:
    attacker = Attacker(url)
    beginning = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n{"
    tasks = [
        asyncio.create_task(each)
        for each in (
            attacker.flood(METER_CONNECTIONS, _of_the_meter(hostile, start_s)),
            attacker.flood(STRANGER_CONNECTIONS, _of_strangers(hostile)),
            attacker.flood(REPEATING_CONNECTIONS, _repeated(on_chain)),
            attacker.hold(IDLE_CONNECTIONS, b""),
            attacker.hold(METER_CONNECTIONS, beginning),
        )
    ]
    while not set(attacker.answers) >= BEGUN:
        await asyncio.sleep(0.1)
    told.put(dict(attacker.answers))
    await asyncio.to_thread(ending.get)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    told.put(dict(attacker.answers))


def _of_the_meter(meter: Meter, start_s: int) -> Any:
    """Everything that an enrolled meter can send: what is due as fast as it goes, and what is not."""
    path = "/v1/messages"
    state = f"/v1/meters/0x{meter.device.hex()}?ahead=672"
    outage_starts = itertools.count(start_s + 1)
    numbers = b'{"messages":[' + b"1," * 100_000 + b"1]}"
    for number in itertools.count():
        due = [json.dumps(each).encode() for each in meter.reports(4)]
        yield from ((path, body) for body in due)
        yield path, json.dumps(meter.report(meter.next + 1000)).encode()
        yield path, json.dumps(meter.outage(next(outage_starts), start_s + 60 * 86_400)).encode()
        yield path, json.dumps(meter.outage(2**39 + number)).encode()
        yield state, None
        if number % 20 == 0:
            yield path, numbers
            yield path, json.dumps({"messages": [meter.report(meter.next + i) for i in range(51)]}).encode()


def _of_strangers(like: Meter) -> Any:
    path = "/v1/messages"
    strangers = [
        Meter((0x57A << 128 | i).to_bytes(32, "big"), like.domain, like.agreement_id)
        for i in range(STRANGERS)
    ]
    signed = [json.dumps(each.report(0)).encode() for each in strangers]
    chance = random.Random(SEED)
    for body in itertools.cycle(signed):
        yield path, body
        yield f"/v1/meters/0x{chance.randbytes(20).hex()}", None
        yield path, chance.randbytes(200)


def _repeated(on_chain: list[bytes]) -> Any:
    for body in itertools.cycle(on_chain):
        yield "/v1/messages", body


def misbehave(node: FaultyNode) -> None:
    """Let a node stall, fail, lie about its head and its meters, and swallow transactions, each now and then."""
    chance = random.Random(SEED)

    async def instead(calls: list[Any]) -> Any:
        luck = chance.random()
        if luck < 0.1:
            await asyncio.sleep(chance.choice((0.5, 2.0, 15.0)))
        return web.Response(status=502) if luck < 0.2 else None

    def change(call: Any, answer: Any) -> Any:
        if sends([call]) and chance.random() < 0.3:
            return error(call, chance.choice(("already known", "internal error", "too many requests")))
        if chance.random() > 0.2 or "result" not in answer:
            return answer
        if call["method"] == "eth_getTransactionReceipt":
            return {**answer, "result": None}
        if call["method"] == "eth_getBlockByNumber" and isinstance(answer["result"], dict):
            return {**answer, "result": {**answer["result"], "number": hex(int(time.time()))}}
        data = call["params"][0].get("data", "") if call["method"] == "eth_call" else ""
        if data.startswith("0x" + calldata.METER_STATE.hex()):
            return {**answer, "result": "0x" + "00" * 64}
        return answer

    node.instead, node.change = instead, change
