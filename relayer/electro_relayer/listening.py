# SPDX-License-Identifier: Apache-2.0
"""Take connections up to a limit; one too many gets a 503 and is closed, before any of it is read."""

from __future__ import annotations

import asyncio
import errno
import json
from typing import TYPE_CHECKING

from electro_relayer.errors import PortInUse, TooManyConnections, http_answer

if TYPE_CHECKING:
    from aiohttp import web

_BACKLOG = 1024


class _TurnedAway(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        status, body, headers = http_answer(
            TooManyConnections("The relayer has as many connections as it takes.")
        )
        content = json.dumps(body).encode()
        fields = {
            **headers,
            "Content-Type": "application/json",
            "Content-Length": len(content),
            "Connection": "close",
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        transport.write(f"HTTP/1.1 {status} Service Unavailable\r\n{head}\r\n".encode() + content)
        transport.close()


async def listen(server: web.Server, host: str, port: int, limit: int) -> tuple[asyncio.Server, int]:
    """Listen for the server; returns the socket server and its port.

    Raises PortInUse.
    """

    def protocol() -> asyncio.Protocol:
        return _TurnedAway() if len(server.connections) >= limit else server()

    try:
        listening = await asyncio.get_running_loop().create_server(protocol, host, port, backlog=_BACKLOG)
    except OSError as error:
        where = f"{host}:{port}"
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(f"Another program listens on {where} already; choose another port.") from error
        raise PortInUse(f"The relayer can't listen on {where}: {error.strerror or error}.") from error
    return listening, listening.sockets[0].getsockname()[1]
