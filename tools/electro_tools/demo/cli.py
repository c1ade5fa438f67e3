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

from electro_tools.accounts import KeyFile, optional_key_options
from electro_tools.commands import Command
from electro_tools.errors import ToolError
from electro_tools.node import access_options, parts_of
from electro_tools.plan.options import load_options

from .narration import money

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_plan.settings import ReadSettings
    from electro_tools.load import LoadCurve

    from .audit import Gas, Verdict
    from .world import Outcome

_WINDOW_EVERY_S = 60  # in a run of a single day: finer than any event of it
_WINDOW_EVERY_S_LONGER = 450  # in longer ones: two in a quarter hour


@click.command(cls=Command)
@load_options
@click.option("--days", type=click.IntRange(1, 366), default=1, show_default=True, help="Days to run.")
@click.option(
    "--micropython",
    is_flag=False,
    flag_value="micropython",
    metavar="[PROGRAM]",
    help="Run the meters in a real MicroPython interpreter: the one on the PATH, or this one.",
)
@click.option("--stop-relayer", is_flag=True, help="Kill the relayer on the way and start it again later.")
@click.option(
    "--console", "with_console", is_flag=True, help="Keep the chain at the end, with the console on it."
)
@click.option(
    "--rpc", "rpc_url", metavar="URL", help="A node's, of a chain that is there; by default one in memory."
)
@access_options
@click.option(
    "--short",
    "short_interval_s",
    type=click.IntRange(5, 120),
    metavar="SECONDS",
    help="With --rpc: each interval takes so long. 10, where a chain's clock can't be moved.",
)
@optional_key_options
def demo(
    load_file: Path | None,
    fill: str | None,
    settings: ReadSettings,
    file_format: str | None,
    days: int,
    micropython: str | None,
    stop_relayer: bool,
    with_console: bool,
    rpc_url: str | None,
    short_interval_s: int | None,
    key: KeyFile | None,
    **files: Path | None,
) -> None:
    """Run the whole path on this machine, in accelerated time.

    Three meters sample the voltage and current that a plant with this load, by default a built-in one, would make,
    sign what they measure, and a relayer carries it to the agreements contract on a chain in memory. One meter goes
    over its band, one under it and through a consumer-caused outage, one loses its network for hours. At the end the
    contract settles, and two checks are made: the contract's money against an independent model fed with what the
    meters signed, and the metered energy against the load curve.

    With --rpc it takes place on that chain. anvil's, hardhat's and `electro chain`'s clocks are moved; on any other the
    day is played in short intervals of real time. The key is the operator's, who pays for all; where gas is free, or
    the chain is one for tests, none is needed.
    """
    from electro_tools import load

    from . import existing, scenario
    from .showing import show
    from .world import World

    console = Console()
    began = time.monotonic()
    interpreter = _interpreter(micropython)
    if load_file is None:
        curve = load.built_in(days)
    else:
        curve, said = load.from_file(
            load_file, settings, file_format, fill=fill, days=days, finest_s=scenario.LEAST_INTERVAL_S
        )
        click.echo(said)
    there = existing.there(rpc_url, parts_of(files), key, curve, short_interval_s)
    curve = there.curve if there else curve
    plans = scenario.plan(curve)
    real_s = load.DAY_SECONDS // curve.intervals_per_day
    windows = max(1, real_s // (_WINDOW_EVERY_S if days == 1 else _WINDOW_EVERY_S_LONGER))
    windows = min(windows, curve.interval_seconds)  # of a day in short: one a second, of 0.2 s
    _introduce(console, curve, windows, interpreter, there.words if there else "embedded (py-evm)")
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
            progress.console.print(
                f"[dim]{when:%a %d %b %H:%M}[/]  {who:<12}  {what}", highlight=False, soft_wrap=True
            )

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
            if with_console:
                progress.stop()
                _conclude(console, verdicts, gas[0], time.monotonic() - began)
                show(
                    outcome,
                    lambda url: console.print(f"console    {url}", highlight=False),
                    in_memory=there is None,
                )

        if there is None:
            world.run(judge_it)
        else:
            judge_it(world.live(there.node, real_time=there.in_short))
    if not with_console:
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


def _introduce(
    console: Console, curve: LoadCurve, windows: int, interpreter: Path | None, where: str
) -> None:
    total_mwh = sum(curve.energy_wh) / 1e6
    from electro_tools.load import DAY_SECONDS

    minutes = DAY_SECONDS // curve.intervals_per_day // 60
    short = f", each played in {curve.interval_seconds} s" if curve.day_seconds < DAY_SECONDS else ""
    runs_in = f"MicroPython ({interpreter})" if interpreter else "CPython"
    console.print(
        f"load       {curve.source}: {curve.days} d of {minutes} min intervals{short}, {total_mwh:,.1f} MWh"
    )
    console.print(f"meters     3, simulated, in {runs_in}; {windows} windows of 10 cycles an interval")
    console.print(f"chain      {where}, agreements contract, one relayer\n")


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
    console.print(
        f"gas        {gas.per_interval:,.0f} per metered interval "
        f"({gas.intervals:,} intervals in {gas.transactions} transactions)",
        highlight=False,
    )
    equal = all(verdict.equal for verdict in verdicts)
    console.print(f"check      contract = independent model: {_mark(equal, 'yes, to the unit', 'NO')}")
    worst = max((verdict.error_percent for verdict in verdicts), key=abs)
    accurate = all(verdict.accurate for verdict in verdicts)
    error = _mark(accurate, f"{worst:+.3f}%", f"{worst:+.3f}%")
    console.print(f"check      metered energy against the load curve: {error} at worst (simulated)")
    console.print(f"took       {seconds:.0f} s", highlight=False)
    for verdict in verdicts:
        name, settled, expected = verdict.metered.plan.name, verdict.contract, verdict.model
        if not verdict.equal:
            raise ToolError(f"{name}: the contract settles {settled}, the model {expected}")
        if not verdict.accurate:
            raise ToolError(f"{name}: the meter is off by {verdict.error_percent:+.3f}%, which is too much")


def _mark(good: bool, yes: str, no: str) -> str:
    return f"[green]{yes}[/]" if good else f"[red]{no}[/]"


def _table(verdicts: list[Verdict]) -> Table:
    """Return a column for each meter: three fit into 80 characters, ten figures side by side would not."""
    table = Table(title="Settlement", title_justify="left")
    table.add_column("")
    for verdict in verdicts:
        table.add_column(verdict.metered.plan.name, justify="right")
    rows: list[tuple[str, Callable[[Verdict], str]]] = [
        ("metered intervals", lambda it: f"{it.intervals:,}"),
        ("energy, kWh", lambda it: f"{it.metered_wh / 1000:,.1f}"),
        ("  error", lambda it: f"{it.error_percent:+.3f}%"),
        ("violations", lambda it: str(it.violations)),
        ("outage, min", lambda it: f"{it.outage_s / 60:.1f}" if it.outage_s else "-"),
        ("bonus", lambda it: money(it.metered.plan.bonus)),
        ("  accrued penalties", lambda it: money(it.contract.accrued)),
        ("  remaining", lambda it: money(it.contract.remaining)),
        ("discount", lambda it: f"[bold]{money(it.contract.discount)}[/]"),
    ]
    for heading, show in rows:
        table.add_row(heading, *(show(verdict) for verdict in verdicts))
    return table
