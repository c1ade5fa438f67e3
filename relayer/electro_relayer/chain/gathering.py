# SPDX-License-Identifier: Apache-2.0
"""Answer many who ask at about the same moment with one question to the node."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Sequence

Key = TypeVar("Key", bound="Hashable")
Answer = TypeVar("Answer")

WINDOW_S = 0.01  # in which fifty requests come in at full load; who asks alone can spare it
AT_ONCE = 4  # questions open: a node a tenth of a second away still answers for thousands a second


class Gathering(Generic[Key, Answer]):
    """Asks once for all who came within a moment; who comes later gets an answer that was asked for later.

    `ask` returns an answer for each key, in order; an exception among them goes to those who asked for that key,
    one that is raised goes to all.
    """

    def __init__(
        self, ask: Callable[[Sequence[Key]], Awaitable[Sequence[Answer | Exception]]], *, most: int
    ) -> None:
        self._ask, self._most = ask, most
        self._waiting: dict[Key, asyncio.Future[Answer]] = {}
        self._open: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def answer(self, key: Key) -> Answer:
        """Return the answer to a question that is put after this call."""
        future = self._waiting.get(key)
        if future is None:
            loop = asyncio.get_running_loop()
            future = self._waiting[key] = loop.create_future()
            future.add_done_callback(_looked_at)
            if len(self._waiting) >= self._most:
                self._put()
            elif self._timer is None:
                self._timer = loop.call_later(WINDOW_S, self._put)
        return await asyncio.shield(future)  # one who leaves takes no answer from the others

    def _put(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting and len(self._open) < AT_ONCE:
            keys = list(itertools.islice(self._waiting, self._most))
            task = asyncio.create_task(self._answer(keys, [self._waiting.pop(key) for key in keys]))
            self._open.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._open.discard(task)
        if self._waiting and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WINDOW_S, self._put)

    async def _answer(self, keys: list[Key], futures: list[asyncio.Future[Answer]]) -> None:
        answers: Sequence[Answer | Exception]
        try:
            answers = await self._ask(keys)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who asked are told
            answers = [error] * len(keys)
        except asyncio.CancelledError:
            for future in futures:
                future.cancel()
            raise
        for future, answer in zip(futures, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)


def _looked_at(future: asyncio.Future[Any]) -> None:
    """Keep asyncio from logging an exception whose asker has left."""
    if not future.cancelled():
        future.exception()
