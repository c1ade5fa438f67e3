# SPDX-License-Identifier: Apache-2.0
"""Measure how long a report takes from its first 202 until its block is final, in calm and in chaos.

    python tests/bench/relayer_finality.py [--seconds S] [--meters N] [--json]

Two relayers carry the reports of simulated meters, one a second each, to anvil with blocks of a second; final is
what stands three blocks below the latest, read from the node itself every 50 ms. In chaos a third of the time each
begins with one of: a relayer is killed with -9 and comes back after a second, a fork of two blocks, a node that
stands still for four seconds. The meters do as real ones, only sooner: they ask where the chain stands once a second,
send again what is not there after two, and turn to the other relayer when one does not answer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the benchmark shares the tests' world

import aiohttp
from tests.relayer.carrying import assert_all_there_once, assert_no_gas_was_burnt
from tests.relayer.conftest import Process
from tests.relayer.world import Meter, World
from tests.toolchain.running_anvil import Anvil

from electro_contracts import calldata
from electro_relayer import Settings
from electro_relayer.chain.rpc import Node, NodeUnreachable, read_data
from electro_relayer.paying.key import Key

DEPTH = 3
LOOK_S = 0.05
RESEND_S = 2.0
FREEZE_S = 4.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=30, help="how long reports come, each time")
    parser.add_argument("--meters", type=int, default=32)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    found = {
        name: asyncio.run(measure(arguments.meters, arguments.seconds, chaos=name == "chaos"))
        for name in ("calm", "chaos")
    }
    if arguments.json:
        print(json.dumps(found))
        return
    print(
        f"{arguments.meters} meters, a report a second each for {arguments.seconds} s, blocks of 1 s, K = {DEPTH}"
    )
    for name, figures in found.items():
        shown = ", ".join(f"{key} {value:.2f} s" for key, value in figures.items() if key != "reports")
        print(f"{name:6} accepted to final: {shown} ({figures['reports']} reports, all there once)")


async def measure(count: int, seconds: int, *, chaos: bool) -> dict[str, Any]:
    anvil = Anvil()
    relayers: list[Process] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            world = World(anvil.url)
            await asyncio.to_thread(world.agree, count)
            world.block_time(1)
            settings = [_settings(world, Path(folder), number) for number in (1, 2)]
            relayers += [await asyncio.to_thread(Process, each) for each in settings]
            fleet = [Sender(meter, [r.url for r in relayers], seconds) for meter in world.meters]
            trouble = asyncio.create_task(
                _trouble(anvil, world, relayers, seconds) if chaos else asyncio.sleep(0)
            )
            watching = asyncio.create_task(_watch(world, fleet, seconds))
            await asyncio.gather(watching, trouble, *[sender.run() for sender in fleet])
            assert_all_there_once(world, seconds)
            for each in settings:
                assert_no_gas_was_burnt(world, each)
        finally:
            for relayer in relayers:
                relayer.end()
            anvil.close()
    waits = sorted(s.final[i] - s.accepted[i] for s in fleet for i in range(seconds))
    return {
        "reports": len(waits),
        "median": waits[len(waits) // 2],
        "p99": waits[len(waits) * 99 // 100],
        "greatest": waits[-1],
    }


def _settings(world: World, folder: Path, number: int) -> Settings:
    secret = bytes([number]) * 32
    file = folder / f"key{number}"
    file.write_text(secret.hex())
    file.chmod(0o600)
    world.fund(Key(secret).address)
    return Settings.load(
        environ={}, rpc_url=world.url, contract=world.address, key_file=file, finality=str(DEPTH), port=0
    )


class Sender:
    """A meter that closes an interval a second, at an instant of its own, and sends it at once."""

    def __init__(self, meter: Meter, urls: list[str], count: int) -> None:
        self.meter, self._count = meter, count
        self._urls = random.sample(urls, len(urls))
        self.accepted: dict[int, float] = {}
        self.final: dict[int, float] = {}

    async def run(self) -> None:
        began = time.monotonic() + random.random()
        latest, sent, sent_at, asked_at = 0, 0, 0.0, began
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            while len(self.final) < self._count:
                now = time.monotonic()
                closed = min(self._count, int(now - began) + 1) if now >= began else 0
                try:
                    if now - asked_at >= 1:
                        asked_at = now
                        latest = await self._ask(session)
                        if latest < sent and now - sent_at > RESEND_S:
                            sent = latest
                    if sent < closed:
                        sent = await self._send(session, max(sent, latest), closed)
                        sent_at = time.monotonic()
                except (aiohttp.ClientError, TimeoutError, KeyError):
                    self._urls.append(self._urls.pop(0))
                await asyncio.sleep(0.02)

    async def _ask(self, session: aiohttp.ClientSession) -> int:
        async with session.get(f"{self._urls[0]}/v1/meters/0x{self.meter.device.hex()}?ahead=0") as response:
            return int((await response.json())["agreements"][0]["next"]["latest"])

    async def _send(self, session: aiohttp.ClientSession, first: int, end: int) -> int:
        """Post what is due; return where to go on."""
        reports = [self.meter.report(i) for i in range(first, end)][:50]
        async with session.post(self._urls[0] + "/v1/messages", json={"messages": reports}) as response:
            results = (await response.json())["results"]
        for i, result in enumerate(results, first):
            if result["status_code"] >= 400:
                return int(result["error"].get("expected", i))
            self.accepted.setdefault(i, time.monotonic())
        return first + len(results)


async def _watch(world: World, fleet: list[Sender], count: int) -> None:
    """Note when each interval is first seen in the state three blocks below the latest."""
    seen = 0
    async with Node(world.url, timeout_s=60) as node:
        while any(len(sender.final) < count for sender in fleet):
            await asyncio.sleep(LOOK_S)
            try:
                latest = int(await node.call("eth_blockNumber", []), 16)
                if latest == seen:
                    continue
                to = "0x" + world.address.hex()
                states = await node.batch([
                    ("eth_call", [
                        {"to": to, "data": "0x" + calldata.meter_state(s.meter.device, 0).hex()}, hex(latest - DEPTH),
                    ])
                    for s in fleet
                ])  # fmt: skip
            except NodeUnreachable:
                continue
            seen, now = latest, time.monotonic()
            for sender, state in zip(fleet, states, strict=True):
                told = calldata.decode_meter_state(read_data(state)) if isinstance(state, str) else []
                for agreement in told:  # none where that block is older than the agreement
                    for i in range(agreement.next_interval):
                        sender.final.setdefault(i, now)


async def _trouble(anvil: Anvil, world: World, relayers: list[Process], seconds: int) -> None:
    await asyncio.sleep(seconds / 6)
    await asyncio.to_thread(relayers[0].end)
    await asyncio.sleep(1)
    await asyncio.to_thread(relayers[0].start)
    await asyncio.sleep(seconds / 3 - 1)
    await asyncio.to_thread(world.rpc, "anvil_reorg", 2, [])
    await asyncio.sleep(seconds / 3)
    anvil._process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(FREEZE_S)
    anvil._process.send_signal(signal.SIGCONT)


if __name__ == "__main__":
    main()
