# SPDX-License-Identifier: Apache-2.0
"""What a chip's own work leaves of the time for sampling, in virtual time: the same on every machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[1] / "bench" / "coverage.py"


def test_a_chip_without_psram_samples_almost_all_the_time() -> None:
    done = subprocess.run(
        [sys.executable, str(BENCH), "--minutes", "15", "--chip", "ESP32, S3", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["simulated"]
    assert found["signatures"] == 1
    assert 990 <= found["sampled_permille"] < 1000
    assert 980 <= found["in_whole_cycles_permille"] < found["sampled_permille"]
    assert 10 < found["longest_pause_ms"] < 200
