# SPDX-License-Identifier: Apache-2.0
"""Lead requests to their handlers, the usual ones past the router, and every failure into the one form of errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from electro_relayer.errors import NoSuchPath, WrongMethod
from electro_relayer.http import messages, meters, releases, viewing_keys
from electro_relayer.http.health import get_health, get_metrics, get_readiness
from electro_relayer.http.listening import Conversation
from electro_relayer.http.openapi import DOCUMENT
from electro_relayer.http.parts import json_answer, refuse

if TYPE_CHECKING:
    from electro_relayer.http.parts import BaseHandler, Handler


def add_routes(app: web.Application) -> None:
    """Serve meters and whoever asks."""
    app.router.add_post(messages.PATH, messages.post_messages)
    app.router.add_get(meters.PATH + "{address}", meters.get_meter)
    app.router.add_get(meters.PATH + "{address}/proof", meters.get_receipt)
    app.router.add_get(meters.PATH + "{address}/schedules/{agreement}/{interval}", meters.get_schedule)
    app.router.add_get("/v1/terms/{account}", meters.get_terms)
    app.router.add_get(releases.PATH + "{name}", releases.get_release)
    app.router.add_get(viewing_keys.PATH + "{address}", viewing_keys.get_viewing_keys)
    app.router.add_post(viewing_keys.PATH + "{address}", viewing_keys.post_word)
    app.router.add_get("/healthz", get_health)
    app.router.add_get("/readyz", get_readiness)
    app.router.add_get("/openapi.json", get_openapi)


def add_operations(app: web.Application) -> None:
    """Serve those who operate the relayer, on a listener of their own that strangers do not reach."""
    app.router.add_get("/healthz", get_health)
    app.router.add_get("/readyz", get_readiness)
    app.router.add_get("/metrics", get_metrics)


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every failure into the one form of error answers."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        sentence = "There is nothing here; see POST /v1/messages and GET /v1/meters/ADDRESS."
        return refuse(request.app, NoSuchPath(sentence))
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        return refuse(request.app, WrongMethod(f"This path takes {allowed}."), Allow=allowed)
    except web.HTTPException:  # aiohttp answers it itself
        raise
    except Exception as error:  # noqa: BLE001 - http_answer logs what was not designed
        return refuse(request.app, error)


def straight(app: web.Application, others: BaseHandler) -> BaseHandler:
    """Return a handler for posted messages and for meters that ask; the rest goes to `others`, the application's.

    What the router and the middleware do is a tenth of the work for a message, and nearly all requests are these.
    """

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, web.Request)
        if isinstance(request.protocol, Conversation):
            request.protocol.hear()
        path, method = request.raw_path, request.method
        try:
            if method == "POST" and path == messages.PATH and "Expect" not in request.headers:
                return await messages.take(app, request)
            if method == "GET" and (usual := meters.USUAL.fullmatch(path)) is not None:
                return await meters.tell(app, request, usual[1], usual[2])
        except web.HTTPException:  # aiohttp answers it itself
            raise
        except Exception as error:  # noqa: BLE001 - http_answer logs what was not designed
            return refuse(app, error)
        return await others(request)

    return answer


async def get_openapi(_: web.Request) -> web.Response:
    return json_answer(200, DOCUMENT)
