# SPDX-License-Identifier: Apache-2.0
"""Give everything that the meter reads from outside a million made-up and spoiled inputs, in 32-bit MicroPython.

    python tests/bench/outside.py [--inputs N] [--short] [--seed N] [--json]

Heads and bodies of HTTP, JSON of relayers and nodes, a contract's ABI, terms' code, verdicts, DNS, SNTP, the file of
agreements, and what random sources tell one object that lives on. Whatever comes, it is refused in one way or read in
range: anything else fails, with the seed that makes that input again. --short tries 100,000, as the tests do.
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

SCRIPT = Path(__file__).with_name("micropython") / "outside.py"
HEAP = "2m"  # the generator's; what is tried needs far less


def fuzz(interpreter: list[str], seed: int, inputs: int) -> dict[str, Any]:
    """Return what became of the inputs of each kind; raises RuntimeError with the input that failed."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [*interpreter, str(SCRIPT), str(seed), str(inputs), folder],
            env={**os.environ, "MICROPYPATH": f"{ROOT / 'firmware' / 'lib'}:.frozen"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise RuntimeError((done.stdout + done.stderr)[-2000:])
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    inputs = 100_000 if chosen.short else chosen.inputs
    interpreter = [str(debian.micropython("i386")), "-X", f"heapsize={HEAP}"]
    found = fuzz(interpreter, chosen.seed, inputs)
    if chosen.json:
        print(json.dumps({"inputs": inputs, "seed": chosen.seed, "failed": 0, "kinds": found}))
        return
    print(f"{'what':<10}{'inputs':>10}{'read':>10}{'refused':>10}")
    for name, kind in sorted(found.items()):
        print(f"{name:<10}{kind['inputs']:>10,}{kind['taken']:>10,}{kind['inputs'] - kind['taken']:>10,}")
    print(f"{inputs:,} inputs from seed {chosen.seed}: none failed")


if __name__ == "__main__":
    main()
