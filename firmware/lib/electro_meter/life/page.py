# SPDX-License-Identifier: Apache-2.0
"""Show the meter's status in its own network: `/` for a person, `/status.json` for a program; nothing can be changed.

One request at a time, bounded in size and time. The Host must be an address or a .local name, so that no page of
the internet reads it through a name of its own (DNS rebinding). It tells what the serial line tells.
"""

import asyncio
import json

from .console import forget

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..world import Board
    from .app import Meter

_REQUEST_S = 5  # from the first byte that comes to the last one that goes
_MOST_BYTES = 1_024
_HEAD = (
    "HTTP/1.1 {}\r\nContent-Type: {}; charset=utf-8\r\nCache-Control: no-store\r\nConnection: close\r\n"
    "X-Content-Type-Options: nosniff\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n\r\n"
)
_TOP = (
    b'<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Electro meter</title>'
    b"<h1>Electro meter</h1>"
)


async def serve(board: "Board", meter: "Meter", port: int) -> None:
    """Answer for ever.

    Raises OSError if the port can't be had.
    """
    busy = False

    async def take(reader: "Any", writer: "Any") -> None:
        nonlocal busy
        is_first = not busy
        busy = True
        try:
            if is_first:
                await asyncio.wait_for(_answer(board, meter, reader, writer), _REQUEST_S)
            else:
                writer.write(_HEAD.format("503 Busy", "text/plain").encode())  # nobody waits until it is read
        except (OSError, asyncio.TimeoutError):
            pass  # whoever asked has gone, or is too slow
        except Exception as error:  # noqa: BLE001 - memory may be short: no page is a reason to fail
            board.log(f"page: {error!r}")
        if is_first:
            busy = False
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(take, "0.0.0.0", port, backlog=2)  # noqa: S104 - the network it has joined
    try:
        while True:
            await board.sleep_ms(3_600_000)
    finally:
        server.close()


async def _answer(board: "Board", meter: "Meter", reader: "Any", writer: "Any") -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        piece = await reader.read(256)
        head += piece
        if not piece or len(head) > _MOST_BYTES:
            return
    lines = head.split(b"\r\n")
    words = lines[0].split()
    host = b""
    for line in lines[1:]:
        if line[:5].lower() == b"host:":
            host = line[5:].strip()
    if len(words) < 2 or words[0] != b"GET":
        writer.write((_HEAD.format("405 Only GET", "text/plain") + "This page only shows.\n").encode())
    elif not _is_near(host):
        writer.write(
            (_HEAD.format("421 Misdirected", "text/plain") + "Ask by the meter's address.\n").encode()
        )
    elif words[1] == b"/status.json":
        writer.write(_HEAD.format("200 OK", "application/json").encode())
        writer.write(json.dumps(_told(board, meter)).encode())
    elif words[1] == b"/":
        writer.write(_HEAD.format("200 OK", "text/html").encode())
        told = _told(board, meter)
        writer.write(_TOP)
        writer.write(_sentence(told).encode())
        for name, value in sorted(told.items()):
            writer.write(f"<tr><th>{_escaped(name)}<td>{_escaped(_words(value))}".encode())
            await writer.drain()
        writer.write(b'</table><p><a href="/status.json">status.json</a></html>')
    else:
        writer.write((_HEAD.format("404 Not here", "text/plain") + "Only / and /status.json.\n").encode())
    await writer.drain()


def _sentence(told: "dict[str, Any]") -> str:
    """Return what most people come for."""
    wh = told["register_wh"]
    return (
        f"<p>{told['urms_mv'] / 1000:.1f} V, {told['irms_ma'] / 1000:.2f} A, {told['power_mw'] / 1e6:.3f} kW; "
        f"register {wh // 1000}.{wh % 1000:03d} kWh<table>"
    )


def _told(board: "Board", meter: "Meter") -> "dict[str, Any]":
    from .answers import everything

    told = everything(board, meter)
    forget()
    return told


def _is_near(host: bytes) -> bool:
    """Return whether a Host is an address or a .local name, with a port or without."""
    name = host.split(b":")[0]
    return bool(name) and (name.endswith(b".local") or all(48 <= c <= 57 or c == 46 for c in name))


def _words(value: "Any") -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
