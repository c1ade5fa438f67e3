# SPDX-License-Identifier: Apache-2.0
"""Tell what a bytecode takes on an ESP32: published times of MicroPython's benchmarks over their counted bytecodes.

    python tests/bench/bytecode_time.py PROGRAM SOURCES [--json]

PROGRAM and SOURCES: of tests/bench/interpreter.py. Counted here, not timed: the times are those that MicroPython's
maintainer measured on an ESP32 at 160 MHz, the clock that the official build starts with (commit 549448e8bb of
MicroPython, 2021, N=100 M=100), before and after the virtual machine moved from flash to internal RAM and the compiler
from -Os to -O2. After is how official builds without PSRAM are made. Those for the original ESP32 with PSRAM lie
between the two: -Os and the virtual machine in flash (ports/esp32/mpconfigport.h, boards/sdkconfig.spiram), but the
other improvements of that commit. A turn of asyncio is from peterhinch/micropython-async, issue 79: 2022, 160 MHz.

At 240 MHz what waits for no flash takes two thirds; the commit says so of bm_fft, bm_pidigits and misc_aes. Work with
floats or long integers takes longer per bytecode. A chip's time for the meter's own bytecodes is not known.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
from pathlib import Path

MHZ, FAST_MHZ = 160, 240
# benchmark → scores before and after; a score is 1,000,000 × the benchmark's norm / µs (tests/run-perfbench.py)
SCORES = {
    "bm_chaos": (71.28, 268.08),
    "bm_fannkuch": (44.10, 69.31),
    "bm_fft": (1385.27, 2538.23),
    "bm_float": (1060.94, 3900.62),
    "bm_hexiom": (10.90, 32.79),
    "bm_nqueens": (1000.83, 2372.87),
    "bm_pidigits": (288.13, 664.40),
    "misc_aes": (102.45, 345.69),
    "misc_mandel": (1016.58, 2121.92),
    "misc_pystone": (632.91, 1801.87),
    "misc_raytrace": (76.66, 281.78),
}
N, M = 100, 100
# follows a benchmark, in place of benchrun.py
RUN = f"""
import counting
fits = [nm for nm in bm_params if 10 * nm[0] <= 12 * {N} and nm[1] <= {M}]
run, result = bm_setup(bm_params[max(fits)])
counting.reset()
run()
bytecodes = counting.modules()["__main__"][0]
print("counted", bytecodes, result()[0])
"""
TURN_US, TASKS = 322, 100
TURNS = f"""
import asyncio, counting
turns = 0
async def turn():
    global turns
    while turns < 10_000:
        turns += 1
        await asyncio.sleep_ms(0)
async def all():
    await asyncio.gather(*[turn() for _ in range({TASKS})])
counting.reset()
asyncio.run(all())
print("counted", sum(count for count, _ in counting.modules().values()), turns)
"""


def count(program: str, script: str) -> tuple[int, int]:
    """Return the two numbers that a script says it has counted."""
    done = subprocess.run(
        [program, "-X", "heapsize=4m", "-c", script], capture_output=True, text=True, check=True
    )
    bytecodes, norm = done.stdout.split("counted ")[-1].split()
    return int(bytecodes), int(norm)


def measure(program: str, sources: Path) -> dict[str, list[float]]:
    """Return, for each benchmark, the µs of a bytecode: before, after, and after at 240 MHz."""
    found = {}
    for name, scores in SCORES.items():
        bytecodes, norm = count(program, (sources / "tests/perf_bench" / f"{name}.py").read_text() + RUN)
        before, after = (1e6 * norm / score / bytecodes for score in scores)
        found[name] = [before, after, after * MHZ / FAST_MHZ]
    found["median"] = [statistics.median(column) for column in zip(*found.values(), strict=True)]
    bytecodes, turns = count(program, TURNS)
    found["turn of asyncio"] = [TURN_US * turns / bytecodes, TURN_US * turns / bytecodes * MHZ / FAST_MHZ]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="the counting MicroPython")
    parser.add_argument("sources", type=Path, help="MicroPython's sources: their benchmarks")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    found = measure(str(Path(arguments.program).absolute()), arguments.sources)
    if arguments.json:
        print(json.dumps(found))
        return
    for column in ("µs a bytecode", "before", "after", f"after, {FAST_MHZ} MHz"):
        print(f"{column:>18}", end="")
    for name, times in found.items():  # of asyncio there is no time before
        print(
            f"\n{name:>18}" + " " * 18 * (3 - len(times)) + "".join(f"{time:18.2f}" for time in times), end=""
        )
    print()


if __name__ == "__main__":
    main()
