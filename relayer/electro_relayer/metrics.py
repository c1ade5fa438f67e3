# SPDX-License-Identifier: Apache-2.0
"""Name everything that the relayer counts, for Prometheus: one registry a service, beside what it costs to run.

Labels are few and bounded: refusal codes, kinds of message, reasons, the configured nodes.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING

import prometheus_client
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prometheus_client.core import Metric

CONTENT_TYPE = CONTENT_TYPE_LATEST
_PREFIX = "electro_relayer_"
# fine where a chain of one-second blocks and a depth of a few lies, up to Ethereum's quarter of an hour to `finalized`
_WAITS_S = (0.1, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 15, 30, 60, 300, 900, 1800)
_COUNTERS = (
    ("accepted_total", "messages taken into the queue, by kind", "kind"),
    ("refused_total", "messages and requests refused, by code", "code"),
    ("landed_total", "messages that a mined transaction brought onto the chain", ""),
    ("skipped_total", "messages in mined transactions that the contract left out", ""),
    ("reverted_total", "transactions that reverted", ""),
    ("transactions_total", "transactions mined", ""),
    ("replaced_total", "fees raised on the same nonce", ""),
    ("healed_total", "transactions sent again as the same bytes", ""),
    ("set_aside_total", "messages that failed alone and wait, for the node may be in trouble", ""),
    ("given_up_total", "nonces given up", ""),
    ("gas_total", "gas used by mined transactions", ""),
    ("fee_wei_total", "what that gas cost", ""),
    ("failovers_total", "changes to another node", ""),
    (
        "node_backwards_total",
        "answers of a node behind what was known, blocks or a meter's next interval",
        "",
    ),
    ("finality_broken_total", "times that a block called final was not on the chain any more", ""),
    ("nodes_disagree_total", "comparisons in which nodes told different chains", ""),
)

# the moment a counter was made: a second series for each, read by nobody
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """Counters grow by `count`; gauges are functions that are asked when somebody looks."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._counters = {
            name: Counter(_PREFIX + name, meaning, (label,) if label else (), registry=self.registry)
            for name, meaning, label in _COUNTERS
        }
        self._children: dict[tuple[str, str], Counter] = {}  # `labels` takes longer than counting does
        self.batch_size = self._histogram(
            "batch_messages", "messages in a mined transaction", (1, 2, 5, 10, 20, 30, 40, 50)
        )
        self.mined_s = self._histogram("mined_seconds", "from a message's acceptance to its block", _WAITS_S)
        self.final_s = self._histogram(
            "final_seconds", "from a message's acceptance to the finality of its block", _WAITS_S
        )
        prometheus_client.ProcessCollector(registry=self.registry)
        prometheus_client.GCCollector(registry=self.registry)

    def _histogram(self, name: str, meaning: str, bounds: tuple[float, ...]) -> Histogram:
        histogram = Histogram(_PREFIX + name, meaning, bounds)
        self.registry.register(histogram)
        return histogram

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Let a counter grow; a counter has at most one label."""
        [value] = labels.values() or [""]
        child = self._children.get((name, value))
        if child is None:
            counter = self._counters[name]
            child = self._children[name, value] = counter.labels(value) if labels else counter
        child.inc(amount)

    def value(self, name: str, **labels: str) -> float:
        """Return what has been counted so far."""
        return self.registry.get_sample_value(_PREFIX + name, labels) or 0.0

    def gauge(self, name: str, meaning: str, ask: Callable[[], float | None]) -> None:
        """Let a number be asked for; None is no number, and nothing is told."""

        def told() -> dict[str, float]:
            value = ask()
            return {} if value is None else {"": value}

        self.registry.register(_Asked(GaugeMetricFamily, name, meaning, "", told))

    def gauges(self, name: str, meaning: str, label: str, ask: Callable[[], dict[str, float]]) -> None:
        """Let numbers be asked for, one for each value of a label."""
        self.registry.register(_Asked(GaugeMetricFamily, name, meaning, label, ask))

    def counts(self, name: str, meaning: str, label: str, ask: Callable[[], dict[str, float]]) -> None:
        """Let counters be asked for that are kept elsewhere, one for each value of a label."""
        self.registry.register(_Asked(CounterMetricFamily, name, meaning, label, ask))

    def text(self) -> str:
        """Return everything, as a scrape reads it."""
        return generate_latest(self.registry).decode()


class Histogram:
    """How many values lay up to each bound, and their sum.

    The library's own takes two locks and four calls for a value, three times as long, and each message has two.
    """

    def __init__(self, name: str, meaning: str, bounds: tuple[float, ...]) -> None:
        self._name, self._meaning, self._bounds = name, meaning, bounds
        self._counts = [0] * (len(bounds) + 1)  # the last: beyond all bounds
        self._sum = 0.0

    def observe(self, values: Iterable[float]) -> None:
        for value in values:
            self._counts[bisect_left(self._bounds, value)] += 1
            self._sum += value

    def describe(self) -> Iterable[Metric]:
        """Return the family without numbers, for its name."""
        return [HistogramMetricFamily(self._name, self._meaning)]

    def collect(self) -> Iterable[Metric]:
        bounds = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        upto = list(zip(bounds, accumulate(self._counts), strict=True))
        return [HistogramMetricFamily(self._name, self._meaning, buckets=upto, sum_value=self._sum)]


class _Asked:
    """A family whose numbers are asked for when somebody looks."""

    def __init__(
        self,
        family: type[GaugeMetricFamily | CounterMetricFamily],
        name: str,
        meaning: str,
        label: str,
        ask: Callable[[], dict[str, float]],
    ) -> None:
        self._family, self._name, self._meaning, self._label, self._ask = (
            family,
            _PREFIX + name,
            meaning,
            label,
            ask,
        )

    def describe(self) -> Iterable[Metric]:
        """Return the family without numbers, so that registering it asks for nothing yet."""
        return [self._family(self._name, self._meaning, labels=[self._label] if self._label else [])]

    def collect(self) -> Iterable[Metric]:
        family = self._family(self._name, self._meaning, labels=[self._label] if self._label else [])
        for value, number in self._ask().items():
            family.add_metric([value] if self._label else [], number)
        return [family]
