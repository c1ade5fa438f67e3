# SPDX-License-Identifier: Apache-2.0
"""Say on the command line which node is meant, and how it is reached."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from electro_contracts.node.access import MEANINGS, VARIABLES, AccessError, Endpoint, from_environment
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_FILE = click.Path(dir_okay=False, path_type=Path)
_OPTIONS = {part: "--rpc-" + part.replace("_", "-") for part in VARIABLES}


def access_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command what says how nodes are reached, as rpc_token_file and so on."""
    for part in reversed(VARIABLES):
        meaning = MEANINGS[part]
        command = click.option(
            _OPTIONS[part], f"rpc_{part}", type=_FILE, help=f"{meaning[0].upper()}{meaning[1:]}."
        )(command)
    return command


def node_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `node`, an Endpoint, and `chain_id`, with --rpc, how it is reached, and --chain-id."""

    @functools.wraps(command)
    def with_node(*args: Any, rpc_url: str, **kwargs: Any) -> Any:
        files = {f"rpc_{part}": kwargs.pop(f"rpc_{part}") for part in VARIABLES}
        return command(*args, node=endpoint(rpc_url, parts_of(files)), **kwargs)

    chain = click.option(
        "--chain-id",
        type=click.IntRange(1),
        metavar="N",
        envvar="ELECTRO_CHAIN_ID",
        help="Refuse any other chain.",
    )
    rpc = click.option(
        "--rpc",
        "rpc_url",
        default="http://127.0.0.1:8545",
        show_default=True,
        envvar="ELECTRO_RPC",
        help="JSON-RPC address of a node.",
    )
    return rpc(chain(access_options(with_node)))


def parts_of(options: Mapping[str, Path | None]) -> dict[str, Path | None]:
    """Return by the parts' names what `access_options` gave."""
    return {part: options[f"rpc_{part}"] for part in VARIABLES}


def endpoint(url: str, files: dict[str, Path | None]) -> Endpoint:
    """Return a node's address and the way to it: by these files, else by those that the environment names.

    Raises:
        ToolError: that can't be.
    """
    try:
        return Endpoint(url, from_environment(os.environ, files))
    except AccessError as error:
        if error.part == "url":
            raise ToolError(
                f"a node's address {error.problem}", "give it with --rpc or ELECTRO_RPC"
            ) from error
        raise ToolError(f"{_OPTIONS[error.part]} ({VARIABLES[error.part]}) {error.problem}") from error
