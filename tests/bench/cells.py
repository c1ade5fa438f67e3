# SPDX-License-Identifier: Apache-2.0
"""Measure the loops over a run of samples in 32-bit MicroPython: viper beside the plain Python that it stands for.

    python tests/bench/cells.py [--json]

Both in one process of the i386 interpreter, from .mpy files as on a chip, over a run of 16 pairs (`squares` over the
ring of 128); the least of many rounds, so what else the machine does counts little. On a chip the ratio may differ;
that they give the same to the last bit is tests/device/test_meter_cells.py's business.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the interpreter is the tests' own

from rich.console import Console
from rich.table import Table
from tests.toolchain import fetch

from electro_tools.device import firmware_files

SCRIPT = Path(__file__).with_name("micropython") / "cells.py"


def measure() -> dict[str, list[float]]:
    with tempfile.TemporaryDirectory() as folder:
        firmware_files.compile_for("x86", Path(folder))
        done = subprocess.run(
            [*fetch.micropython("i386"), "-X", "heapsize=1m", str(SCRIPT)],
            env={**os.environ, "MICROPYPATH": f"{folder}/lib:.frozen"},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    return dict(json.loads(done.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    found = measure()
    if parser.parse_args().json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    table = Table("loop over a run", "plain, µs", "viper, µs", "times faster", title="MicroPython, i386")
    for name, (plain, native) in found.items():
        table.add_row(name, f"{plain:.0f}", f"{native:.1f}", f"{plain / native:.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
