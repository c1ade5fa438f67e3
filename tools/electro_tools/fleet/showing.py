# SPDX-License-Identifier: Apache-2.0
"""Show a fleet's run as a table that lives, where somebody looks."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from rich.live import Live
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from electro_tools.fleet.run import Progress, Standing

_LOOK_S = 0.5


@contextlib.contextmanager
def shown(console: Console, *, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """Show a table that lives, where somebody looks."""
    if quiet or not console.is_terminal:
        yield lambda _progress: None
        return
    stages: dict[str, tuple[int, int]] = {}
    with Live(console=console, auto_refresh=False) as live:
        shown_at = [0.0]

        def show(progress: Progress) -> None:
            stages[progress.stage] = (progress.done, progress.total)
            if progress.done < progress.total and time.monotonic() - shown_at[0] < _LOOK_S:
                return
            shown_at[0] = time.monotonic()
            live.update(_now(stages, progress.standings), refresh=True)

        yield show


def _now(stages: dict[str, tuple[int, int]], standings: tuple[Standing, ...]) -> Table:
    table = Table.grid(padding=(0, 2))
    for stage, (done, total) in stages.items():
        table.add_row(stage, f"{done:,} of {total:,}")
    for what in ("measured", "latest", "final"):
        if standings:
            table.add_row(f"intervals {what}", f"{sum(int(s.told.get(what, 0)) for s in standings):,}")
    troubled = sum(1 for each in standings if each.told.get("why"))
    if standings:
        table.add_row("meters in trouble", f"{troubled:,}")
    return table
