# SPDX-License-Identifier: Apache-2.0
"""Ask the person at the terminal before something that can't be undone, and say what is under way."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from electro_tools.facts import Facts


def say_sent(transaction: str) -> None:
    """Tell whoever waits at a terminal what to look for, should it take long."""
    if sys.stderr.isatty():
        click.echo(f"sent {transaction}, waiting until it is mined", err=True)


def confirm(lasting: str, about: Facts | None = None) -> None:
    """Ask the person at the terminal; anything but yes ends the command.

    Raises:
        ToolError: nobody is there.
    """
    if not sys.stdin.isatty():
        raise ToolError(f"{lasting}, and nobody is here to be asked", "add --yes to do it")
    if about:
        click.echo(about.text(), err=True)
    click.echo(f"{lasting[0].upper()}{lasting[1:]}.", err=True)
    click.confirm("Go on?", abort=True, err=True)
