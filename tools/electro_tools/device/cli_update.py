# SPDX-License-Identifier: Apache-2.0
"""`electro device update`: a signed release to one meter, over its serial line."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from .cli_chip import progress
from .options import port_option


@click.command()
@click.argument("paper", metavar="PAPER|URL")
@port_option
def update(paper: str, named_port: str | None) -> None:
    """Bring a meter a release over the serial line.

    PAPER is the release's file, its bundle beside it. A URL is that of a paper, or of the place that has one for each
    chip, as a relayer's /v1/releases.

    Those release keys that are pinned on the chip must have signed it. The running program stays until the new one has
    proved itself: it is tried after the next exchange with a relayer, and the old one comes back if it fails.
    """
    from . import fetched
    from . import release as building
    from . import update as updating
    from .chip import Chip
    from .ports import choose

    is_url = fetched.is_url(paper)
    release = None if is_url else building.read_release(Path(paper))  # before anything is asked of the chip
    chip = Chip(choose(named_port))
    interpreter = chip.interpreter()
    if release is None:
        with tempfile.TemporaryDirectory() as folder:
            release = fetched.fetch(paper, interpreter.architecture, Path(folder))
    with progress() as bar:
        task = bar.add_task("writing", total=release[1].files + 1)
        staged = updating.update(
            chip, release, lambda verb, place: bar.update(task, advance=1, description=f"{verb} {place}")
        )
    chip.restart()
    click.echo(f"version  {staged.version}\nstate    {staged.state}\nwritten  {staged.written}")
    if staged.state == "staged":
        click.echo("it is tried after the next exchange with a relayer: electro device status tells")
