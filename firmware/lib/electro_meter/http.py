# SPDX-License-Identifier: Apache-2.0
"""Speak just enough HTTP/1.1 as a client: one request a connection, JSON both ways, bounded in size and time.

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
_MOST_HEADERS = 64


class HttpError(Exception):
    """A request without a usable answer; the sentence says why."""


class UnreachableError(HttpError):
    pass


class BadAnswerError(HttpError):
    pass


class Answer:
    """Status, the JSON body (untrusted), and Retry-After in seconds (0: none)."""

    def __init__(self, status: int, untrusted: object, retry_after_s: int) -> None:
        self.status = status
        self.untrusted = untrusted
        self.retry_after_s = retry_after_s


async def request(board: Board, method: str, url: str, body: "bytes | None" = None) -> Answer:
    """Send one request and return the answer.

    Raises HttpError.
    """
    try:
        return await asyncio.wait_for(_exchange(board, method, url, body), TIMEOUT_S)
    except asyncio.TimeoutError:
        raise UnreachableError(f"{url}: no answer in {TIMEOUT_S} s")
    except (OSError, EOFError) as error:
        raise UnreachableError(f"{url}: {error}")


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


async def _exchange(board: Board, method: str, url: str, body: "bytes | None") -> Answer:
    tls, host, port, path = split(url)
    reader, writer = await board.connect(host, port, tls)
    try:
        head = f"{method} {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        writer.write((head + "\r\n").encode() + (body or b""))
        await writer.drain()
        return await _answer(reader)
    finally:
        writer.close()
        try:
            await writer.wait_closed()
        except OSError:
            pass  # the peer was quicker


async def _answer(reader: "Any") -> Answer:
    words = (await reader.readline()).split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise UnreachableError("the peer closed the connection or does not speak HTTP")
    status = int(words[1])
    length = -1
    retry_after_s = 0
    chunked = False
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
    else:
        raise BadAnswerError("the answer has too many headers")
    if chunked or length < 0:
        raise BadAnswerError("the answer has no Content-Length")
    if length > MOST_BYTES:
        raise BadAnswerError(f"the answer is longer than {MOST_BYTES} bytes")
    raw = await reader.readexactly(length)
    try:
        return Answer(status, json.loads(raw), retry_after_s)
    except ValueError:
        raise BadAnswerError(f"the answer with status {status} is not JSON")
