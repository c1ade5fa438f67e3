# SPDX-License-Identifier: Apache-2.0
"""Know what is interrupted when: the supply, on either side of the breaker, and the network."""

GRID = "grid"
CONSUMER = "consumer"


class Period:
    """From start to end, in microseconds of unix time."""

    def __init__(self, start_s: float, end_s: float, side: str = "") -> None:
        if not 0 <= start_s < end_s:
            raise ValueError("a period must end after it starts")
        self.start_us = int(start_s * 1_000_000)
        self.end_us = int(end_s * 1_000_000)
        self.side = side


class Periods:
    """A few periods; lookups are linear."""

    def __init__(self, periods: "list[Period]") -> None:
        self._periods = periods

    def at(self, unix_us: int) -> "Period | None":
        """Return the period that holds an instant."""
        for period in self._periods:
            if period.start_us <= unix_us < period.end_us:
                return period
        return None

    def next_edge_us(self, unix_us: int, until_us: int) -> int:
        """Return the first start or end after unix_us, or until_us if none comes before."""
        for period in self._periods:
            for edge_us in (period.start_us, period.end_us):
                if unix_us < edge_us < until_us:
                    until_us = edge_us
        return until_us
