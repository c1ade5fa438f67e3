# SPDX-License-Identifier: Apache-2.0
"""Open a journal that is full to its brim, as after 113 days with an outage every other minute, in a small heap.

    python tests/bench/journal.py [--heap-kb N] [--json]

32,768 slots of registers and 2,048 of outages are written by CPython and opened by 32-bit MicroPython: the time, and
what the two rings leave in the heap. An interruption shorter than outage_declare_ms costs neither of them anything.
Then a report of a day is built from the oldest records. On this machine's processor; a chip's flash is slower.
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
sys.path[:0] = [str(ROOT)]

from tests.toolchain import debian  # noqa: E402 - after the path

from electro_meter.account.journal import (  # noqa: E402
    BASE_FILES,
    BASE_SLOTS,
    OUTAGE_FILES,
    OUTAGE_SLOTS,
    Ring,
)
from electro_meter.account.records import BASE, ENDED, JOINED, OUTAGE, START  # noqa: E402

MUST_KB, GOAL_S = 64, 1.0
FIRST, BASE_S = 6_000_000, 300


def fill(folder: Path) -> None:
    """Write both rings until their oldest files go."""
    ring = Ring(str(folder), ".base", BASE_SLOTS, BASE_FILES)
    ring.append(START, 0, 0, FIRST, 0, 0, 0, 0, 0)
    for k in range(BASE_FILES * (BASE_SLOTS - 1) - 1):
        ring.append(BASE, JOINED, 10 * BASE_S, FIRST + k, 3_000_000 * (k + 1), 0, 0, 3, 1)
    outages = Ring(str(folder), ".out", OUTAGE_SLOTS, OUTAGE_FILES)
    for k in range(OUTAGE_FILES * (OUTAGE_SLOTS - 1) // 2):
        started = FIRST * BASE_S + 120 * k
        outages.append(OUTAGE, 0, 0, k, started, 0, 0, 0, 0)
        outages.append(ENDED, 0, 0, k, started, started + 40, 0, 0, 0)


def measure(heap_kb: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        fill(Path(name))
        script = Path(__file__).with_name("micropython") / "journal.py"
        command = [str(debian.micropython("i386")), "-X", f"heapsize={heap_kb}k", str(script), name]
        search = f"{ROOT / 'firmware' / 'lib'}:.frozen"
        done = subprocess.run(
            command, env={**os.environ, "MICROPYPATH": search}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
        found: dict[str, Any] = json.loads(done.stdout)
        files = list(Path(name).iterdir())
        return {
            "heap_kb": heap_kb,
            "files": len(files),
            "flash_bytes": sum(file.stat().st_size for file in files),
            **found,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--heap-kb", type=int, default=MUST_KB, help=f"for code and data (default: {MUST_KB})"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    found = measure(arguments.heap_kb)
    if arguments.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:28} {value}")
    print(f"must: opens in {MUST_KB} KB; goal: {GOAL_S:.0f} s")


if __name__ == "__main__":
    main()
