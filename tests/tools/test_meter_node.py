# SPDX-License-Identifier: Apache-2.0
"""The meter asks a node itself: its call and its decoding against eth_abi, and a node that misbehaves."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from eth_abi import encode

from electro_contracts import calldata
from electro_meter.http import BadAnswerError, Client
from electro_meter.node import state
from electro_meter.world import Board

CONTRACT, DEVICE = bytes(range(20)), bytes(range(20, 40))
STATE = (
    "(uint64,uint8,uint8,uint40,uint32,uint32,uint32,uint32,uint40,uint16,uint32,address,bytes32,"
    "uint32,uint32,bool,uint128,uint32,bytes)[]"
)
ACCOUNT, HASH = "0x" + "77" * 20, bytes(range(32))
BOUNDS = b"".join(value.to_bytes(2, "big") for value in (1, 2, 600, 700))
UNTIL = 1_801_000_000
FIRST = (
    7,
    1,
    0,
    1_800_000_000,
    900,
    96,
    96,
    90,
    UNTIL,
    96,
    10,
    ACCOUNT,
    HASH,
    12,
    3,
    True,
    5_000,
    12,
    BOUNDS,
)
SECOND = (8, 1, 2, 1_800_086_400, 900, 96, 96, 96, UNTIL, 96, 10, ACCOUNT, HASH, 0, 0, False, 6_000, 0, b"")


class Node(Board):
    """Answers each request of one connection with what `answers` has for its method and block."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[Any] = []
        self.connections = 0
        self._request = self._raw = b""

    async def connect(self, host: str, port: int, tls: bool) -> tuple[Any, Any]:
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

    async def readline(self) -> bytes:
        line, mark, self._raw = self._raw.partition(b"\n")
        return line + mark

    async def readexactly(self, count: int) -> bytes:
        taken, self._raw = self._raw[:count], self._raw[count:]
        return taken

    def close(self) -> None: ...

    async def wait_closed(self) -> None: ...


def states(*records: tuple[Any, ...]) -> dict[str, Any]:
    return {"result": "0x" + encode([STATE], [list(records)]).hex()}


def ask(**answers: dict[str, Any]) -> tuple[dict[str, Any], Node]:
    node = Node({"eth_chainId": {"result": "0x539"}, **answers})
    return asyncio.run(state(Client(node), "http://node", CONTRACT, DEVICE, 6)), node


def test_its_answer_is_a_relayers_on_one_connection():
    found, node = ask(latest=states(FIRST, SECOND), finalized=states((*FIRST[:13], 9, *FIRST[14:])))
    assert found["chain_id"] == 1337
    assert found["contract"] == "0x" + CONTRACT.hex()
    first, second = found["agreements"]
    assert first["next"] == {"latest": 12, "final": 9}
    assert first["bounds"] == {"first_interval": 12, "min": [1, 2], "max": [600, 700]}
    assert (first["start"], first["slots"], first["unit_wh"], first["remaining_bonus"]) == (
        FIRST[3],
        96,
        10,
        "5000",
    )
    assert (first["end"], first["next_outage"]) == (90, {"latest": 3})
    assert first["terms"] == {"account": ACCOUNT, "code_hash": "0x" + HASH.hex()}
    assert second["next"] == {"latest": 0, "final": 0}
    assert node.connections == 1


def test_its_call_is_the_contracts():
    _, node = ask(latest=states(), finalized=states())
    assert node.asked[1]["params"][0] == {
        "to": "0x" + CONTRACT.hex(),
        "data": "0x" + calldata.meter_state(DEVICE, 6).hex(),
    }


def test_a_chain_without_a_finalized_block_is_final_at_once():
    unknown = {"error": {"code": -39001, "message": "Unknown block"}}
    found, _ = ask(latest=states(FIRST), finalized=unknown)
    assert found["agreements"][0]["next"] == {"latest": 12, "final": 12}


def test_a_meter_that_is_not_enrolled_has_no_agreements():
    refused = {"error": {"code": 3, "message": "execution reverted", "data": "0x"}}
    assert ask(latest=refused, finalized=refused)[0]["agreements"] == []


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
    with pytest.raises(BadAnswerError):
        ask(latest=answer, finalized=answer)
