# SPDX-License-Identifier: Apache-2.0
"""The console as an aiohttp application: its addresses, and what each request passes on its way."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from aiohttp import web

from electro_console.index.errors import IndexFailure, Unknown
from electro_plan.sentence import sentence

from . import static_files
from .answers import NAMES, Page, answer, as_json, trouble
from .errors import BadRequest, ConsoleError, NodeTrouble, NoSuchPage, TooLarge, Unready
from .guarding import HEADERS, Guard
from .pages import (
    acts,
    agreement,
    agreements,
    audit,
    files,
    fleet,
    newest,
    notes,
    overview,
    planning,
    sections,
)
from .questions import QUESTIONS, Questions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .names import Names

    Handler = Callable[[web.Request], Awaitable[Page | web.StreamResponse]]

log = logging.getLogger("electro.console")
_MOST_UPLOAD = 32 << 20  # of a load history: a decade of quarter hours as text


def make(questions: Questions, names: Names, guard: Guard) -> web.Application:
    """Return the application.

    Args:
        questions: what it asks index and node.
        names: of a file, for people.
        guard: who may ask.
    """
    app = web.Application(middlewares=[_answering, _guarding(guard)], client_max_size=_MOST_UPLOAD)
    app[QUESTIONS] = questions
    app[NAMES] = names
    for module in (overview, agreements, agreement, newest, audit, fleet, sections, planning, files, acts):
        for path, handler in module.ADDRESSES.items():
            _add(app, path, handler)
    for posted in (acts, notes, planning):
        for path, handler in posted.POSTS.items():
            app.router.add_post(path, _posted(handler))
    app.router.add_get("/static/{file}", static_files.serve)
    app.router.add_get("/healthz", _health)
    return app


def _add(app: web.Application, path: str, handler: Handler) -> None:
    """Add a page, and its twin in JSON."""

    async def handle(request: web.Request) -> web.StreamResponse:
        made = await handler(request)
        return answer(request, made) if isinstance(made, Page) else made

    app.router.add_get(path, handle)
    if "." not in path.rpartition("}")[2]:
        app.router.add_get("/overview.json" if path == "/" else f"{path}.json", handle)


def _posted(
    handler: Callable[[web.Request], Awaitable[Page]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Answer what was sent, always by JSON."""

    async def handle(request: web.Request) -> web.Response:
        return as_json(await handler(request))

    return handle


async def _health(_request: web.Request) -> web.Response:
    return web.json_response({"alive": True})


def _guarding(guard: Guard) -> Callable[..., Awaitable[web.StreamResponse]]:
    @web.middleware
    async def guarding(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        guard.admit(request)
        return await handler(request)

    return guarding


@web.middleware
async def _answering(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Turn failures into words, and tell the browser what to refuse; the one place for both."""
    try:
        made = await handler(request)
    except ConsoleError as error:
        made = trouble(request, error)
    except Unknown as error:
        made = trouble(request, NoSuchPage(error.sentence, error.hint))
    except IndexFailure as error:
        made = trouble(request, Unready(error.sentence, error.hint))
    except web.HTTPRequestEntityTooLarge:
        made = trouble(request, TooLarge(sentence("more than {0} MB is not taken", _MOST_UPLOAD >> 20)))
    except web.HTTPNotFound:
        made = trouble(request, NoSuchPage(sentence("there is no such page")))
    except web.HTTPMethodNotAllowed:
        made = trouble(request, BadRequest(sentence("that can't be done with this page")))
    except web.HTTPException:
        raise
    except Exception:
        log.exception("%s %s", request.method, request.path)
        made = trouble(
            request,
            ConsoleError(
                sentence("the console has failed at this page"),
                sentence("its log says why; please report it"),
            ),
        )
    made.headers.update(HEADERS)
    return made


__all__ = ["NodeTrouble", "make"]
