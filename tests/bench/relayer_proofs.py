# SPDX-License-Identifier: Apache-2.0
"""Measure what receipts cost the relayer and its node: made, told again, and asked for by one who asks for all.

    python tests/bench/relayer_proofs.py [--meters N] [--json]

Processor time of the relayer's process for a receipt that is made, for one that is told again, and for the GET of a
standing, over the same connections; requests to the node, and calls in them, for each receipt that is made; and how
many one sender has made who asks for all meters' over and over while a block comes each second.

The node is the stand-in of `relayer_memory.py`, whose blocks four QBFT validators have sealed, and whose proofs have
the sizes of a real network's: they prove nothing, which only a meter would find out. Processor time is read from /proc
(Linux).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.posting import Connection
from tests.bench.relayer import cpu_s
from tests.bench.relayer_memory import StandIn, meters_of, relayer_before
from tests.bench.relayer_state import USUAL_AHEAD, all_of, getting
from tests.protocol.receipts import address, seal, validators

from electro_protocol import storage
from electro_relayer.hashing import keccak256

CONNECTIONS = 64
GREED_S, GREED_PER_S = 10.0, 200
TOLD_AGAIN = 2_000
KEYS = validators(4)
SET = tuple(address(one) for one in KEYS)
NODE_BYTES = 532  # of a branch with all its children
ACCOUNT_NODES, STORAGE_NODES = 5, 6
CODE = (
    b"\0"
    + (96).to_bytes(2, "big")
    + (900).to_bytes(4, "big")
    + bytes(2)
    + (60_000).to_bytes(2, "big")
    + bytes(500)
)
AGREEMENT = 1
START_S = 1_700_000_100


class Sealing(StandIn):
    """A node of a QBFT network, with a block a second."""

    def _answer(self, method: str, params: list[Any]) -> Any:
        if method == "eth_getBlockByNumber":
            return _block(int(params[0], 16) if params[0].startswith("0x") else int(time.time()))
        if method == "eth_getCode":
            return "0x" + CODE.hex()
        if method == "eth_getProof":
            return _proof(params[0], tuple(params[1]))
        return super()._answer(method, params)


@lru_cache
def _block(number: int) -> dict[str, Any]:
    told: dict[str, Any] = {"gasLimit": "0x1c9c380", "gasUsed": "0x0", "baseFeePerGas": "0x0"}
    told |= {"number": hex(number), "timestamp": hex(number), "logsBloom": "0x" + bytes(256).hex()}
    told |= {"miner": "0x" + bytes(20).hex()}
    for name in ("parentHash", "sha3Uncles", "stateRoot", "transactionsRoot", "receiptsRoot"):
        told[name] = "0x" + keccak256(f"{name} {number}".encode()).hex()
    return seal(told, SET, KEYS)


def _node(seed: str) -> str:
    return "0x" + (keccak256(seed.encode()) * 17)[:NODE_BYTES].hex()


@lru_cache(4_096)
def _proof(account: str, keys: tuple[str, ...]) -> dict[str, Any]:
    trie = [_node(f"account {depth} {account if depth > 2 else ''}") for depth in range(ACCOUNT_NODES)]
    told = {
        "accountProof": trie,
        "codeHash": "0x" + keccak256(CODE).hex(),
        "storageHash": _node(account)[:66],
    }
    slots = [
        {
            "key": key,
            "value": hex(_word(key)),
            "proof": [_node(f"slot {depth} {key if depth > 2 else ''}") for depth in range(STORAGE_NODES)],
        }
        for key in keys
    ]
    return {**told, "storageProof": slots}


_RECORD = storage.record_slot(AGREEMENT, keccak256)


@lru_cache(1)
def _known() -> dict[bytes, int]:
    """The words of the slots that are asked for by the meters of the run."""
    found: dict[bytes, int] = {_RECORD: 2 << 72}
    point = 1 << 224 | START_S << 176 | 60_000 << 160 | 60_000 << 144
    for meter in meters_of(_MOST_METERS):
        found[storage.device_slot(meter.device, keccak256)] = AGREEMENT
        found[storage.point_slot(AGREEMENT, meter.device, keccak256)] = point
    return found


_MOST_METERS = 2_000


def _word(key: str) -> int:
    return _known().get(bytes.fromhex(key[2:]), 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--meters", type=int, default=1_000, help=f"at most {_MOST_METERS:,}")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    found = asyncio.run(measure(min(arguments.meters, _MOST_METERS)))
    if arguments.json:
        print(json.dumps(found))
        return
    print(
        f"processor time of a receipt that is made {found['made_cpu_us']:,.0f} µs, told again "
        f"{found['again_cpu_us']:,.0f} µs, of a standing with {USUAL_AHEAD} slots {found['get_cpu_us']:,.0f} µs"
    )
    print(
        f"a receipt of {found['bytes']:,} bytes takes the node {found['requests_per_receipt']:.2f} requests with "
        f"{found['calls_per_receipt']:.2f} calls; {found['receipts_per_second']:,.0f} receipts a second"
    )
    print(
        f"one sender who asks for {found['meters']:,} meters' in turns, {GREED_PER_S} a second, for {GREED_S:.0f} s: "
        f"{found['greedy_told']:,} of {found['greedy_asked']:,} told, {found['greedy_calls']:,} calls to the node, "
        f"{found['greedy_cpu_share']:.0%} of a processor"
    )


async def measure(count: int) -> dict[str, Any]:
    node, meters = Sealing(), meters_of(count)
    paths = [f"/v1/meters/0x{meter.device.hex()}" for meter in meters]
    proofs = [path + "/proof" for path in paths]
    _known()
    found: dict[str, Any] = {"meters": count}
    async with relayer_before(node, 0.0) as (pid, url):  # no sender is limited
        connections = [await Connection.open(url) for _ in range(CONNECTIONS)]
        for path in paths:
            assert await connections[0].get(path) == 200
        cpu = cpu_s(pid)
        await all_of(connections, [getting(f"{path}?ahead={USUAL_AHEAD}") for path in paths])
        found["get_cpu_us"] = (cpu_s(pid) - cpu) / count * 1e6
        cpu, asked, called, began = cpu_s(pid), node.requests, node.calls, time.perf_counter()
        await all_of(connections, [getting(path) for path in proofs])
        found["made_cpu_us"] = (cpu_s(pid) - cpu) / count * 1e6
        found["receipts_per_second"] = count / (time.perf_counter() - began)
        found["requests_per_receipt"] = (node.requests - asked) / count
        found["calls_per_receipt"] = (node.calls - called) / count
        assert await connections[0].get(proofs[0]) == 200
        cpu = cpu_s(pid)
        for _ in range(TOLD_AGAIN):
            await connections[0].get(proofs[0])
        found["again_cpu_us"] = (cpu_s(pid) - cpu) / TOLD_AGAIN * 1e6
        found["bytes"] = await _size(url + proofs[0])
    async with relayer_before(node) as (pid, url):
        connection = await Connection.open(url)
        for path in paths:
            assert await connection.get(path) == 200
        cpu, called, began = cpu_s(pid), node.calls, time.perf_counter()
        statuses: list[int] = []
        while (passed_s := time.perf_counter() - began) < GREED_S:
            statuses.append(await connection.get(proofs[len(statuses) % count]))
            await asyncio.sleep(len(statuses) / GREED_PER_S - passed_s)
        found["greedy_asked"], found["greedy_told"] = len(statuses), statuses.count(200)
        found["greedy_calls"] = node.calls - called
        found["greedy_cpu_share"] = (cpu_s(pid) - cpu) / passed_s
    return found


async def _size(url: str) -> int:
    import aiohttp

    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return len(await answer.read())


if __name__ == "__main__":
    main()
