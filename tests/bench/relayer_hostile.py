# SPDX-License-Identifier: Apache-2.0
"""Run the relayer in a hostile neighbourhood, and see what becomes of honest traffic beside a quiet run.

    python tests/bench/relayer_hostile.py [--short] [--json]

Honest meters report at a steady rate, first in quiet and then, by the same relayer on the same chain (anvil, blocks
of a second), while all of these do their worst at once:

- an enrolled meter: its reports as fast as they go, out of sequence, oversized batches, outages by the hundred,
  questions for the most slots, bodies of a hundred thousand numbers, bodies byte by byte;
- strangers at full rate: signatures that nobody enrolled, addresses of nobody, garbage, silent connections;
- somebody who repeats everything that is on chain;
- the first of the relayer's three nodes, which stalls, fails, lies about heads and meters, and swallows transactions.

A latency is from a report's first POST to the moment when its event is seen on chain; the ratio is that of the medians.
A meter does here what the firmware does: what is not on chain it sends again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the benchmark shares the tests' world

import aiohttp
from tests.bench.children import SPAWN, child
from tests.bench.hostility import attack, misbehave
from tests.bench.relayer import start
from tests.relayer.faults import FaultyNode
from tests.relayer.world import SLOTS, Meter, World
from tests.toolchain.running_anvil import Anvil

from electro_relayer import Settings, run
from electro_relayer.paying.key import Key

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

KEY = b"\x5d" * 32
EVERY_S = 0.5  # each meter's interval
RESENT_AFTER_S = 4.0  # what is not on chain by then is sent again
OVER_S = 180.0  # what has not arrived so long after the last report never will
LOOKED_EVERY_S = 0.1
BEGUN_S = 120.0  # starting a process and signing for five hundred strangers takes seconds on a busy machine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="fewer meters, for some seconds")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    found = asyncio.run(measure(3, 16) if arguments.short else measure(12, 120))
    if arguments.json:
        print(json.dumps(found))
        return
    quiet, hostile = found["quiet"], found["hostile"]
    print(
        f"{found['delivered']:,} of {found['honest']:,} honest reports on chain, {found['twice']} twice; "
        f"{found['reverted']} transactions reverted"
    )
    print(
        f"from the first POST to the chain, median and 95th percentile: quiet {quiet['p50_s']:.2f} and "
        f"{quiet['p95_s']:.2f} s, hostile {hostile['p50_s']:.2f} and {hostile['p95_s']:.2f} s: "
        f"{found['latency_ratio']:.2f} times"
    )
    answers = ", ".join(
        f"{number:,} × {status}" for status, number in sorted(found["hostile_answers"].items())
    )
    print(f"what the others were answered: {answers}")


async def measure(meter_count: int, intervals: int) -> dict[str, Any]:
    anvil = Anvil("--gas-limit", "200000000")
    try:
        world = World(anvil.url)
        passes = (2 * intervals + SLOTS - 1) // SLOTS
        await asyncio.to_thread(world.agree, meter_count + 1, max(10, passes) * SLOTS)
        *honest, hostile = world.meters
        world.block_time(1)
        world.fund(Key(KEY).address)
        async with FaultyNode(anvil.url) as node:
            with tempfile.NamedTemporaryFile("w") as key_file:
                os.fchmod(key_file.fileno(), 0o600)
                key_file.write(KEY.hex())
                key_file.flush()
                nodes = f"{node.url},{anvil.url},{anvil.url}/"
                process, url = await asyncio.to_thread(start, served, nodes, world.address, key_file.name)
            chain = Seen(world)
            quiet = await carry_all(url, honest, intervals, chain)
            hostility = Hostility(url, hostile, honest, intervals, world.start)
            await asyncio.to_thread(hostility.begin)
            try:
                misbehave(node)
                troubled = await carry_all(url, honest, 2 * intervals, chain)
                answers = await asyncio.to_thread(hostility.end)
            finally:
                hostility.close()
            process.terminate()
            await asyncio.to_thread(process.join)
        reported = [await asyncio.to_thread(world.reported, meter) for meter in honest]
        receipts = await asyncio.to_thread(world.transactions_of, Key(KEY).address)
    finally:
        anvil.close()
    return {
        "honest": meter_count * 2 * intervals,
        "delivered": sum(len(set(each)) for each in reported),
        "twice": sum(len(each) - len(set(each)) for each in reported),
        "latency_ratio": statistics.median(troubled) / statistics.median(quiet),
        "quiet": latencies(quiet),
        "hostile": latencies(troubled),
        "reverted": sum(receipt["status"] != 1 for receipt in receipts),
        "hostile_requests": sum(answers.values()),
        "hostile_answers": answers,
    }


def latencies(waits_s: list[float]) -> dict[str, float]:
    ordered = sorted(waits_s)
    return {"p50_s": statistics.median(ordered), "p95_s": ordered[len(ordered) * 95 // 100]}


def served(ready: Queue[str], rpc_url: str, contract: bytes, key_file: str) -> None:
    settings = Settings.load(
        environ={}, rpc_url=rpc_url, contract=contract, key_file=key_file, port=0, finality="3", drain_s=0
    )
    run(settings, ready=lambda told: ready.put(told.url))


class Seen:
    """When each interval of each meter was first seen on chain."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._next_block = 0
        self.at: dict[tuple[bytes, int], float] = {}

    async def look(self) -> None:
        """Take note of what the blocks since the last look report."""
        events = await asyncio.to_thread(self._events)
        now = time.monotonic()
        for device, first, count in events:
            for interval in range(first, first + count):
                self.at.setdefault((device, interval), now)

    def _events(self) -> list[tuple[bytes, int, int]]:
        head = self._world.web3.eth.block_number
        if head < self._next_block:
            return []
        logs = self._world.contract.events.EnergyReported().get_logs(
            from_block=self._next_block, to_block=head
        )
        self._next_block = head + 1
        return [
            (
                bytes.fromhex(entry["args"]["device"][2:]),
                entry["args"]["firstInterval"],
                len(entry["args"]["readings"]) // 2,
            )
            for entry in logs
        ]


async def carry_all(url: str, meters: list[Meter], until: int, chain: Seen) -> list[float]:
    """Let meters report up to an interval, one each `EVERY_S`; return how long each report took to the chain."""
    posted_at: dict[tuple[bytes, int], float] = {}
    carrying = asyncio.gather(*[carry(url, meter, until, chain, posted_at) for meter in meters])
    while not carrying.done():
        await chain.look()
        await asyncio.sleep(LOOKED_EVERY_S)
    carrying.result()
    for meter in meters:
        meter.next = until
    return [chain.at[key] - at for key, at in posted_at.items() if key in chain.at]


async def carry(
    url: str, meter: Meter, until: int, chain: Seen, posted_at: dict[tuple[bytes, int], float]
) -> None:
    """Report interval after interval, and what is not on chain after a while again, until all is there."""
    began, first = time.monotonic(), meter.next
    over = began + EVERY_S * (until - first) + OVER_S
    following, moved_at = first, began
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        while time.monotonic() < over:
            landed = first
            while (meter.device, landed) in chain.at:
                landed += 1
            if landed >= until:
                return
            now = time.monotonic()
            if following > landed and now - moved_at > RESENT_AFTER_S:
                following, moved_at = landed, now
            if following < min(until, first + int((now - began) / EVERY_S) + 1):
                posted_at.setdefault((meter.device, following), now)
                taken, expected = await post(session, url, meter, following)
                if taken:
                    following, moved_at = following + 1, time.monotonic()
                    continue
                if expected is not None and landed <= expected < following:
                    following = expected
            await asyncio.sleep(0.1)


async def post(
    session: aiohttp.ClientSession, url: str, meter: Meter, interval: int
) -> tuple[bool, int | None]:
    """Return whether the report was taken, and which one is expected if another one is."""
    try:
        async with session.post(url + "/v1/messages", json=meter.report(interval)) as response:
            if response.status in (200, 202):
                return True, None
            return False, (await response.json()).get("error", {}).get("expected")
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return False, None


class Hostility:
    """The attackers, in a process of their own."""

    def __init__(self, url: str, hostile: Meter, honest: list[Meter], on_chain: int, start_s: int) -> None:
        repeated = [json.dumps(meter.report(i)).encode() for meter in honest for i in range(on_chain)]
        domain = (hostile.domain.chain_id, hostile.domain.contract)
        self._ending, self._told = SPAWN.Queue(), SPAWN.Queue()
        self._process = child(
            attack,
            self._ending,
            self._told,
            url,
            hostile.secret,
            hostile.agreement_id,
            domain,
            repeated,
            start_s,
        )

    def begin(self) -> None:
        """Return when everybody is at it."""
        self._process.start()
        self._told.get(timeout=BEGUN_S)

    def close(self) -> None:
        self._process.terminate()
        self._process.join()

    def end(self) -> dict[str, int]:
        """Let them stop; returns how often they got which answer."""
        self._ending.put("enough")
        answers: dict[str, int] = self._told.get(timeout=30)
        return answers


if __name__ == "__main__":
    main()
