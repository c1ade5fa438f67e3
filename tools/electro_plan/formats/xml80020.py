# SPDX-License-Identifier: Apache-2.0
"""80020, the XML in which Russian grid companies and retailers exchange half hours of a day.

Written after files and programs in public; the regulation itself (the wholesale market's annex on message formats) was
not opened. Not verified: the meaning of `timezone`, of `status` other than 0, and how a day of 23 or 25 hours was
written while clocks still changed; such files are refused, or read by what --zone says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from electro_plan import zones
from electro_plan.errors import PlanError
from electro_plan.formats.meters import finish, series
from electro_plan.formats.xml_tree import parse, text
from electro_plan.history import DAY_S, Quality
from electro_plan.text.printing import quoted
from electro_plan.text.times import day_start_s

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from electro_plan.opening import Opened
    from electro_plan.reading_result import Reading
    from electro_plan.settings import ReadSettings

_ACTIVE = {"01": False, "02": True}
"""Channels of active energy, and whether it is given; 03 and 04 are reactive."""
_KWH = 1000.0
_NUMBER = re.compile(r"\d{1,15}(?:[.,]\d{1,9})?")


def read(opened: Opened, settings: ReadSettings) -> Reading:
    """Read a day of 80020.

    Raises:
        Undecided: it has several metering points.
        PlanError: it is damaged.
    """
    root = parse(opened)
    if root.tag != "message" or root.get("class") not in ("80020", "80040"):
        raise PlanError(
            f"{opened.shown} is no message of class 80020, but <{root.tag[:40]} class={root.get('class')!r}>"
        )
    day_s = _day_s(root, opened)
    zone = settings.zone and zones.name(settings.zone)
    notes = ["It is 80020; figures are kWh, times are the file's own clock."]
    found: dict[str, list[tuple[int, float, int, int]]] = {}
    given: list[str] = []
    lengths: set[int] = set()
    number = 0
    for point in root.iter("measuringpoint"):
        for channel in point.iter("measuringchannel"):
            code = (channel.get("code") or "").strip()
            if code not in _ACTIVE:
                continue
            name = f"{point.get('code', '')} {code}".strip()
            if name in found:
                raise PlanError(f"{opened.shown} has channel {name[:60]} twice")
            if _ACTIVE[code]:
                given.append(name)
            found[name] = []
            for period in channel.iter("period"):
                number += 1
                where = f"{opened.shown}, channel {name[:60]}, period {period.get('start', '')[:8]}"
                begin = _clock_s(period.get("start", ""), where)
                end = _clock_s(period.get("end", ""), where) or DAY_S
                lengths.add(end - begin)
                wall = np.array([day_s + begin], np.int64)
                start = int(zones.to_instants(wall, zone)[0]) if zone else int(wall[0])
                found[name].append((start, *_value(period, where), number))
    if not any(found.values()):
        raise PlanError(f"{opened.shown} has no periods of active energy")
    if len(lengths) != 1 or (length := lengths.pop()) <= 0:
        raise PlanError(f"{opened.shown} has periods of different lengths, or that end before they begin")
    made = [
        series(name, rows, length, lambda at: f"{opened.shown}, period {at}")
        for name, rows in found.items()
        if rows
    ]
    return finish(made, given, settings, opened, zone, "kWh", "80020", notes)


def _day_s(root: Element, opened: Opened) -> int:
    written = text(root, "datetime/day")
    day_s = day_start_s(written)
    if day_s is None:
        raise PlanError(f"{opened.shown}: its day {quoted(written)} is none such as 20240131")
    return day_s


def _clock_s(written: str, where: str) -> int:
    if not (
        re.fullmatch(r"\d{4}", written)
        and int(written[:2]) <= 24
        and int(written[2:]) < 60
        and int(written) <= 2400
    ):
        raise PlanError(f"{where}: {quoted(written)} is no time such as 0030")
    return int(written[:2]) * 3600 + int(written[2:]) * 60


def _value(period: Element, where: str) -> tuple[float, int]:
    element = period.find("value")
    written = text(element) if element is not None else ""
    if not written:
        return float("nan"), Quality.MISSING
    if not _NUMBER.fullmatch(written):
        raise PlanError(f"{where}: {quoted(written)} is no number")
    status = (element.get("status") or "0").strip() if element is not None else "0"
    return float(written.replace(",", ".")) * _KWH, Quality.OK if status == "0" else Quality.ESTIMATED
