# SPDX-License-Identifier: Apache-2.0
"""Compare what several nodes tell of the same block, so that one that lies or has lost its chain is noticed.

What decides is the block's hash and where the meter lately asked about stands there. A majority exposes the
others; of two nodes that disagree nobody can tell which is right, so both are only reported.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

from electro_contracts import calldata
from electro_relayer.chain.rpc import NodeUnreachable, RpcError, hex_data, read_quantity

if TYPE_CHECKING:
    from electro_relayer.chain.chain import Chain
    from electro_relayer.chain.failover import Nodes
    from electro_relayer.chain.rpc import Node
    from electro_relayer.metrics import Metrics

log = logging.getLogger(__name__)

EVERY_S = 30.0
# After a hint: the block in question must first be settled everywhere.
SUSPICIOUS_EVERY_S, SUSPICIONS = 2.0, 10
SETTLED = 2  # blocks below the lowest head: nodes may rightly differ about the newest for a moment


class Comparison:
    def __init__(self, chain: Chain, nodes: Nodes, metrics: Metrics) -> None:
        self._chain, self._nodes, self._metrics = chain, nodes, metrics
        self._soon = asyncio.Event()

    def hint(self) -> None:
        """Compare now: an answer looked wrong."""
        self._soon.set()

    async def run(self) -> None:
        """Compare now and then until cancelled; a single node has nothing to be compared with."""
        left = 0
        while len(self._nodes) > 1:
            try:
                async with asyncio.timeout(SUSPICIOUS_EVERY_S if left else EVERY_S):
                    await self._soon.wait()
            except TimeoutError:
                left = max(0, left - 1)
            else:
                left = SUSPICIONS
            self._soon.clear()
            try:
                await self.compare()
            except Exception:  # a fault of ours must not end the comparing
                log.exception("comparing nodes failed")
            await asyncio.sleep(1)  # hints may come in floods

    async def compare(self) -> None:
        """Ask every node about one block, and believe those less that the majority contradicts.

        All are asked the same: what they are asked is read once. A question that failed is no answer, so no other.
        """
        device = self._chain.last_asked
        heads = await asyncio.gather(*[_ask(node, "eth_blockNumber", []) for node in self._nodes])
        alive = [
            (node, number) for node, head in zip(self._nodes, heads, strict=True) if (number := _number(head))
        ]
        if len(alive) < 2:
            return
        block = hex(max(0, min(head for _, head in alive) - SETTLED))
        nodes = [node for node, _ in alive]
        headers = await asyncio.gather(*[_ask(n, "eth_getBlockByNumber", [block, False]) for n in nodes])
        hashes = [header.get("hash") if isinstance(header, dict) else None for header in headers]
        states: list[Any] = [None] * len(nodes)
        if device is not None:
            data = calldata.meter_state(device, 0)
            call = {"to": hex_data(self._chain.contract), "data": hex_data(data)}
            states = await asyncio.gather(*[_ask(n, "eth_call", [call, block]) for n in nodes])
        exposed: set[Node] = set()
        disagree = False
        for answers in (hashes, states):
            told = [(node, answer) for node, answer in zip(nodes, answers, strict=True) if answer is not None]
            counts = Counter(str(answer) for _, answer in told)
            if len(counts) < 2:
                continue
            disagree = True
            [(truth, votes)] = counts.most_common(1)
            if 2 * votes > len(told):
                exposed |= {node for node, answer in told if str(answer) != truth}
            else:
                names = " and ".join(node.shown for node, _ in told)
                log.error(
                    "%s tell different chains at block %s, and nobody can say who is right", names, block
                )
        if disagree:
            self._metrics.count("nodes_disagree_total")
        for node in exposed:
            log.error("node %s contradicts the others at block %s", node.shown, block)
            self._nodes.doubt(node, "the other nodes agree on another chain")
        if exposed:
            await self._nodes.settle_on_trusted()


async def _ask(node: Node, method: str, params: list[Any]) -> Any:
    try:
        return await node.call(method, params)
    except (NodeUnreachable, RpcError):
        return None


def _number(head: Any) -> int:
    try:
        return read_quantity(head)
    except (TypeError, ValueError):
        return 0
