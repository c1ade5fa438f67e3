# SPDX-License-Identifier: Apache-2.0
"""`electro device flash` and `install`: MicroPython and the meter's program onto a chip."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from electro_tools.errors import ToolError

from .options import port_option

_file = click.Path(dir_okay=False, path_type=Path)


def progress() -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


@click.command()
@click.argument("firmware", type=_file)
@port_option
@click.option("--erase", is_flag=True, help="First wipe the chip: its files, its settings and its key.")
def flash(firmware: Path, named_port: str | None, erase: bool) -> None:
    """Write MicroPython (FIRMWARE, a .bin) to the chip.

    Official firmware is at https://micropython.org/download/?port=esp32; 1.23 or later works, 1.25 is
    recommended. Take a build with PSRAM (ESP32_GENERIC-SPIRAM, ESP32_GENERIC_S3-SPIRAM_OCT) or one of your own
    with the packages frozen: without either the meter hardly fits.
    """
    from . import flash as flashing
    from .ports import choose

    if not firmware.exists():
        raise ToolError(f"there is no file {firmware}", flashing.WHERE_TO_GET_IT)
    port = choose(named_port)
    model = flashing.detect(port)
    version = flashing.check(firmware, model)
    with progress() as bar:
        task = bar.add_task(f"writing MicroPython {version} to the {model}", total=100)
        flashing.write(
            port,
            model,
            firmware,
            erase=erase,
            on_percent=lambda percent: bar.update(task, completed=percent),
        )
    click.echo(f"chip      {model} at {port}\nfirmware  MicroPython {version or '(version not shown)'}")


@click.command()
@port_option
def install(named_port: str | None) -> None:
    """Put the meter's program on the chip.

    It is compiled for the chip's processor; what is there already and the same stays.
    """
    from . import firmware_files
    from .chip import ENOUGH_BYTES, Chip
    from .install import install as put
    from .ports import choose

    chip = Chip(choose(named_port))
    interpreter = chip.interpreter()
    with progress() as bar:
        task = bar.add_task(
            "compiling", total=2 * len(firmware_files.places()) + len(firmware_files.STARTERS)
        )
        done = put(
            chip,
            interpreter.architecture,
            lambda verb, place: bar.update(task, advance=1, description=f"{verb} {place}"),
        )
    chip.restart()
    version = ".".join(map(str, interpreter.version))
    click.echo(
        f"chip       {interpreter.machine}, MicroPython {version}, {interpreter.architecture}, at {chip.port}\n"
        f"written    {len(done.written)}\nunchanged  {len(done.unchanged)}\nremoved    {len(done.removed)}\n"
        f"memory     {interpreter.free_bytes // 1000:,} KB free before the meter's files"
    )
    if interpreter.free_bytes < ENOUGH_BYTES:
        click.echo(
            f"too little memory: the meter wants {ENOUGH_BYTES // 1000} KB with TLS. Take a chip with PSRAM and its "
            'build, or freeze the packages (firmware/README.md, "Memory").',
            err=True,
        )
