# SPDX-License-Identifier: Apache-2.0
"""Count what the whole meter asks of its one core and heap: bytecodes and bytes of a MicroPython that counts them.

    python tests/bench/bytecodes.py PROGRAM [--minutes N] [--heap-kb N] [--json]

PROGRAM: `micropython` or `micropython-frozen` of tests/bench/interpreter.py, which says how they are built. The meter
runs as in week.py, but samples all the time, and reports each quarter of an hour; grid and converter are in another
process. Not counted: what stands in for the chip's board (its sampling is native there and takes the sampled time), the
clock that jumps, native loops (they run no bytecodes: tests/bench/coverage.py counts their instructions).
| printed | what |
|---|---|
| between_samples | from the end of a call of board.sample to the next: work, and the turn of asyncio between them |
| other_tasks | a piece of another task, from one turn to the next: by so much more a gap can be longer |
| step | a call of Meter.step |
| sign | a call of Signer.sign |
| exchange | a conversation with a relayer; the most: one in which a report is signed and sent |
| exchange_bytes, exchange_piece | what it allocates; what of it runs from one turn to the next |
| most_collections_in_an_exchange | of the heap |
| long_pieces_an_exchange | of its pieces, how many end a stretch |
| turn_of_asyncio | the scheduler's own, from `await board.sleep_ms(0)` of a Board in real time to what follows it |
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / "tools" / "electro_tools"
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "device" / "support")]  # the relayer's stand-in

from simulated_relayer import SimulatedRelayer  # noqa: E402 - after the path
from tests.bench.week import AHEAD, config  # noqa: E402
from tests.tools.fake_relayer import FakeRelayer  # noqa: E402

from electro_tools.device import firmware_files  # noqa: E402
from electro_tools.grid.board import SimulatedBoard  # noqa: E402
from electro_tools.grid.converter import Converter  # noqa: E402
from electro_tools.grid.feeding import LeanMeter  # noqa: E402
from electro_tools.grid.load import LoadCurve  # noqa: E402
from electro_tools.grid.periods import Periods  # noqa: E402
from electro_tools.grid.randomness import Randomness  # noqa: E402

SCRIPT = Path(__file__).with_name("micropython") / "bytecodes.py"
BENCH = ("__init__", "grid/__init__", "grid/virtual_time", "grid/virtual_board", "grid/lean")
START = 1_800_000_000
WARM_S = 1_000  # the first interval is closed and reported, everything that is imported when used has been
INTERVAL_S = 900
CONTRACT = bytes(range(20))
NOMINAL_V, RATED_A = 230.0, 100.0
CONTINUOUS = {"report_every": 1, "window_period_ms": 0, "max_gap_ms": 5_000}  # else as in week.py
HEAP_KB = 109  # as an ESP32's without PSRAM grows: tests/bench/interpreter.py
BENCH_KB = 8  # of the heap beside it, for what counts
SLOT = 256  # bytecodes, as in micropython/bytecodes.py
SHARES = (50, 99)  # percent
LONG = 3_584  # of these an ESP32 has a stretch that ends: 3.7 ms


def measure(program: str, minutes: int, heap_kb: int) -> dict[str, Any]:
    """Return what the meter said of some minutes: micropython/bytecodes.py; raises EOFError if the heap does not do."""
    intervals = (WARM_S + minutes * 60) // INTERVAL_S + 2
    agreement = {
        "agreement_id": 7, "state": "accepted", "start": START, "interval_seconds": INTERVAL_S,
        "intervals": intervals, "slots": 96, "unit_wh": 10, "remaining_bonus": "1",
        "bounds": {"first_interval": 0, "min": [10] * AHEAD, "max": [30_000] * AHEAD},
    }  # fmt: skip
    ledger = SimulatedRelayer(1337, CONTRACT, agreement)
    with tempfile.TemporaryDirectory() as name, FakeRelayer(ledger) as relayer:
        folder = Path(name)
        lib, flash = folder / "mpy", folder / "flash"
        flash.mkdir()
        bench = {f"electro_tools/{part}": TOOLS / f"{part}.py" for part in BENCH} | {"bytecodes": SCRIPT}
        firmware_files.compile_for("x86", lib, users=list(bench.values()))  # whose names stay
        for place, file in bench.items():
            firmware_files.compile_one("x86", firmware_files.Source(file, f"lib/{place}.py"), lib)
        randomness = Randomness(1)
        board = SimulatedBoard(
            str(flash), START - 5, LoadCurve([20_000.0] * intervals, START, INTERVAL_S, 1),
            Converter(randomness, 50, 0.9), randomness, NOMINAL_V, RATED_A, 0.9, Periods([]), Periods([]),
        )  # fmt: skip
        environment = {**os.environ, "MICROPYPATH": f".frozen:{lib}/lib"}
        command = [program, "-X", f"heapsize={(heap_kb + BENCH_KB) * 1024}", "-m", "bytecodes"]
        turns = subprocess.run(
            [*command, "turns"], env=environment, capture_output=True, text=True, check=True
        )
        meter = LeanMeter(command, environment, board, config(relayer.url) | CONTINUOUS)
        try:
            ledger.enrol(meter.address)
            meter.advance_to(START + WARM_S)
            samples = meter.samples
            said = meter.advance_to(START + WARM_S + minutes * 60)
        finally:
            meter.end()
    return {**said, "samples": meter.samples - samples, "turn": json.loads(turns.stdout)["turn"]}


def share(slots: list[int], percent: int) -> int:
    """Return the bytecodes within which so many of the times remained, to one slot."""
    left = sum(slots) * percent / 100
    for slot, times in enumerate(slots):
        left -= times
        if left <= 0:
            return (slot + 1) * SLOT
    return len(slots) * SLOT


def figures(said: dict[str, Any], minutes: int) -> dict[str, Any]:
    """Return what is worth telling of that."""
    seconds = minutes * 60
    counted = said["counted"]
    ours = {
        name: counts
        for name, counts in said["modules"].items()
        if name != "__main__" and not name.startswith("electro_tools")
    }
    allocated, everybody = (
        sum(count for _, count in modules.values()) for modules in (ours, said["modules"])
    )
    found: dict[str, Any] = {"simulated": True, "minutes": minutes}
    found["bytecodes_a_second"] = round(sum(count for count, _ in ours.values()) / seconds)
    for name in (
        "between_samples",
        "step",
        "other_tasks",
        "sign",
        "exchange",
        "exchange_bytes",
        "exchange_piece",
    ):
        one = counted[name]
        if not one["times"]:
            continue
        found[name] = {
            "a_second": round(one["times"] / seconds, 3), "mean": round(one["sum"] / one["times"]),
            **{f"{percent}_percent_within": share(one["slots"], percent) for percent in SHARES}, "most": one["most"],
        }  # fmt: skip
        if one["modules"]:
            found[name]["of_the_most"] = largest(one["modules"])
    pieces, exchanges = counted["exchange_piece"]["slots"], max(1, counted["exchange"]["times"])
    found["most_collections_in_an_exchange"] = counted["exchange_collections"]["most"]
    found["long_pieces_an_exchange"] = round(sum(pieces[LONG // SLOT :]) / exchanges, 1)
    found["turn_of_asyncio"] = round(said["turn"], 1)
    found["outside_of_steps_a_second"] = round(found["bytecodes_a_second"] - counted["step"]["sum"] / seconds)
    found["bytes_a_second"] = round(allocated / seconds)
    found["bytes_a_step"] = round(counted["step_bytes"]["sum"] / max(1, counted["step_bytes"]["times"]))
    # the bench's own garbage, that of its pipe, is taken off in proportion
    found["collections_an_hour"] = round(said["collections"] * 3_600 / seconds * allocated / everybody)
    found["live_bytes"] = said["ram_live"]
    found["samples_a_call"] = round(said["samples"] / counted["sample"]["times"], 1)
    found["modules"] = {name: round(count / seconds) for name, count in largest(
        {name: count for name, (count, _) in ours.items()}).items()}  # fmt: skip
    return found


def largest(modules: dict[str, int], most: int = 8) -> dict[str, int]:
    return dict(sorted(modules.items(), key=lambda one: -one[1])[:most])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="the counting MicroPython")
    parser.add_argument("--minutes", type=int, default=30, help="default: 30")
    parser.add_argument("--heap-kb", type=int, default=HEAP_KB, help=f"default: {HEAP_KB}")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    said = measure(str(Path(arguments.program).absolute()), arguments.minutes, arguments.heap_kb)
    found = figures(said, arguments.minutes)
    if arguments.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        if not isinstance(value, dict):
            print(f"{name:28} {value}")
            continue
        print(name)
        for part, number in value.items():
            print(f"    {part:24} {number}")


if __name__ == "__main__":
    main()
