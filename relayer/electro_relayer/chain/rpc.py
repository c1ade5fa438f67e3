# SPDX-License-Identifier: Apache-2.0
"""Speak JSON-RPC to one node over a kept connection: single calls, and many in one round trip."""

from __future__ import annotations

import logging
import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, Self

import aiohttp
import orjson

from electro_contracts.node.access import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from electro_contracts.node.access import Access

log = logging.getLogger(__name__)

Request = tuple[str, list[Any]]
_LOG_EVERY_S = 60  # a node that is down for a night must not fill the disk
# The largest honest answer is 400 receipts' logs, half a megabyte; orjson makes objects of ten times the size.
MAX_ANSWER_BYTES = 16 << 20
MAX_RETRY_AFTER_S = 60.0  # a node that asks for more is asked again all the same
DEFAULT_RETRY_AFTER_S = 1.0
_QUANTITY = re.compile("0x[0-9a-fA-F]{1,64}")


class NodeUnreachable(Exception):  # noqa: N818 - a state of the node, which callers wait out
    """The node gave no usable answer: whether it acted on the request is unknown."""


class TooMuchAtOnce(NodeUnreachable):
    """The node did not manage what it was asked in one request; of less it may."""


class QuestionTooLarge(TooMuchAtOnce):
    """The node, or a proxy before it, did not even read the request."""


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

    def __init__(self, url: str, *, timeout_s: float, access: Access | None = None) -> None:
        self._endpoint = Endpoint(url, access)
        self.shown = self._endpoint.shown
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None
        self._logged_at = -float(_LOG_EVERY_S)
        self._down = False
        self.answered, self.failed, self.busy_s = 0, 0, 0.0  # requests, and the time they took
        self._silent_until = 0.0  # it asked not to be asked before
        self._known = False  # it has answered once: before that its absence is the caller's to tell

    @property
    def up(self) -> bool:
        """Whether its last answer was one."""
        return self._known and not self._down

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=self._timeout,
            # uncompressed: a small answer that unfolds into a large one is refused, not unfolded
            headers={"Content-Type": "application/json", "Accept-Encoding": "identity"},
            auto_decompress=False,
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
        by_id = {
            answer["id"]: answer
            for answer in answers
            if isinstance(answer, dict) and isinstance(answer.get("id"), int)
        }
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
        began = time.monotonic()
        if began < self._silent_until:
            raise self._failed("it asked to be left alone for a moment")
        status = 0
        try:
            async with self._session.post(
                self._endpoint.url,
                data=orjson.dumps(payload),
                allow_redirects=False,
                headers={"Authorization": shown} if (shown := self._endpoint.authorization()) else None,
                ssl=self._endpoint.context() or True,
            ) as response:
                status = response.status
                self._look_at(response, began)
                answer = orjson.loads(await self._read(response))
        except TimeoutError as error:
            raise self._failed("no answer in time", TooMuchAtOnce) from error
        except (aiohttp.ClientError, OSError) as error:
            raise self._failed(self._endpoint.why(error)) from error
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

    def _look_at(self, response: aiohttp.ClientResponse, began: float) -> None:
        """Raise what the status alone says; a JSON-RPC error may come with others."""
        status = response.status
        if 300 <= status < 400:
            raise self._failed(f"it redirects (HTTP {status}); set rpc_url to where it stands")
        asked = response.headers.get("Retry-After")
        if status == 429 or (status == 503 and asked is not None):
            wait_s = _retry_after_s(asked or "")
            self._silent_until = began + wait_s
            raise self._failed(f"HTTP {status}, for {wait_s:g} s")
        if status in (401, 403):
            raise self._failed(self._endpoint.let_in(status))
        if status == 413:
            raise self._failed("HTTP 413, the question is too large", QuestionTooLarge)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        """Return the body, read no further than any honest one goes."""
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise self._failed("it answers compressed, which it was asked not to")
        parts, size = [], 0
        async for part in response.content.iter_any():
            size += len(part)
            if size > MAX_ANSWER_BYTES:
                raise self._failed(f"an answer of more than {MAX_ANSWER_BYTES} bytes", TooMuchAtOnce)
            parts.append(part)
        return b"".join(parts)

    def _failed(self, why: str, kind: type[NodeUnreachable] = NodeUnreachable) -> NodeUnreachable:
        now = time.monotonic()
        self.failed += 1
        self._down = self._known
        if self._known and now - self._logged_at >= _LOG_EVERY_S:
            self._logged_at = now
            log.warning("node %s does not answer: %s", self.shown, why[:200])
        return kind(f"The node {self.shown} does not answer: {why[:200]}")


def _retry_after_s(text: str) -> float:
    """Return the seconds that a node asks for, within bounds; of a date, or nonsense, the usual."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return DEFAULT_RETRY_AFTER_S
    return min(MAX_RETRY_AFTER_S, float(text))


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


def read_quantity(text: Any, bits: int = 64) -> int:
    """Return a number as JSON-RPC writes it; raises ValueError if it is none, or has more bits than any honest one."""
    if not (isinstance(text, str) and _QUANTITY.fullmatch(text)) or (number := int(text, 16)) >> bits:
        raise ValueError(f"{text!r:.40} is no number of {bits} bits")
    return number


def read_wei(text: Any) -> int:
    """Return an amount of money, or a price."""
    return read_quantity(text, 256)


def hex_data(data: bytes) -> str:
    return "0x" + data.hex()


def read_data(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
