# SPDX-License-Identifier: Apache-2.0
"""The embedded chain as a JSON-RPC server on loopback, in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from .ledger import Ledger

_MAX_BODY_BYTES = 4 << 20
# eth-keyfile and py-evm raise Python's recursion limit, so that a body of "[[[[…" would end the process in C
_MOST_BRACKETS = 10_000


class ChainServer:
    """Serve a ledger while the `with` block runs.

    Args:
        ledger: the chain to serve.
        port: TCP port on 127.0.0.1; 0 takes a free one, told by `url`.
    """

    def __init__(self, ledger: Ledger, port: int = 0) -> None:
        self._ledger = ledger
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._runner: web.AppRunner | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="embedded-chain", daemon=True)
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._port = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        except OSError as error:
            self._stop_loop()
            raise ToolError(
                f"port {self._port} is in use, so the embedded chain can't listen there",
                "choose another port, or 0",
            ) from error
        self.url = f"http://127.0.0.1:{self._port}"
        return self

    def __exit__(self, *_: object) -> None:
        if self._runner is not None:
            asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result()
        self._stop_loop()

    def _stop_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> int:
        app = web.Application(client_max_size=_MAX_BODY_BYTES)
        app.router.add_post("/", self._handle)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        try:
            await site.start()
        except OSError:
            await self._runner.cleanup()
            raise
        port: int = self._runner.addresses[0][1]
        return port

    async def _handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            untrusted: Any = json.loads(body if body.count(b"[") + body.count(b"{") < _MOST_BRACKETS else b"")
        except ValueError:
            return web.json_response(
                {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "the body is not JSON"}}
            )
        return web.json_response(self._ledger.answer(untrusted))
