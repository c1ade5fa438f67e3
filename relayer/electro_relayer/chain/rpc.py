# SPDX-License-Identifier: Apache-2.0
"""Speak JSON-RPC to one node over a kept connection: single calls, and many in one round trip."""

from __future__ import annotations

import logging
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, Self
from urllib.parse import urlsplit

import aiohttp
import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

log = logging.getLogger(__name__)

Request = tuple[str, list[Any]]
_LOG_EVERY_S = 60  # a node that is down for a night must not fill the disk


class NodeUnreachable(Exception):  # noqa: N818 - a state of the node, which callers wait out
    """The node gave no usable answer: whether it acted on the request is unknown."""


class RpcError(Exception):
    """The node answered with an error."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message
        self.data = data


class Rpc(Protocol):
    """What can be asked: one node, or several of which one is in use."""

    @property
    def shown(self) -> str: ...

    async def call(self, method: str, params: list[Any]) -> Any: ...

    async def batch(self, requests: Sequence[Request]) -> list[Any]: ...


class Node:
    """A JSON-RPC endpoint; `shown` is its address without credentials or path."""

    def __init__(self, url: str, *, timeout_s: float) -> None:
        parts = urlsplit(url)
        self.shown = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
        self._url = url
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None
        self._logged_at = -float(_LOG_EVERY_S)
        self._down = False
        self.answered, self.failed, self.busy_s = 0, 0, 0.0  # requests, and the time they took
        self._known = False  # it has answered once: before that its absence is the caller's to tell

    @property
    def up(self) -> bool:
        """Whether its last answer was one."""
        return self._known and not self._down

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=self._timeout, headers={"Content-Type": "application/json"}
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._session is not None
        await self._session.close()

    async def call(self, method: str, params: list[Any]) -> Any:
        """Return the result of one call; raises RpcError or NodeUnreachable."""
        answer = await self._post({"jsonrpc": "2.0", "id": 0, "method": method, "params": params})
        return _result(answer)

    async def batch(self, requests: Sequence[Request]) -> list[Any]:
        """Return the results in order; an RpcError stands in the place of a call that failed."""
        if len(requests) == 1:
            return [await self._settled(requests[0])]
        answers = await self._post(
            [
                {"jsonrpc": "2.0", "id": i, "method": method, "params": params}
                for i, (method, params) in enumerate(requests)
            ]
        )
        if not isinstance(answers, list):  # a server without batches answers one error: ask one by one
            return [await self._settled(request) for request in requests]
        by_id = {answer.get("id"): answer for answer in answers if isinstance(answer, dict)}
        if len(by_id) != len(requests) or any(i not in by_id for i in range(len(requests))):
            raise self._failed("it left out answers of a batch")
        return [_settle(by_id[i]) for i in range(len(requests))]

    async def _settled(self, request: Request) -> Any:
        try:
            return await self.call(*request)
        except RpcError as error:
            return error

    async def _post(self, payload: Any) -> Any:
        assert self._session is not None
        status, began = 0, time.monotonic()
        try:
            async with self._session.post(self._url, data=orjson.dumps(payload)) as response:
                status = response.status
                answer = orjson.loads(await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._failed(_why(error)) from error
        except ValueError as error:
            raise self._failed(f"HTTP {status} without JSON") from error
        finally:
            self.busy_s += time.monotonic() - began
        if not isinstance(answer, dict | list):
            raise self._failed(f"HTTP {status} without JSON-RPC")
        self._known = True
        self.answered += 1
        if self._down:
            self._down = False
            log.info("node %s answers again", self.shown)
        return answer

    def _failed(self, why: str) -> NodeUnreachable:
        now = time.monotonic()
        self.failed += 1
        self._down = self._known
        if self._known and now - self._logged_at >= _LOG_EVERY_S:
            self._logged_at = now
            log.warning("node %s does not answer: %s", self.shown, why[:200])
        return NodeUnreachable(f"The node {self.shown} does not answer: {why[:200]}")


def _why(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.errno:
        return os.strerror(error.os_error.errno).lower()
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return type(error).__name__  # its own words may carry the URL, and that a password


def _result(answer: Any) -> Any:
    settled = _settle(answer)
    if isinstance(settled, RpcError):
        raise settled
    return settled


def _settle(answer: Any) -> Any:
    if not isinstance(answer, dict):
        return RpcError(-32603, "the answer to a single call is a list")
    error = answer.get("error")
    if error is None:
        return answer.get("result")
    if not isinstance(error, dict):
        return RpcError(-32603, str(error)[:200])
    code = error.get("code")
    return RpcError(
        code if isinstance(code, int) else -32603, str(error.get("message", ""))[:500], error.get("data")
    )


def all_or_none(answers: list[Any]) -> list[Any]:
    """Return the answers if none failed; a node that can't answer all is as good as none."""
    for answer in answers:
        if isinstance(answer, RpcError):
            raise NodeUnreachable(f"The node can't answer: {answer}") from answer
        if answer is None:
            raise NodeUnreachable("The node can't answer: it does not know the block.")
    return answers


@contextmanager
def understood(node: Rpc) -> Iterator[None]:
    """Take an answer that makes no sense, from a node or a proxy before it, for none."""
    try:
        yield
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise NodeUnreachable(f"The node {node.shown} answers nonsense: {error!r:.100}") from error


def hex_data(data: bytes) -> str:
    return "0x" + data.hex()


def read_data(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
