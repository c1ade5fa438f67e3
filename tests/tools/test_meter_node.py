# SPDX-License-Identifier: Apache-2.0
"""The meter asks a node itself: its call and its decoding against eth_abi, and a node that misbehaves."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from eth_abi import encode

from electro_contracts import calldata
from electro_meter.uplink.dns import Resolver
from electro_meter.uplink.errors import SourceError
from electro_meter.uplink.http import Client
from electro_meter.uplink.node import standing
from electro_meter.world import Board

if TYPE_CHECKING:
    from electro_meter.uplink.agreement import Told

CONTRACT, DEVICE = bytes(range(20)), bytes(range(20, 40))
STATE = (
    "(uint64,uint8,uint8,uint40,uint32,uint32,uint32,uint32,uint40,uint16,uint32,address,bytes32,uint32,uint32,bool,"
    "uint128,uint32,bytes)[]"
)
BOUNDS = b"".join(value.to_bytes(2, "big") for value in (1, 2, 600, 700))
ACCOUNT, HASH = "0x" + "aa" * 20, bytes(range(32))


def record(number: int, start: int, following: int, bounds: bytes = b"") -> tuple[Any, ...]:
    """Return a MeterState: see IRecords."""
    until = start + 10**6
    return (
        number, 2, 0, start, 900, 96, 96, 90, until, 96, 10, ACCOUNT, HASH, following, 3, True, 5_000, following,
        bounds,
    )  # fmt: skip


FIRST = record(7, 1_800_000_000, 12, BOUNDS)
SECOND = record(8, 1_800_086_400, 0)


class Node(Board):
    """Answers each request of one connection with what `answers` has for its method and block."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[Any] = []
        self.connections = 0
        self._request = self._raw = b""

    def uptime_us(self) -> int:
        return 1

    async def connect(self, address: str, port: int, server_hostname: str | None) -> tuple[Any, Any]:
        self.connections += 1
        return self, self

    def write(self, raw: bytes) -> None:
        self._request += raw

    async def drain(self) -> None:
        asked = json.loads(self._request.partition(b"\r\n\r\n")[2])
        self._request = b""
        self.asked.append(asked)
        name = asked["method"] if asked["method"] == "eth_chainId" else asked["params"][1]
        answer = json.dumps({"jsonrpc": "2.0", "id": 1, **self.answers[name]}).encode()
        self._raw += b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer

    async def read(self, count: int) -> bytes:
        taken, self._raw = self._raw[:count], self._raw[count:]
        return taken

    def close(self) -> None: ...

    async def wait_closed(self) -> None: ...


def states(*records: tuple[Any, ...]) -> dict[str, Any]:
    return {"result": "0x" + encode([STATE], [list(records)]).hex()}


def ask(**answers: dict[str, Any]) -> tuple[list[Told], Node]:
    node = Node({"eth_chainId": {"result": "0x539"}, **answers})
    client = Client(node, Resolver(node, []))
    listed, _ = asyncio.run(standing(client, "http://node", 1337, CONTRACT, DEVICE, 6))
    return listed, node


def test_its_answer_is_a_relayers_on_one_connection():
    earlier = record(7, 1_800_000_000, 9, BOUNDS)
    (first, second), node = ask(latest=states(FIRST, SECOND), finalized=states(earlier))
    assert (first.id, first.start_s, first.end, first.cancelled) == (7, 1_800_000_000, 90, False)
    assert (first.account, first.code_hash) == (bytes.fromhex(ACCOUNT[2:]), HASH)
    assert (first.next_latest, first.next_final, first.next_outage, first.outage_open) == (12, 9, 3, True)
    assert (first.bounds_from, list(first.least), list(first.most)) == (12, [1, 2], [600, 700])
    assert (second.next_latest, second.next_final) == (0, 0)
    assert node.connections == 1


def test_its_call_is_the_contracts():
    _, node = ask(latest=states(), finalized=states())
    assert node.asked[1]["params"][0] == {
        "to": "0x" + CONTRACT.hex(),
        "data": "0x" + calldata.meter_state(DEVICE, 6).hex(),
    }


def test_a_chain_without_a_finalized_block_is_final_at_once():
    unknown = {"error": {"code": -39001, "message": "Unknown block"}}
    (found,), _ = ask(latest=states(FIRST), finalized=unknown)
    assert (found.next_latest, found.next_final) == (12, 12)


def test_a_meter_that_is_not_enrolled_has_no_agreements():
    refused = {"error": {"code": 3, "message": "execution reverted", "data": "0x"}}
    assert ask(latest=refused, finalized=refused)[0] == []


@pytest.mark.parametrize(
    "answer",
    [
        {"result": "0x12"},
        {"result": None},
        {"result": "0x" + "ff" * 64},
        {"result": states(FIRST)["result"][:-64]},
        {"error": {"code": -32000, "message": "header not found"}},
    ],
)
def test_nonsense_is_refused(answer: dict[str, Any]):
    with pytest.raises(SourceError):
        ask(latest=answer, finalized=answer)
