# SPDX-License-Identifier: Apache-2.0
"""Plants made for tests, with stated parameters, and the histories that they leave."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from electro_plan.history import LoadHistory

if TYPE_CHECKING:
    from collections.abc import Callable


DAY_S = 86_400


def at(moment: str, zone: str) -> int:
    """Return the unix seconds of a local time."""
    return int(datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone)).timestamp())


def history(
    draw: Callable[[datetime], float], zone: str, first_s: int, days: int, interval_s: int = 900
) -> LoadHistory:
    """Return the history of a plant that draws so many Wh in the interval that begins at a local time."""
    starts = first_s + interval_s * np.arange(days * DAY_S // interval_s, dtype=np.int64)
    where = ZoneInfo(zone)
    energy = np.array([draw(datetime.fromtimestamp(int(s), UTC).astimezone(where)) for s in starts])
    return LoadHistory(
        starts, interval_s, energy, np.zeros(len(starts), np.uint8), zone, "a plant made for tests"
    )


def weekly(seed: int, interval_s: int = 900) -> Callable[[datetime], float]:
    """Return a plant that does the same every week, by the clock on its wall: any energy at any time of the week."""
    energies = np.random.default_rng(seed).uniform(0, 50_000, (7, DAY_S // interval_s))

    def draw(local: datetime) -> float:
        return float(energies[local.weekday(), (local.hour * 3600 + local.minute * 60) // interval_s])

    return draw


def shifts(seed: int, off: frozenset[date] = frozenset(), noise: float = 0.05) -> Callable[[datetime], float]:
    """Return a plant of two shifts: 5 kWh at night and on Sundays, 40 from 6 to 22 on other days, and noise."""
    random = np.random.default_rng(seed)

    def draw(local: datetime) -> float:
        works = local.weekday() < 6 and 6 <= local.hour < 22 and local.date() not in off
        return float((40_000 if works else 5_000) * (1 + noise * random.uniform(-1, 1)))

    return draw
