# SPDX-License-Identifier: Apache-2.0
"""Take connections up to a limit, and answer in the one form of errors even what is no HTTP.

One connection too many takes the place of the one whose last request is longest ago, if that is more than a second and
was answered or has not come whole: who holds connections open, or sends byte by byte, keeps nobody out. Where all are
busy it gets a 503 and is closed, before any of it is read.
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import resource
from collections import OrderedDict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from aiohttp import web

from electro_relayer.errors import Malformed, PortInUse, TooManyConnections, http_answer

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

SILENT_S = 1.0  # a connection without a new request for so long may have to make place
MOST_BUSY = 64  # silent ones looked at: those before them wait for an answer of ours
RESERVED_FILES = 128  # for nodes, health, metrics, connections that are turned away, and what Python has open
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


class Conversation(web.RequestHandler):
    """aiohttp's, but for bytes that are no HTTP: anyone may send those, so they are no line in the log."""

    def __init__(self, server: web.Server, talking: _Talking, **options: Any) -> None:
        super().__init__(server, **options)
        self._talking = talking
        self.heard_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.hear()

    def hear(self) -> None:
        """Note that the head of a request has come; single bytes are nothing."""
        self._talking.hear(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._talking.forget(self)
        super().connection_lost(exc)

    @property
    def waits_for_an_answer(self) -> bool:
        """Whether a whole request has come that is being answered."""
        request = self._current_request
        return request is not None and request.content.is_eof()

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


class _Talking:
    """Open connections, the longest silent first."""

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self._limit, self._clock = limit, clock
        self._open: OrderedDict[Conversation, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def hear(self, conversation: Conversation) -> None:
        conversation.heard_at = self._clock()
        self._open[conversation] = None
        self._open.move_to_end(conversation)

    def forget(self, conversation: Conversation) -> None:
        self._open.pop(conversation, None)

    def make_room(self) -> bool:
        """Return whether one more may come; may close one that is silent."""
        if len(self._open) < self._limit:
            return True
        latest = self._clock() - SILENT_S
        for conversation in islice(self._open, MOST_BUSY):
            if conversation.heard_at > latest:
                return False
            if not conversation.waits_for_an_answer:
                self.forget(conversation)
                conversation.force_close()
                if conversation.transport is not None:
                    conversation.transport.abort()
                return True
        return False


@dataclass(frozen=True, slots=True)
class Listening:
    """An open listener: its socket server, its port, and how many connections it has."""

    server: asyncio.Server
    port: int
    connections: Callable[[], int]

    def close(self) -> None:
        self.server.close()


async def listen(server: web.Server, host: str, port: int, limit: int, **options: Any) -> Listening:
    """Listen for the server, with options of aiohttp's RequestHandler; raises PortInUse."""
    loop = asyncio.get_running_loop()
    talking = _Talking(limit, loop.time)

    def protocol() -> asyncio.Protocol:
        return Conversation(server, talking, loop=loop, **options) if talking.make_room() else _TurnedAway()

    try:
        listening = await loop.create_server(protocol, host, port, backlog=_BACKLOG)
    except (OSError, UnicodeError) as error:  # the second of what is no host's name
        where = f"{host}:{port}"
        number, why = (error.errno, error.strerror) if isinstance(error, OSError) else (None, None)
        if number == errno.EADDRINUSE:
            raise PortInUse(f"Another program listens on {where} already; choose another port.") from error
        raise PortInUse(f"The relayer can't listen on {where}: {why or error}.") from error
    return Listening(listening, listening.sockets[0].getsockname()[1], talking.__len__)


def connections_possible(wanted: int) -> int:
    """Return how many connections the process has files for, at most those wanted; takes more files if it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + RESERVED_FILES
    if soft < needed and (hard == resource.RLIM_INFINITY or soft < hard):
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    possible = min(wanted, max(1, soft - RESERVED_FILES))
    if possible < wanted:
        log.warning(
            "only %d connections instead of %d: the process may open %d files", possible, wanted, soft
        )
    return possible
