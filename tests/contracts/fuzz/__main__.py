# SPDX-License-Identifier: Apache-2.0
"""`python -m tests.contracts.fuzz --calls 10000000 --seed 1 --jobs 2`: many lives, with a table of what they did."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from electro_contracts import artifact
from tests.contracts.test_invariants import PROMISES

from .run import Failed, Tally, lives


def main() -> int:
    """Return 0 if contract and paper never differed."""
    parser = argparse.ArgumentParser(prog="python -m tests.contracts.fuzz", description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000, help="contract calls at least")
    parser.add_argument(
        "--seed", type=int, default=1, help="of the first life; each further one has the next"
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop then, with fewer calls")
    arguments = parser.parse_args()
    console, tally, started = Console(), Tally(), time.monotonic()
    source = artifact.load().source_hash
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
            task = progress.add_task("calls", total=arguments.calls)
            played = lives(arguments.seed, arguments.calls, arguments.jobs)
            for each in played:
                tally.add(each)
                progress.update(task, completed=tally.total)
                if time.monotonic() - started > 60 * arguments.minutes:
                    played.close()
    except Failed as failed:
        console.print(str(failed), markup=False, highlight=False, soft_wrap=True)
        console.print(f"again: python -m tests.contracts.fuzz --calls 1 --seed {failed.seed}", markup=False)
        return 1
    seconds, cpu = time.monotonic() - started, sum(os.times()[:4])  # the children's too
    console.print(_calls(tally))
    console.print(_invariants(tally))
    console.print(
        f"{tally.total:,} calls in {tally.lives:,} lives from seed {arguments.seed}, {tally.executed:,} executions"
        f" with what the comparisons ask; {seconds:.0f} s, {tally.total / seconds:,.0f} calls/s"
        f" in {arguments.jobs} process{'es' * (arguments.jobs > 1)}, {tally.total / cpu:,.0f} in a second of"
        f" processor time; no disagreement\nsources {source}",
        highlight=False,
    )
    return 0


def _calls(tally: Tally) -> Table:
    table = Table("call", "accepted", "refused", "for")
    kinds: dict[str, Counter[str]] = {}
    for (kind, reason), count in tally.calls.items():
        kinds.setdefault(kind, Counter())[reason] += count
    for kind in sorted(kinds):
        reasons = Counter({reason: count for reason, count in kinds[kind].items() if reason})
        told = ", ".join(f"{reason} {count:,}" for reason, count in reasons.most_common())
        table.add_row(kind, f"{kinds[kind]['']:,}", f"{reasons.total():,}", told)
    return table


def _invariants(tally: Tally) -> Table:
    table = Table("invariant", "", "held")
    for number, (sentence, _) in PROMISES.items():
        table.add_row(str(number), sentence, f"{tally.held[number]:,}")
    return table


if __name__ == "__main__":
    sys.exit(main())
