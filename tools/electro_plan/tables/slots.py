# SPDX-License-Identifier: Apache-2.0
"""Headings that are intervals of a day: "00:30", "00:30-01:00", "12:30 AM", "HH07"."""

from __future__ import annotations

import re

from electro_plan.text.times import clock_s


def slot_of(text: str) -> tuple[str, int, int | None] | None:
    """Return ("clock", second, end or None) of "00:30", ("number", 7, None) of "HH07"; None of any other heading."""
    found = re.search(r"\d{1,2}:\d{2}(?:\s*[AaPp]\.?[Mm]\.?)?(?:\s*[-–]\s*\d{1,2}:\d{2})?(?!.*\d)", text)
    clock = clock_s(found[0]) if found else None
    if clock is not None:
        return ("clock", *clock)
    number = re.fullmatch(r"(?:[^\W\d_]{0,8}[ _.]?)?(\d{1,4})", text)
    if number and 1 <= int(number[1]) <= 1500:
        return "number", int(number[1]), None
    return None
