# SPDX-License-Identifier: Apache-2.0
"""Read a load file of any known format to one history, and keep what was understood on the way."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from electro_plan import zones
from electro_plan.errors import PlanError
from electro_plan.history import LoadHistory, Quality
from electro_plan.settings import ReadSettings

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Reading:
    """A history, and how its file was understood.

    Args:
        history: what the file holds.
        unit: of the file's figures.
        quantity: "energy", "power" or "register".
        notes: what else there is to say about it, a sentence each.
    """

    history: LoadHistory
    unit: str
    quantity: str
    notes: tuple[str, ...] = ()


def read(path: Path, settings: ReadSettings = ReadSettings()) -> Reading:  # noqa: B008 - frozen
    """Read a load file.

    Raises:
        Undecided: it can be read in more than one way; a setting decides.
        PlanError: it can't be read, or its parts contradict each other.
    """
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    rows = list(csv.DictReader(data.decode("utf-8-sig").splitlines()))
    columns = list(rows[0])
    when = settings.time_column or columns[0]
    what = (settings.energy_columns or (columns[1],))[0]
    times = [datetime.fromisoformat(row[when]) for row in rows]
    wall = np.array([int(time.replace(tzinfo=UTC).timestamp()) for time in times], np.int64)
    zone = settings.zone and zones.name(settings.zone)
    starts = zones.to_instants(wall, zone or "UTC")
    interval_s = int(starts[1] - starts[0])
    if np.any(np.diff(starts) != interval_s):
        raise PlanError(f"{path}: the rows are not consecutive")
    energy = np.array([float(row[what]) for row in rows]) * 1000
    quality = np.full(len(rows), Quality.OK, np.uint8)
    return Reading(LoadHistory(starts, interval_s, energy, quality, zone, path.name, what), "kWh", "energy")
