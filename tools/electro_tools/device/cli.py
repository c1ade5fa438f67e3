# SPDX-License-Identifier: Apache-2.0
"""`electro device`: flash, install, provision, enroll; `calibrate` has a file of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from electro_protocol import address as ethereum_address
from electro_tools.accounts import key_options
from electro_tools.errors import ToolError
from electro_tools.node import node_options

from .cli_calibrate import calibrate
from .cli_release import release, sign_release

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_contracts.node.access import Endpoint
    from electro_tools.accounts import KeyFile

_file = click.Path(dir_okay=False, path_type=Path)


def _address(_ctx: click.Context, parameter: click.Parameter, text: str) -> bytes:
    try:
        return ethereum_address.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param=parameter) from error


def _hardware_id(_ctx: click.Context, parameter: click.Parameter, text: str | None) -> bytes | None:
    """Take 0x and 64 hex digits as they are, anything else as text of up to 32 bytes."""
    if text is None:
        return None
    try:
        raw = bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode()
    except ValueError as error:
        raise click.BadParameter("after 0x come 64 hex digits", param=parameter) from error
    if not raw or len(raw) > 32 or (text.startswith("0x") and len(raw) != 32):
        raise click.BadParameter("a hardware id has 1 to 32 bytes", param=parameter)
    return raw.ljust(32, b"\0")


def _relayers(_ctx: click.Context, parameter: click.Parameter, urls: tuple[str, ...]) -> tuple[str, ...]:
    for url in urls:
        if not url.startswith(("http://", "https://")):
            raise click.BadParameter(f"{url} does not begin with http:// or https://", param=parameter)
    return urls


def _port_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--port", "named_port", help="The chip's serial port; default: the only one there is."
    )(command)


def _progress() -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


@click.group()
def device() -> None:
    """Bring a meter to life: firmware, files, key, calibration, enrolment."""


device.add_command(calibrate)
device.add_command(release)
device.add_command(sign_release)


@device.command()
@click.argument("firmware", type=_file)
@_port_option
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
    with _progress() as progress:
        task = progress.add_task(f"writing MicroPython {version} to the {model}", total=100)
        flashing.write(
            port,
            model,
            firmware,
            erase=erase,
            on_percent=lambda percent: progress.update(task, completed=percent),
        )
    click.echo(f"chip      {model} at {port}\nfirmware  MicroPython {version or '(version not shown)'}")


@device.command()
@_port_option
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
    with _progress() as progress:
        task = progress.add_task(
            "compiling", total=2 * len(firmware_files.modules()) + len(firmware_files.STARTERS)
        )
        done = put(
            chip,
            interpreter.architecture,
            lambda verb, place: progress.update(task, advance=1, description=f"{verb} {place}"),
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


@device.command()
@_port_option
@click.option("--wifi", "wifi_ssid", required=True, help="The WiFi network's name.")
@click.option(
    "--wifi-password-file",
    type=_file,
    help="Its password; else ELECTRO_WIFI_PASSWORD from the environment, else a prompt. Empty: an open network.",
)
@click.option(
    "--relayer", "relayers", multiple=True, required=True, callback=_relayers, help="URL; repeat for more."
)
@click.option(
    "--chain-id", type=click.IntRange(1, 2**53 - 1), required=True, help="The chain of the contract."
)
@click.option("--contract", required=True, callback=_address, help="The agreements contract's address.")
@click.option(
    "--hardware-id",
    callback=_hardware_id,
    help="What the operator knows the device by, up to 32 bytes; default: the chip's factory number.",
)
@click.option("--ca", "ca_file", type=_file, help="Certificate that https relayers are checked by.")
@click.option(
    "--settings", "settings_file", type=_file, help="JSON with further settings, as the calibration."
)
@click.option("--out", type=_file, help="The enrolment file; default: enrolment-ADDRESS.json.")
def provision(
    named_port: str | None,
    wifi_ssid: str,
    wifi_password_file: Path | None,
    relayers: tuple[str, ...],
    chain_id: int,
    contract: bytes,
    hardware_id: bytes | None,
    ca_file: Path | None,
    settings_file: Path | None,
    out: Path | None,
) -> None:
    """Give the chip its settings and its key.

    The chip makes the key itself, or keeps the one it has; its address is printed, its enrolment written.
    """
    from electro_tools import papers

    from . import provision as provisioning
    from . import wifi
    from .chip import Chip
    from .ports import choose

    if out is not None and out.exists():
        raise ToolError(f"{out} exists already", "name another file with --out")
    port = choose(named_port)
    further = provisioning.read_settings(settings_file)
    certificate = provisioning.read_certificate(ca_file)
    network = wifi.network(wifi_ssid, wifi_password_file)
    chip = Chip(port)
    chip.interpreter()
    settings = provisioning.Settings(
        chain_id,
        contract,
        relayers,
        network.ssid,
        network.password,
        hardware_id or provisioning.hardware_id_of(chip),
        further,
    )
    provisioning.give_certificate(chip, relayers, certificate)
    made = provisioning.provision(chip, settings)
    name = ethereum_address.checksum(made.device)
    file = out or Path(f"enrolment-{name}.json")
    papers.write(file, made)
    chip.restart()
    click.echo(f"device     {name}\nenrolment  {file}")


@device.command()
@click.argument("enrolment_file", type=_file)
@node_options
@key_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def enroll(
    enrolment_file: Path,
    node: Endpoint,
    chain_id: int | None,
    key: KeyFile,
    as_json: bool,
) -> None:
    """Enrol a device with the operator's key.

    ENROLMENT_FILE is what `electro device provision` wrote; it names the contract.
    """
    from electro_tools.transact import connect

    from . import enrolment
    from .enroll import enroll as send

    wanted = enrolment.read(enrolment_file)
    if chain_id is not None and chain_id != wanted.chain_id:
        raise ToolError(f"the enrolment is for chain {wanted.chain_id}, not {chain_id}")
    operator = key.open()
    done = send(connect(node, wanted.chain_id), operator, wanted)
    if as_json:
        click.echo(json.dumps({"device": done.device, "block": done.block, "gas": done.gas}))
        return
    click.echo(f"device  {done.device}\nblock   {done.block}\ngas     {done.gas:,}")
