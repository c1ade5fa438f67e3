# SPDX-License-Identifier: Apache-2.0
"""`python -m tests.contracts.fuzz --calls 10000000 --seed 1 --jobs 2`: many lives, with a table of what they did.

With `--record FILE` one process keeps what it has played, and goes on with it when it is started again; `--sum FILE …`
tells what several such files come to.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from electro_contracts import artifact
from tests.contracts.test_invariants import PROMISES

from . import record
from .run import Failed, Tally, lives

RECORD_EVERY_S = 30


def main() -> int:
    """Return 0 if contract and paper never differed."""
    parser = argparse.ArgumentParser(prog="python -m tests.contracts.fuzz", description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000, help="contract calls at least")
    parser.add_argument(
        "--seed", type=int, default=1, help="of the first life; each further one has the next"
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop then, with fewer calls")
    parser.add_argument("--record", type=Path, metavar="FILE", help="keep what was played, and go on with it")
    parser.add_argument("--sum", type=Path, nargs="+", metavar="FILE", help="play nothing: add records up")
    arguments = parser.parse_args()
    if arguments.record and arguments.jobs != 1:
        parser.error("a record is of one process: start several, with seeds far apart, and --sum their files")
    console = Console()
    try:
        if arguments.sum:
            records = [record.read(path) for path in arguments.sum]
            _report(console, record.total(records))
            console.print(f"sources {records[0].source}", highlight=False)
            return 0
        return _play(console, arguments)
    except record.NotOneRecord as error:
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        return 2


def _play(console: Console, arguments: argparse.Namespace) -> int:
    started, source = time.monotonic(), artifact.load().source_hash
    kept = record.Record(source, arguments.seed, arguments.seed)
    if arguments.record:
        kept = record.go_on(arguments.record, source, arguments.seed)
    tally, before, written = kept.tally, kept.tally.total, started
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
            task = progress.add_task("calls", total=arguments.calls, completed=before)
            played = lives(kept.next, arguments.calls - before, arguments.jobs)
            for each in played:
                kept.add(each)
                progress.update(task, completed=tally.total)
                now = time.monotonic()
                if arguments.record and now - written > RECORD_EVERY_S:
                    kept.write(arguments.record)
                    written = now
                if now - started > 60 * arguments.minutes:
                    played.close()
    except Failed as failed:
        console.print(str(failed), markup=False, highlight=False, soft_wrap=True)
        console.print(f"again: python -m tests.contracts.fuzz --calls 1 --seed {failed.seed}", markup=False)
        return 1
    finally:
        if arguments.record:
            kept.write(arguments.record)
    seconds, cpu = time.monotonic() - started, sum(os.times()[:4])  # the children's too
    _report(console, tally)
    done = tally.total - before
    console.print(
        f"from seed {kept.first}; {seconds:.0f} s, {done / seconds:,.0f} calls/s"
        f" in {arguments.jobs} process{'es' * (arguments.jobs > 1)}, {done / cpu:,.0f} in a second of"
        f" processor time; no disagreement\nsources {source}",
        highlight=False,
    )
    return 0


def _report(console: Console, tally: Tally) -> None:
    console.print(_calls(tally))
    console.print(_invariants(tally))
    console.print(
        f"{tally.total:,} calls in {tally.lives:,} lives, {tally.executed:,} executions with what the comparisons ask",
        highlight=False,
    )


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
