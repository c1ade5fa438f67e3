# SPDX-License-Identifier: Apache-2.0
"""What one process has played so far, kept in a file: so that it goes on after an interruption, and runs add up.

A record is of one state of the sources, and of seeds without a gap: `first` up to before `next`. Records are added up
only where no seed is in two of them, for the same life twice is no further life.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from .run import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class NotOneRecord(Exception):  # noqa: N818 - a fact about files
    """Say why a file can't be gone on with, or files not be added up."""


@dataclass
class Record:
    source: str
    first: int
    next: int
    tally: Tally = field(default_factory=Tally)

    def add(self, life: Tally) -> None:
        """Add the life that was played with the seed `next`."""
        self.tally.add(life)
        self.next += 1

    def write(self, path: Path) -> None:
        """Put it in the place of what is in the file, whole or not at all."""
        calls = [[kind, reason, count] for (kind, reason), count in sorted(self.tally.calls.items())]
        kept = {
            "source": self.source,
            "first": self.first,
            "next": self.next,
            "lives": self.tally.lives,
            "executed": self.tally.executed,
            "calls": calls,
            "held": sorted(self.tally.held.items()),
        }
        part = path.with_name(path.name + ".part")
        part.write_text(json.dumps(kept) + "\n")
        part.replace(path)


def read(path: Path) -> Record:
    """Return the record in a file; raise NotOneRecord if there is another thing in it."""
    try:
        kept = json.loads(path.read_text())
        calls = Counter({(kind, reason): count for kind, reason, count in kept["calls"]})
        tally = Tally(kept["lives"], calls, Counter(dict(kept["held"])), kept["executed"])
        return Record(kept["source"], kept["first"], kept["next"], tally)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotOneRecord(f"{path} is no record of lives: {error}") from error


def go_on(path: Path, source: str, seed: int) -> Record:
    """Return the record in a file, or a new one from `seed` on if there is none.

    Raises:
        NotOneRecord: the file is of other sources, or no record.
    """
    if not path.exists():
        return Record(source, seed, seed)
    record = read(path)
    if record.source != source:
        raise NotOneRecord(f"{path} is of other sources: begin another file")
    return record


def total(records: Sequence[Record]) -> Tally:
    """Return what records come to together.

    Raises:
        NotOneRecord: they are of different sources, or some lives are in two of them.
    """
    if len({record.source for record in records}) > 1:
        raise NotOneRecord("the records are of different sources")
    for one, other in pairwise(sorted(records, key=lambda record: record.first)):
        if other.first < one.next:
            raise NotOneRecord(f"the lives from seed {other.first} to {one.next - 1} are in two records")
    tally = Tally()
    for record in records:
        tally.add(record.tally)
    return tally
