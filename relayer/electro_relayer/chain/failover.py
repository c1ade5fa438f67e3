# SPDX-License-Identifier: Apache-2.0
"""Speak to one of several nodes, and change to another when it fails or is caught telling what is not so.

Before a node is spoken to for the first time, and whenever it is changed to, it must prove to serve the right
chain with the contract. The one in use stays in use until it fails: there is no way back of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from typing import TYPE_CHECKING, Any, Self

from electro_relayer.chain.rpc import Node, NodeUnreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from types import TracebackType

    from electro_contracts.node.access import Access
    from electro_relayer.chain.rpc import Request
    from electro_relayer.metrics import Metrics

log = logging.getLogger(__name__)

MOST_UNTOLD = 32  # requests kept for nodes not in use while those are slow
DISTRUSTED_S = 60.0  # a node caught lying is asked again after so long, if no other answers sooner


class Nodes:
    """The configured nodes; used like a single `Node`."""

    def __init__(
        self,
        urls: Sequence[str],
        *,
        timeout_s: float,
        clock: Callable[[], float],
        metrics: Metrics,
        access: Access | None = None,
    ) -> None:
        self._nodes = [Node(url, timeout_s=timeout_s, access=access) for url in urls]
        self._clock, self._metrics = clock, metrics
        self._active = self._nodes[0]
        self._distrusted: dict[Node, float] = {}
        self._changing = asyncio.Lock()
        self._open = contextlib.AsyncExitStack()
        self._untold: deque[Request] = deque(maxlen=MOST_UNTOLD)
        self._telling: asyncio.Task[None] | None = None
        self.proves: Callable[[Node], Awaitable[bool]] | None = None  # set once it is known what to ask for

    async def __aenter__(self) -> Self:
        for node in self._nodes:
            await self._open.enter_async_context(node)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)
        await self._open.aclose()

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    @property
    def shown(self) -> str:
        return self._active.shown

    @property
    def active(self) -> Node:
        return self._active

    async def call(self, method: str, params: list[Any]) -> Any:
        """Return the result of one call; raises RpcError or NodeUnreachable."""
        for _ in self._nodes:
            node = self._active
            try:
                return await node.call(method, params)
            except NodeUnreachable:
                if not await self._change_from(node):
                    raise
        return await self._active.call(method, params)

    async def batch(self, requests: Sequence[Request]) -> list[Any]:
        """Return the results in order, an RpcError for a call that failed; raises NodeUnreachable."""
        for _ in self._nodes:
            node = self._active
            try:
                return await node.batch(requests)
            except NodeUnreachable:
                if not await self._change_from(node):
                    raise
        return await self._active.batch(requests)

    def tell_others(self, requests: Sequence[Request]) -> None:
        """Put requests to the nodes not in use too, as far as they answer; nobody waits for that."""
        self._untold.extend(requests)
        if len(self._nodes) > 1 and (self._telling is None or self._telling.done()):
            self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        while self._untold:
            requests = list(self._untold)
            self._untold.clear()
            for node in self._nodes:
                if node is not self._active:
                    with contextlib.suppress(NodeUnreachable):
                        await node.batch(requests)

    async def begin_with_one_that_answers(self) -> None:
        """Begin with the first node that answers at all; raises NodeUnreachable, the first one's, if none does."""
        failures: list[NodeUnreachable] = []
        for node in self._nodes:
            try:
                await node.call("eth_chainId", [])
            except NodeUnreachable as error:
                failures.append(error)
            else:
                self._active = node
                return
        raise failures[0]

    def doubt(self, node: Node, why: str) -> None:
        """Prefer any other node for a while."""
        self._distrusted[node] = self._clock()
        log.warning("node %s is not believed for a while: %s", node.shown, why)

    @property
    def have_another(self) -> bool:
        """Whether there is a node beside the one in use that is not doubted."""
        return any(node is not self._active and not self._is_distrusted(node) for node in self._nodes)

    async def settle_on_trusted(self) -> None:
        """Change away from a doubted node if another one proves itself."""
        if self._is_distrusted(self._active):
            await self._change_from(self._active)

    async def _change_from(self, failed: Node) -> bool:
        """Change to another node that proves itself; return whether there is one to ask instead."""
        if len(self._nodes) == 1 or self.proves is None:
            return False
        async with self._changing:
            if self._active is not failed:
                return True  # somebody else has changed meanwhile
            start = self._nodes.index(failed)
            others = self._nodes[start + 1 :] + self._nodes[:start]
            for node in sorted(others, key=self._is_distrusted):
                try:
                    proven = await self.proves(node)
                except NodeUnreachable:
                    continue
                if not proven:
                    log.error("node %s serves another chain, or not the contract: it is not used", node.shown)
                    continue
                self._active = node
                self._metrics.count("failovers_total")
                log.warning("node %s is used instead of %s", node.shown, failed.shown)
                return True
        return False

    def _is_distrusted(self, node: Node) -> bool:
        return self._clock() - self._distrusted.get(node, -DISTRUSTED_S) < DISTRUSTED_S
