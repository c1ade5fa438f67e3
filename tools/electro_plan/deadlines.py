# SPDX-License-Identifier: Apache-2.0
"""Deadlines as a calendar file (iCalendar, RFC 5545) that any calendar program takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from electro_plan.errors import PlanError
from electro_plan.sentence import sentence
from electro_plan.wording import LAST_S

if TYPE_CHECKING:
    from collections.abc import Sequence

_OCTETS = 75  # of a line, RFC 5545, 3.1


@dataclass(frozen=True)
class Deadline:
    """A moment by which something is to be done.

    Args:
        key: of it, the same whenever the file is made again, so that a calendar replaces it.
        at_s: unix seconds.
        title: what happens then.
        note: what to do, a sentence.
    """

    key: str
    at_s: int
    title: str
    note: str


def calendar_file(deadlines: Sequence[Deadline], made_s: int) -> str:
    """Return the file, each deadline with a reminder a day ahead; times are in UTC.

    Raises:
        PlanError: one is so far ahead that no date names it.
    """
    if any(each.at_s > LAST_S for each in deadlines):
        raise PlanError(sentence("a deadline lies beyond the year 9999, which dates in files end with"))
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Electro//Deadlines//EN"]
    for each in deadlines:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{each.key}",
            f"DTSTAMP:{_time(made_s)}",
            f"DTSTART:{_time(each.at_s)}",
            f"SUMMARY:{_text(each.title)}",
            f"DESCRIPTION:{_text(each.note)}",
            "TRANSP:TRANSPARENT",
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            "TRIGGER:-P1D",
            f"DESCRIPTION:{_text(each.title)}",
            "END:VALARM",
            "END:VEVENT",
        ]
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def _time(unix_s: int) -> str:
    return f"{datetime.fromtimestamp(unix_s, UTC):%Y%m%dT%H%M%SZ}"


def _text(words: str) -> str:
    escaped = words.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r", "").replace("\n", "\\n")


def _folded(line: str) -> str:
    """Break a line after 75 octets, never within a character; what follows begins with a space."""
    parts, part, size = [], "", 0
    for character in line:
        octets = len(character.encode())
        if size + octets > _OCTETS:
            parts.append(part)
            part, size = " ", 1
        part, size = part + character, size + octets
    return "\r\n".join([*parts, part])
