# SPDX-License-Identifier: Apache-2.0
"""Measure the relayer beside a bare server that only verifies, and how many reports a second reach the chain.

    python tests/bench/relayer.py [--reports N] [--json]

Both servers get the same signed reports, one a POST, over as many connections, each on a process of its own and in
turns of a few hundred, so that what else the machine does falls on both; their processor time is read from /proc
(Linux). The bare server does what no relayer can leave out: read JSON, hash, recover the signer. The chain is anvil
with blocks of a second. As many connections as meters post again as soon as they are answered, so a post waits for all
others; at a steady rate below that it waits for what the server is busy with.

Then the relayer alone gets as many again without a pause, which tells how many reach the chain in a second. That
stands beside two others on the same chain: the same number of reports as transactions packed and signed beforehand,
which is what the node can take, and some through web3.py, a transaction each, as one would write it first.

How many that are is the machine's doing first: client, relayer and node share its cores. So what each of them took of
the processor for a report is told too, how much of the cores that was, and how many reports a second would fill them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the benchmark shares the tests' world

import coincurve
from aiohttp import web
from eth_account import Account
from rich.console import Console
from rich.table import Table
from tests.bench.children import SPAWN, child
from tests.bench.posting import Posting
from tests.relayer.world import Meter, World
from tests.toolchain.running_anvil import Anvil

from electro_contracts import calldata
from electro_protocol import secp256k1
from electro_protocol.messages import EnergyReport
from electro_protocol.signed import SignedMessage
from electro_relayer import Settings, run
from electro_relayer.chain.market import Fees
from electro_relayer.chain.rpc import Node
from electro_relayer.hashing import public_keccak256 as keccak256  # as anyone would call it
from electro_relayer.paying.key import Key
from electro_relayer.paying.transaction import Call, sign

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

SLICE = 10  # reports of each meter in one turn
PACED, PACED_PER_SECOND = 30, 1000  # reports of each meter at a steady rate, and the rate
METERS = 64  # as many connections; an agreement holds no more
RELAYER_KEY = b"\x5a" * 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reports", type=int, default=12_800, help="how many reports to send to each server")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    found = asyncio.run(measure(max(1, arguments.reports // METERS)))
    if arguments.json:
        print(json.dumps(found))
    else:
        show(found)


def show(found: dict[str, Any]) -> None:
    table = Table(title=f"{found['reports']:,} reports of one interval, one a POST, {METERS} connections")
    for heading in ("", "bare verifying server", "relayer", "ratio"):
        table.add_column(heading, justify="left" if not heading else "right")
    bare, relayer = found["bare"], found["relayer"]
    for name, title, unit in (
        ("cpu_us_per_report", "processor time a report", "µs"),
        ("posts_per_second", "POSTs answered a second", ""),
        ("p50_ms", "POST, median", "ms"),
        ("p99_ms", "POST, 99th percentile", "ms"),
        ("paced_p50_ms", f"at {PACED_PER_SECOND:,} a second, median", "ms"),
        ("paced_p99_ms", f"at {PACED_PER_SECOND:,} a second, 99th percentile", "ms"),
    ):
        shown = [f"{figures[name]:,.1f} {unit}".strip() for figures in (bare, relayer)]
        table.add_row(title, *shown, f"{relayer[name] / bare[name]:.2f}")
    console = Console()
    console.print(table)
    console.print(
        f"on chain: {found['on_chain_per_second']:,.0f} reports/s, first POST to last block "
        f"(all answered after {found['flood']['answered_s']:.1f} s, on chain after {found['flood']['took_s']:.1f} s); "
        f"{found['transactions']} transactions, {found['gas_per_report']:,.0f} gas a report, "
        f"{found['reverted']} reverted"
    )
    flood = found["flood"]
    console.print(
        "meanwhile, processor time a report: "
        + ", ".join(f"{who} {flood[f'{who}_us']:,.0f} µs" for who in ("client", "relayer", "node"))
        + f"; that is {flood['share_of_cores']:.0%} of {flood['cores']} cores, which "
        f"{flood['most_per_second']:,.0f} reports/s would fill"
    )
    console.print(
        f"beside it: signed beforehand {found['presigned_per_second']:,.0f} reports/s; "
        f"web3.py, a transaction each, {found['naive_per_second']:,.0f} reports/s, "
        f"{found['naive_gas_per_report']:,.0f} gas a report"
    )


async def measure(per_meter: int) -> dict[str, Any]:
    # a block that takes what comes: the chain is not what is measured
    anvil = Anvil("--gas-limit", "2000000000")
    try:
        world = World(anvil.url)
        intervals = 10 * ((2 * per_meter + PACED + 95) // 96 * 96)
        await asyncio.to_thread(world.agree, METERS, intervals, seed=2)
        presigned_meters = world.meters
        await asyncio.to_thread(world.agree, METERS, 960, seed=3)
        naive_meters = world.meters
        await asyncio.to_thread(world.agree, METERS, intervals)
        world.block_time(1)
        naive_per_second, naive_gas = await asyncio.to_thread(naive, world, naive_meters)
        presigned_per_second = await presigned(world, presigned_meters, per_meter)
        streams = [
            [json.dumps(r).encode() for r in meter.reports(2 * per_meter + PACED)] for meter in world.meters
        ]
        world.fund(Key(RELAYER_KEY).address)
        with tempfile.NamedTemporaryFile("w") as key_file:
            Path(key_file.name).chmod(0o600)
            key_file.write(RELAYER_KEY.hex())
            key_file.flush()
            ours = Server(relayer_server, anvil.url, world.address, key_file.name)
            bare = Server(bare_server, world.domain.separator)
            for first in range(0, per_meter, SLICE):
                end = min(per_meter, first + SLICE)
                for server in (bare, ours):
                    await server.posting.post([stream[first:end] for stream in streams])
            await until(world, per_meter)
            for server in (bare, ours):
                server.note_cpu()
            for first in range(per_meter, per_meter + PACED, SLICE):
                for server in (bare, ours):
                    part = [stream[first : first + SLICE] for stream in streams]
                    await server.posting.post_paced(part, METERS / PACED_PER_SECOND)
            flood = per_meter + PACED
            await until(world, flood)
            found = [server.figures() for server in (bare, ours)]
            taking = {"client": os.getpid(), "relayer": ours.pid, "node": anvil.pid}
            before_s = {who: cpu_s(pid) for who, pid in taking.items()}
            began = time.perf_counter()
            await ours.posting.post([stream[flood:] for stream in streams])
            answered_s = time.perf_counter() - began
            await until(world, flood + per_meter)
            took_s = time.perf_counter() - began
            took_cpu_s = {who: cpu_s(pid) - before_s[who] for who, pid in taking.items()}
            for server in (bare, ours):
                await asyncio.to_thread(server.end)
        receipts = await asyncio.to_thread(world.transactions_of, Key(RELAYER_KEY).address)
    finally:
        anvil.close()
    count = METERS * per_meter
    return {
        "reports": count,
        "bare": found[0],
        "relayer": found[1],
        "cpu_ratio": found[1]["cpu_us_per_report"] / found[0]["cpu_us_per_report"],
        "on_chain_per_second": count / took_s,
        "flood": {"answered_s": answered_s, "took_s": took_s, **shares(took_cpu_s, took_s, count)},
        "transactions": len(receipts),
        "reverted": sum(receipt["status"] != 1 for receipt in receipts),
        "gas_per_report": sum(receipt["gasUsed"] for receipt in receipts) / (2 * count + METERS * PACED),
        "presigned_per_second": presigned_per_second,
        "naive_per_second": naive_per_second,
        "naive_gas_per_report": naive_gas,
    }


def shares(cpu_s: dict[str, float], took_s: float, count: int) -> dict[str, float]:
    """Return what each took of the processor for a report in µs, what of the cores, and how many would fill them."""
    cores, all_s = len(os.sched_getaffinity(0)), sum(cpu_s.values())
    return {
        **{f"{who}_us": used_s / count * 1e6 for who, used_s in cpu_s.items()},
        "cores": cores,
        "share_of_cores": all_s / (cores * took_s),
        "most_per_second": cores * count / all_s,
    }


def landed(meters: list[Meter], world: World, per_meter: int) -> bool:
    return all(world.next_interval(meter) == per_meter for meter in reversed(meters))


async def until(world: World, per_meter: int, meters: list[Meter] | None = None) -> None:
    """Wait until so many reports of each meter are on chain."""
    while not await asyncio.to_thread(landed, meters or world.meters, world, per_meter):
        await asyncio.sleep(0.1)


async def presigned(world: World, meters: list[Meter], per_meter: int) -> float:
    """Send everything as full transactions signed beforehand; returns reports a second until the last block."""
    key = Key(b"\x5b" * 32)
    world.fund(key.address)
    rounds = zip(*[meter.reports(per_meter) for meter in meters], strict=True)
    signed = [SignedMessage.from_json(report) for row in rounds for report in row]
    fees = Fees(10**11, 10**9)
    raws = [
        sign(
            key, Call(world.chain_id, world.address, calldata.submit_batch(batch), 6_000_000), nonce, fees
        ).raw
        for nonce, batch in enumerate(signed[i : i + 50] for i in range(0, len(signed), 50))
    ]
    async with Node(world.url, timeout_s=60) as node:
        began = time.perf_counter()
        for i in range(0, len(raws), 8):
            await node.batch([("eth_sendRawTransaction", ["0x" + raw.hex()]) for raw in raws[i : i + 8]])
        await until(world, per_meter, meters)
        return len(signed) / (time.perf_counter() - began)


def naive(world: World, meters: list[Meter], rounds: int = 3) -> tuple[float, float]:
    """Do it as one would at first: web3.py, `build_transaction`, one transaction a message."""
    account = Account.from_key("0x" + "5c" * 32)
    world.fund(bytes.fromhex(account.address[2:]))
    eth, functions = world.web3.eth, world.contract.functions
    gas_used = 0
    began = time.perf_counter()
    for number in range(rounds):
        sent = []
        for meter in meters:
            signed = SignedMessage.from_json(meter.report(number))
            report, compact = signed.message, secp256k1.compact(signed.signature)
            assert isinstance(report, EnergyReport)
            call = functions.submit((*report.values(), compact[:32], compact[32:]))
            nonce = eth.get_transaction_count(account.address, "pending")
            transaction = call.build_transaction({"from": account.address, "nonce": nonce})
            sent.append(eth.send_raw_transaction(account.sign_transaction(transaction).raw_transaction))
        gas_used += sum(eth.wait_for_transaction_receipt(each)["gasUsed"] for each in sent)
    count = rounds * len(meters)
    return count / (time.perf_counter() - began), gas_used / count


def start(target: Any, *arguments: Any) -> tuple[Any, str]:
    ready: Queue[str] = SPAWN.Queue()
    process = child(target, ready, *arguments)
    process.start()
    while True:
        try:
            return process, ready.get(timeout=1)
        except Empty:
            assert process.is_alive()


class Server:
    """A server in a process of its own, and what it cost so far."""

    def __init__(self, target: Any, *arguments: Any) -> None:
        self._process, url = start(target, *arguments)
        self.posting = Posting(url)
        self._began_s, self._cpu_us = cpu_s(self._process.pid), 0.0

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    def note_cpu(self) -> None:
        """Take what was used so far as what the reports so far have cost."""
        self._cpu_us = (cpu_s(self._process.pid) - self._began_s) / self.posting.statuses[202] * 1e6

    def figures(self) -> dict[str, float]:
        waits, paced = sorted(self.posting.waits_s), sorted(self.posting.paced_waits_s)
        statuses = self.posting.statuses
        return {
            "cpu_us_per_report": self._cpu_us,
            "posts_per_second": len(waits) / self.posting.posting_s,
            "p50_ms": waits[len(waits) // 2] * 1e3,
            "p99_ms": waits[len(waits) * 99 // 100] * 1e3,
            "paced_p50_ms": paced[len(paced) // 2] * 1e3,
            "paced_p99_ms": paced[len(paced) * 99 // 100] * 1e3,
            "told_to_wait": float(len(waits) + len(paced) - statuses[202]),
        }

    def end(self) -> None:
        self.posting.close()
        self._process.terminate()
        self._process.join()


def cpu_s(pid: int) -> float:
    """Processor time of a process so far, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def relayer_server(
    ready: Queue[str], rpc_url: str, contract: bytes, key_file: str, stranger_rate: float = 20.0
) -> None:
    settings = Settings.load(
        environ={},
        rpc_url=rpc_url,
        contract=contract,
        key_file=key_file,
        port=0,
        finality="latest",
        unmined_transactions=200,
        device_in_flight=100_000,
        queue_size=100_000,
        device_rate=0,
        device_gas_per_day=0,
        stranger_rate=stranger_rate,
        drain_s=0,
    )
    run(settings, ready=lambda told: ready.put(told.url))


def bare_server(ready: Queue[str], separator: bytes) -> None:
    """Answer 202 to whatever is signed, by the shortest way: no checks, no chain."""
    type_hash = keccak256(
        b"EnergyReport(uint64 agreementId,uint40 start,bytes16 terms,uint32 firstInterval,"
        b"uint64 registerWh,bytes readings)"
    )

    async def post(request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        message, signature = body["message"], bytes.fromhex(body["signature"][2:])
        agreement_id, start, first, register_wh = (
            message[name].to_bytes(32, "big")
            for name in ("agreementId", "start", "firstInterval", "registerWh")
        )
        terms = bytes.fromhex(message["terms"][2:]) + bytes(16)
        readings = keccak256(bytes.fromhex(message["readings"][2:]))
        fields = [type_hash, agreement_id, start, terms, first, register_wh, readings]
        digest = keccak256(b"\x19\x01" + separator + keccak256(b"".join(fields)))
        key = coincurve.PublicKey.from_signature_and_message(
            signature[:64] + bytes((signature[64] - 27,)), digest, hasher=None
        )
        device = keccak256(key.format(compressed=False)[1:])[12:]
        answer = {"status": "accepted", "digest": "0x" + digest.hex(), "device": "0x" + device.hex()}
        return web.Response(status=202, body=json.dumps(answer).encode(), content_type="application/json")

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/v1/messages", post)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        ready.put(f"http://127.0.0.1:{site.port}")
        await asyncio.Event().wait()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
