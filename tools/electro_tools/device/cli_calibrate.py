# SPDX-License-Identifier: Apache-2.0
"""`electro device calibrate`: the words around a calibration."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from .calibrate import Calibrated

_file = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--port", "named_port", help="The chip's serial port; default: the only one there is.")
@click.option(
    "--phase", type=click.IntRange(1, 3), default=1, show_default=True,
    help="Which pair of inputs; the others keep their coefficients. The converter's table serves all.",
)  # fmt: skip
@click.option(
    "--references",
    "references_file",
    type=_file,
    help="JSON with the references of all steps; else you are asked.",
)
@click.option(
    "--bench",
    "bench_command",
    help="A command that sets up each step: it gets the step as JSON on standard input, and may answer with the "
    "reference's values. Then nobody is asked anything.",
)
@click.option(
    "--table/--no-table", default=True, help="With the DC references for the converter's table, or without."
)
@click.option(
    "--dc-step", type=click.FloatRange(0.01, 0.1), default=0.0258, show_default=True,
    help="Volts from one DC reference to the next, if no file names them.",
)  # fmt: skip
@click.option(
    "--windows",
    type=click.IntRange(8, 1_000),
    default=48,
    show_default=True,
    help="Windows of 0.2 s at each step.",
)
@click.option("--show", is_flag=True, help="Only tell which calibration the chip has.")
@click.option(
    "--undo", is_flag=True, help="Go back to the previous calibration; again, and the newer one is back."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
def calibrate(
    named_port: str | None,
    phase: int,
    references_file: Path | None,
    bench_command: str | None,
    table: bool,
    dc_step: float,
    windows: int,
    show: bool,
    undo: bool,
    as_json: bool,
) -> None:
    """Calibrate the meter against references.

    With its USB cable connected, the meter must not be connected to the mains: use a bench supply whose outputs are
    isolated. The steps: DC for the converter's table, no load, loads at power factor 1 and 0.5, and loads to try the
    result. The coefficients go into the chip's own storage with their date and hash; the previous ones are kept.
    """
    from . import calibrate as calibrating
    from . import references
    from .chip import Chip
    from .ports import choose

    wanted = references.read(references_file) if references_file is not None else None
    if bench_command is not None and wanted is None:
        raise ToolError("--bench needs --references: the steps that it is to set up")
    chip = Chip(choose(named_port))
    chip.interpreter()
    bench = calibrating.Bench(chip, phase - 1)
    if show or undo:
        if undo:
            bench.ask(do="undo")
        _tell(bench.tell(), as_json=as_json)
        chip.restart()
        return
    if wanted is None:
        told = bench.tell()
        wanted = references.usual(
            told["nominal_mv"] / 1000, told["rated_ma"] / 1000, table=table, step_v=dc_step
        )
    if not table:
        wanted = replace(wanted, dc_volts=())
    source = references.Source(bench_command, wanted.steps, ask=references_file is None)
    note = (lambda _sentence: None) if as_json else click.echo
    done = calibrating.calibrate(bench, wanted, source, windows, note)
    chip.restart()
    if as_json:
        click.echo(json.dumps(asdict(done)))
    else:
        _print(done)


def _tell(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"hash": told["hash"], **told["set"]}))
    elif not told["hash"]:
        click.echo("calibration  none: the entries of config.json hold")
    else:
        date = datetime.fromtimestamp(told["set"]["date"], UTC)
        click.echo(f"calibration  {told['hash'][:16]} of {date:%Y-%m-%d %H:%M} UTC")


def _print(done: Calibrated) -> None:
    columns = ("load", "before", "after")
    table = Table(*columns, title="Error of active power, as measured against the reference")
    for tried in done.tried:
        before = "" if tried.before is None else f"{tried.before:+.2%}"
        table.add_row(tried.load.words, before, f"{tried.after:+.2%}")
    table.add_row("nothing", *(f"{shown_w:+.2f} W" for shown_w in done.no_load_w))
    Console(width=100).print(table)
    date = datetime.fromtimestamp(done.date, UTC)
    click.echo(f"calibration  {done.hash[:16]} of {date:%Y-%m-%d %H:%M} UTC; back with --undo")
