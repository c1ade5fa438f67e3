# SPDX-License-Identifier: Apache-2.0
"""CSV as RFC 4180 has it: local times with their offset, so that every instant is said."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from electro_plan import zones

if TYPE_CHECKING:
    from electro_plan.writing.export import Export


def write(export: Export) -> bytes:
    """Return start, end, energy_kwh, quality and the other columns; without a zone times have no offset."""
    history = export.history
    clock = zones.clock(export.zone)
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(["start", "end", "energy_kwh", "quality", *export.columns])

    def local(unix_s: int) -> str:
        moment = datetime.fromtimestamp(unix_s, UTC).astimezone(clock)
        return (moment if history.zone else moment.replace(tzinfo=None)).isoformat()

    figures = [format_kwh(kwh) for kwh in export.energies_kwh()]
    starts, ends = map(local, history.starts_s.tolist()), map(local, history.ends_s.tolist())
    writer.writerows(zip(starts, ends, figures, export.qualities(), *export.columns.values(), strict=True))
    return stream.getvalue().encode()


def format_kwh(kwh: float | None) -> str:
    """Return a figure with a point and three decimals or more, "" for none: 0.250 is no quarter thousand."""
    if kwh is None:
        return ""
    whole, _, part = f"{kwh:.9f}".partition(".")
    return f"{whole}.{part.rstrip('0').ljust(1, '0')}"
