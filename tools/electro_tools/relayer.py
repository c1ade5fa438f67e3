# SPDX-License-Identifier: Apache-2.0
"""`electro relayer`: run the service, or check that it could run; settings from arguments, environment and file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from electro_relayer.configuration import PREFIX
from electro_relayer.settings import LOG_FORMATS
from electro_tools.errors import ToolError
from electro_tools.node import access_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_relayer.settings import Settings

_FILE = click.Path(dir_okay=False, path_type=Path)
_EPILOG = (
    f"Every setting can also come from the environment, as {PREFIX}RPC_URL, or from the file, node and contract also "
    "from ELECTRO_RPC, how nodes are reached from ELECTRO_RPC_…, and ELECTRO_CONTRACT; relayer/README.md lists them."
)
_OPTIONS = [
    click.option("--settings", "file", type=_FILE, help="TOML file with settings."),
    click.option("--rpc", "rpc_url", help="JSON-RPC address of the node; several with commas."),
    click.option("--rpc-file", "rpc_url_file", type=_FILE, help="Holds that address, where it is a secret."),
    click.option("--contract", help="Address of the agreements contract."),
    click.option("--chain-id", type=click.IntRange(1), help="Refuse to start on any other chain."),
    click.option(
        "--key-file", type=_FILE, help="The key that pays: a keystore, 64 hex digits, or a mnemonic."
    ),
    click.option("--key-password-file", type=_FILE, help="The keystore's password."),
    click.option("--key-ordinal-file", type=_FILE, help="Holds or ends in the number of the mnemonic's key."),
    click.option("--host", help="Address to listen on."),
    click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one."),
    click.option("--log-format", type=click.Choice(LOG_FORMATS), help="Text for people, JSON for machines."),
]
_MARKS = {True: ("ok", "green"), None: ("look", "yellow"), False: ("FAIL", "red")}


def _with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return access_options(command)


@click.group(invoke_without_command=True, epilog=_EPILOG)
@_with_settings
@click.pass_context
def relayer(context: click.Context, /, file: Path | None, **overrides: Any) -> None:
    """Carry meters' signed messages to the contract and pay the gas.

    It keeps nothing: it may be killed at any time, and any number may run side by side, each with its own key.
    """
    if context.invoked_subcommand is not None:
        context.obj = (file, overrides)
        return
    from electro_relayer import Settings, logs, run

    settings = Settings.load(file, **overrides)
    logs.configure(settings.log_format)
    run(settings, ready=click.echo)


@relayer.command(epilog=_EPILOG)
@_with_settings
@click.pass_obj
def check(before: tuple[Path | None, dict[str, Any]], /, file: Path | None, **overrides: Any) -> None:
    """Check settings, key, nodes, contract and balance, a line each; nothing is sent.

    Ends with 1 if the relayer could not work like this.
    """
    from electro_relayer import Settings

    given = {name: value for name, value in overrides.items() if value is not None}
    settings = Settings.load(file or before[0], **{**before[1], **given})
    failed = asyncio.run(_check(settings))
    if failed:
        raise ToolError(f"the relayer can't work like this: {', '.join(failed)}")
    click.echo("the relayer can work")


async def _check(settings: Settings) -> list[str]:
    """Print every finding; return what failed, each once."""
    from electro_relayer import preflight

    failed: dict[str, None] = {}
    async for finding in preflight.check(settings):
        word, colour = _MARKS[finding.good]
        click.echo(f"{click.style(f'{word:4}', fg=colour)} {finding.what:9} {finding.sentence}")
        if finding.good is False:
            failed[finding.what] = None
    return list(failed)
