# SPDX-License-Identifier: Apache-2.0
"""Count what the relayer does, and write it in Prometheus' text format 0.0.4.

Written by hand: two kinds of numbers and one page of text need no library, and an addition to a dict costs a
tenth of a locked counter. Labels are few and bounded: refusal codes, kinds of message, the configured nodes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PREFIX = "electro_relayer_"
# fine where a chain of one-second blocks and a depth of a few lies, up to Ethereum's quarter of an hour to `finalized`
_WAITS_S = (0.1, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 15, 30, 60, 300, 900, 1800)
Labels = tuple[tuple[str, str], ...]


class Histogram:
    """Counts of observations up to each bound, and their sum."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def lines(self, name: str) -> Iterable[str]:
        total = 0
        for bound, count in zip((*self._bounds, None), self._counts, strict=True):
            total += count
            yield f'{name}_bucket{{le="{"+Inf" if bound is None else f"{bound:g}"}"}} {total}'
        yield f"{name}_sum {self._sum:.6f}"
        yield f"{name}_count {total}"


class Metrics:
    """Counters grow by `count`; gauges are functions that are asked when somebody looks."""

    def __init__(self) -> None:
        self._counters: dict[str, dict[Labels, float]] = {}
        self._gauges: dict[str, Callable[[], dict[Labels, float]]] = {}
        self._help: dict[str, str] = {}
        self.batch_size = Histogram((1, 2, 5, 10, 20, 30, 40, 50))
        self.mined_s = Histogram(_WAITS_S)
        self.final_s = Histogram(_WAITS_S)
        self._histograms = {
            "batch_messages": ("messages in a mined transaction", self.batch_size),
            "mined_seconds": ("from a message's acceptance to its block", self.mined_s),
            "final_seconds": ("from a message's acceptance to the finality of its block", self.final_s),
        }
        for name, meaning in (
            ("accepted_total", "messages taken into the queue, by kind"),
            ("refused_total", "messages and requests refused, by code"),
            ("landed_total", "messages that a mined transaction brought onto the chain"),
            ("skipped_total", "messages in mined transactions that the contract left out"),
            ("reverted_total", "transactions that reverted"),
            ("transactions_total", "transactions mined"),
            ("replaced_total", "fees raised on the same nonce"),
            ("healed_total", "transactions sent again as the same bytes"),
            ("given_up_total", "nonces given up"),
            ("gas_total", "gas used by mined transactions"),
            ("fee_wei_total", "what that gas cost"),
            ("failovers_total", "changes to another node"),
            (
                "node_backwards_total",
                "answers of a node behind what was known, blocks or a meter's next interval",
            ),
            ("nodes_disagree_total", "comparisons in which nodes told different chains"),
        ):
            self._help[name] = meaning
            self._counters[name] = defaultdict(float)

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        self._counters[name][tuple(labels.items())] += amount

    def value(self, name: str, **labels: str) -> float:
        return self._counters[name].get(tuple(labels.items()), 0.0)

    def gauge(self, name: str, meaning: str, ask: Callable[[], dict[Labels, float]]) -> None:
        """Let a gauge be asked for; one without labels has () as its only key."""
        self._gauges[name] = ask
        self._help[name] = meaning

    def text(self) -> str:
        """Return everything, as a scrape reads it."""
        lines: list[str] = []
        for name, values in self._counters.items():
            lines += self._head(name, "counter")
            lines += _samples(name, values or {(): 0.0})
        for name, ask in self._gauges.items():
            lines += self._head(name, "gauge")
            lines += _samples(name, ask())
        for name, (meaning, histogram) in self._histograms.items():
            lines += [f"# HELP {_PREFIX}{name} {meaning}", f"# TYPE {_PREFIX}{name} histogram"]
            lines += histogram.lines(_PREFIX + name)
        return "\n".join(lines) + "\n"

    def _head(self, name: str, kind: str) -> list[str]:
        return [f"# HELP {_PREFIX}{name} {self._help[name]}", f"# TYPE {_PREFIX}{name} {kind}"]


def _samples(name: str, values: dict[Labels, float]) -> Iterable[str]:
    for labels, value in values.items():
        inside = ",".join(f'{key}="{text}"' for key, text in labels)
        shown = f"{int(value)}" if value == int(value) else repr(value)
        yield f"{_PREFIX}{name}{'{' + inside + '}' if inside else ''} {shown}"
