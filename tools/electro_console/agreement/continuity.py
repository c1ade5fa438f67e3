# SPDX-License-Identifier: Apache-2.0
"""Hold a meter's register, which every report carries, against the sum of its readings.

The register counts on through whatever happens to single intervals, so that it shows energy that no reading tells of.
Readings are rounded down to units, and the meter carries the remainder on: over any stretch the two may differ by up
to a unit, and by a Wh that the register has not yet shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .intervals import MEASURED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .intervals import Interval


@dataclass(frozen=True)
class Gap:
    """A report whose readings and register tell different energies, Wh; `kinds` is what its other intervals are."""

    first: int
    last: int
    read_wh: int
    counted_wh: int
    kinds: tuple[str, ...]

    @property
    def difference_wh(self) -> int:
        return self.counted_wh - self.read_wh

    def text(self) -> str:
        """Return the gap as a sentence."""
        where = f"{self.first} to {self.last}"
        if self.counted_wh < 0:
            return f"{where}: the register went back by {-self.counted_wh:,} Wh"
        why = f" ({', '.join(self.kinds)})" if self.kinds else ""
        return f"{where}: it rose {self.counted_wh:,} Wh, readings {self.read_wh:,} Wh{why}"


@dataclass
class Register:
    """One meter's register over its reports, in their order; the first sets the beginning."""

    unit_wh: int
    gaps: list[Gap] = field(default_factory=list)
    reports: int = 0
    first_wh: int | None = None
    last_wh: int = 0
    read_wh: int = 0  # by all reports but the first

    def add(self, judged: Sequence[Interval], register_wh: int) -> None:
        """Take the next report: its intervals, and the register at the end of the last."""
        self.reports += 1
        read_wh = sum((each.used or 0) * self.unit_wh for each in judged)
        if self.first_wh is None:
            self.first_wh = self.last_wh = register_wh
            return
        counted_wh = register_wh - self.last_wh
        self.last_wh = register_wh
        self.read_wh += read_wh
        if disagree(counted_wh, read_wh, self.unit_wh):
            kinds = tuple(sorted({each.kind for each in judged} - {MEASURED}))
            self.gaps.append(Gap(judged[0].index, judged[-1].index, read_wh, counted_wh, kinds))

    @property
    def counted_wh(self) -> int:
        """How far the register rose after the first report."""
        return self.last_wh - (self.first_wh or 0)


def disagree(counted_wh: int, read_wh: int, unit_wh: int) -> bool:
    """Whether register and readings of a report tell different energies, beyond what rounding explains."""
    return abs(counted_wh - read_wh) > unit_wh + 1
