# SPDX-License-Identifier: Apache-2.0
"""`electro device update`: a signed release to one meter, over its serial line."""

from __future__ import annotations

from pathlib import Path

import click

from .cli_chip import progress
from .options import port_option

_file = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("paper_file", metavar="PAPER", type=_file)
@port_option
def update(paper_file: Path, named_port: str | None) -> None:
    """Bring a meter a release (PAPER, its bundle beside it) over the serial line.

    Those release keys that are pinned on the chip must have signed it. The running program stays until the new one has
    proved itself: it is tried after the next exchange with a relayer, and the old one comes back if it fails.
    """
    from . import release as building
    from . import update as updating
    from .chip import Chip
    from .ports import choose

    paper = building.read_paper(paper_file)
    built = building.read_bundle(paper_file.with_name(f"{paper.message.manifest.hex()}.bundle"))
    chip = Chip(choose(named_port))
    chip.interpreter()
    with progress() as bar:
        task = bar.add_task("writing", total=built.files + 1)
        staged = updating.update(
            chip, paper_file, lambda verb, place: bar.update(task, advance=1, description=f"{verb} {place}")
        )
    chip.restart()
    click.echo(f"version  {staged.version}\nstate    {staged.state}\nwritten  {staged.written}")
    if staged.state == "staged":
        click.echo("it is tried after the next exchange with a relayer: electro device status tells")
