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
from electro_plan.sentence import sentence
from electro_plan.text.dates import day_start_s
from electro_plan.text.printing import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator
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
    return read_days([opened], settings)


def read_days(days: list[Opened], settings: ReadSettings) -> Reading:
    """Read messages of a day each, as one history.

    Raises:
        Undecided: they have several metering points.
        PlanError: one is damaged, or a day is there twice.
    """
    zone = settings.zone and zones.name(settings.zone)
    notes = [sentence("It is 80020; figures are kWh, times are the file's own clock.")]
    found: dict[str, list[tuple[int, float, int, int]]] = {}
    given: list[str] = []
    lengths: set[int] = set()
    seen: set[tuple[str, int]] = set()
    places: list[str] = []
    for opened in days:
        root = parse(opened)
        if root.tag != "message" or root.get("class") not in ("80020", "80040"):
            raise PlanError(
                sentence(
                    "{0} is no message of class 80020, but <{1} class={2!r}>",
                    opened.shown,
                    root.tag[:40],
                    root.get("class"),
                )
            )
        day_s = _day_s(root, opened)
        for name, gives, periods in _channels(root):
            if (name, day_s) in seen:
                raise PlanError(
                    sentence("{0} has channel {1} of a day that was there before", opened.shown, name[:60])
                )
            seen.add((name, day_s))
            if gives and name not in given:
                given.append(name)
            for period in periods:
                where = sentence(
                    "{0}, {1}",
                    opened.shown,
                    sentence("channel {0}, period {1}", name[:60], period.get("start", "")[:8]),
                )
                begin = _clock_s(period.get("start", ""), where)
                end = _clock_s(period.get("end", ""), where) or DAY_S
                lengths.add(end - begin)
                places.append(where)
                found.setdefault(name, []).append((day_s + begin, *_value(period, where), len(places) - 1))
    if not found:
        raise PlanError(sentence("{0} has no periods of active energy", days[0].shown))
    if len(lengths) != 1 or (length := lengths.pop()) <= 0:
        raise PlanError(
            sentence("{0} has periods of different lengths, or that end before they begin", days[0].shown)
        )
    made = [
        series(name, _on_instants(rows, zone), length, places.__getitem__) for name, rows in found.items()
    ]
    return finish(made, given, settings, days[0], zone, "kWh", "80020", notes)


def _channels(root: Element) -> Iterator[tuple[str, bool, list[Element]]]:
    """Yield (name, whether it counts what is given, periods) of each channel of active energy."""
    for point in root.iter("measuringpoint"):
        for channel in point.iter("measuringchannel"):
            code = (channel.get("code") or "").strip()
            if code in _ACTIVE:
                yield f"{point.get('code', '')} {code}".strip(), _ACTIVE[code], list(channel.iter("period"))


def _on_instants(
    rows: list[tuple[int, float, int, int]], zone: str | None
) -> list[tuple[int, float, int, int]]:
    """Return rows whose times were a clock's; of no known zone as they stand."""
    if zone is None:
        return rows
    starts = zones.to_instants(np.array([row[0] for row in rows], np.int64), zone).tolist()
    return [(start, *row[1:]) for start, row in zip(starts, rows, strict=True)]


def _day_s(root: Element, opened: Opened) -> int:
    written = text(root, "datetime/day")
    day_s = day_start_s(written)
    if day_s is None:
        raise PlanError(sentence("{0}: its day {1} is none such as 20240131", opened.shown, quoted(written)))
    return day_s


def _clock_s(written: str, where: str) -> int:
    if not (
        re.fullmatch(r"\d{4}", written)
        and int(written[:2]) <= 24
        and int(written[2:]) < 60
        and int(written) <= 2400
    ):
        raise PlanError(sentence("{0}: {1} is no time such as 0030", where, quoted(written)))
    return int(written[:2]) * 3600 + int(written[2:]) * 60


def _value(period: Element, where: str) -> tuple[float, int]:
    element = period.find("value")
    written = text(element) if element is not None else ""
    if not written:
        return float("nan"), Quality.MISSING
    if not _NUMBER.fullmatch(written):
        raise PlanError(sentence("{0}: {1} is no number", where, quoted(written)))
    status = (element.get("status") or "0").strip() if element is not None else "0"
    return float(written.replace(",", ".")) * _KWH, Quality.OK if status == "0" else Quality.ESTIMATED
