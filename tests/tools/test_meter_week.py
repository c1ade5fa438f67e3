# SPDX-License-Identifier: Apache-2.0
"""The meter's RAM stays within firmware/ram-budget.json, and a simulated day (ELECTRO_SLOW=1: a week) leaks nothing.

Real MicroPython, 32 bit, .mpy files; the grid is in another process, so the heap holds the meter alone: what
tests/bench/week.py runs. Machine code is beside this interpreter's heap, and in a chip's.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.tools.benches import figures

ROOT = Path(__file__).parents[2]
DAYS = 7 if os.environ.get("ELECTRO_SLOW") else 1
BUDGET: dict[str, int] = json.loads((ROOT / "firmware" / "ram-budget.json").read_text())


def hold(name: str, size: int) -> None:
    assert size <= BUDGET[name], (
        f"{name} takes {size} bytes of RAM: make it smaller, or raise the budget and say why"
    )
    assert size > BUDGET[name] * 0.92, f"{name} takes {size} bytes of RAM: lower the budget"


def test_what_is_imported_keeps_to_its_budget(micropython_i386: list[str]) -> None:
    assert micropython_i386  # skips where there is none
    found = figures("week", "--modules")
    hold("imports", found["all_imports"])
    hold("native", found["native_bytes"])


def test_it_runs_without_a_leak(micropython_i386: list[str]) -> None:
    assert micropython_i386
    found = figures("week", "--days", str(DAYS))
    assert found["delivered"] == found["intervals"] == 96 * DAYS
    assert abs(found["register_error_percent"]) < 0.1
    hold("running", found["running_bytes"])
    # memory at equal phases of the day: one small object kept at each exchange would be 384 bytes a day
    free = found["free_bytes"]
    assert min(free[1:]) > free[0] - 4_096, free
    assert found["fallen_bytes"] < 1_024, free
