# SPDX-License-Identifier: Apache-2.0
"""Run the whole meter in 32-bit MicroPython with a chip's heap for a simulated week, and see whether memory leaks.

    python tests/bench/week.py [--days N] [--heap-kb N] [--least] [--modules] [--frozen PROGRAM] [--json]

The meter's files are .mpy, as on the chip. The grid is in another process, so the heap holds what a chip's does, but
for the machine code, which lies outside of it here and is taken off the chip's heap, for TLS, which takes the system's
memory on the chip, and for board.py, instead of which a pipe is there. An interpreter's tables of names grow by
doubling: a name too many, of a module that came once too, takes 4.5 KB. Names fill pieces of 128 bytes, and so do the
paths that the interpreter is started with: --modules pushes names along by all of a piece, and tells the dearest.
--least looks for the smallest heap in which a day runs: live data and the room that fragments; --modules prints what
each import leaves in the heap. --frozen runs it in a MicroPython that has the packages frozen; micropython/frozen.py
says how one is built. Simulated; a relayer that keeps a ledger answers over TCP.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / "tools" / "electro_tools"
sys.path[:0] = [
    str(ROOT),
    str(ROOT / "tests" / "device" / "support"),
]  # the relayer's stand-in, the interpreters

from simulated_relayer import SimulatedRelayer  # noqa: E402 - after the path
from tests.toolchain import debian  # noqa: E402
from tests.tools.fake_relayer import FakeRelayer  # noqa: E402

from electro_tools.device import firmware_files  # noqa: E402
from electro_tools.grid.board import SimulatedBoard  # noqa: E402
from electro_tools.grid.converter import NOMINAL_COUNTS, RATED_COUNTS, Converter  # noqa: E402
from electro_tools.grid.feeding import LeanMeter  # noqa: E402
from electro_tools.grid.load import LoadCurve  # noqa: E402
from electro_tools.grid.periods import GRID, Period, Periods  # noqa: E402
from electro_tools.grid.randomness import Randomness  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable

CHIP_KB = 158  # heap free after the start of MicroPython 1.25 on an ESP32 (measured elsewhere)
HEAP_KB = 170  # more than a chip without PSRAM has: as files the meter needs one with it (firmware/README.md)
SYSTEM = (
    "json",
    "struct",
    "asyncio",
    "hashlib",
    "binascii",
    "os",
    "time",
)  # not the meter's: imported before it
NAMES_PIECE = 128  # bytes (MICROPY_ALLOC_QSTR_CHUNK_INIT)
JOINED = "electro_meter.joined"  # what is always there, in one file
# what is in the process beside the meter
BESIDE = ("__init__", "grid/__init__", "grid/virtual_time", "grid/virtual_board", "grid/lean")
START = 1_800_000_000
CONTRACT = bytes(range(20))
INTERVAL_S = 900
AHEAD = 6  # slots: so many does a meter with such intervals ask for (electro_meter.uplink.exchange)
NOMINAL_V, RATED_A = 230.0, 100.0
QUARTER_S = 21_600  # memory is looked at at equal phases of the day


def chip_heap(folder: Path) -> tuple[int, int]:
    """Return (bytes that a chip's heap has for what this interpreter keeps on its own, bytes of machine code)."""
    native = 0
    for file in firmware_files.compile_for("xtensawin", folder):
        content = file.local.read_bytes()
        if (
            content[2] >> 2
        ):  # the header names an architecture only if there is machine code (py/persistentcode.h)
            native += len(content)
    return CHIP_KB * 1024 - native, native


def measure(interpreter: list[str], days: int, heap_bytes: int, *, frozen: bool = False) -> dict[str, Any]:
    """Let a meter live for some days; raises EOFError if the heap does not do."""
    began = time.perf_counter()
    intervals = days * 86_400 // INTERVAL_S
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        lib, flash = folder / "mpy", folder / "flash"
        flash.mkdir()
        lib.mkdir()
        if not frozen:
            firmware_files.compile_for("x86", lib, users=[TOOLS / f"{name}.py" for name in BESIDE])
            for name in BESIDE:
                source = firmware_files.Source(TOOLS / f"{name}.py", f"lib/electro_tools/{name}.py")
                firmware_files.compile_one("x86", source, lib)
        watts = [20_000.0 * (0.2 + (slot * 37 % 64) / 80) for slot in range(intervals)]
        outage = Period(START + 40_000, START + 42_000, GRID)
        load = LoadCurve(watts, START, INTERVAL_S, 1)
        randomness = Randomness(1)
        board = SimulatedBoard(
            str(flash), START - 300, load, Converter(randomness, 50, 0.9), randomness,
            NOMINAL_V, RATED_A, 0.9, Periods([outage]), Periods([]),
        )  # fmt: skip
        agreement = {
            "agreement_id": 7, "state": "accepted", "start": START, "interval_seconds": INTERVAL_S,
            "intervals": intervals, "slots": 96, "unit_wh": 10, "remaining_bonus": "1",
            # what a relayer tells of the slots ahead takes memory as well
            "bounds": {"first_interval": 0, "min": [10] * AHEAD, "max": [30_000] * AHEAD},
        }  # fmt: skip
        ledger = SimulatedRelayer(1337, CONTRACT, agreement)
        with FakeRelayer(ledger) as relayer:
            command = [*interpreter, "-X", f"heapsize={heap_bytes}", "-m", "electro_tools.grid.lean"]
            environment = {**os.environ, "MICROPYPATH": "lib:.frozen"}
            meter = LeanMeter(command, environment, board, config(relayer.url), lib)
            try:
                ledger.enrol(meter.address)
                phases = range(QUARTER_S, days * 86_400 + 1, QUARTER_S)
                said = [meter.advance_to(START + at_s + 200) for at_s in phases]
            finally:
                meter.end()
        (readings,) = ledger.readings.values()
        until_us = (START + days * 86_400 + 200) * 1_000_000
        truth_wh = load.energy_wh(START * 1_000_000, until_us, board.interruptions)
    free = [one["ram_free"] for one in said]
    return {
        "simulated": True,
        "days": days,
        "heap_bytes": heap_bytes,
        "running_bytes": max(one["ram_live"] for one in said),
        "free_bytes": free,
        "fallen_bytes": free[3 if len(free) > 3 else 0] - free[-1],
        "samples": meter.samples,
        "delivered": len(readings),
        "intervals": intervals,
        "register_error_percent": round(100 * (said[-1]["register_wh"] / truth_wh - 1), 3),
        "seconds": round(time.perf_counter() - began),
    }


def config(url: str) -> dict[str, Any]:
    """Return the configuration of a calibrated meter of one phase."""
    return {
        "chain_id": 1337, "contract": "0x" + CONTRACT.hex(), "hardware_id": "0x" + "11" * 32, "relayers": [url],
        "report_every": 4, "nominal_mv": int(NOMINAL_V * 1000), "rated_ma": int(RATED_A * 1000), "creep_mw": 5_000,
        "uv_per_count": int(NOMINAL_V * 1e6 / NOMINAL_COUNTS + 0.5),
        "ua_per_count": int(RATED_A * 1e6 / RATED_COUNTS + 0.5),
        # a calibrated device's tables take memory: one that changes nothing, and level sensors
        "linearisation": [[8 * k, 8 * k] for k in range(150, 3_130, 32)],
        "sensors": [[1_000 * k, 0, 0] for k in range(1, 25)],
        "window_period_ms": 60_000, "max_gap_ms": 120_000,
    }  # fmt: skip


def imports(interpreter: list[str]) -> dict[str, int]:
    """Return the bytes that each module of the running meter leaves in the heap; inner ones first.

    Of runs that differ in how far the names before the meter's reach it is the one with the largest sum: where this
    checkout or the interpreter lies changes nothing.
    """
    with tempfile.TemporaryDirectory() as folder:
        lib = Path(folder)
        firmware_files.compile_for("x86", lib)
        shutil.copy(Path(__file__).with_name("micropython") / "imports.py", lib)

        def run(names: Iterable[str], padding: int = 0) -> dict[str, Any]:
            done = subprocess.run(
                [*interpreter, "-X", "heapsize=1m", "imports.py", "_" * (1 + padding), *SYSTEM, *names],
                env={**os.environ, "MICROPYPATH": "lib:.frozen"},
                cwd=lib,
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            found: dict[str, Any] = json.loads(done.stdout)
            return found

        names = {name for name in run([JOINED])["modules"] if name.startswith("electro_")}
        # what it imports comes before it
        inner_first = sorted(names, key=lambda name: (name == JOINED, name))
        runs: list[dict[str, int]] = [
            {name: size for name, size in run(inner_first, padding)["found"] if size and name in names}
            for padding in range(0, NAMES_PIECE, 8)
        ]
        return max(runs, key=lambda sizes: sum(sizes.values()))


def least_heap(interpreter: list[str], *, frozen: bool) -> int:
    """Return the smallest heap, to 1 KB, in which a day runs and all of it is delivered."""
    low, high = 16, 2 * CHIP_KB
    while high - low > 1:
        middle = (low + high) // 2
        try:
            found = measure(interpreter, 1, middle * 1024, frozen=frozen)
        except EOFError:
            low = middle
            continue
        if found["delivered"] == found["intervals"]:
            high = middle
        else:
            low = middle
    return high * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=7, help="default: 7")
    parser.add_argument("--heap-kb", type=int, default=HEAP_KB, help=f"default: {HEAP_KB}")
    parser.add_argument("--least", action="store_true", help="look for the smallest heap in which a day runs")
    parser.add_argument("--frozen", metavar="PROGRAM", help="a 32-bit MicroPython with the packages frozen")
    parser.add_argument("--modules", action="store_true", help="print what each import leaves in the heap")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    frozen = arguments.frozen is not None
    if frozen and arguments.modules:
        parser.error("--modules measures files, not frozen packages")
    interpreter = [str(Path(arguments.frozen).absolute()) if frozen else str(debian.micropython("i386"))]
    if arguments.least:
        found: dict[str, Any] = {
            "simulated": True, "least_heap_bytes": least_heap(interpreter, frozen=frozen),
        }  # fmt: skip
    elif arguments.modules:
        found = dict(sorted(imports(interpreter).items(), key=lambda one: -one[1]))
        found["all_imports"] = sum(found.values())
        with tempfile.TemporaryDirectory() as folder:
            found["chip_heap_bytes"], found["native_bytes"] = chip_heap(Path(folder))
    else:
        found = measure(interpreter, max(1, arguments.days), arguments.heap_kb * 1024, frozen=frozen)
    if arguments.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:34} {value}")


if __name__ == "__main__":
    main()
