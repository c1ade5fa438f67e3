# SPDX-License-Identifier: Apache-2.0
"""`electro device provision`, `wifi` and `enrol`: what makes a chip somebody's meter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from electro_protocol import address as ethereum_address
from electro_tools.accounts import key_options
from electro_tools.errors import ToolError
from electro_tools.node import node_options
from electro_tools.parameters import ADDRESS
from electro_tools.validators import VALIDATORS

from .options import port_option

if TYPE_CHECKING:
    from electro_contracts.node.access import Endpoint
    from electro_tools.accounts import KeyFile
    from electro_tools.validators import Validators

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


@click.command()
@port_option
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
    "--operator-release-key", type=ADDRESS, help="Pin whose signature the operator's side of an update needs."
)
@click.option(
    "--consumer-release-key", type=ADDRESS, help="Pin the consumer's; without both, updates are serial only."
)
@click.option(
    "--validators",
    type=VALIDATORS,
    metavar="FILE|ADDR,…",
    help="Of a QBFT network: receipts are checked by their seals. Without it those on the chip stay.",
)
@click.option(
    "--validators-version",
    type=click.IntRange(1, 2**32 - 1),
    help="Of that set; only a higher one replaces what the chip has. Default: the file's, else 1.",
)
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
    operator_release_key: str | None,
    consumer_release_key: str | None,
    validators: Validators | None,
    validators_version: int | None,
    settings_file: Path | None,
    out: Path | None,
) -> None:
    """Give the chip its settings and its key.

    The chip makes the key itself, or keeps the one it has; its address is printed, its enrolment written. What is
    refused changes nothing.
    """
    from . import enrolment, wifi
    from . import provision as provisioning
    from .chip import Chip
    from .ports import choose

    if out is not None and out.exists():
        raise ToolError(f"{out} exists already", "name another file with --out")
    port = choose(named_port)
    further = provisioning.read_settings(settings_file)
    certificate = provisioning.read_certificate(ca_file)
    keys = {"operator": operator_release_key, "consumer": consumer_release_key}
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
        certificate,
        {role: key for role, key in keys.items() if key} or None,
        validators,
        validators_version,
    )
    made = provisioning.provision(chip, settings)
    name = ethereum_address.checksum(made.device)
    file = out or Path(f"enrolment-{name}.json")
    enrolment.write(file, made)
    chip.restart()
    click.echo(f"device     {name}\nenrolment  {file}")


@click.command()
@port_option
@click.argument("ssid")
@click.option(
    "--wifi-password-file",
    type=_file,
    help="Its password; else ELECTRO_WIFI_PASSWORD from the environment, else a prompt. Empty: an open network.",
)
def wifi(named_port: str | None, ssid: str, wifi_password_file: Path | None) -> None:
    """Bring a meter into another WiFi network (SSID is its name); all else stays.

    The meter is interrupted for some seconds.
    """
    from . import provision as provisioning
    from . import wifi as networks
    from .chip import Chip
    from .ports import choose

    port = choose(named_port)
    network = networks.network(ssid, wifi_password_file)
    chip = Chip(port)
    chip.interpreter()
    provisioning.change(chip, {"wifi_ssid": network.ssid, "wifi_password": network.password})
    chip.restart()
    click.echo(f"WiFi  {network.ssid}")


@click.command()
@click.argument("enrolment_file", type=_file)
@node_options
@key_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def enrol(
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
    from .enrolling import enrol as send

    wanted = enrolment.read(enrolment_file)
    if chain_id is not None and chain_id != wanted.chain_id:
        raise ToolError(f"the enrolment is for chain {wanted.chain_id}, not {chain_id}")
    operator = key.open()
    done = send(connect(node, wanted.chain_id), operator, wanted)
    if as_json:
        click.echo(json.dumps({"device": done.device, "block": done.block, "gas": done.gas}))
        return
    click.echo(f"device  {done.device}\nblock   {done.block}\ngas     {done.gas:,}")
