# SPDX-License-Identifier: Apache-2.0
"""Measure what a receipt costs a meter, on a real 32-bit MicroPython: time in signatures, longest slice, heap.

    python tests/bench/receipt.py [--json]

The receipt is of the contract's state on anvil, under a header that three of four validators have sealed: the
contract's account, six slots of its storage, the accounts of terms and of other bands. Modules are .mpy files made as
those of a meter are. The heap is all that the check adds to a meter that signs: modules, the receipt, and what is
alive at most between two slices; frozen, the modules stay in flash.
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
from tests.protocol.packages import run
from tests.protocol.plant import Plant
from tests.protocol.receipts import address, made, seal, validators
from tests.toolchain.running_anvil import Anvil

from electro_contracts.receipts import numbers
from electro_tools.device import firmware_files

SCRIPT = Path(__file__).with_name("micropython") / "receipt.py"
MUST_SIGNATURES, GOAL_SIGNATURES = 40, 25
MUST_BYTES, GOAL_BYTES = 24_000, 12_000
SIGNATURE_MS = 29  # on an ESP32 at 240 MHz, derived from 4.4 million instructions


def sealed_receipt(folder: Path) -> Path:
    """Write a receipt and what a meter knows beforehand to a file."""
    keys = validators(4)
    addresses = [address(one) for one in keys]
    with Anvil() as anvil:
        plant = Plant(anvil)
        one = made(
            plant.node.ask,
            plant.contract,
            plant.meter.address,
            lambda told: seal(told, addresses, keys[:3]),
        )
    told = {
        "raw": one.raw.hex(),
        "validators": [each.hex() for each in addresses],
        "contract": plant.contract.hex(),
        "meter": plant.meter.address.hex(),
        "terms": {hash_.hex(): numbers(code) for hash_, code in one.terms.items()},
    }
    path = folder / "receipt.json"
    path.write_text(json.dumps(told))
    return path


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        firmware_files.compile_for("x86", folder, users=[SCRIPT])
        told = run(folder / "lib", SCRIPT, str(sealed_receipt(folder)))
        result: dict[str, Any] = json.loads(told.splitlines()[-1])
    signature = result["signature_us"]
    for part in ("receipt", "longest_slice", "seal", "hash_nodes"):
        result[f"{part}_signatures"] = round(result[f"{part}_us"] / signature, 2)
    result["longest_slice_ms_on_a_chip"] = round(SIGNATURE_MS * result["longest_slice_us"] / signature, 1)
    result["heap_bytes"] = result["module_bytes"] + result["receipt_bytes"] + result["live_bytes"]
    result["heap_frozen_bytes"] = result["receipt_bytes"] + result["live_bytes"]
    return result


def show(result: dict[str, Any]) -> None:
    table = Table("a receipt on 32-bit MicroPython", "", "must", "goal", title=result["interpreter"])
    table.add_row(
        "time, signatures", f"{result['receipt_signatures']}", str(MUST_SIGNATURES), str(GOAL_SIGNATURES)
    )
    table.add_row("of that a seal", f"{result['seal_signatures']}")
    table.add_row(f"of that hashing {result['nodes']} nodes", f"{result['hash_nodes_signatures']}")
    table.add_row("longest slice, signatures", f"{result['longest_slice_signatures']}")
    table.add_row("the same on an ESP32, ms, derived", f"{result['longest_slice_ms_on_a_chip']}", "10")
    table.add_row("heap as .mpy files, bytes", f"{result['heap_bytes']}", str(MUST_BYTES), str(GOAL_BYTES))
    table.add_row("of that modules", f"{result['module_bytes']}")
    table.add_row("of that the receipt", f"{result['receipt_bytes']}")
    table.add_row("of that alive between slices", f"{result['live_bytes']}")
    table.add_row(
        "heap when frozen, bytes", f"{result['heap_frozen_bytes']}", str(MUST_BYTES), str(GOAL_BYTES)
    )
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
