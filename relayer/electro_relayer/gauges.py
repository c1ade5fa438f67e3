# SPDX-License-Identifier: Apache-2.0
"""Let Prometheus see how full the relayer is, what its key has left, and how its nodes do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_relayer.paying.item import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_relayer.chain.failover import Nodes
    from electro_relayer.chain.rpc import Node
    from electro_relayer.chain.standings import Standings
    from electro_relayer.chain.upkeep import Upkeep
    from electro_relayer.metrics import Metrics
    from electro_relayer.paying.batch import Queue
    from electro_relayer.paying.nonces.unmined import Unmined
    from electro_relayer.paying.readiness import Readiness
    from electro_relayer.settings import Settings


def add_gauges(
    metrics: Metrics,
    settings: Settings,
    *,
    queue: Queue,
    unmined: Unmined,
    upkeep: Upkeep,
    nodes: Nodes,
    readiness: Readiness,
    standings: Standings,
) -> None:
    def each(ask: Callable[[Node], float]) -> Callable[[], dict[str, float]]:
        return lambda: {f"{place} {node.shown}": ask(node) for place, node in enumerate(nodes)}

    one, many, counted = metrics.gauge, metrics.gauges, metrics.counts
    pulse = upkeep.pulse
    many("not_ready", "1 for the reason why nothing new is taken", "reason", readiness.reasons)
    one("queue_messages", "messages in memory, in flight or not", lambda: len(queue))
    one("queue_limit_messages", "so many are held, then 503", lambda: settings.queue_size)
    one("waiting_messages", "of these, messages in no transaction yet", queue.waiting)
    one("held_messages", "of these, held for a while", lambda: queue.places()[Place.HELD])
    one("oldest_message_seconds", "how long the oldest message has been in memory", queue.oldest_s)
    one("no_progress_seconds", "how long no message was done with though there are some", queue.still_s)
    one("unmined_transactions", "transactions in flight", lambda: len(unmined))
    one("key_shared", "1 if someone else was lately seen using the key", lambda: unmined.foreign)
    one(
        "balance_wei",
        "what the key has left for gas; absent until it is known",
        lambda: upkeep.balance_wei,
    )
    one("head_block", "number of the chain's newest block", lambda: pulse.number)
    one("head_age_seconds", "how old the newest block is by its own time", lambda: pulse.age_s)
    one("head_still_seconds", "how long ago the newest block came", lambda: pulse.still_s)
    one("final_lag_blocks", "blocks between the final and the newest", upkeep.final_lag)
    one("meters_remembered", "meters whose standing is in memory", lambda: len(standings))
    many("node_up", "1 if the node's last answer was one", "node", each(lambda node: node.up))
    many("node_active", "1 for the node in use", "node", each(lambda node: node is nodes.active))
    counted("node_answers_total", "requests the node answered", "node", each(lambda node: node.answered))
    counted(
        "node_failures_total", "requests it did not answer usably", "node", each(lambda node: node.failed)
    )
    counted(
        "node_busy_seconds_total", "time spent waiting for the node", "node", each(lambda node: node.busy_s)
    )
