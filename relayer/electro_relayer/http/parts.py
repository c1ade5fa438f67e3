# SPDX-License-Identifier: Apache-2.0
"""Name what the handlers of one service share, and write answers and refusals in their one form."""

from __future__ import annotations

import asyncio
import re
from binascii import unhexlify
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from electro_relayer.chain.chain import Chain
from electro_relayer.errors import Malformed, MistypedAddress, TooLarge, TooSlow, http_answer
from electro_relayer.hashing import checksum
from electro_relayer.http.senders import sender_of
from electro_relayer.metrics import Metrics
from electro_relayer.paying.admission import Admission
from electro_relayer.paying.refusals import Refusals
from electro_relayer.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

CHAIN = web.AppKey("chain", Chain)
ADMISSION = web.AppKey("admission", Admission)
REFUSALS = web.AppKey("refusals", Refusals)
METRICS = web.AppKey("metrics", Metrics)
SETTINGS = web.AppKey("settings", Settings)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
BaseHandler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")


def refuse(app: web.Application, failure: Exception, **more: str) -> web.Response:
    """Answer with what went wrong, and count it."""
    status, body, headers = http_answer(failure)
    app[METRICS].count("refused_total", code=body["error"]["code"])
    return json_answer(status, body, {**headers, **more})


def json_answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        status=status, body=orjson.dumps(body), content_type="application/json", headers=headers
    )


def sender_in(app: web.Application, request: web.BaseRequest) -> Callable[[], str]:
    """Return a function that finds out who sends the request, which is seldom asked for."""
    return lambda: sender_of(request, app[SETTINGS].trusted_networks)


def parse_address(untrusted: str) -> bytes:
    """Return the 20 bytes of a path's end; raises Malformed or MistypedAddress."""
    if not _ADDRESS.fullmatch(untrusted):
        raise Malformed("The path must end in an address: 0x and 40 hex digits.")
    device, digits = unhexlify(untrusted[2:]), untrusted[2:]
    if digits not in (digits.lower(), digits.upper()) and checksum(device) != untrusted:
        raise MistypedAddress("Nothing has this address: it fails its EIP-55 checksum, so a digit is wrong.")
    return device


async def read_body(settings: Settings, request: web.Request) -> bytes:
    """Return a request's body; raises Malformed, TooLarge or TooSlow."""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Malformed("The body must not be compressed.")
    try:
        # all of it is here already, as mostly: no need to wait, nor to watch the clock
        if request.content.is_eof():
            body = request.content.read_nowait()
            if len(body) > settings.body_limit:
                raise _too_large(settings)
            return body
        async with asyncio.timeout(settings.body_timeout_s):
            return await request.read()
    except TimeoutError as error:
        raise TooSlow("The body did not arrive in time.") from error
    except web.HTTPRequestEntityTooLarge as error:
        raise _too_large(settings) from error
    except (web.RequestPayloadError, ConnectionError) as error:
        # who sent it has gone: nobody reads the answer
        raise Malformed("The body broke off.") from error


def _too_large(settings: Settings) -> TooLarge:
    return TooLarge(f"A body has at most {settings.body_limit} bytes.")
