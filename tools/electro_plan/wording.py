# SPDX-License-Identifier: Apache-2.0
"""Instants and lengths of time in words for people, in the zone that they speak of."""

from __future__ import annotations

from datetime import UTC, datetime

from electro_plan import zones
from electro_plan.sentence import Figure, Length

LAST_S = 253_402_214_400
"""The last day of the year 9999 begins: what is later no date names, and agreements may be."""
_LENGTHS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def instant(unix_s: int, zone: str | None) -> str:
    """Return "2024-03-31 03:00 +02:00", with the zone's offset then; without a zone "2024-03-31 03:00".

    What no date names is told in unix seconds.
    """
    if unix_s > LAST_S:
        return f"{unix_s} (unix seconds)"
    moment = datetime.fromtimestamp(unix_s, UTC).astimezone(zones.clock(zone or "UTC"))
    text = f"{moment:%Y-%m-%d %H:%M}" + (f"{moment:%S}".join((":", "")) if moment.second else "")
    if zone is None:
        return text
    offset = f"{moment:%z}"
    return f"{text} {offset[:3]}:{offset[3:5]}"


def iso(unix_s: int) -> str:
    """Return "2024-03-31T01:00:00Z"."""
    return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%dT%H:%M:%S}Z"


def span(seconds: int) -> Length:
    """Return "15 min", "1 d 6 h"."""
    parts, left = [], seconds
    for size, word in _LENGTHS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {word}")
    return Length(" ".join(parts) or "0 s", seconds)


def figure(value: float) -> Figure:
    """Return a figure with thousands apart and what a person can take in of its decimals."""
    return Figure(f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.4g}")
