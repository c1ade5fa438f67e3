# SPDX-License-Identifier: Apache-2.0
"""Sum up a fleet's run: what was measured, what the chain has of it, and of the rest, why not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_tools.fleet.run import Standing

SOUND = "sound"
_MOST_REASONS = 8


@dataclass(frozen=True)
class Group:
    """The meters that one kind of failure met, or none."""

    kind: str
    meters: int
    measured: int
    arrived: int
    missing: int
    without_data: int

    @property
    def whole(self) -> bool:
        return self.missing == 0


def groups(standings: Sequence[Standing], intervals: int) -> list[Group]:
    """Return the meters by what befell them."""
    kinds: dict[str, list[Standing]] = {}
    for each in standings:
        kinds.setdefault(each.failure.kind if each.failure else SOUND, []).append(each)
    return [
        Group(
            kind,
            len(some),
            sum(int(each.told.get("measured", 0)) for each in some),
            sum(each.on_chain for each in some),
            sum(intervals - each.on_chain for each in some),
            sum(each.without_data for each in some),
        )
        for kind, some in sorted(kinds.items(), key=lambda pair: pair[0] != SOUND)
    ]


def reasons(standings: Sequence[Standing], intervals: int) -> list[tuple[str, int]]:
    """Return why intervals are missing, in the meters' words, with how many meters say so."""
    said = Counter(
        str(each.told.get("why") or "it does not know of anything")
        for each in standings
        if each.on_chain < intervals
    )
    return said.most_common(_MOST_REASONS)


def table(standings: Sequence[Standing], intervals: int, title: str) -> Table:
    """Return the groups as a table."""
    shown = Table(title=title, title_justify="left")
    for heading in ("meters", "", "intervals", "on chain", "without data", "missing"):
        shown.add_column(heading, justify="right" if heading else "left")
    for each in groups(standings, intervals):
        missing = f"[red]{each.missing:,}[/]" if each.missing else "-"
        due = f"{each.meters * intervals:,}"
        shown.add_row(
            f"{each.meters:,}", each.kind, due, f"{each.arrived:,}", f"{each.without_data:,}", missing
        )
    return shown


def as_json(standings: Sequence[Standing], intervals: int) -> dict[str, Any]:
    """Return the same for machines."""
    return {
        "meters": len(standings),
        "intervals": intervals * len(standings),
        "arrived": sum(each.on_chain for each in standings),
        "signed": sum(int(each.told.get("signed", 0)) for each in standings),
        "groups": [
            {
                "kind": g.kind,
                "meters": g.meters,
                "measured": g.measured,
                "arrived": g.arrived,
                "missing": g.missing,
            }
            for g in groups(standings, intervals)
        ],
        "missing_because": dict(reasons(standings, intervals)),
    }
