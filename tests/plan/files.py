# SPDX-License-Identifier: Apache-2.0
"""Load files made for tests: a history of a plant, and the shapes in which people have it."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from electro_plan import zones
from electro_plan.history import LoadHistory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from electro_plan.reading import Reading
    from electro_plan.settings import ReadSettings

MONDAY = datetime(2024, 3, 4)
EPOCH = datetime(1970, 1, 1)


def times(days: int = 14, minutes: int = 15, first: datetime = MONDAY) -> list[datetime]:
    """Return consecutive wall-clock times."""
    return [first + timedelta(minutes=minutes * index) for index in range(days * 1440 // minutes)]


def kwh(index: int) -> float:
    """Return an invented plant's energy of an interval: never the same long, never in order."""
    return 100 + index * 37 % 101 * 1.25


def rows(days: int = 14, pattern: str = "%Y-%m-%d %H:%M", minutes: int = 15) -> Iterable[tuple[str, float]]:
    for index, time in enumerate(times(days, minutes)):
        yield time.strftime(pattern), kwh(index)


def text(
    heading: str,
    separator: str = ",",
    pattern: str = "%Y-%m-%d %H:%M",
    days: int = 14,
    figure: Callable[[float], str] = "{:.2f}".format,
) -> str:
    """Return a file of two columns."""
    lines = [f"{time}{separator}{figure(value)}" for time, value in rows(days, pattern)]
    return "\n".join([heading, *lines]) + "\n"


def read(path: Path, content: str | bytes, settings: ReadSettings | None = None) -> Reading:
    from electro_plan.reading import read as read_file
    from electro_plan.settings import ReadSettings

    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_file(path, settings or ReadSettings())


def instant_s(moment: datetime, zone: str = "UTC") -> int:
    wall = np.array([int((moment - EPOCH).total_seconds())], np.int64)
    return int(zones.to_instants(wall, zone)[0])


def history(
    energy_wh: list[float], first_s: int, interval_s: int = 900, zone: str | None = "UTC", meter: str = ""
) -> LoadHistory:
    """Return a history of OK intervals; NaN is missing."""
    energy = np.array(energy_wh, np.float64)
    starts = first_s + interval_s * np.arange(len(energy), dtype=np.int64)
    return LoadHistory(
        starts, interval_s, energy, np.where(np.isnan(energy), 2, 0).astype(np.uint8), zone, "test", meter
    )


def written(path: Path, history: LoadHistory) -> Path:
    """Write a history as people have it: local times without offset, kWh."""
    lines = ["time;energy kWh"]
    for at, wh in zip(history.wall_s.tolist(), history.energy_wh.tolist(), strict=True):
        figure = "" if math.isnan(wh) else f"{wh / 1000:.4f}"
        lines.append(f"{EPOCH + timedelta(seconds=at):%Y-%m-%d %H:%M};{figure}")
    path.write_text("\n".join(lines) + "\n")
    return path
