# SPDX-License-Identifier: Apache-2.0
"""Speak just enough HTTP/1.1 as a client: JSON to a peer, its answer back, bounded in size and time.

A connection is kept for the next request to the same peer, for a TLS handshake costs the chip half a second in which it
does not measure. Routers on the way forget what is silent for long and tell nobody: who was silent has a few seconds to
answer, then the connection is made anew. Names are resolved by `dns`; a peer is connected to by its address and known
by the name in its certificate. Whatever goes wrong is a SourceError.
"""

import asyncio
import json

from ..world import Board
from .dns import Resolver
from .errors import SourceError, UnreachableError
from .head import MOST_LINES, read_head
from .parsing import MOST_BYTES, are_digits, parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TIMEOUT_S = 20  # for the whole exchange; TLS on the chip takes up to 14 s of it
SILENT_TIMEOUT_S = 5  # of it, for an answer over a connection that was silent for long
SILENT_S = 60  # for so long
USUAL_BYTES = 1_536  # an answer with the bounds of 96 slots fits
_PIECE = 256
_MOST_LINE = 1_024
_MOST_CHUNK_DIGITS = 4  # hex, of a length up to MOST_BYTES


class Answer:
    """Status, the body as it came, and what the head says: seconds of Retry-After and Date (0: none)."""

    status = 0
    pause_s = 0
    date_s = 0
    tls = False
    asked_us = 0  # uptime when the request was on its way
    length = 0
    raw = bytearray()

    def json(self) -> object:
        return parsed(self.raw, self.length)

    def octets(self) -> bytes:
        return bytes(memoryview(self.raw)[: self.length])


class Peer:
    """One connection's incoming bytes, read in pieces."""

    def __init__(self, reader: "Any") -> None:
        self._reader = reader
        self._read = b""

    async def _more(self) -> None:
        piece = await self._reader.read(_PIECE)
        if not piece:
            raise UnreachableError("the peer closed the connection")
        self._read += piece

    async def line(self) -> bytes:
        """Return the next line without its end."""
        while True:
            at = self._read.find(b"\n")
            if 0 <= at <= _MOST_LINE:
                line = self._read[:at]
                self._read = self._read[at + 1 :]
                return line.strip()
            if len(self._read) > _MOST_LINE:
                raise SourceError(f"a line of the answer has more than {_MOST_LINE} bytes")
            await self._more()

    async def fill(self, raw: bytearray, first: int, end: int) -> None:
        """Read so many bytes into a buffer."""
        while first < end:
            if not self._read:
                await self._more()
            count = min(end - first, len(self._read))
            raw[first : first + count] = self._read[:count]
            self._read = self._read[count:]
            first += count


class Client:
    """Requests, one after the other, on a connection that is kept while it serves."""

    def __init__(self, board: Board, resolver: Resolver, usual: "bytearray | None" = None) -> None:
        """usual: where answers of usual size are read into."""
        self._board = board
        self._resolver = resolver
        self._at: "tuple[str, int, bool] | None" = None
        self._peer: "Peer | None" = None
        self._writer: "Any" = None
        self._heard_us = 0  # uptime of the last answer
        self._usual = usual or bytearray(USUAL_BYTES)
        self.connections = 0
        # the address that was connected to last, and whether that is sure to be the host's own
        self.place = "", False

    async def request(self, method: str, url: str, body: object = None, part: str = "") -> Answer:
        """Send one request (body: to be sent as JSON; part: a Range of what is asked for) and return the answer.

        Raises SourceError.
        """
        raw = None if body is None else json.dumps(body).encode()
        try:
            return await asyncio.wait_for(self._exchange(method, url, raw, part), TIMEOUT_S)
        except asyncio.TimeoutError:
            await self.close()
            raise UnreachableError(f"no answer in {TIMEOUT_S} s")
        except OSError as error:
            await self.close()
            raise UnreachableError(f"{error}")
        except Exception:
            await self.close()
            raise

    @property
    def connected(self) -> bool:
        return self._writer is not None

    async def close(self) -> None:
        """Close the connection, if there is one."""
        writer, self._at, self._peer, self._writer = self._writer, None, None, None
        if writer is not None:
            try:
                writer.close()
                await writer.wait_closed()
            except OSError:
                pass  # the peer was quicker

    async def _exchange(self, method: str, url: str, body: "bytes | None", part: str) -> Answer:
        tls, host, port, path = split(url)
        head = f"{method} {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: keep-alive\r\n"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        if part:
            head += f"Range: {part}\r\n"
        request = (head + "\r\n").encode()
        kept = self._at == (host, port, tls)
        if not kept:
            await self._connect(host, port, tls)
            return await self._ask(request, body)
        try:
            if self._board.uptime_us() - self._heard_us < SILENT_S * 1_000_000:
                return await self._ask(request, body)
            return await asyncio.wait_for(self._ask(request, body), SILENT_TIMEOUT_S)
        except (OSError, UnreachableError, asyncio.TimeoutError):
            pass
        # the peer had closed what was kept, or somebody on the way; every request here may be sent twice
        await self._connect(host, port, tls)
        return await self._ask(request, body)

    async def _connect(self, host: str, port: int, tls: bool) -> None:
        await self.close()
        address = await self._resolver.resolve(host)
        self.place = address, tls or address == host
        reader, self._writer = await self._board.connect(address, port, host if tls else None)
        self._peer = Peer(reader)
        self._at = (host, port, tls)
        self.connections += 1

    async def _ask(self, request: bytes, body: "bytes | None") -> Answer:
        asked_us = self._board.uptime_us()
        self._writer.write(request)
        if body is not None:
            self._writer.write(body)
        await self._writer.drain()
        answer, keep = await read_answer(self._peer, self._usual)  # type: ignore[arg-type]  # there is one
        answer.asked_us = asked_us
        self._heard_us = self._board.uptime_us()
        answer.tls = bool(self._at and self._at[2])
        if not keep:
            await self.close()
        return answer


def split(url: str) -> "tuple[bool, str, int, str]":
    """Return (TLS?, host, port, path) of a URL.

    Raises SourceError if it is none: it can only come from a configuration.
    """
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    host, colon, port = authority.partition(":")
    if scheme not in ("http", "https") or not host:
        raise SourceError(f"{url} is no URL")
    if colon and not (are_digits(port, 5) and 0 < int(port) < 65_536):
        raise SourceError(f"{url} has no valid port")
    tls = scheme == "https"
    return tls, host, int(port) if colon else (443 if tls else 80), slash + path or "/"


async def read_answer(peer: Peer, usual: bytearray) -> "tuple[Answer, bool]":
    """Read one answer, into `usual` if it fits; return it and whether the peer keeps the connection."""
    answer = Answer()
    keep, length, chunked = await read_head(peer, answer)
    if answer.status in (204, 304):
        length, chunked = 0, False
    if chunked:
        await _chunks(peer, answer, usual)
    elif length < 0:
        raise SourceError("the answer has no length")
    else:
        answer.raw = usual if length <= len(usual) else bytearray(length)
        answer.length = length
        await peer.fill(answer.raw, 0, length)
    return answer, keep


async def _chunks(peer: Peer, answer: Answer, usual: bytearray) -> None:
    """Read a body in chunks (RFC 9112, 7.1), into `usual` as long as it fits."""
    raw = usual
    at = 0
    while True:
        word = (await peer.line()).partition(b";")[0].strip()
        size = _hex(word)
        if at + size > MOST_BYTES:
            raise SourceError(f"the answer is longer than {MOST_BYTES} bytes")
        if not size:
            break
        if at + size > len(raw):
            longer = bytearray(min(MOST_BYTES, max(at + size, 2 * len(raw))))
            longer[:at] = memoryview(raw)[:at]
            raw = longer
        await peer.fill(raw, at, at + size)
        at += size
        if await peer.line():
            raise SourceError("a chunk of the answer is longer than it says")
    for _ in range(MOST_LINES):
        if not await peer.line():
            answer.raw, answer.length = raw, at
            return
    raise SourceError(f"more than {MOST_LINES} lines follow the answer")


def _hex(word: bytes) -> int:
    """Return the size of a chunk; zeros may stand before it."""
    digits = word.lstrip(b"0")
    if (
        not word
        or len(digits) > _MOST_CHUNK_DIGITS
        or not all(c in b"0123456789abcdefABCDEF" for c in digits)
    ):
        raise SourceError("a chunk of the answer has no size")
    return int(digits or b"0", 16)
