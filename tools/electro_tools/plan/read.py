# SPDX-License-Identifier: Apache-2.0
"""`electro plan read`: what a load file says, before anything is built on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from electro_tools.commands import Command
from electro_tools.contract.desk import json_option

from .options import ask_and_read, reading_options

if TYPE_CHECKING:
    from electro_plan.reading import Reading
    from electro_plan.settings import ReadSettings


@click.command(cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
@reading_options
@json_option
def read(file: Path, settings: ReadSettings, file_format: str | None, as_json: bool) -> None:
    """Read a load file and say what was understood; nothing is built on it.

    Unit, zone and dialect are proved by the file, or asked for; without a terminal what is open is refused, with the
    option that settles it.
    """
    reading = ask_and_read(file, settings, file_format)
    click.echo(json.dumps(_facts(reading)) if as_json else reading.paragraph())


def _facts(reading: Reading) -> dict[str, Any]:
    from electro_plan.history import Quality
    from electro_plan.wording import iso

    history = reading.history
    return {
        "first": iso(history.first_s),
        "last": iso(history.last_s),
        "end": iso(history.end_s),
        "interval_s": history.interval_s,
        "intervals": len(history),
        "zone": history.zone,
        "format": reading.format,
        "meter": history.meter,
        "unit": reading.unit,
        "quantity": reading.quantity,
        "total_kwh": round(history.total_wh / 1000, 6),
        "peak_kw": round(history.peak_w / 1000, 6),
        "gaps": [
            {"start": iso(gap.start_s), "end": iso(gap.end_s), "intervals": gap.intervals}
            for gap in history.gaps()
        ],
        "estimates": int((history.quality == Quality.ESTIMATED).sum()),
        "notes": list(reading.notes),
    }
