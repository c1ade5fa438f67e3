# SPDX-License-Identifier: Apache-2.0
"""Speak just enough HTTP/1.1 as a client: JSON both ways, or bytes back, bounded in size and time.

A connection is kept for the next request to the same peer, for a TLS handshake costs the chip seconds; who made the
Client closes it after the exchange, for it also costs 20 to 40 KB.

| HttpError | |
|---|---|
| UnreachableError | no answer: network, name, peer, TLS or timeout |
| BadAnswerError | an answer that is not HTTP with JSON, or too long |
"""

import asyncio
import json

from .world import Board

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TIMEOUT_S = 20  # for the whole exchange; TLS on the chip takes up to 5 s of it
MOST_BYTES = 32_768  # an answer with the bounds of a week is below 12 KB
USUAL_BYTES = 1_536  # one with those of 96 slots fits
_PIECE = 256
_MOST_HEADERS = 64


class HttpError(Exception):
    """A request without a usable answer; the sentence says why."""


class UnreachableError(HttpError):
    pass


class BadAnswerError(HttpError):
    pass


class Answer:
    """Status, the JSON body or the bytes (untrusted), and Retry-After in seconds (0: none)."""

    def __init__(self, status: int, untrusted: object, retry_after_s: int) -> None:
        self.status = status
        self.untrusted = untrusted
        self.retry_after_s = retry_after_s


class Client:
    """Requests, one after the other, on a connection that is kept while it serves."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._peer: "tuple[str, int, bool] | None" = None
        self._reader: "Any" = None
        self._writer: "Any" = None
        self._usual = bytearray(USUAL_BYTES)  # made when the heap is whole, for it is needed in one piece
        self.connections = 0

    async def request(self, method: str, url: str, body: object = None, octets: bool = False) -> Answer:
        """Send one request (body: to be sent as JSON) and return the answer; octets: its bytes as they are.

        Raises HttpError.
        """
        raw = None if body is None else json.dumps(body).encode()
        try:
            return await asyncio.wait_for(self._exchange(method, url, raw, octets), TIMEOUT_S)
        except asyncio.TimeoutError:
            await self.close()
            raise UnreachableError(f"{url}: no answer in {TIMEOUT_S} s")
        except (OSError, EOFError) as error:
            await self.close()
            raise UnreachableError(f"{url}: {error}")
        except HttpError:
            await self.close()
            raise

    async def close(self) -> None:
        """Close the connection, if there is one."""
        writer, self._peer, self._reader, self._writer = self._writer, None, None, None
        if writer is not None:
            writer.close()
            try:
                await writer.wait_closed()
            except OSError:
                pass  # the peer was quicker

    async def _exchange(self, method: str, url: str, body: "bytes | None", octets: bool) -> Answer:
        tls, host, port, path = split(url)
        head = f"{method} {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: keep-alive\r\n"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        request = (head + "\r\n").encode()
        kept = self._peer == (host, port, tls)
        if not kept:
            await self._connect(host, port, tls)
        try:
            return await self._ask(request, body, octets)
        except (OSError, EOFError, UnreachableError):
            if not kept:
                raise
        # the peer had closed what was kept; every request here may be sent twice
        await self._connect(host, port, tls)
        return await self._ask(request, body, octets)

    async def _connect(self, host: str, port: int, tls: bool) -> None:
        await self.close()
        self._reader, self._writer = await self._board.connect(host, port, tls)
        self._peer = (host, port, tls)
        self.connections += 1

    async def _ask(self, request: bytes, body: "bytes | None", octets: bool) -> Answer:
        self._writer.write(request)
        if body is not None:
            self._writer.write(body)
        await self._writer.drain()
        answer, keep = await _answer(self._reader, self._usual, octets)
        if not keep:
            await self.close()
        return answer


def split(url: str) -> "tuple[bool, str, int, str]":
    """Return (TLS?, host, port, path) of a URL.

    Raises BadAnswerError if it is none: it can only come from a configuration.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in ("http", "https") or not rest:
        raise BadAnswerError(f"{url} is no URL")
    authority, slash, path = rest.partition("/")
    host, colon, port = authority.partition(":")
    if colon and not port.isdigit():
        raise BadAnswerError(f"{url} has no valid port")
    tls = scheme == "https"
    return tls, host, int(port) if colon else (443 if tls else 80), slash + path or "/"


async def _answer(reader: "Any", usual: bytearray, octets: bool = False) -> "tuple[Answer, bool]":
    """Read one answer, into `usual` if it fits; return it and whether the peer keeps the connection."""
    words = (await reader.readline()).split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise UnreachableError("the peer closed the connection or does not speak HTTP")
    status = int(words[1])
    length = -1
    retry_after_s = 0
    chunked = False
    keep = words[0] == b"HTTP/1.1"
    for _ in range(_MOST_HEADERS):
        line = (await reader.readline()).strip()
        if not line:
            break
        name, _, value = line.partition(b":")
        name, value = name.strip().lower(), value.strip()
        if name == b"content-length" and value.isdigit():
            length = int(value)
        elif name == b"retry-after" and value.isdigit():
            retry_after_s = int(value)
        elif name == b"transfer-encoding":
            chunked = value.lower() != b"identity"
        elif name == b"connection" and value.lower() == b"close":
            keep = False
    else:
        raise BadAnswerError("the answer has too many headers")
    if chunked or length < 0:
        raise BadAnswerError("the answer has no Content-Length")
    if length > MOST_BYTES:
        raise BadAnswerError(f"the answer is longer than {MOST_BYTES} bytes")
    raw: "Any" = usual if length <= len(usual) else bytearray(length)
    await _fill(reader, raw, length)
    if octets and status == 200:
        return Answer(status, bytes(memoryview(raw)[:length]), retry_after_s), keep
    try:
        return Answer(status, json.loads(raw), retry_after_s), keep
    except ValueError:
        raise BadAnswerError(f"the answer with status {status} is not JSON")


async def _fill(reader: "Any", raw: bytearray, length: int) -> None:
    """Read so many bytes into a buffer, and blanks behind them, which JSON does not mind.

    Raises EOFError if the peer closes before.
    """
    for at in range(0, length, _PIECE):
        end = min(at + _PIECE, length)
        raw[at:end] = await reader.readexactly(end - at)
    blanks = b" " * _PIECE
    for at in range(length, len(raw), _PIECE):
        end = min(at + _PIECE, len(raw))
        raw[at:end] = blanks[: end - at]
