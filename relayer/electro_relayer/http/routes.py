# SPDX-License-Identifier: Apache-2.0
"""Answer HTTP: messages in, a meter's standing out, and whether the service lives and is ready."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from electro_protocol import address
from electro_relayer.chain.chain import Chain
from electro_relayer.chain.rpc import NodeUnreachable, RpcError
from electro_relayer.chain.standing import Standings
from electro_relayer.errors import (
    Draining,
    KeyShared,
    Malformed,
    MistypedAddress,
    NodeDown,
    NoSuchMeter,
    NoSuchPath,
    TooLarge,
    TooSlow,
    WrongMethod,
    http_answer,
)
from electro_relayer.hashing import checksum
from electro_relayer.http.openapi import DOCUMENT
from electro_relayer.incoming.intake import Verified, parse, quick, verify, verify_signed
from electro_relayer.metrics import CONTENT_TYPE, Metrics
from electro_relayer.paying.admission import Admission, Outcome
from electro_relayer.paying.refusals import Refusals
from electro_relayer.paying.unmined import Unmined
from electro_relayer.settings import Settings

CHAIN = web.AppKey("chain", Chain)
ADMISSION = web.AppKey("admission", Admission)
STANDINGS = web.AppKey("standings", Standings)
REFUSALS = web.AppKey("refusals", Refusals)
METRICS = web.AppKey("metrics", Metrics)
UNMINED = web.AppKey("unmined", Unmined)
SETTINGS = web.AppKey("settings", Settings)

MESSAGES = "/v1/messages"
_STATUS = {Outcome.ACCEPTED: 202, Outcome.FINAL: 200}
# aiohttp answers the first itself; with the others the client has gone
_PASSED_ON = (web.HTTPException, ConnectionError, asyncio.CancelledError)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
BaseHandler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def add_routes(app: web.Application) -> None:
    app.router.add_post(MESSAGES, post_messages)
    app.router.add_get("/v1/meters/{address}", get_meter)
    app.router.add_get("/healthz", get_health)
    app.router.add_get("/readyz", get_readiness)
    app.router.add_get("/metrics", get_metrics)
    app.router.add_get("/openapi.json", get_openapi)


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every failure into the one form of error answers."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        sentence = "There is nothing here; see POST /v1/messages and GET /v1/meters/ADDRESS."
        return _refuse(request.app, NoSuchPath(sentence))
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        return _refuse(request.app, WrongMethod(f"This path takes {allowed}."), Allow=allowed)
    except _PASSED_ON:
        raise
    except Exception as error:  # noqa: BLE001 - http_answer logs what was not designed
        return _refuse(request.app, error)


def straight(app: web.Application, others: BaseHandler) -> BaseHandler:
    """Return a handler that answers posted messages itself and leaves the rest to `others`, the application's.

    What the router and the middleware do is a tenth of the work for a message, and nearly all requests are messages.
    """

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, web.Request)
        if request.raw_path != MESSAGES or request.method != "POST" or "Expect" in request.headers:
            return await others(request)
        try:
            return await _take(app, request)
        except _PASSED_ON:
            raise
        except Exception as error:  # noqa: BLE001 - http_answer logs what was not designed
            return _refuse(app, error)

    return answer


def _refuse(app: web.Application, failure: Exception, **more: str) -> web.Response:
    status, body, headers = http_answer(failure)
    app[METRICS].count("refused_total", code=body["error"]["code"])
    return _json(status, body, {**headers, **more})


async def post_messages(request: web.Request) -> web.Response:
    """Take one signed message, or many; each of many gets the answer it would have got alone."""
    return await _take(request.app, request)


async def _take(app: web.Application, request: web.Request) -> web.Response:
    body = await _body(app[SETTINGS], request)
    signed = quick(body)
    if signed is not None:
        return _taken(*await _admit(app, verify_signed(signed, app[CHAIN].domain)))
    many, messages = parse(body)
    if not many:
        return _taken(*await _admit(app, verify(messages[0], app[CHAIN].domain)))
    results = []
    for untrusted in messages:  # in order: a later one may continue an earlier one
        try:
            status, answer = await _admit(app, verify(untrusted, app[CHAIN].domain))
            results.append({**answer, "status_code": status})
        except Exception as error:  # noqa: BLE001 - one bad message costs the others nothing
            status, refusal, _ = http_answer(error)
            app[METRICS].count("refused_total", code=refusal["error"]["code"])
            results.append({**refusal, "status_code": status})
    return _json(200, {"results": results})


async def _admit(app: web.Application, verified: Verified) -> tuple[int, dict[str, str]]:
    outcome = await app[ADMISSION].admit(verified)
    return _STATUS[outcome], {
        "status": outcome.value,
        "digest": "0x" + verified.digest.hex(),
        "device": checksum(verified.device),
    }


def _taken(status: int, answer: dict[str, str]) -> web.Response:
    """Write the answer that nearly all get; nothing in it needs escaping."""
    text = (
        f'{{"status": "{answer["status"]}", "digest": "{answer["digest"]}", "device": "{answer["device"]}"}}'
    )
    return web.Response(status=status, body=text.encode(), content_type="application/json")


async def _body(settings: Settings, request: web.Request) -> bytes:
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Malformed("The body must not be compressed.")
    try:
        if request.content.is_eof():  # all of it is here already, as mostly: no need to watch the clock
            return await request.read()
        async with asyncio.timeout(settings.body_timeout_s):
            return await request.read()
    except TimeoutError as error:
        raise TooSlow("The body did not arrive in time.") from error
    except web.HTTPRequestEntityTooLarge as error:
        raise TooLarge(f"A body has at most {settings.body_limit} bytes.") from error
    except web.RequestPayloadError as error:
        raise Malformed("The body broke off.") from error


async def get_meter(request: web.Request) -> web.Response:
    """Tell a meter everything it asks; `?ahead=N` chooses for how many slots bounds are told."""
    chain, settings = request.app[CHAIN], request.app[SETTINGS]
    untrusted = request.match_info["address"]
    try:
        device = address.parse(untrusted)
    except ValueError as error:
        if re.fullmatch("0x[0-9a-fA-F]{40}", untrusted):
            raise MistypedAddress(f"No meter has this address: {error}.") from error
        raise Malformed(f"The path must end in a meter's address: {error}.") from error
    ahead = request.query.get("ahead", str(settings.slots_ahead))
    if not (ahead.isascii() and ahead.isdigit() and len(ahead) <= 3 and int(ahead) <= 672):
        raise Malformed("ahead must be a whole number from 0 to 672.")
    try:
        standing = await request.app[STANDINGS].read(device, int(ahead))
    except (NodeUnreachable, RpcError) as error:
        raise NodeDown("The chain can't be asked right now; ask again later.") from error
    if not standing.enrolled:
        raise NoSuchMeter(checksum(device))
    body = standing.to_json(chain.chain_id, chain.contract)
    refused = request.app[REFUSALS].of_device(device)
    return _json(200, {**body, "refused": refused} if refused else body)


async def get_health(_: web.Request) -> web.Response:
    return _json(200, {"status": "alive"})


async def get_readiness(request: web.Request) -> web.Response:
    """Say whether messages can be carried now: the node answers for the right chain, with the contract."""
    chain = request.app[CHAIN]
    if request.app[ADMISSION].draining:
        raise Draining("This relayer is going down.")
    if request.app[UNMINED].foreign:
        raise KeyShared("Someone else sends transactions with this relayer's key; give each replica its own.")
    try:
        block = await chain.ready()
    except (NodeUnreachable, RpcError) as error:
        raise NodeDown("The chain can't be asked right now.") from error
    body = {
        "status": "ready",
        "chain_id": chain.chain_id,
        "contract": checksum(chain.contract),
        "sender": checksum(chain.sender),
        "block": block,
    }
    return _json(200, body)


async def get_metrics(request: web.Request) -> web.Response:
    return web.Response(body=request.app[METRICS].text().encode(), headers={"Content-Type": CONTENT_TYPE})


async def get_openapi(_: web.Request) -> web.Response:
    return _json(200, DOCUMENT)


def _json(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        status=status, body=json.dumps(body).encode(), content_type="application/json", headers=headers
    )
