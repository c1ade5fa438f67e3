# SPDX-License-Identifier: Apache-2.0
"""Run a benchmark of tests/bench as a person would, and take its one JSON object."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from electro_tools import lifeline

FOLDER = Path(__file__).parents[1] / "bench"


def figures(name: str, *options: str) -> dict[str, Any]:
    """Return what `python tests/bench/NAME.py … --json` prints; what it says on failing is in the assertion."""
    command = [sys.executable, str(FOLDER / f"{name}.py"), *options, "--json"]
    done = subprocess.run(
        lifeline.tied(command), capture_output=True, text=True, check=False, pass_fds=lifeline.pass_fds()
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
