# SPDX-License-Identifier: Apache-2.0
"""Times, durations, energies and shares as people write them, to whole seconds, Wh and millionths, and back.

Each reader raises ValueError with a sentence that shows an example.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from electro_plan import zones

_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_WH = {"wh": 1, "kwh": 1000, "mwh": 1_000_000}
_PPM = 1_000_000
_MOST_DIGITS = 15  # of a number that a person writes: far beyond any that fits, and soon read
_LAST_S = 2**40 - 1  # the contract's times


def duration_s(text: str) -> int:
    """Return the seconds of "15 min", "36 h" or "1 d 12 h"."""
    total = 0
    rest = text.strip().lower()
    if not rest:
        raise ValueError('a duration is written as "15 min" or "36 h"')
    while rest:
        found = re.match(r"([0-9]{1,15})\s*(s|min|h|d|w)(?![a-z])\s*", rest)
        if found is None:
            raise ValueError(
                f'{_short(text)} is no duration: write "15 min", "36 h" or "1 d 12 h" (s, min, h, d, w)'
            )
        total += int(found[1]) * _SECONDS[found[2]]
        rest = rest[found.end() :]
    return total


def duration_text(seconds: int) -> str:
    """Return a duration as `duration_s` reads it, exactly: "1 d 12 h"."""
    if seconds == 0:
        return "0 s"
    parts = []
    for unit in ("d", "h", "min", "s"):
        count, seconds = divmod(seconds, _SECONDS[unit])
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts)


def span_text(seconds: int) -> str:
    """Return about how long that is, rounded down to the unit below its greatest: "3 d 4 h"."""
    grain = next((s for unit, s in (("d", 3600), ("h", 60)) if seconds >= _SECONDS[unit]), 1)
    return duration_text(seconds // grain * grain)


def instant(text: str) -> int:
    """Return the unix seconds of an ISO 8601 time with its offset, or of a bare number of unix seconds."""
    if re.fullmatch(r"[0-9]{1,13}", text):
        return _bounded(int(text))
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{_short(text)} is no time: write 2027-01-31T00:00:00+03:00") from None
    return instant_of(parsed)


def instant_or_wall(text: str) -> int | datetime:
    """Return what `instant` does, or, of a date or a time without an offset, what a clock on the wall shows."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return instant(text)
    return parsed if parsed.tzinfo is None and not re.fullmatch(r"[0-9]{1,13}", text) else instant(text)


def instant_of(moment: datetime) -> int:
    """Return the unix seconds of a time that has an offset."""
    if moment.tzinfo is None:
        raise ValueError(
            f"{moment.isoformat()} lacks its offset from UTC: write {moment.isoformat()}+03:00, or Z for UTC"
        )
    if moment.microsecond:
        raise ValueError(f"{moment.isoformat()} is no whole second")
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return _bounded(since // timedelta(seconds=1))


def instant_text(unix_s: int, zone: str | None = None) -> str:
    """Return "2027-01-31 00:00:00 UTC", or in a zone "2027-01-31 03:00:00 +03:00".

    What the environment's ELECTRO_ZONE names goes before `zone`.
    """
    zone = os.environ.get("ELECTRO_ZONE") or zone
    try:
        if zone is not None and zone.upper() != "UTC":
            moment = datetime.fromtimestamp(unix_s, UTC).astimezone(zones.clock(zone))
            offset = f"{moment:%z}"
            return f"{moment:%Y-%m-%d %H:%M:%S} {offset[:3]}:{offset[3:5]}"
        return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):  # beyond the year 9999
        return f"{unix_s} (unix seconds)"


def energy_wh(text: str) -> int:
    """Return the Wh of "10 Wh" or "0.5 kWh"; they must be whole."""
    found = re.fullmatch(r"\s*([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*([kM]?Wh)\s*", text)
    if found is None:
        raise ValueError(f'{_short(text)} is no energy: write "10 Wh" or "0.5 kWh"')
    wh = Decimal(found[1]) * _WH[found[2].lower()]
    if wh != int(wh):
        raise ValueError(f"{_short(text)} is no whole number of Wh")
    return int(wh)


def share_ppm(text: str) -> int:
    """Return the millionths of "25 %"; they must be whole."""
    found = re.fullmatch(r"\s*([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*%\s*", text)
    if found is None:
        raise ValueError(f'{_short(text)} is no share: write "25 %"')
    ppm = Decimal(found[1]) * _PPM / 100
    if ppm != int(ppm):
        raise ValueError(f"{_short(text)} is no whole number of millionths")
    return int(ppm)


def share_text(ppm: int) -> str:
    """Return millionths as `share_ppm` reads them: "25 %"."""
    return (
        f"{Decimal(ppm) * 100 / _PPM:f}".rstrip("0").rstrip(".") + " %"
        if ppm % 10_000
        else f"{ppm // 10_000} %"
    )


def number(text: str) -> Decimal:
    """Return a plain decimal number that is not negative."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError(f"{_short(text)} is no number") from None
    if not value.is_finite() or value < 0 or value.adjusted() > _MOST_DIGITS:
        raise ValueError(f"{_short(text)} must be a number from 0 up")
    return value


def _bounded(unix_s: int) -> int:
    if not 0 <= unix_s <= _LAST_S:
        raise ValueError("a time must lie between 1970 and 2^40 seconds after")
    return unix_s


def _short(text: str) -> str:
    """Return what was written, quoted, without what would spoil a terminal."""
    shown = text if len(text) <= 40 else text[:39] + "…"
    return '"' + "".join(c if c.isprintable() else "?" for c in shown) + '"'
