# SPDX-License-Identifier: Apache-2.0
"""Get the WiFi password from where nobody else reads it: a file, the environment, or a hidden prompt."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

import click

from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = "ELECTRO_WIFI_PASSWORD"


class Network(NamedTuple):
    """A WiFi network; an empty password is an open one. Its repr hides the password."""

    ssid: str
    password: str

    def __repr__(self) -> str:
        return f"Network({self.ssid!r})"


def network(ssid: str, password_file: Path | None) -> Network:
    """Return the network with its password, checked against what WPA2 allows.

    Raises:
        ToolError: there is no password to be had, or one that no access point can have.
    """
    if not 1 <= len(ssid.encode()) <= 32:  # IEEE 802.11, 9.4.2.2
        raise ToolError("a WiFi network's name has 1 to 32 bytes")
    password = _password(ssid, password_file)
    if password and not 8 <= len(password.encode()) <= 63:  # IEEE 802.11, annex J.4: the pass-phrase
        raise ToolError("a WiFi password has 8 to 63 characters, or none for an open network")
    return Network(ssid, password)


def _password(ssid: str, file: Path | None) -> str:
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ToolError(f"the WiFi password file {file} can't be read") from error
    if ENVIRONMENT in os.environ:
        return os.environ[ENVIRONMENT]
    if not sys.stdin.isatty():
        raise ToolError(
            f"there is no password for the WiFi network {ssid}",
            f"give it by --wifi-password-file, by {ENVIRONMENT}, or at a terminal",
        )
    said: str = click.prompt(f"password of {ssid}", hide_input=True, default="", show_default=False)
    return said
