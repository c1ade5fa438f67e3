# SPDX-License-Identifier: Apache-2.0
"""A load history: what one metering point took, interval by interval, on instants."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from electro_plan import zones

if TYPE_CHECKING:
    from datetime import tzinfo

    from numpy.typing import NDArray

DAY_S = 86_400


class Quality(IntEnum):
    """How an interval's energy came about; the words are OpenADR 3's."""

    OK = 0
    ESTIMATED = 1
    MISSING = 2


@dataclass(frozen=True)
class Gap:
    """Consecutive intervals without data.

    Args:
        start_s: unix seconds at which the first begins.
        end_s: unix seconds at which the last ends.
        intervals: how many.
    """

    start_s: int
    end_s: int
    intervals: int


@dataclass(frozen=True, eq=False)
class LoadHistory:
    """Energy of consecutive intervals of one metering point, or of the sum of some.

    The arrays have one element an interval, in order, none left out: an interval without data is there, is MISSING, and
    its energy is NaN. They can't be written to.

    Args:
        starts_s: shape (n,), int64: unix seconds at which each interval begins.
        interval_s: length of every interval, s. Days (86,400) are days of the zone: 23 or 25 hours long when
            its clocks change. Shorter ones always have this length.
        energy_wh: shape (n,), float64: active energy taken, Wh, from 0 up; NaN where missing.
        quality: shape (n,), uint8: a `Quality` each.
        zone: IANA name or offset ("Europe/Moscow", "UTC+03:00") in which people speak of it; None if nothing told: then
            the file's times were taken for UTC as they stand, and only differences between them mean something.
        source: where it comes from, for people.
        meter: what the source calls the metering point; "" if it does not say.
    """

    starts_s: NDArray[np.int64]
    interval_s: int
    energy_wh: NDArray[np.float64]
    quality: NDArray[np.uint8]
    zone: str | None
    source: str
    meter: str = ""

    def __post_init__(self) -> None:
        if not 0 < len(self.starts_s) == len(self.energy_wh) == len(self.quality):
            raise ValueError(
                "a history has one start, energy and quality an interval, and at least one interval"
            )
        for column in (self.starts_s, self.energy_wh, self.quality):
            column.flags.writeable = False

    def __len__(self) -> int:
        return len(self.starts_s)

    @property
    def clock(self) -> tzinfo:
        """The zone's clock; UTC's where no zone is known."""
        return zones.clock(self.zone or "UTC")

    @property
    def first_s(self) -> int:
        """Unix seconds at which the first interval begins."""
        return int(self.starts_s[0])

    @property
    def last_s(self) -> int:
        """Unix seconds at which the last interval begins."""
        return int(self.starts_s[-1])

    @property
    def ends_s(self) -> NDArray[np.int64]:
        """Shape (n,): unix seconds at which each interval ends, the next one's beginning."""
        return np.append(self.starts_s[1:], self.end_s)

    @property
    def end_s(self) -> int:
        """Unix seconds at which the last interval ends."""
        if self.interval_s < DAY_S:
            return self.last_s + self.interval_s
        wall_s = zones.to_wall(self.starts_s[-1:], self.zone or "UTC") + self.interval_s
        return int(zones.to_instants(wall_s, self.zone or "UTC")[0])

    @property
    def wall_s(self) -> NDArray[np.int64]:
        """Shape (n,): what a clock in the zone shows at each start, as seconds since 1970-01-01 00:00 on that clock."""
        return zones.to_wall(self.starts_s, self.zone or "UTC")

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Shape (n,): which intervals have no data."""
        return np.equal(self.quality, Quality.MISSING)

    @property
    def power_w(self) -> NDArray[np.float64]:
        """Shape (n,): mean power of each interval, W; NaN where missing."""
        return self.energy_wh * 3600 / (self.ends_s - self.starts_s)

    @property
    def total_wh(self) -> float:
        """Energy of all intervals that have data."""
        return float(np.nansum(self.energy_wh))

    @property
    def peak_w(self) -> float:
        """Greatest mean power of an interval; 0 if all are missing."""
        power = self.power_w[~self.missing]
        return float(power.max()) if len(power) else 0.0

    def between(self, first_s: int, end_s: int) -> LoadHistory:
        """Return the intervals that begin from one instant on and before another; there must be one."""
        chosen = (self.starts_s >= first_s) & (self.starts_s < end_s)
        return replace(
            self,
            starts_s=self.starts_s[chosen],
            energy_wh=self.energy_wh[chosen],
            quality=self.quality[chosen],
        )

    def gaps(self) -> list[Gap]:
        """Return the runs of missing intervals, in order."""
        return [
            Gap(int(self.starts_s[begin]), int(self.ends_s[end - 1]), end - begin)
            for begin, end in runs(self.missing)
        ]


def runs(marked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return (begin, end) of each run of marked elements, end exclusive."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], marked, [False])).astype(np.int8)))
    return [(int(begin), int(end)) for begin, end in zip(edges[::2], edges[1::2], strict=True)]
