# SPDX-License-Identifier: Apache-2.0
"""Parquet: typed columns, times as instants in their zone."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from electro_plan import zones
from electro_plan.formats.extra import need

if TYPE_CHECKING:
    from electro_plan.writing.export import Export


def write(export: Export) -> bytes:
    """Return a Parquet file; of a zone that is an offset the times are UTC's, which are the same instants.

    Raises:
        PlanError: the library is not installed.
    """
    polars = need("polars", "writing Parquet")
    history = export.history
    zone = None
    if history.zone:
        zone = history.zone if isinstance(zones.clock(history.zone), ZoneInfo) else "UTC"
    kind = polars.Datetime("ms", zone)
    frame = polars.DataFrame(
        {
            "start": polars.Series(history.starts_s * 1000).cast(kind),
            "end": polars.Series(history.ends_s * 1000).cast(kind),
            "energy_kwh": polars.Series(export.energies_kwh(), dtype=polars.Float64),
            "quality": export.qualities(),
            **{name: list(values) for name, values in export.columns.items()},
        }
    )
    stream = io.BytesIO()
    frame.write_parquet(stream)
    return stream.getvalue()
