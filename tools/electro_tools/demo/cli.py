# SPDX-License-Identifier: Apache-2.0
"""`electro demo`: options, live progress, and the closing tables."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from electro_tools.errors import ToolError

from .narration import money

if TYPE_CHECKING:
    from collections.abc import Callable

    from .audit import Gas, Verdict
    from .load import LoadCurve
    from .world import Outcome

_WINDOWS_A_DAY = 15  # windows in each interval of a single day: one a minute
_WINDOWS_LONGER = 4  # of longer runs


@click.command()
@click.option(
    "--load",
    "load_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A load curve to run: CSV, plain or gzipped, energy in kWh per interval. Default: a built-in one.",
)
@click.option("--time-column", default="time", show_default=True, help="The CSV's column with times.")
@click.option(
    "--energy-column", default="energy_kwh", show_default=True, help="The CSV's column with energies."
)
@click.option("--days", type=click.IntRange(1, 366), default=1, show_default=True, help="Days to run.")
@click.option(
    "--micropython",
    is_flag=False,
    flag_value="micropython",
    metavar="[PROGRAM]",
    help="Run the meters in a real MicroPython interpreter: the one on the PATH, or this one.",
)
@click.option("--stop-relayer", is_flag=True, help="Kill the relayer on the way and start it again later.")
def demo(
    load_file: Path | None,
    time_column: str,
    energy_column: str,
    days: int,
    micropython: str | None,
    stop_relayer: bool,
) -> None:
    """Run the whole path on this machine, in accelerated time.

    Three meters sample the voltage and current that a plant with this load would make, sign what they measure,
    and a relayer carries it to the agreements contract on a chain in memory. One meter goes over its band, one
    under it and through a consumer-caused outage, one loses its network for hours. At the end the contract settles,
    and two checks are made: the contract's money against an independent model fed with what the meters signed, and
    the metered energy against the load curve.
    """
    from . import load, scenario
    from .world import World

    console = Console()
    began = time.monotonic()
    interpreter = _interpreter(micropython)
    if load_file is None:
        curve = load.built_in(days)
    else:
        curve = load.read_csv(load_file, time_column=time_column, energy_column=energy_column, days=days)
    plans = scenario.plan(curve)
    windows = _WINDOWS_A_DAY if days == 1 else _WINDOWS_LONGER
    _introduce(console, curve, windows, interpreter)
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<24}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as progress:
        tell = _teller(progress)

        def note(unix_s: int, who: str, what: str) -> None:
            when = datetime.fromtimestamp(unix_s, UTC)
            progress.console.print(f"[dim]{when:%a %d %b %H:%M}[/]  {who:<13} {what}", highlight=False)

        world = World(plans, windows, interpreter, stop_relayer=stop_relayer, tell=tell, note=note)
        verdicts: list[Verdict] = []
        gas: list[Gas] = []

        def judge_it(outcome: Outcome) -> None:
            from .audit import judge

            tell("check", 0, 1)
            judged, spent = judge(outcome)
            verdicts.extend(judged)
            gas.append(spent)
            tell("check", 1, 1)

        world.run(judge_it)
    _conclude(console, verdicts, gas[0], time.monotonic() - began)


def _interpreter(named: str | None) -> Path | None:
    if named is None:
        return None
    found = shutil.which(named)
    if found is None:
        raise ToolError(
            f"there is no MicroPython interpreter {named!r}",
            "install one (Debian and Ubuntu: apt install micropython), or name it: --micropython=PATH",
        )
    return Path(found)


def _introduce(console: Console, curve: LoadCurve, windows: int, interpreter: Path | None) -> None:
    total_mwh = sum(curve.energy_wh) / 1e6
    minutes = curve.interval_seconds // 60
    runs_in = f"MicroPython ({interpreter})" if interpreter else "CPython"
    console.print(
        f"load       {curve.source}: {curve.days} d of {minutes} min intervals, {total_mwh:,.1f} MWh"
    )
    console.print(
        f"meters     3, simulated, in {runs_in}; {windows} windows of 10 cycles sampled in each interval"
    )
    console.print("chain      embedded (py-evm), agreements contract, one relayer\n")


def _teller(progress: Progress) -> Callable[[str, int, int], None]:
    tasks: dict[str, int] = {}

    def tell(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = progress.add_task(stage, total=total)
        progress.update(tasks[stage], completed=done, total=total)  # type: ignore[arg-type]

    return tell


def _conclude(console: Console, verdicts: list[Verdict], gas: Gas, seconds: float) -> None:
    console.print()
    console.print(_table(verdicts))
    reports = f"{gas.transactions} transactions for {gas.intervals:,} metered intervals"
    console.print(
        f"gas        {gas.per_interval:,.0f} per metered interval ({reports}); set-up {gas.setup:,} in all"
    )
    equal = all(verdict.contract == verdict.model for verdict in verdicts)
    worst = max((verdict.error_percent for verdict in verdicts), key=abs)
    right = "[green]equal, to the unit[/]" if equal else "[red]DIFFERENT[/]"
    console.print(f"check      contract and independent model: {right}")
    accurate = all(verdict.holds or verdict.contract != verdict.model for verdict in verdicts)
    colour = "green" if accurate else "red"
    console.print(
        f"check      metered energy against the load curve: [{colour}]{worst:+.3f}%[/] at worst (simulated)"
    )
    console.print(f"took       {seconds:.0f} s")
    for verdict in verdicts:
        if verdict.contract != verdict.model:
            raise ToolError(
                f"{verdict.metered.plan.name}: the contract says {verdict.contract}, the model {verdict.model}"
            )
    if not accurate:
        raise ToolError(f"a meter is off by {worst:+.3f}%, and 1% is the limit")


def _table(verdicts: list[Verdict]) -> Table:
    table = Table(title="Settlement (money in minor units / 100)", title_justify="left")
    table.add_column("meter")
    for heading in (
        "intervals",
        "violations",
        "outage",
        "energy",
        "error",
        "bonus",
        "accrued",
        "remaining",
        "discount",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for verdict in verdicts:
        settled = verdict.contract
        table.add_row(
            verdict.metered.plan.name,
            f"{verdict.intervals:,}",
            str(verdict.violations),
            f"{verdict.outage_s / 60:.1f} min" if verdict.outage_s else "-",
            f"{verdict.metered_wh / 1000:,.1f} kWh",
            f"{verdict.error_percent:+.3f}%",
            *(
                f"{cents / 100:,.2f}"
                for cents in (verdict.metered.plan.bonus, settled.accrued, settled.remaining)
            ),
            f"[bold]{money(settled.discount)}[/]",
        )
    return table
