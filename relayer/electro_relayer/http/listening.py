# SPDX-License-Identifier: Apache-2.0
"""Take connections up to a limit, and answer in the one form of errors even what is no HTTP.

One connection too many takes the place of another, by the rules of `places`, or gets a 503 and is closed before any of
it is read. A head has to come in a short time once it has begun, the first one once the connection is made; between an
answer and the next head a connection may be silent for long: a meter's TLS handshake costs more than our memory.
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import resource
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from electro_relayer.errors import Malformed, PortInUse, TooManyConnections, http_answer
from electro_relayer.http.places import Places
from electro_relayer.http.senders import end_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_relayer.http.senders import Networks

log = logging.getLogger(__name__)

RESERVED_FILES = 128  # for nodes, health, metrics, connections that are turned away, and what Python has open
_BACKLOG = 1024
# A meter that is gone is noticed within four minutes, and a router on the way that forgets what is silent for minutes
# hears of the connection in time: seconds of silence, seconds between probes, how many.
_PROBES = {"TCP_KEEPIDLE": 120, "TCP_KEEPINTVL": 30, "TCP_KEEPCNT": 4}


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
    """aiohttp's, but that heads have a time of their own, and what is no HTTP is not logged: anyone may send it."""

    def __init__(
        self, server: web.Server, places: Places, address: str | None, head_timeout_s: float, **options: Any
    ) -> None:
        super().__init__(server, **options)
        self._places, self.address = places, address
        self.heard_at = 0.0
        self._head_timeout_s = head_timeout_s
        self._heads = 0  # that have come whole
        self._head_is_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        _probe(transport)
        self._await_head()
        self.hear()

    def data_received(self, data: bytes) -> None:
        """Take bytes as aiohttp does, and look whether they are a whole head.

        What comes together with the end of the request before is noticed with what comes next.
        """
        super().data_received(data)
        if self._request_count != self._heads:
            self._heads = self._request_count
            self._head_came()
        elif self._head_is_due is None and self._waits_for_a_head:
            self._await_head()

    @property
    def _waits_for_a_head(self) -> bool:
        return self._waiter is not None and not self._waiter.done()

    def _await_head(self) -> None:
        self._head_is_due = self._loop.call_later(self._head_timeout_s, self._break_off)

    def _head_came(self) -> None:
        if self._head_is_due is not None:
            self._head_is_due.cancel()
            self._head_is_due = None

    def _break_off(self) -> None:
        self._head_is_due = None
        self.force_close()

    def hear(self) -> None:
        """Note that the head of a request has come; single bytes are nothing, nor is what came before the end."""
        if self.transport is not None:
            self._places.hear(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._places.forget(self)
        self._head_came()  # or never will
        super().connection_lost(exc)

    @property
    def waits_for_an_answer(self) -> bool:
        """Whether a whole request has come that is being answered; not if the answer waits for its reader."""
        request = self._current_request
        return request is not None and request.content.is_eof() and not self.writing_paused

    def end(self) -> None:
        """Close the connection at once, for another takes its place: nobody waits until what was written is read."""
        if self.transport is not None:
            self.transport.abort()
        self.force_close()

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


class _Door(asyncio.Protocol):
    """Stands where a connection comes in until it is known whose it is, and whether there is a place for it."""

    def __init__(
        self, places: Places, trusted: Networks, conversation: Callable[[str | None], Conversation]
    ) -> None:
        self._places, self._trusted, self._conversation = places, trusted, conversation

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        address = end_of(transport, self._trusted)
        admitted = self._places.make_room(address)
        protocol: asyncio.Protocol = self._conversation(address) if admitted else _TurnedAway()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)


def _probe(transport: asyncio.BaseTransport) -> None:
    """Have the system ask whether the other end is still there, where it can."""
    end = transport.get_extra_info("socket")
    if end is not None:
        for option, value in _PROBES.items():
            if hasattr(socket, option):
                end.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


@dataclass(frozen=True, slots=True)
class Listening:
    """An open listener: its socket server, its port, and how many connections it has."""

    server: asyncio.Server
    port: int
    connections: Callable[[], int]

    def close(self) -> None:
        self.server.close()


async def listen(
    server: web.Server,
    host: str,
    port: int,
    limit: int,
    *,
    head_timeout_s: float,
    trusted: Networks = (),
    **options: Any,
) -> Listening:
    """Listen for the server, with options of aiohttp's RequestHandler; raises PortInUse.

    `trusted`: networks of proxies, whose connections are no single sender's.
    """
    loop = asyncio.get_running_loop()
    places = Places(limit, loop.time)

    def conversation(address: str | None) -> Conversation:
        return Conversation(server, places, address, head_timeout_s, loop=loop, **options)

    def door() -> asyncio.Protocol:
        return _Door(places, trusted, conversation)

    try:
        listening = await loop.create_server(door, host, port, backlog=_BACKLOG)
    except (OSError, UnicodeError) as error:  # the second of what is no host's name
        where = f"{host}:{port}"
        number, why = (error.errno, error.strerror) if isinstance(error, OSError) else (None, None)
        if number == errno.EADDRINUSE:
            raise PortInUse(f"Another program listens on {where} already; choose another port.") from error
        raise PortInUse(f"The relayer can't listen on {where}: {why or error}.") from error
    return Listening(listening, listening.sockets[0].getsockname()[1], places.__len__)


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
