# SPDX-License-Identifier: Apache-2.0
"""The schedule of a terms file: its section [bands], in whichever of the three forms it is written."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from electro_contracts.terms import MAX_SLOTS
from electro_plan.quantities import number

from . import bands
from .terms_entries import Misfit, text, whole

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

_DAY_S = 86_400
_WH = {"Wh": Decimal(1), "kWh": Decimal(1000), "MWh": Decimal(1_000_000)}


@dataclass(frozen=True)
class Frame:
    """What bands are laid out by."""

    start: datetime
    interval_s: int
    unit_wh: int
    folder: Path


def schedule(section: dict[str, Any], frame: Frame) -> bands.Bands:
    """Return a slot's least and greatest units for each slot.

    Raises:
        ValueError: a Misfit, naming the entry.
        ToolError: the CSV file that it names does not fit.
    """
    given = [key for key in ("day", "file", "slots") if key in section]
    if len(given) != 1:
        raise Misfit("bands", None, "needs one of day, file and slots")
    if ("unit" in section) != (given[0] == "day"):
        raise Misfit("bands", "unit", "goes with day, and with nothing else")
    value = section[given[0]]
    try:
        if given[0] == "file":
            return bands.read_csv(frame.folder / text(value, "bands.csv"), frame.unit_wh)
        if given[0] == "slots":
            return _slots(value)
        return _day(value, section["unit"], frame)
    except ValueError as error:
        raise Misfit("bands", given[0], str(error)) from error


def _slots(value: Any) -> bands.Bands:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_SLOTS:
        raise ValueError(f"must be a list of 1 to {MAX_SLOTS} pairs of units, [least, greatest]")
    for slot, pair in enumerate(value):
        if not isinstance(pair, list) or len(pair) != 2:
            raise ValueError(f"has no pair of units, [least, greatest], for slot {slot}")
    return tuple((whole(least), whole(greatest)) for least, greatest in value)


def _day(value: Any, unit: Any, frame: Frame) -> bands.Bands:
    """Return a day's slots from entries ["06:00", least, greatest], each good until the next one."""
    if not isinstance(unit, str) or unit not in _WH:
        raise Misfit("bands", "unit", f"must be one of {', '.join(_WH)}, in quotes")
    if _DAY_S % frame.interval_s or _DAY_S // frame.interval_s > MAX_SLOTS:
        raise ValueError(f"needs intervals of which a day has a whole number, at most {MAX_SLOTS}")
    if not isinstance(value, list) or not value:
        raise ValueError('must be a list of entries such as ["06:00", 10.0, 90.0]')
    steps = [_step(each) for each in value]
    if steps[0][0] or any(before >= after for (before, *_), (after, *_) in itertools.pairwise(steps)):
        raise ValueError('must begin with "00:00" and go on in order of time')
    begins_s = (frame.start - frame.start.replace(hour=0, minute=0, second=0)).seconds
    slots = []
    for slot in range(_DAY_S // frame.interval_s):
        at_s = (begins_s + slot * frame.interval_s) % _DAY_S
        _, least, greatest = next(step for step in reversed(steps) if step[0] <= at_s)
        slots.append(bands.widened(least, greatest, frame.unit_wh, _WH[unit]))
    return tuple(slots)


def _step(value: Any) -> tuple[int, Decimal, Decimal]:
    found = None
    if isinstance(value, list) and len(value) == 3 and isinstance(value[0], str):
        found = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", value[0])
    if found is None or any(
        isinstance(each, bool) or not isinstance(each, int | float) for each in value[1:]
    ):
        raise ValueError(f'has an entry that is not like ["06:00", 10.0, 90.0]: {str(value)[:60]}')
    return int(found[1]) * 3600 + int(found[2]) * 60, number(str(value[1])), number(str(value[2]))
