# SPDX-License-Identifier: Apache-2.0
"""The whole meter in real MicroPython (32 bit) for a simulated day, with ELECTRO_SLOW=1 for a week: no leak.

The grid is in another process, so the heap holds the meter alone; see tests/bench/week.py, which this runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench" / "week.py"
DAYS = 7 if os.environ.get("ELECTRO_SLOW") else 1
# What is in use, garbage collected: a budget that the meter's code and tables keep to.
USED_BYTES = 160_000


@pytest.mark.timeout(900)
def test_it_runs_without_a_leak(micropython_i386: list[str]) -> None:
    assert micropython_i386  # skips where there is none
    done = subprocess.run(
        [sys.executable, str(BENCH), "--days", str(DAYS), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["delivered"] == found["intervals"] == 96 * DAYS
    assert abs(found["register_error_percent"]) < 0.1
    assert found["used_bytes"] < USED_BYTES, found
    # memory at equal phases of the day: one small object kept at each exchange would be 1,536 bytes a day
    free = found["free_bytes"]
    assert min(free[1:]) > free[0] - 4_096, free
    assert found["fallen_bytes"] < 1_024, free
