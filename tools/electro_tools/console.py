# SPDX-License-Identifier: Apache-2.0
"""`electro console`: pages that show agreements and act on them, with the index that they stand on."""

from __future__ import annotations

from pathlib import Path

import click

from electro_tools.commands import Command
from electro_tools.contract.desk import contract_option
from electro_tools.errors import ToolError
from electro_tools.node import access_options, endpoint, parts_of
from electro_tools.viewing import in_folder, viewing_folder_option

_file = click.Path(dir_okay=False, path_type=Path)


@click.command(cls=Command)
@click.option(
    "--rpc",
    "rpc_urls",
    multiple=True,
    default=("http://127.0.0.1:8545",),
    show_default=True,
    envvar="ELECTRO_RPC",
    help="JSON-RPC address of a node; repeat for more, which stand in for each other.",
)
@access_options
@contract_option
@click.option(
    "--database", help="Where the index is: a path or postgresql://…; default: ~/.cache/electro/index."
)
@click.option("--bind", default="127.0.0.1:8600", show_default=True, help="Where to listen, HOST:PORT.")
@click.option("--host", "hosts", multiple=True, help="A further name under which browsers ask for it.")
@click.option(
    "--password-file",
    type=_file,
    help="What others are asked for, in a file of mode 0600; needed beyond this machine.",
)
@click.option("--behind-proxy", is_flag=True, help="A proxy before it asks for passwords.")
@click.option(
    "--names", type=_file, help="TOML: zone, currency, names of agreements and accounts, for people."
)
@click.option("--sections", type=_file, help="TOML: sections of the network, their capacities and meters.")
@click.option("--relayer-metrics", multiple=True, help="Address of a relayer's /metrics; repeat for more.")
@click.option(
    "--final", default="auto", show_default=True, help="Which block is final: auto, a tag, or how many deep."
)
@viewing_folder_option
def console(
    rpc_urls: tuple[str, ...],
    contract_address: str,
    database: str | None,
    bind: str,
    hosts: tuple[str, ...],
    password_file: Path | None,
    behind_proxy: bool,
    names: Path | None,
    sections: Path | None,
    relayer_metrics: tuple[str, ...],
    final: str,
    viewing_folder: Path | None,
    **access: Path | None,
) -> None:
    """Show agreements in the browser, and let a wallet act on them.

    It follows the contract's logs into its index, holds no key, and only asks the node. At an address beyond this
    machine it wants a password file, or to be told that a proxy asks for one.
    """
    from electro_console.web.names import Names, read
    from electro_console.web.serving import Settings, serve
    from electro_protocol import address
    from electro_tools.plan.sections import read_sections

    host, port = _split(bind)
    settings = Settings(
        nodes=tuple(endpoint(each, parts_of(access)) for each in rpc_urls),
        contract=address.parse(contract_address),
        database=database,
        host=host,
        port=port,
        hosts=hosts,
        password_file=password_file,
        behind_proxy=behind_proxy,
        relayers=relayer_metrics,
        sections=tuple(read_sections(sections)) if sections else (),
        names=read(names) if names else Names(),
        final=final,
        keys=in_folder(viewing_folder),
    )
    serve(settings, lambda url: click.echo(f"console    {url}"))


def _split(bind: str) -> tuple[str, int]:
    host, colon, port = bind.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 0xFFFF:
        raise ToolError(f"{bind} is no place to listen at", "write HOST:PORT, such as 127.0.0.1:8600")
    return host.strip("[]") or "127.0.0.1", int(port)
