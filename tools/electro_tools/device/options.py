# SPDX-License-Identifier: Apache-2.0
"""Options that several device commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def port_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --port, as `named_port`."""
    return click.option(
        "--port", "named_port", help="The chip's serial port; default: the only one there is."
    )(command)
