# SPDX-License-Identifier: Apache-2.0
"""Take connections up to a limit, and answer in the one form of errors even what is no HTTP.

One connection too many gets a 503 and is closed, before any of it is read.
"""

from __future__ import annotations

import asyncio
import errno
import json
from typing import Any

from aiohttp import web

from electro_relayer.errors import Malformed, PortInUse, TooManyConnections, http_answer

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


class _Conversation(web.RequestHandler):
    """aiohttp's, but for bytes that are no HTTP: anyone may send those, so they are no line in the log."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status != 400:
            return super().handle_error(request, status, exc, message)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is on its way already")
        _, body, _ = http_answer(Malformed("This is no HTTP that the relayer understands."))
        response = web.json_response(body, status=status)
        response.force_close()
        return response


async def listen(
    server: web.Server, host: str, port: int, limit: int, **options: Any
) -> tuple[asyncio.Server, int]:
    """Listen for the server, with options of aiohttp's RequestHandler; returns the socket server and its port.

    Raises PortInUse.
    """
    loop = asyncio.get_running_loop()

    def protocol() -> asyncio.Protocol:
        if len(server.connections) >= limit:
            return _TurnedAway()
        return _Conversation(server, loop=loop, **options)

    try:
        listening = await loop.create_server(protocol, host, port, backlog=_BACKLOG)
    except OSError as error:
        where = f"{host}:{port}"
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(f"Another program listens on {where} already; choose another port.") from error
        raise PortInUse(f"The relayer can't listen on {where}: {error.strerror or error}.") from error
    return listening, listening.sockets[0].getsockname()[1]
