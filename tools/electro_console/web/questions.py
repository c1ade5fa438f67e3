# SPDX-License-Identifier: Apache-2.0
"""What pages ask: the index by threads, so that a slow question stops no other, and the node.

The pages' time is that of the last block in the index: figures on a page are those of one moment of the chain.
"""

from __future__ import annotations

import asyncio
import functools
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from aiohttp import web

from electro_plan.sentence import sentence

from .errors import Unready

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_console.index.reading import Index
    from electro_console.index.records import Status
    from electro_plan.sections import Section

    from .following import Following
    from .node import Node

_MOST_PLANNED = 1  # at once
_MOST_ASKED = 500  # answers of one block that are kept: a few kB each

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


@dataclass
class Questions:
    """Where pages get their facts from.

    Args:
        index: of the contract's logs.
        node: for what is newer, and for rehearsals.
        sections: of the network; none if no file was given.
        relayers: addresses of their metrics.
        following: what brings new blocks; None if another process does.
        planning: whoever plans waits for it: a plan takes a processor for seconds, and pages need the others.
    """

    index: Index
    node: Node
    sections: tuple[Section, ...] = ()
    relayers: tuple[str, ...] = ()
    following: Following | None = None
    planning: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_MOST_PLANNED))
    _block: int = -1
    _asked: OrderedDict[Any, asyncio.Future[Any]] = field(default_factory=OrderedDict)

    async def ask(
        self, question: Callable[Asked, Answer], *args: Asked.args, **kwargs: Asked.kwargs
    ) -> Answer:
        """Return what a question to the index answers."""
        return await asyncio.to_thread(question, *args, **kwargs)

    async def ask_once(
        self, question: Callable[Asked, Answer], *args: Asked.args, **kwargs: Asked.kwargs
    ) -> Answer:
        """Return the same for a question that names the time of the last block: asked once for all of its readers."""
        key = (question.__name__, args, tuple(sorted(kwargs.items())))
        asking = self._asked.get(key)
        if asking is None:
            asking = self._asked[key] = asyncio.ensure_future(self.ask(question, *args, **kwargs))
            asking.add_done_callback(functools.partial(self._forget_failed, self._asked, key))
            while len(self._asked) > _MOST_ASKED:
                self._asked.popitem(last=False)
        # a reader that goes away takes no answer from the others
        found: Answer = await asyncio.shield(asking)
        return found

    @staticmethod
    def _forget_failed(asked: OrderedDict[Any, Any], key: Any, done: asyncio.Future[Any]) -> None:
        if done.cancelled() or done.exception() is not None:
            asked.pop(key, None)

    async def status(self) -> Status:
        """Return how far the index is.

        Raises:
            Unready: there is nothing in it yet.
        """
        status = await self.ask(self.index.status)
        if status.block != self._block:
            self._block, self._asked = status.block, OrderedDict()
        if not status.block_time:
            raise Unready(
                sentence("the index is still empty: the first blocks are on their way"),
                sentence("load the page again soon"),
            )
        return status


QUESTIONS: web.AppKey[Questions] = web.AppKey("questions", Questions)
