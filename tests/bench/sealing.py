# SPDX-License-Identifier: Apache-2.0
"""Measure what sealed readings cost a meter, on a real 32-bit MicroPython: time in signatures, and heap.

    python tests/bench/sealing.py [--json]

A report is judged and sealed as a meter does it, from readings that are at hand to the message; its signature comes on
top. Modules are .mpy files made as those of a meter are.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the interpreter is the tests' own

from rich.console import Console
from rich.table import Table
from tests.bench.receipt import compile_as_a_meters
from tests.protocol.packages import run

SCRIPT = Path(__file__).with_name("micropython") / "sealing.py"
CASES = {
    "day": "a day of 96, nothing deviates",
    "day_all_over": "a day of 96, all over their band",
    "week": "a week of 672, nothing deviates",
    "week_all_over": "a week of 672, all over their band",
    "open_day_s_bands": "to open the bands of 96 slots, once after a start",
    "open_week_s_bands": "to open the bands of 672 slots",
    "unwrap_a_key": "to unwrap a viewing key, once for each",
}


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compile_as_a_meters(folder)
        result: dict[str, Any] = json.loads(run(folder, SCRIPT).splitlines()[-1])
    for case in CASES:
        result[f"{case}_signatures"] = round(result[f"{case}_us"] / result["signature_us"], 2)
    return result


def show(result: dict[str, Any]) -> None:
    table = Table(
        "on 32-bit MicroPython", "signatures", "bytes through the heap", title=result["interpreter"]
    )
    for case, words in CASES.items():
        table.add_row(words, f"{result[f'{case}_signatures']}", f"{result[f'{case}_allocated']:,}")
    table.add_row("modules that judge and seal, loaded", "", f"{result['sealing_bytes']:,}")
    table.add_row("modules that unwrap", "", f"{result['delivery_bytes']:,}")
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    result = measure()
    if arguments.json:
        print(json.dumps(result))
    else:
        show(result)


if __name__ == "__main__":
    main()
