# SPDX-License-Identifier: Apache-2.0
"""Load curves: energy per interval, from a load file or built in.

A curve is what a plant drew. The demo's meters do not see it: they see the voltage and the current that a
plant with this curve would make.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from electro_plan import filling
from electro_plan.resampling import aggregate
from electro_tools.errors import ToolError
from electro_tools.plan.options import ask_and_read

if TYPE_CHECKING:
    from pathlib import Path

    from electro_plan.settings import ReadSettings

DAY_SECONDS = 86_400
_BUILT_IN_START = datetime(2025, 3, 3, tzinfo=UTC)  # a Monday
_BUILT_IN_INTERVAL_SECONDS = 900  # the settlement interval of most European grids


@dataclass(frozen=True)
class LoadCurve:
    """Energy of consecutive intervals.

    Args:
        start: beginning of the first interval, unix seconds; local standard time is taken as it stands.
        interval_seconds: length of every interval.
        energy_wh: energy of each interval, Wh.
        source: where it comes from, for people.
        day_seconds: length of a day: less than it is, where one is played in short.
    """

    start: int
    interval_seconds: int
    energy_wh: tuple[float, ...]
    source: str
    day_seconds: int = DAY_SECONDS

    @property
    def intervals_per_day(self) -> int:
        return self.day_seconds // self.interval_seconds

    @property
    def days(self) -> int:
        return len(self.energy_wh) // self.intervals_per_day


def in_short(curve: LoadCurve, interval_seconds: int) -> LoadCurve:
    """Return the same powers in shorter intervals, and days that are as much shorter."""
    share = interval_seconds / curve.interval_seconds
    return replace(
        curve,
        interval_seconds=interval_seconds,
        energy_wh=tuple(energy * share for energy in curve.energy_wh),
        day_seconds=curve.intervals_per_day * interval_seconds,
    )


def built_in(days: int) -> LoadCurve:
    """Return the load curve of an invented two-shift metal works, the same on every run.

    60 kW of base load day and night (furnace holding, compressors, light); first shift 06:00-14:00 around
    320 kW, second shift 14:00-22:00 around 260 kW, a ramp of an hour at both ends, a lunch dip of a third at
    11:30-12:15 and 18:30-19:00, a melting furnace that adds 90 kW for two of every five quarter hours in the
    first shift, Saturdays at half, Sundays at base load, and ±4% of noise from a fixed seed.
    """
    noise = random.Random(2025)  # noqa: S311 - a reproducible curve, no secret
    energy = []
    for index in range(days * DAY_SECONDS // _BUILT_IN_INTERVAL_SECONDS):
        weekday = index // 96 % 7
        hour = index % 96 / 4
        shift_kw = 0.0
        if 6 <= hour < 22:
            shift_kw = 260.0 if hour < 14 else 200.0
            shift_kw *= min(1.0, (hour - 6 + 0.25) / 1.0, (22 - hour) / 1.0)
            if 11.5 <= hour < 12.25 or 18.5 <= hour < 19:
                shift_kw *= 2 / 3
            if 7 <= hour < 14 and index % 5 < 2:
                shift_kw += 90.0
        kw = 60.0 + shift_kw * (1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.0)[weekday]
        energy.append(kw * 1000 / 4 * (1 + noise.uniform(-0.04, 0.04)))
    return LoadCurve(
        int(_BUILT_IN_START.timestamp()),
        _BUILT_IN_INTERVAL_SECONDS,
        tuple(energy),
        "the built-in two-shift metal works",
    )


def from_file(
    path: Path,
    settings: ReadSettings,
    file_format: str | None = None,
    *,
    fill: str | None = None,
    days: int | None = None,
    finest_s: int = 1,
    interval_s: int = _BUILT_IN_INTERVAL_SECONDS,
) -> tuple[LoadCurve, str]:
    """Return the first whole days, with None all, of a load file, and how it was understood, for people.

    Args:
        path: in any format that `electro plan read` knows.
        settings: how it is to be read.
        file_format: by default recognised.
        fill: how gaps are to be filled.
        days: how many.
        finest_s: intervals shorter than this are put together.
        interval_s: to intervals of this length.

    Raises:
        ToolError: it has fewer days.
        PlanError: it can't be read, leaves something open, or has gaps and `fill` does not say what to do.
    """
    reading = ask_and_read(path, settings, file_format)
    said = [reading.paragraph()]
    history = filling.fill(reading.history, fill) if fill else reading.history
    filling.require_whole(history)
    if history.interval_s < finest_s:
        history = aggregate(history, interval_s)
        said.append(f"Its intervals are put together to {history.interval_s // 60} min.")
    wall_s = history.wall_s
    midnights = np.flatnonzero(wall_s % DAY_SECONDS == 0)
    begin = int(midnights[0]) if len(midnights) else 0
    energy = history.energy_wh[begin:]
    held = len(energy) * history.interval_s // DAY_SECONDS
    needed = (max(held, 1) if days is None else days) * DAY_SECONDS // history.interval_s
    if len(energy) < needed:
        raise ToolError(
            f"{path} holds {len(energy) * history.interval_s / DAY_SECONDS:.1f} days of load, "
            f"and {days or 1} are asked for",
            "ask for fewer with --days" if days else None,
        )
    curve = LoadCurve(int(wall_s[begin]), history.interval_s, tuple(energy[:needed].tolist()), path.name)
    return curve, "\n".join(said)
