# SPDX-License-Identifier: Apache-2.0
"""Watch the relayer's memory while ten thousand meters report, round after round.

    python tests/bench/relayer_memory.py [--meters N] [--rounds N] [--round-s S] [--json]

With `--round-s 120 --rounds 30` every meter reports each two minutes for an hour, evenly spread; without, one round
follows the other as fast as it goes.

The node is a stand-in in this process that takes every transaction and mines it at once: setting up ten thousand
meters on a real chain takes longer than the measuring, and the chain's memory is not what is measured. Memory is
the resident set, read from /proc (Linux).
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import orjson
import rlp
from aiohttp import web
from eth_abi import encode
from tests.bench.posting import Connection
from tests.bench.relayer import relayer_server, start
from tests.relayer.world import Meter

from electro_contracts import calldata
from electro_protocol.eip712 import Domain
from electro_relayer.hashing import keccak256

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CHAIN_ID, CONTRACT = 31337, bytes(range(20))
CONNECTIONS = 64
RECEIPTS_KEPT = 1_000  # asked for more than once: mined, and final
_STATE = (
    "(uint64,uint8,uint8,uint40,uint32,uint32,uint32,uint32,uint40,uint16,uint32,address,bytes32,"
    "uint32,uint32,bool,uint128,uint32,bytes)[]"
)


class StandIn:
    """As much of a node as the relayer asks for; every meter serves agreement 1, which began in 1970."""

    def __init__(self) -> None:
        self.next: dict[bytes, int] = {}
        self.signed: dict[bytes, tuple[bytes, int]] = {}  # a report's r → device, end
        self.nonce, self.block = 0, 1
        self.receipts: dict[str, dict[str, Any]] = {}
        self.requests, self.calls = 0, 0

    async def handle(self, request: web.Request) -> web.Response:
        asked = orjson.loads(await request.read())
        calls = asked if isinstance(asked, list) else [asked]
        self.requests, self.calls = self.requests + 1, self.calls + len(calls)
        told = [{"jsonrpc": "2.0", "id": c["id"], **self._told(c["method"], c["params"])} for c in calls]
        body = orjson.dumps(told if isinstance(asked, list) else told[0])
        return web.Response(body=body, content_type="application/json")

    def _told(self, method: str, params: list[Any]) -> dict[str, Any]:
        try:
            return {"result": self._answer(method, params)}
        except KeyError:
            return {"error": {"code": -32601, "message": f"the method {method} does not exist"}}

    def _answer(self, method: str, params: list[Any]) -> Any:
        if method == "eth_call":
            return "0x" + self._call(bytes.fromhex(params[0]["data"][2:])).hex()
        if method == "eth_sendRawTransaction":
            return self._take(bytes.fromhex(params[0][2:]))
        if method == "eth_getTransactionReceipt":
            return self.receipts.get(params[0])
        if method == "eth_getBlockByNumber":
            number = params[0] if params[0].startswith("0x") else hex(self.block)
            return {
                "number": number,
                "hash": _hash(number),
                "timestamp": hex(int(time.time())),
                "baseFeePerGas": "0x1",
            }
        return {
            "eth_chainId": hex(CHAIN_ID),
            "eth_blockNumber": hex(self.block),
            "eth_getTransactionCount": hex(self.nonce),
            "eth_getBalance": hex(10**20),
            "eth_gasPrice": "0x1",
            "eth_maxPriorityFeePerGas": "0x1",
        }[method]

    def _call(self, data: bytes) -> bytes:
        if data[:4] == calldata.CHECK:
            return encode(["bytes4[]"], [[bytes(4)] * int.from_bytes(data[36:68], "big")])
        if data[:4] != calldata.METER_STATES:
            return bytes(31) + b"\1"  # enrolled
        ahead = int.from_bytes(data[36:68], "big")
        states = [_state(self.next.get(data[i + 12 : i + 32], 0), ahead) for i in range(100, len(data), 32)]
        return encode(["bool[]", _STATE + "[]"], [[True] * len(states), states])

    def _take(self, raw: bytes) -> str:
        data = rlp.decode(raw[1:])[7]
        at, count = 68, int.from_bytes(data[36:68], "big")
        for i in range(count):
            report = at + int.from_bytes(data[at + 32 * i : at + 32 * i + 32], "big")
            device, end = self.signed.pop(data[report + 192 : report + 224])
            self.next[device] = end
        self.nonce += 1
        self.block += 1
        digest = "0x" + keccak256(raw).hex()
        fields = {
            "transactionHash": digest,
            "status": "0x1",
            "blockNumber": hex(self.block),
            "blockHash": _hash(hex(self.block)),
            "gasUsed": "0x1",
            "effectiveGasPrice": "0x1",
        }
        self.receipts[digest] = {**fields, "logs": []}
        if len(self.receipts) > RECEIPTS_KEPT:
            del self.receipts[next(iter(self.receipts))]
        return digest


def _hash(number: str) -> str:
    return "0x" + number[2:].rjust(64, "0")


@lru_cache
def _state(next_interval: int, ahead: int) -> list[tuple[object, ...]]:
    bounds = b"\0\x0a" * ahead + b"\0\xc8" * ahead
    fixed = (1, 2, 0, 0, 900, 10**6, 10**6, 10**6, 10**10, 96, 10, "0x" + "77" * 20, bytes(32))
    return [(*fixed, next_interval, 0, False, 1000, 0, bounds)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--meters", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--round-s", type=float, default=0.0, help="spread each round over so many seconds")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    found = asyncio.run(measure(arguments.meters, arguments.rounds, arguments.round_s))
    if arguments.json:
        print(json.dumps(found))
        return
    shown = ", ".join(f"{mb:.0f}" for mb in found["mb"])
    print(f"{found['meters']:,} meters, a report each a round, {found['reports_per_second']:,.0f} reports/s")
    print(f"resident MB at the start and after each round: {shown}")


@asynccontextmanager
async def relayer_before(node: StandIn, *arguments: Any) -> AsyncIterator[tuple[int, str]]:
    """Run a relayer in a process of its own, before this node; its process' number and its address.

    arguments: of `relayer_server` behind the key's file.
    """
    app = web.Application(client_max_size=1 << 26)
    app.router.add_post("/", node.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    with tempfile.NamedTemporaryFile("w") as key_file:
        Path(key_file.name).chmod(0o600)
        key_file.write("5a" * 32)
        key_file.flush()
        address = f"http://127.0.0.1:{site.port}/"
        process, url = await asyncio.to_thread(
            start, relayer_server, address, CONTRACT, key_file.name, *arguments
        )
    try:
        yield process.pid, url
    finally:
        process.terminate()
        await asyncio.to_thread(process.join)
        await runner.cleanup()


def meters_of(count: int) -> list[Meter]:
    domain = Domain(CHAIN_ID, CONTRACT)
    return [Meter(hashlib.sha256(b"%d" % i).digest(), domain, 1) for i in range(count)]


async def measure(count: int, rounds: int, round_s: float = 0.0) -> dict[str, Any]:
    node, meters = StandIn(), meters_of(count)
    async with relayer_before(node) as (pid, url):
        memory = [resident_mb(pid)]
        began = time.perf_counter()
        for _ in range(rounds):
            await one_round(node, meters, url, round_s)
            memory.append(resident_mb(pid))
        took_s = time.perf_counter() - began
    return {"meters": count, "rounds": rounds, "mb": memory, "reports_per_second": count * rounds / took_s}


async def one_round(node: StandIn, meters: list[Meter], url: str, round_s: float) -> None:
    waiting = enumerate(meters)
    began = time.perf_counter()

    async def send(connection: Connection) -> None:
        for place, meter in waiting:
            await asyncio.sleep(began + round_s * place / len(meters) - time.perf_counter())
            [report] = meter.reports(1)
            node.signed[bytes.fromhex(str(report["signature"])[2:66])] = (meter.device, meter.next)
            status = await connection.post("/v1/messages", orjson.dumps(report))
            assert status == 202, status
        connection.close()

    await asyncio.gather(*[send(await Connection.open(url)) for _ in range(CONNECTIONS)])
    while node.signed:
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.5)


def resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
