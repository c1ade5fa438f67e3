# SPDX-License-Identifier: Apache-2.0
"""A small run of the outage benchmark holds its promise: soon enough, and never wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[1] / "bench" / "outage.py"


def test_interruptions_are_known_in_41_ms_and_nothing_else_passes_for_one():
    done = subprocess.run(
        [sys.executable, str(BENCH), "--each", "24", "--json"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    for row in json.loads(done.stdout)["rows"]:
        assert row.get("false_alarms", 0) == 0, row
        assert row.get("found", row["generated"]) == row["generated"], row
        if row["kind"] == "interruption":
            assert row["worst_ms"] <= 41
        if row["kind"] == "interruption of three phases":
            assert row["worst_ms"] <= 160  # one phase after the other
