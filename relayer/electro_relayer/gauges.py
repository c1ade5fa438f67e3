# SPDX-License-Identifier: Apache-2.0
"""Let Prometheus see how full the relayer is, what its key has left, and how its nodes do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_relayer.chain.failover import Nodes
    from electro_relayer.chain.rpc import Node
    from electro_relayer.chain.upkeep import Upkeep
    from electro_relayer.metrics import Labels, Metrics
    from electro_relayer.paying.batch import Queue
    from electro_relayer.paying.unmined import Unmined


def add_gauges(metrics: Metrics, queue: Queue, unmined: Unmined, upkeep: Upkeep, nodes: Nodes) -> None:
    def one(name: str, meaning: str, ask: Callable[[], float]) -> None:
        metrics.gauge(name, meaning, lambda: {(): ask()})

    def each(name: str, meaning: str, ask: Callable[[Node], float]) -> None:
        def labelled() -> dict[Labels, float]:
            return {(("node", f"{place} {node.shown}"),): ask(node) for place, node in enumerate(nodes)}

        metrics.gauge(name, meaning, labelled)

    one("queue_messages", "messages in memory, in flight or not", lambda: len(queue))
    one("waiting_messages", "of these, messages in no transaction yet", queue.waiting)
    one("unmined_transactions", "transactions in flight", lambda: len(unmined))
    one("key_shared", "1 if someone else was lately seen using the key", lambda: unmined.foreign)
    metrics.gauge(
        "balance_wei",
        "what the key has left for gas; absent until it is known",
        lambda: {} if upkeep.balance_wei is None else {(): upkeep.balance_wei},
    )
    each("node_up", "1 if the node's last answer was one", lambda node: node.up)
    each("node_active", "1 for the node in use", lambda node: node is nodes.active)
    each("node_answers", "requests the node answered", lambda node: node.answered)
    each("node_failures", "requests the node did not answer usably", lambda node: node.failed)
    each("node_busy_seconds", "time spent waiting for the node", lambda node: node.busy_s)
