# SPDX-License-Identifier: Apache-2.0
"""Keep over restarts what is counted beside the import register: export, voltage events, interruptions, lost supply.

Interruptions are counted as IEEE 1366 does for its indices, of one customer: sustained ones (longer than five minutes)
with their seconds, as SAIFI and SAIDI want them, and momentary ones, as MAIFI. A small JSON file, written beside and
renamed: a power cut leaves the old one or the new one. It is written when an outage begins or ends and, if something
changed, with each interval that closes: what was counted since is lost with the power. A damaged file counts from zero.
"""

import json
import os

from .events import Tally
from .registers import Registers

FILE = "counters.json"
SUSTAINED_S = 300  # IEEE 1366-2012, 3.10 and 4.1: an interruption longer than five minutes
# By name; what the file has beside these is nothing of ours.
_NAMES = (
    "sustained",
    "sustained_s",
    "momentary",
    "grid_s",
    "consumer_s",
    "unknown_s",
    "dips",
    "swells",
    "interruptions",
    "export_wh",
    "export_uj",
    "dark_since_s",
    "dark_cause",
)
_SHOWN = 9  # of them: export is told with the registers


class Counters:
    """The counts, by the names of the file; dark_since_s is 0 while there is supply."""

    sustained: int
    sustained_s: int
    momentary: int
    grid_s: int
    consumer_s: int
    unknown_s: int
    dips: int
    swells: int
    interruptions: int
    export_wh: int
    export_uj: int
    dark_since_s: int
    dark_cause: int

    def __init__(self, directory: str) -> None:
        self._path = f"{directory}/{FILE}"
        kept = self._read()
        for name in _NAMES:
            value = kept.get(name)
            setattr(self, name, value if isinstance(value, int) and value >= 0 else 0)
        self._kept = self.to_json()
        self._before = (self.dips, self.swells, self.interruptions)

    def gather(self, tally: Tally, registers: Registers) -> None:
        """Take over what the others count since the start, and write it if it is news."""
        dips, swells, interruptions = self._before
        self.dips = dips + tally.dips
        self.swells = swells + tally.swells
        self.interruptions = interruptions + tally.interruptions
        self.export_wh, self.export_uj = registers.export_wh, registers.export_uj
        self.save()

    def lose(self, since_s: int, cause: int) -> None:
        """Write down at once that supply is gone."""
        self.dark_since_s, self.dark_cause = since_s, cause
        self.save()

    def regain(self, lasted_s: int, cause: int) -> None:
        """Count an interruption that is over; cause: as in an OutageReport."""
        self.dark_since_s = self.dark_cause = 0
        if lasted_s > SUSTAINED_S:
            self.sustained += 1
            self.sustained_s += lasted_s
        else:
            self.momentary += 1
        name = ("unknown_s", "grid_s", "consumer_s")[cause]
        setattr(self, name, getattr(self, name) + lasted_s)
        self.save()

    def to_json(self) -> "dict[str, int]":
        return {name: getattr(self, name) for name in _NAMES}

    def shown(self) -> "dict[str, int]":
        """Return the counts that the status has; export is told with the registers."""
        return {name: getattr(self, name) for name in _NAMES[:_SHOWN]}

    def save(self) -> None:
        """Write the file if it would differ."""
        now = self.to_json()
        if now == self._kept:
            return
        with open(self._path + ".new", "w") as file:
            json.dump(now, file)
        os.rename(self._path + ".new", self._path)
        self._kept = now

    def _read(self) -> "dict[str, object]":
        try:
            with open(self._path) as file:
                kept = json.load(file)
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}
