# SPDX-License-Identifier: Apache-2.0
"""`electro plan read`: what a load file says, before anything is built on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from electro_tools.commands import Command
from electro_tools.contract.desk import json_option
from electro_tools.facts import Facts

from .options import ask_and_read, reading_options

if TYPE_CHECKING:
    from electro_plan.settings import ReadSettings


@click.command(cls=Command)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@reading_options
@json_option
def read(file: Path, settings: ReadSettings, as_json: bool) -> None:
    """Read a load file and say what was understood; nothing is built on it."""
    reading = ask_and_read(file, settings)
    history = reading.history
    facts = Facts().time("first", history.first_s).time("last", history.end_s)
    facts.add("interval_s", history.interval_s).add("unit", reading.unit).add("quantity", reading.quantity)
    facts.add("total_kwh", history.total_wh / 1000).add("peak_kw", history.peak_w / 1000)
    facts.add("gaps", [[gap.start_s, gap.end_s] for gap in history.gaps()])
    facts.print(as_json=as_json)
