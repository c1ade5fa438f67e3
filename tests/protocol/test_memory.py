# SPDX-License-Identifier: Apache-2.0
"""Signing fits a chip: into a heap of 64 KB, with 2 KB of it free, and leaves nothing behind.

A chip has about 110 KB free beside WiFi and one TLS connection. The modules are .mpy files, as on a chip; their
machine code is outside this interpreter's heap.
"""

import json
from pathlib import Path

from tests.protocol.packages import build, run

SCRIPT = Path(__file__).with_name("micropython") / "memory.py"


def test_a_thousand_signatures_leak_nothing_and_fifty_run_in_2048_bytes(tmp_path: Path) -> None:
    build(tmp_path, "x86")
    result = json.loads(run(tmp_path, SCRIPT, "2048", heap="64k"))
    print(f"one digest and signature allocates {result['allocated']} bytes")
    assert result["leaked"] <= 0
    assert result["free"] < 2048 + 64
    assert result["same"]
    assert result["allocated"] < 10500  # all that passes through the heap, garbage at once
