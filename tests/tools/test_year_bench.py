# SPDX-License-Identifier: Apache-2.0
"""A day of the year's benchmark: the register is close to what the load used."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[1] / "bench" / "year.py"


def test_the_register_shows_what_the_load_used() -> None:
    done = subprocess.run(
        [sys.executable, str(BENCH), "--days", "1", "--windows", "3", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["intervals"] == 96
    assert found["estimates"] <= 1  # the first, which begins with the meter
    assert found["register_wh"] > 100_000
    assert abs(found["error_percent"]) < 0.05
    assert abs(found["readings_sum_error_percent"]) < 0.05
