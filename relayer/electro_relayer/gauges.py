# SPDX-License-Identifier: Apache-2.0
"""Let Prometheus see how full the relayer is, what its key has left, and how its nodes do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_relayer.chain.failover import Nodes
    from electro_relayer.chain.rpc import Node
    from electro_relayer.chain.upkeep import Upkeep
    from electro_relayer.metrics import Metrics
    from electro_relayer.paying.batch import Queue
    from electro_relayer.paying.unmined import Unmined


def add_gauges(metrics: Metrics, queue: Queue, unmined: Unmined, upkeep: Upkeep, nodes: Nodes) -> None:
    def each(ask: Callable[[Node], float]) -> Callable[[], dict[str, float]]:
        return lambda: {f"{place} {node.shown}": ask(node) for place, node in enumerate(nodes)}

    one = metrics.gauge
    one("queue_messages", "messages in memory, in flight or not", lambda: len(queue))
    one("waiting_messages", "of these, messages in no transaction yet", queue.waiting)
    one("unmined_transactions", "transactions in flight", lambda: len(unmined))
    one("key_shared", "1 if someone else was lately seen using the key", lambda: unmined.foreign)
    one(
        "balance_wei",
        "what the key has left for gas; absent until it is known",
        lambda: upkeep.balance_wei,
    )
    many, counted = metrics.gauges, metrics.counts
    many("node_up", "1 if the node's last answer was one", "node", each(lambda node: node.up))
    many("node_active", "1 for the node in use", "node", each(lambda node: node is nodes.active))
    counted("node_answers_total", "requests the node answered", "node", each(lambda node: node.answered))
    counted(
        "node_failures_total", "requests it did not answer usably", "node", each(lambda node: node.failed)
    )
    counted(
        "node_busy_seconds_total", "time spent waiting for the node", "node", each(lambda node: node.busy_s)
    )
