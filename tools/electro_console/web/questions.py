# SPDX-License-Identifier: Apache-2.0
"""What pages ask: the index by threads, so that a slow question stops no other, and the node.

The pages' time is that of the last block in the index: figures on a page are those of one moment of the chain.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from aiohttp import web

from .errors import Unready

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_console.index.reading import Index
    from electro_console.index.records import Status
    from electro_plan.sections import Section

    from .following import Following
    from .node import Node

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
    """

    index: Index
    node: Node
    sections: tuple[Section, ...] = ()
    relayers: tuple[str, ...] = ()
    following: Following | None = None

    async def ask(
        self, question: Callable[Asked, Answer], *args: Asked.args, **kwargs: Asked.kwargs
    ) -> Answer:
        """Return what a question to the index answers."""
        return await asyncio.to_thread(question, *args, **kwargs)

    async def status(self) -> Status:
        """Return how far the index is.

        Raises:
            Unready: there is nothing in it yet.
        """
        status = await self.ask(self.index.status)
        if not status.block_time:
            raise Unready(
                "the index is still empty: the first blocks are on their way", "load the page again soon"
            )
        return status


QUESTIONS: web.AppKey[Questions] = web.AppKey("questions", Questions)
