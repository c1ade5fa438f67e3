# SPDX-License-Identifier: Apache-2.0
"""From a node's answers to tables: how fast the index takes them in, how much room they need, how fast it answers.

    python tests/bench/index.py [--meters N] [--days N] [--day-of N] [--database URL] [--json]

The node is a stand-in in this process that has its answers ready, as the bytes of JSON-RPC; all else is the index's own
way: JSON, decoding, checks, one transaction a range, commit. Reports are of a day of quarter hours, 50 a transaction;
2% cost something. Beside it a table with a row for each interval takes the same reports in the same run.

--day-of is how many meters report the one day that is timed as a whole; --database takes a PostgreSQL that is empty.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import sqlalchemy as sa
from tests.bench.index_chain import CHAIN_ID, CONTRACT, DAY_S, SLOTS, START, MadeChain

from electro_console.index.database import Database
from electro_console.index.decoding import TOPICS, decode
from electro_console.index.entering import Writer
from electro_console.index.logs import Logs
from electro_console.index.reading import Index

if TYPE_CHECKING:
    from collections.abc import Callable

_ASKED = 20  # times of each question; the median counts


class Took(NamedTuple):
    """Seconds by the clock, and of the processor: on a machine that does other things only the second tell much."""

    clock_s: float
    processor_s: float

    @classmethod
    def now(cls) -> Took:
        return cls(time.perf_counter(), time.process_time())

    def __sub__(self, other: Took) -> Took:
        return Took(self.clock_s - other.clock_s, self.processor_s - other.processor_s)

    def plus(self, other: Took) -> Took:
        return Took(self.clock_s + other.clock_s, self.processor_s + other.processor_s)


class Filled:
    """An index that a made chain fills."""

    def __init__(self, name: str, meters: int) -> None:
        self.chain = MadeChain(meters)
        self.database = Database(name)
        with self.database.writing() as connection:
            self.database.prepare(connection, CHAIN_ID, CONTRACT, 1, partial=False)
        self._logs = Logs(self.chain, CONTRACT, [[TOPICS]])
        self._writer = Writer(CONTRACT, partial=False)
        self._done = 0

    def agree(self) -> Took:
        """Enter all agreements; return what that took."""
        self.chain.agree()
        return self.take_in()

    def take_in(self) -> Took:
        """Enter what the chain has ready; return what that took."""
        begun = Took.now()
        for first, last in self.chain.ranges():
            batch, end = self._logs.fetch(first, last)
            with self.database.writing() as connection:
                self._writer.enter(connection, batch, self._done, (end.number, end.hash, end.time), last)
            self._done = last
        return Took.now() - begun

    def size(self) -> int:
        """Return the bytes on disk."""
        if self.database.is_sqlite:
            with self.database.engine.connect() as connection:
                connection.exec_driver_sql("COMMIT")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.exec_driver_sql("BEGIN")
            return Path(str(self.database.url.database)).stat().st_size
        with self.database.engine.connect() as connection:
            return int(connection.scalar(sa.text("SELECT pg_database_size(current_database())")) or 0)


def take_in(name: str, meters: int, days: int) -> tuple[dict[str, Any], Filled]:
    """Measure intervals a second over some days of some meters."""
    filled = Filled(name, meters)
    agreed = filled.agree()
    before, intervals, taken = filled.size(), 0, Took(0, 0)
    for day in range(days):
        intervals += filled.chain.report(day)
        taken = taken.plus(filled.take_in())
    return {
        "meters": meters,
        "days": days,
        "intervals": intervals,
        "agreements_per_processor_s": round(meters / agreed.processor_s),
        "intervals_per_s": round(intervals / taken.clock_s),
        "intervals_per_processor_s": round(intervals / taken.processor_s),
        "bytes_per_interval": round((filled.size() - before) / intervals, 2),
        "json_bytes_per_interval": round(filled.chain.bytes / intervals, 1),
    }, filled


def rows_beside(folder: Path, meters: int) -> dict[str, Any]:
    """Take one day in with a row for each interval, as a table made without thought would have it."""
    chain = MadeChain(meters)
    intervals = chain.report(0)
    file = folder / "rows.sqlite"
    database = sqlite3.connect(file, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute(
        "CREATE TABLE readings (device BLOB, interval INTEGER, lane INTEGER, PRIMARY KEY (device, interval))"
        " WITHOUT ROWID"
    )
    begun = Took.now()
    for first, last in chain.ranges():
        untrusted = chain.call("eth_getLogs", {"fromBlock": hex(first), "toBlock": hex(last)})
        batch = decode(untrusted, "0x" + CONTRACT.hex(), first, last)
        rows = [
            (report.device, at, lane)
            for report in batch.reports
            for at, lane in enumerate(np.frombuffer(report.readings, ">u2").tolist(), report.first)
        ]
        database.execute("BEGIN")
        database.executemany("INSERT INTO readings VALUES (?, ?, ?)", rows)
        database.execute("COMMIT")
    taken = Took.now() - begun
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return {
        "intervals_per_s": round(intervals / taken.clock_s),
        "intervals_per_processor_s": round(intervals / taken.processor_s),
        "bytes_per_interval": round(file.stat().st_size / intervals, 2),
    }


def one_day(name: str, meters: int) -> dict[str, Any]:
    """Measure the day of so many meters that report once."""
    filled = Filled(name, meters)
    agreed = filled.agree()
    intervals = filled.chain.report(0)
    filled._writer.forget()
    taken = filled.take_in()
    filled.database.close()
    return {
        "meters": meters,
        "intervals": intervals,
        "agreed_s": round(agreed.clock_s, 1),
        "seconds": round(taken.clock_s, 2),
        "processor_s": round(taken.processor_s, 2),
    }


def ask(name: str, agreements: int, days: int) -> dict[str, Any]:
    """Measure what questions take, of so many agreements, the first of which has reported for some days."""
    filled = Filled(name, agreements)
    filled.agree()
    for day in range(days):
        filled.chain.report(day, meters=range(1))
        filled.take_in()
    filled.chain.report(days, meters=range(1, agreements))
    now = START + days * DAY_S
    index = Index(filled.database)
    questions: dict[str, Callable[[], object]] = {
        "agreement": lambda: index.agreement(1, now),
        "readings_of_all_days": lambda: index.readings(1, 0, now),
        "readings_of_a_week": lambda: index.readings(1, 0, now, first=(days - 7) * SLOTS, count=7 * SLOTS),
        "movements": lambda: index.movements(1, now),
        "burn_down": lambda: index.burn_down(1, now),
        "list_of_50": lambda: index.agreements(now),
        "meters_behind_50": lambda: index.meters(now, behind_s=7200),
        "deadlines": lambda: index.deadlines(now, now + 7 * DAY_S),
        "overview": lambda: index.overview(now),
        "paper": lambda: index.paper(1),
    }
    found: dict[str, Any] = {"agreements": agreements, "days": days}
    for what, question in questions.items():
        times = []
        for _ in range(_ASKED if what != "paper" else 3):
            begun = Took.now()
            question()
            times.append(Took.now() - begun)
        found[f"{what}_ms"] = round(1000 * statistics.median(each.clock_s for each in times), 2)
        found[f"{what}_processor_ms"] = round(1000 * statistics.median(each.processor_s for each in times), 2)
    filled.database.close()
    return found


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--meters", type=int, default=2000)
    options.add_argument("--days", type=int, default=10)
    options.add_argument("--day-of", type=int, default=100_000)
    options.add_argument("--agreements", type=int, default=1000)
    options.add_argument(
        "--database", help="a PostgreSQL that is empty; only the taking in is measured there"
    )
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    found: dict[str, Any] = {}

    def tell(what: str, figures: dict[str, Any] | float) -> None:
        """Keep it, and print it at once: of a run that is ended early what was measured is not lost."""
        found[what] = figures
        if given.json:
            return
        print(what.replace("_", " "), "" if isinstance(figures, dict) else figures, flush=True)
        for key, value in figures.items() if isinstance(figures, dict) else ():
            print(f"  {key.replace('_', ' '):36}{value:>14,}", flush=True)

    tell("load", round(os.getloadavg()[0], 1))
    if given.database:
        figures, filled = take_in(given.database, given.meters, given.days)
        tell("postgresql", figures)
        filled.database.close()
    else:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            figures, filled = take_in(str(folder / "index.sqlite"), given.meters, given.days)
            tell("sqlite", figures)
            filled.database.close()
            tell("row_per_interval", rows_beside(folder, given.meters))
            tell("questions", ask(str(folder / "asked.sqlite"), given.agreements, 365))
            tell("day", one_day(str(folder / "day.sqlite"), given.day_of))
    tell("peak_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)
    if given.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
