# SPDX-License-Identifier: Apache-2.0
"""A node that fails on demand: a JSON-RPC proxy before anvil whose faults a test switches on and off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

if TYPE_CHECKING:
    from collections.abc import Callable


class FaultyNode:
    """Forwards to `target`; each hook may be set at any time.

    `instead(calls)` returns an answer to a request, which then is not forwarded, or None; `afterwards(calls)`
    does the same when the node has answered; `refuse(call)` returns the words with which one call is refused, or
    None; `change(call, answer)` returns what to answer to one call. Any but `refuse` may be a coroutine function.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self.instead: Callable[[list[Any]], Any] = lambda calls: None
        self.afterwards: Callable[[list[Any]], Any] = lambda calls: None
        self.refuse: Callable[[Any], str | None] = lambda call: None
        self.change: Callable[[Any, Any], Any] = lambda call, answer: answer
        self.chunked = False  # answers come in chunks, without a length
        self.calls: list[str] = []
        self.requests: list[list[Any]] = []
        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/", self._handle)
        self._server = TestServer(app)

    async def __aenter__(self) -> Self:
        await self._server.start_server()
        self._session = aiohttp.ClientSession()
        self.url = str(self._server.make_url("/"))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        await self._server.close()

    async def _handle(self, request: web.Request) -> web.Response:
        asked = await request.json()
        calls = asked if isinstance(asked, list) else [asked]
        self.calls += [call["method"] for call in calls]
        self.requests.append(calls)
        answered = await _now(self.instead(calls))
        if answered is None:
            refused = {call["id"]: words for call in calls if (words := self.refuse(call)) is not None}
            passed = [call for call in calls if call["id"] not in refused]
            answers = {
                call["id"]: error(call, refused[call["id"]]) for call in calls if call["id"] in refused
            }
            if passed:
                async with self._session.post(self.target, json=passed) as response:
                    answers |= {answer["id"]: answer for answer in await response.json()}
            answered = await _now(self.afterwards(calls))
        if answered is not None:
            return answered
        told = [await _now(self.change(call, answers[call["id"]])) for call in calls]
        response = web.json_response(told if isinstance(asked, list) else told[0])
        if self.chunked:
            response.enable_chunked_encoding()
        return response


async def _now(value: Any) -> Any:
    return await value if hasattr(value, "__await__") else value


def error(call: Any, message: str, code: int = -32000) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": call["id"], "error": {"code": code, "message": message}}


def sends(calls: list[Any]) -> list[str]:
    """The signed bytes that a request sends."""
    return [call["params"][0] for call in calls if call["method"] == "eth_sendRawTransaction"]
