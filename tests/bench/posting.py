# SPDX-License-Identifier: Apache-2.0
"""Post prepared bodies over kept connections with little work of one's own: the server is what is measured.

A client of aiohttp takes twice as long for a request as the server; this one takes a tenth of it.
"""

from __future__ import annotations

import asyncio
import time
from typing import Self
from urllib.parse import urlsplit


class Connection(asyncio.Protocol):
    """One connection that has one request open at a time."""

    def __init__(self) -> None:
        self._answer = b""
        self._done: asyncio.Future[int] | None = None

    @classmethod
    async def open(cls, url: str) -> Self:
        place = urlsplit(url)
        loop = asyncio.get_running_loop()
        transport, made = await loop.create_connection(cls, place.hostname, place.port)
        made._transport = transport
        return made

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, mark, body = self._answer.partition(b"\r\n\r\n")
        if not mark or self._done is None:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(body) >= length:
            done, self._done, self._answer = self._done, None, b""
            if not done.cancelled():
                done.set_result(int(head[9:12]))

    def connection_lost(self, error: Exception | None) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(error or ConnectionError("the server closed the connection"))

    async def post(self, path: str, body: bytes) -> int:
        """Return the status of the answer."""
        return await self._ask(
            f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n", body
        )

    async def get(self, path: str) -> int:
        """Return the status of the answer."""
        return await self._ask(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")

    async def _ask(self, head: str, body: bytes = b"") -> int:
        if self._transport.is_closing():
            raise ConnectionError("the server closed the connection")
        self._done = asyncio.get_running_loop().create_future()
        self._transport.write(head.encode() + body)
        return await self._done

    def close(self) -> None:
        self._transport.close()


class Posting:
    """What became of many posts to one server: how long each took, and the statuses."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connections: list[Connection] = []
        self.waits_s: list[float] = []
        self.paced_waits_s: list[float] = []
        self.statuses: dict[int, int] = {}
        self.posting_s = 0.0

    async def post(self, streams: list[list[bytes]]) -> None:
        """Post every stream on its own connection, in order; what is not taken is posted again."""
        while len(self._connections) < len(streams):
            self._connections.append(await Connection.open(self._url))
        began = time.perf_counter()
        await asyncio.gather(*map(self._post, self._connections, streams))
        self.posting_s += time.perf_counter() - began

    async def post_paced(self, streams: list[list[bytes]], every_s: float) -> None:
        """Post on each connection once in so many seconds, evenly spread; a wait begins when the post was due."""
        began = time.perf_counter() + every_s

        async def post(place: int, connection: Connection, stream: list[bytes]) -> None:
            for number, body in enumerate(stream):
                due = began + every_s * (number + place / len(streams))
                await asyncio.sleep(due - time.perf_counter())
                status = await connection.post("/v1/messages", body)
                self.paced_waits_s.append(time.perf_counter() - due)
                self.statuses[status] = self.statuses.get(status, 0) + 1

        await asyncio.gather(*map(post, range(len(streams)), self._connections, streams))

    async def _post(self, connection: Connection, stream: list[bytes]) -> None:
        for body in stream:
            while True:
                began = time.perf_counter()
                status = await connection.post("/v1/messages", body)
                self.waits_s.append(time.perf_counter() - began)
                self.statuses[status] = self.statuses.get(status, 0) + 1
                if status == 202:
                    break
                await asyncio.sleep(0.5)

    def close(self) -> None:
        for connection in self._connections:
            connection.close()
