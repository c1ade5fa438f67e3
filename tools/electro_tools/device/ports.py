# SPDX-License-Identifier: Apache-2.0
"""Find the serial port the chip is at, and refuse to guess between two."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from electro_tools.errors import ToolError


class Port(NamedTuple):
    """A serial port of this machine behind which there is a USB device."""

    device: str
    description: str


def usb_ports() -> list[Port]:
    """List the USB serial ports; the machine's built-in ones have no chip behind them."""
    try:
        from serial.tools import list_ports  # type: ignore[import-untyped]
    except ImportError as error:
        raise ToolError(
            "pyserial is not installed", "install it with: pip install 'electro-grid[device]'"
        ) from error
    return [Port(port.device, port.description) for port in list_ports.comports() if port.vid is not None]


def choose(named: str | None, found: list[Port] | None = None) -> str:
    """Return the port the person named, else the only one there is.

    Raises:
        ToolError: there is none, or the named one does not exist, or there are several.
    """
    if named is not None:
        if named.startswith("/") and not Path(named).exists():
            raise ToolError(
                f"there is no serial port {named}", _offer(usb_ports() if found is None else found)
            )
        return named
    ports = usb_ports() if found is None else found
    if not ports:
        raise ToolError(
            "no chip is connected: this machine has no USB serial port",
            "connect the ESP32 by a USB cable that carries data, or name its port with --port",
        )
    if len(ports) > 1:
        raise ToolError(f"{len(ports)} serial ports are connected", f"say which with --port. {_offer(ports)}")
    return ports[0].device


def _offer(ports: list[Port]) -> str:
    if not ports:
        return "this machine has no USB serial port"
    return "connected: " + ", ".join(f"{port.device} ({port.description})" for port in ports)
