# SPDX-License-Identifier: Apache-2.0
"""Run `electro demo` for longer and longer, and see whether an interval takes longer the older the chain is.

    python tests/bench/demo.py [--days 1 3 7 14] [--load FILE --time-column NAME --energy-column NAME] [--json]

Seconds from the command to its end, starting included, and the same by metered intervals (three meters). A run of a
single day samples in more detail than longer ones (electro_tools/demo/cli.py), so the ratio at the end says most
between two longer runs: --days 3 14. On a busy machine go by the processor's time, which is told as a ratio too.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

from electro_tools import lifeline


@dataclass(frozen=True)
class Run:
    """One demo: `seconds` on the wall, `cpu_s` of all its processes."""

    days: int
    intervals: int
    seconds: float
    cpu_s: float

    def figures(self) -> dict[str, Any]:
        per = self.seconds / self.intervals
        return {
            "days": self.days, "intervals": self.intervals, "seconds": round(self.seconds, 1),
            "cpu_s": round(self.cpu_s, 1), "seconds_an_interval": round(per, 4),
        }  # fmt: skip


def run(days: int, curve: list[str]) -> Run:
    """Run the demo; its checks must hold."""
    before, began = os.times(), time.monotonic()
    command = [sys.executable, "-m", "electro_tools.cli", "demo", "--days", str(days), *curve]
    done = subprocess.run(
        lifeline.tied(command), capture_output=True, text=True, check=False, pass_fds=lifeline.pass_fds()
    )
    if done.returncode:
        raise SystemExit(f"the demo of {days} days failed: {done.stderr or done.stdout}")
    after = os.times()
    found = re.search(r"\(([\d,]+) intervals in", done.stdout)
    assert found is not None, done.stdout
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return Run(days, int(found[1].replace(",", "")), time.monotonic() - began, cpu_s)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--days", type=int, nargs="+", default=[1, 3, 7, 14])
    parser.add_argument("--load")
    parser.add_argument("--time-column")
    parser.add_argument("--energy-column")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    curve = [
        part
        for name in ("load", "time_column", "energy_column")
        if (value := getattr(options, name)) is not None
        for part in ("--" + name.replace("_", "-"), value)
    ]
    runs = []
    if not options.json:
        print(f"{'days':>5}{'intervals':>11}{'seconds':>9}{'CPU s':>8}{'ms an interval':>16}")
    for days in options.days:
        runs.append(run(days, curve))
        told = runs[-1].figures()
        if not options.json:
            print(
                f"{days:>5}{told['intervals']:>11,}{told['seconds']:>9.1f}{told['cpu_s']:>8.1f}"
                f"{1000 * told['seconds_an_interval']:>16.1f}",
                flush=True,
            )
    fewer = runs[0].intervals / runs[-1].intervals
    ratio, cpu_ratio = fewer * runs[-1].seconds / runs[0].seconds, fewer * runs[-1].cpu_s / runs[0].cpu_s
    if options.json:
        ratios = {"last_by_first": round(ratio, 3), "last_by_first_cpu": round(cpu_ratio, 3)}
        print(json.dumps({"runs": [each.figures() for each in runs], **ratios}))
    else:
        print(
            f"an interval of the last run takes {ratio:.2f} times one of the first, "
            f"and {cpu_ratio:.2f} times of the processor"
        )


if __name__ == "__main__":
    main()
