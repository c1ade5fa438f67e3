# SPDX-License-Identifier: Apache-2.0
"""Made-up typed data, often spoiled: CPython and MicroPython give the same digests and refuse the same, in one way.

ELECTRO_TYPED_DATA=100000 pytest tests/protocol/test_typed_data_fuzz.py tries so many.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("micropython") / "typed_data_fuzz.py"
COUNT = int(os.environ.get("ELECTRO_TYPED_DATA", "4000"))


def results(command: list[str]) -> str:
    paths = str(ROOT / "firmware" / "lib")
    environment = {**os.environ, "PYTHONPATH": paths, "MICROPYPATH": f"{paths}:.frozen"}
    done = subprocess.run(
        [*command, str(SCRIPT), "1", str(COUNT)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_both_pythons_agree_on_whatever_is_made_up(
    micropython_i386: list[str], micropython_amd64: list[str]
) -> None:
    expected = results([sys.executable])
    refused = re.search(r"refused (\d+) of", expected)
    assert refused
    assert COUNT / 4 < int(refused.group(1)) < COUNT * 3 / 4  # both outcomes are tried
    assert results([*micropython_i386, "-X", "heapsize=8m"]) == expected
    assert results([*micropython_amd64, "-X", "heapsize=8m"]) == expected
