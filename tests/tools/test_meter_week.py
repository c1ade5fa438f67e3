# SPDX-License-Identifier: Apache-2.0
"""The whole meter in real MicroPython (32 bit) for a simulated day, with ELECTRO_SLOW=1 for a week: no leak.

The heap is larger than a chip's (about 158 KB), because it holds the simulated grid, its load curve and their JSON
as well; what all of it takes together is held below USED_BYTES.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.tools.fake_relayer import FakeRelayer
from tests.tools.test_grid_process import PROCESS, START, ledger, process, settings

if TYPE_CHECKING:
    from pathlib import Path

HEAP_KB = 512
USED_BYTES = 204_800
DAYS = 7 if os.environ.get("ELECTRO_SLOW") else 1
HOURS = 24 * DAYS


@pytest.mark.timeout(900)
def test_it_runs_without_a_leak(micropython_i386: list[str], tmp_path: Path):
    load_w = [20_000.0 + 1_000 * (hour % 24) for hour in range(HOURS)]
    chain = ledger(load_w)
    chain.agreement["interval_seconds"] = 3600
    chain.agreement["slots"] = min(HOURS, 168)
    free = []
    with (
        FakeRelayer(chain) as relayer,
        process([*micropython_i386, "-X", f"heapsize={HEAP_KB}k", str(PROCESS)]) as meter,
    ):
        given = settings(
            tmp_path, relayer, load_w=load_w, interval_seconds=3600, windows_per_interval=30, report_every=1,
            interruptions=[{"start": START + 40_000, "end": START + 42_000, "side": "grid"}],
        )  # fmt: skip
        chain.enrol(meter.ask(given)["ready"]["address"])
        for quarter in range(1, 4 * DAYS + 1):
            status = meter.ask({"advance_to": START + quarter * 21_600 + 200})["status"]
            free.append(status["ram_free"])
    (readings,) = chain.readings.values()
    assert len(readings) == HOURS
    assert status["register_wh"] == pytest.approx(status["load_wh"], rel=0.01)
    # one small object kept at each exchange would be 384 bytes a day
    assert min(free[1:]) > free[0] - 4_096, free
    assert HEAP_KB * 1024 - min(free) < USED_BYTES
    assert free[-1] > free[len(free) // 2] - 1_024, free
