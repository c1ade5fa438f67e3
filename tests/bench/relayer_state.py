# SPDX-License-Identifier: Apache-2.0
"""Measure what a meter that asks where it stands costs the relayer and its node, beside one that reports.

    python tests/bench/relayer_state.py [--asks N] [--meters N] [--json]

Processor time of the relayer's process for a GET with the usual number of slots, and for a POST of one report, in turns
over the same connections; requests to the node, and calls in them, for each meter of a burst in which all connections
ask at once; and the relayer's resident memory when many meters have asked for the most slots there are, and then with
many connections that were used once and are silent.

The node is the stand-in of `relayer_memory.py`; processor time and memory are read from /proc (Linux).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.posting import Connection
from tests.bench.relayer import cpu_s
from tests.bench.relayer_memory import StandIn, meters_of, relayer_before, resident_mb

CONNECTIONS = 200
TURN = 1_000  # GETs, then as many POSTs
USUAL_AHEAD, MOST_AHEAD = 96, 672
SILENT = 1_700  # connections, beside those: fewer than 2,000 together, the relayer's own limit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--asks", type=int, default=10_000, help="GETs, and as many POSTs")
    parser.add_argument("--meters", type=int, default=100_000, help="that ask at the greatest `ahead`")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    found = asyncio.run(measure(arguments.asks, arguments.meters))
    if arguments.json:
        print(json.dumps(found))
        return
    print(
        f"processor time of a GET with {USUAL_AHEAD} slots {found['get_cpu_us']:.0f} µs, of a POST of one report "
        f"{found['post_cpu_us']:.0f} µs: {found['cpu_ratio']:.2f} times"
    )
    print(
        f"a burst of {found['asks']:,} meters: one request to the node for {found['meters_per_request']:.0f} meters, "
        f"{found['calls_per_meter']:.2f} calls a meter in them; {found['gets_per_second']:,.0f} answers a second"
    )
    print(
        f"resident memory: {found['mb_at_start']:.0f} MB at the start, {found['mb_after']:.0f} MB after "
        f"{found['meters']:,} meters asked for {MOST_AHEAD} slots; {found['mb_with_silent_connections']:.0f} MB with "
        f"{SILENT:,} silent connections besides: {found['kb_a_silent_connection']:.0f} kB each"
    )


async def measure(asks: int, meter_count: int) -> dict[str, Any]:
    node, meters = StandIn(), meters_of(asks)
    paths = [f"/v1/meters/0x{meter.device.hex()}?ahead={USUAL_AHEAD}" for meter in meters]
    bodies = []
    for meter in meters:
        [report] = meter.reports(1)
        node.signed[bytes.fromhex(str(report["signature"])[2:66])] = (meter.device, meter.next)
        bodies.append(json.dumps(report).encode())
    async with relayer_before(node) as (pid, url):
        at_start = resident_mb(pid)
        connections = [await Connection.open(url) for _ in range(CONNECTIONS)]
        for path in paths[:100]:  # what is done once is done
            assert await connections[0].get(path) == 200
        get_s = post_s = took_s = 0.0
        requests = calls = 0
        for first in range(0, asks, TURN):
            cpu, began = cpu_s(pid), time.perf_counter()
            asked, called = node.requests, node.calls
            await all_of(connections, [getting(path) for path in paths[first : first + TURN]])
            requests, calls = requests + node.requests - asked, calls + node.calls - called
            took_s += time.perf_counter() - began
            get_s, cpu = get_s + cpu_s(pid) - cpu, cpu_s(pid)
            await all_of(connections, [_post(body) for body in bodies[first : first + TURN]])
            while node.signed and len(node.signed) > asks - first - TURN:
                await asyncio.sleep(0.05)
            post_s += cpu_s(pid) - cpu
        for number in range(0, meter_count, TURN):
            devices = [(number + i).to_bytes(20, "big").hex() for i in range(min(TURN, meter_count - number))]
            await all_of(
                connections, [getting(f"/v1/meters/0x{each}?ahead={MOST_AHEAD}") for each in devices]
            )
        after = resident_mb(pid)
        for number in range(SILENT):
            connections.append(await Connection.open(url))
            assert await connections[-1].get(paths[number % asks]) == 200
        silent = resident_mb(pid)
        for connection in connections:
            connection.close()
    return {
        "asks": asks,
        "get_cpu_us": get_s / asks * 1e6,
        "post_cpu_us": post_s / asks * 1e6,
        "cpu_ratio": get_s / post_s,
        "gets_per_second": asks / took_s,
        "meters_per_request": asks / requests,
        "calls_per_meter": calls / asks,
        "meters": meter_count,
        "mb_at_start": at_start,
        "mb_after": after,
        "silent_connections": SILENT,
        "kb_a_silent_connection": (silent - after) * 1000 / SILENT,
        "mb_with_silent_connections": silent,
    }


def getting(path: str) -> Any:
    async def ask(connection: Connection) -> None:
        status = await connection.get(path)
        assert status == 200, status

    return ask


def _post(body: bytes) -> Any:
    async def ask(connection: Connection) -> None:
        status = await connection.post("/v1/messages", body)
        assert status == 202, status

    return ask


async def all_of(connections: list[Connection], jobs: list[Any]) -> None:
    """Let each connection take the next job as soon as its last is done."""
    waiting = iter(jobs)

    async def work(connection: Connection) -> None:
        for job in waiting:
            await job(connection)

    await asyncio.gather(*map(work, connections))


if __name__ == "__main__":
    main()
