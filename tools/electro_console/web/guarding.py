# SPDX-License-Identifier: Apache-2.0
"""Who may ask: the host's name, another site's pages, a password, and how often; and what a browser is told to refuse.

The console has no power of its own: it holds no key. What is guarded are readings and names, and the notes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from electro_plan.sentence import foreign, sentence

from .errors import BadRequest, ConsoleError, Elsewhere, TooMany, Unnamed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aiohttp import web

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_LOCAL = ("localhost", "127.0.0.1", "[::1]")
_MOST_CLIENTS = 10_000
_LEAST_PASSWORD = 12  # characters: it is the only thing between a network and the readings


@dataclass
class Guard:
    """What is asked of each request.

    Args:
        hosts: names under which the console is asked; others are a page of somebody else's that found our address.
            Empty: any, since a proxy before it sees to that.
        password: what Basic authentication must bring; None: nothing.
        proxied: a proxy before it says whose request it is, in the last of X-Forwarded-For.
        a_second: requests of one address that are answered in a second, on average.
        burst: and how many at once.
        clock: seconds.
    """

    hosts: frozenset[str]
    password: bytes | None = None
    proxied: bool = False
    a_second: float = 50.0
    burst: int = 400
    clock: Callable[[], float] = time.monotonic
    _tokens: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def admit(self, request: web.Request) -> None:
        """Let a request pass, or raise; files of the pages themselves cost nothing and are not counted."""
        if request.path == "/healthz":
            return  # asked by what starts processes, under any name and without a password
        if not request.path.startswith("/static/"):
            self._count(self._client(request))
        host = _without_port(request.headers.get("Host", ""))
        if self.hosts and host not in self.hosts:
            raise Elsewhere(
                sentence("the console is not known as {0!r}", host[:80]),
                sentence("start it with --host and that name"),
            )
        if request.method not in ("GET", "HEAD"):
            _must_be_own_page(request)
        if self.password is not None:
            self._must_know(request.headers.get("Authorization", ""))

    def _client(self, request: web.Request) -> str:
        """Return whose request it is: behind a proxy what the proxy has added, and nothing that came to it."""
        forwarded = request.headers.getall("X-Forwarded-For", [])
        if self.proxied and forwarded:
            return forwarded[-1].rpartition(",")[2].strip()[:64]
        return request.remote or ""

    def _count(self, client: str) -> None:
        now = self.clock()
        tokens, at = self._tokens.pop(client, (float(self.burst), now))
        tokens = min(float(self.burst), tokens + (now - at) * self.a_second)
        self._tokens[client] = (tokens - 1 if tokens >= 1 else tokens, now)
        if len(self._tokens) > _MOST_CLIENTS:
            self._tokens.popitem(last=False)
        if tokens < 1:
            raise TooMany(
                sentence("this address asks more often than pages can be read"),
                sentence("wait a few seconds"),
            )

    def _must_know(self, header: str) -> None:
        assert self.password is not None  # whoever calls has seen that there is one
        kind, _, encoded = header.partition(" ")
        try:
            _, _, given = base64.b64decode(encoded, validate=True).partition(b":")
        except binascii.Error:
            given = b""
        if kind.lower() != "basic" or not hmac.compare_digest(_hashed(given), _hashed(self.password)):
            raise Unnamed(
                sentence("a password is asked for here"),
                sentence("any name will do; the password is in the file of --password-file"),
            )


def _must_be_own_page(request: web.Request) -> None:
    """Refuse what another site's page sends: a password that a browser remembers would come with it."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if site not in ("same-origin", "none"):
        raise Elsewhere(
            sentence("another site's page has sent this"), sentence("do it on the console's own page")
        )
    if request.content_type not in ("application/json", "application/octet-stream"):
        raise BadRequest(sentence("what is sent here is JSON, or a file as it is"))


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()


def _hashed(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()


def is_local(host: str) -> bool:
    """Tell whether nobody but this machine can reach an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def local_hosts() -> frozenset[str]:
    return frozenset(_LOCAL)


def read_password(file: Path) -> bytes:
    """Return the password of a file that nobody else can read.

    Raises:
        ConsoleError: it is not there, others can read it, or it is too short.
    """
    try:
        mode, content = file.stat().st_mode, file.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise ConsoleError(sentence("{0} can't be read{1}", file, foreign(error.strerror))) from error
    if mode & 0o077:
        raise ConsoleError(sentence("others can read {0}", file), sentence("chmod 600 {0}", file))
    if len(content) < _LEAST_PASSWORD:
        raise ConsoleError(
            sentence("the password in {0} has fewer than {1} characters", file, _LEAST_PASSWORD)
        )
    return content
