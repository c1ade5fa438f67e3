# SPDX-License-Identifier: Apache-2.0
"""`electro plan convert`: a load file in another format, for whoever asks for that one."""

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
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@reading_options
@click.option("--to", "written_format", help="csv, xlsx, parquet, espi or 80020; default: by OUT's ending.")
@click.option("--point", default="", help="Code of the metering point; default: the meter's name.")
@click.option("--sender", default="", help="Name of who sends it.")
@click.option("--inn", default="", help="The sender's taxpayer number, for 80020.")
@click.option(
    "--number", type=click.IntRange(1), default=1, show_default=True, help="Of the first message, for 80020."
)
@json_option
def convert(
    file: Path,
    out: Path,
    settings: ReadSettings,
    file_format: str | None,
    written_format: str | None,
    point: str,
    sender: str,
    inn: str,
    number: int,
    as_json: bool,
) -> None:
    """Read a load file and write OUT anew: the same intervals, in another format.

    80020 has half hours, a message a day, in a zip: shorter intervals are put together, days that are not whole are
    left out.
    """
    from electro_plan.writing import write
    from electro_plan.writing.export import Export

    reading = ask_and_read(file, settings, file_format)
    name = write(
        Export(reading.history, point=point, sender=sender, inn=inn, number=number), out, written_format
    )
    if not as_json:
        click.echo(reading.paragraph())
    facts = Facts().add("written", str(out)).add("format", name).add("intervals", len(reading.history))
    facts.silent("total_kwh", round(reading.history.total_wh / 1000, 6)).print(as_json=as_json)
