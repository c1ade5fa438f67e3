# SPDX-License-Identifier: Apache-2.0
"""Measure signing on a real 32-bit MicroPython: ours, embit, our plain path, the parts, every table size.

    python tests/bench/signing.py [--json]

Everything that is compared runs in one process of the i386 interpreter, from .mpy files made by mpy-cross, as
on a chip. embit 0.8 needs shims to run there at all: a module `hmac`, int.bit_length, slices backwards. What the
package takes on an ESP32 is the heap that it takes here and the machine code of its .mpy files for Xtensa, which the
Unix interpreter keeps outside its heap.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the interpreter is the tests' own

from rich.console import Console
from rich.table import Table
from tests.protocol.chip import signature as simulated_signature
from tests.protocol.packages import build, run

from electro_tools.generate import keccak, mpy, programs, table

SCRIPT = Path(__file__).with_name("micropython") / "signing.py"
MUST = {"sign_recoverable": 75, "sign": 12}
GOAL = {"sign_recoverable": 135, "sign": 20}
# What a meter imports to sign; signed, address and recovery are for those who check.
SIGNING = (
    "__init__", "_fast", "_field32", "_invert32", "_keccak32", "_word32", "comb", "curve", "eip712", "keccak",
    "reports", "secp256k1", "table",
)  # fmt: skip

BUFFERS = 80 * programs.SLOTS + 4 * keccak.WORDS

HMAC = """
import hashlib
class _Hmac:
    def __init__(self, key, data):
        key += bytes(64 - len(key))
        inner = hashlib.sha256(bytes([b ^ 0x36 for b in key]) + data).digest()
        self._digest = hashlib.sha256(bytes([b ^ 0x5C for b in key]) + inner).digest()
    def digest(self):
        return self._digest
def new(key, data, name):
    return _Hmac(key, data)
"""
BIT_LENGTH = """
def bit_length(n):
    bits = 0
    while n:
        n >>= 1
        bits += 1
    return bits
"""


def lay_out_embit(folder: Path) -> None:
    """Copy the two modules of embit that sign, with shims for what MicroPython has not."""
    spec = importlib.util.find_spec("embit")
    if spec is None or spec.origin is None:
        sys.exit("embit is missing: pip install 'electro-grid[test]'")
    util = folder / "embit" / "util"
    util.mkdir(parents=True)
    for package in (util, util.parent):
        (package / "__init__.py").write_text("")
    for name in ("key.py", "py_secp256k1.py"):
        text = (Path(spec.origin).parent / "util" / name).read_text()
        text = re.sub(r"\b(\w+)\.bit_length\(\)", r"bit_length(\1)", text)
        text = re.sub(r"\b(\w+)\[::-1\]", r"bytes(reversed(\1))", text)
        (util / name).write_text(BIT_LENGTH + text)
    (folder / "hmac.py").write_text(HMAC)


def run_script(folder: Path, *arguments: str) -> dict[str, Any]:
    return dict(json.loads(run(folder, SCRIPT, *arguments).splitlines()[-1]))


def machine_code(folder: Path) -> int:
    """Bytes of machine code that signing loads."""
    files = [folder / "electro_protocol" / f"{name}.mpy" for name in SIGNING]
    return sum(len(native.code) for file in files for native in mpy.natives(file.read_bytes()))


def measure() -> dict[str, Any]:
    sizes = {}
    with tempfile.TemporaryDirectory() as name:
        for kilobytes in table.SIZES:
            here, chip = Path(name) / f"{kilobytes}", Path(name) / f"chip-{kilobytes}"
            build(here, "x86", kilobytes)
            build(chip, "xtensawin", kilobytes)
            if kilobytes == table.DEFAULT:
                lay_out_embit(here)
                result = run_script(here, "peers")
                sizes[kilobytes] = {"us": result["phases"]["digest and sign"], "heap": result["heap"]}
            else:
                other = run_script(here)
                sizes[kilobytes] = {"us": other["phases"]["digest and sign"], "heap": other["heap"]}
            code = machine_code(chip)
            sizes[kilobytes]["ram"] = sizes[kilobytes]["heap"] + code
            sizes[kilobytes]["code_table_buffers"] = code + 1024 * kilobytes + BUFFERS
        result["machine_code"] = machine_code(Path(name) / f"chip-{table.DEFAULT}")
    ours = result["phases"]["digest and sign"]
    result["ratios"] = {
        "embit sign_recoverable": result["embit"]["sign_recoverable"]["ratio"],
        "embit sign": result["embit"]["sign"]["ratio"],
        "our plain path": result["plain"] / ours,
    }
    result["tables"] = sizes
    result["chip_instructions"] = simulated_signature()
    return result


def show(result: dict[str, Any]) -> None:
    console = Console()
    ours = result["phases"]["digest and sign"]
    times = Table(
        "on 32-bit MicroPython", "µs", "ours is faster by", "must", "goal", title=result["interpreter"]
    )
    for name, taken in result["phases"].items():
        times.add_row(name, f"{taken:.0f}")
    times.add_row("plain path, digest and sign", f"{result['plain']:.0f}", f"{result['plain'] / ours:.0f}")
    for name, row in result["embit"].items():
        ratio = f"{row['ratio']:.1f}"
        times.add_row(f"embit {name}", f"{row['us']:.0f}", ratio, str(MUST[name]), str(GOAL[name]))
    console.print(times)
    sizes = Table(
        "table", "µs", "machine code, table, buffers", "with bytecode and objects", title="KB on an ESP32"
    )
    for kilobytes, row in result["tables"].items():
        mark = " (default)" if kilobytes == table.DEFAULT else ""
        sizes.add_row(
            f"{kilobytes} KB{mark}",
            f"{row['us']:.0f}",
            f"{row['code_table_buffers'] / 1024:.1f}",
            f"{row['ram'] / 1024:.1f}",
        )
    console.print(sizes)
    parts = Table("machine code on an ESP32, simulated", "1000 instructions")
    for name, count in result["chip_instructions"].items():
        parts.add_row(name, f"{count / 1000:.0f}")
    parts.add_row(
        "together, without the bytecode around it", f"{sum(result['chip_instructions'].values()) / 1000:.0f}"
    )
    console.print(parts)
    console.print(f"of the RAM {result['machine_code'] / 1024:.1f} KB machine code")
    console.print(f"one digest and signature allocates {result['allocated']} bytes")


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
