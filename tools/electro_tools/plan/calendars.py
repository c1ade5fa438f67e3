# SPDX-License-Identifier: Apache-2.0
"""The calendar that a command's options describe: zone, public holidays, days on which the plant stands still."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from electro_plan.calendar import Calendar


def calendar_of(
    zone: str | None,
    holidays: str | None,
    days_off: Sequence[datetime],
    days_off_file: Path | None,
    spans_s: Iterable[int],
) -> Calendar:
    """Return the calendar for instants between the least and the greatest of `spans_s`.

    Raises:
        ToolError: there is no zone, or the file of days off is none.
        PlanError: the country is not known.
    """
    from electro_plan import zones
    from electro_plan.calendar import Calendar, public_holidays

    if zone is None:
        raise ToolError(
            "the file does not say in which zone its times are, and bands follow the clock",
            "say which with --zone, such as Europe/Moscow",
        )
    off = {day.date() for day in days_off}
    if days_off_file is not None:
        off |= set(_read_days(days_off_file))
    public = {}
    if holidays is not None:
        country, _, region = holidays.partition("-")
        years = [datetime.fromtimestamp(at, UTC).year for at in spans_s]
        public = public_holidays(
            country.upper(), region.upper() or None, range(min(years) - 1, max(years) + 2)
        )
    return Calendar(zones.name(zone), frozenset(off), public)


def _read_days(path: Path) -> list[date]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise ToolError(f"there is no file {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ToolError(f"{path} can't be read: {error}") from error
    days = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = re.match(r"\s*(\d{4}-\d{2}-\d{2})(?!\d)", line)
        try:
            days.append(date.fromisoformat(found[1] if found else ""))
        except ValueError:
            raise ToolError(
                f"{path}, line {number}: {line.strip()[:40]!r} begins with no date such as 2027-01-04"
            ) from None
    return days
