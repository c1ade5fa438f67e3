# SPDX-License-Identifier: Apache-2.0
"""MSCONS (EDIFACT D.04B as Germany's market uses it): quantities of a metering location, each with begin and end."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from electro_plan import zones
from electro_plan.errors import Choice, PlanError, Undecided
from electro_plan.formats.meters import finish, series, usual_step
from electro_plan.history import Quality
from electro_plan.sentence import sentence
from electro_plan.tables.headings import UNITS, canonical_unit
from electro_plan.text.encoding import decode
from electro_plan.text.printing import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from electro_plan.opening import Opened
    from electro_plan.reading_result import Reading
    from electro_plan.settings import ReadSettings

Segment = list[list[str]]

# code lists of the message's guide (MSCONS AHB): quality of a QTY, units
_QUALITIES = {"220": Quality.OK, "67": Quality.ESTIMATED, "187": Quality.ESTIMATED, "201": Quality.ESTIMATED,
              "Z18": Quality.ESTIMATED, "20": Quality.MISSING}  # fmt: skip
_UNITS = {"WHR": "Wh", "KWH": "kWh", "MWH": "MWh", "GWH": "GWh", "WTT": "W", "KWT": "kW", "MAW": "MW"}
_TIME = re.compile(r"(\d{12})(?:([+-])(\d{2})(\d{2})?)?")
_OBIS = re.compile(r"\d+-\d+:(\d+)\.(\d+)\.\d+")
_GIVEN = "2"  # OBIS value group C: active energy given; 1 is taken
_LAST_SEGMENTS = ("UNT", "UNZ")


def read(opened: Opened, settings: ReadSettings) -> Reading:
    """Read an MSCONS interchange, or one message.

    Raises:
        Undecided: it does not say unit or zone, or has several meters.
        PlanError: it is cut or damaged.
    """
    text, _ = decode(opened.data, opened.shown, settings.dialect.encoding or "latin-1")
    segments = list(_segments(text, opened.shown))
    _check_whole(segments, opened)
    quantities = list(_quantities(segments, opened))
    if not quantities:
        raise PlanError(sentence("{0} has no quantities with a time of their own", opened.shown))
    notes = [sentence("It is MSCONS.")]
    unit = _unit({each[3] for each in quantities}, settings, opened)
    offset, zone = _zone(quantities, settings, opened)
    found: dict[str, list[tuple[int, float, int, int]]] = {}
    lengths: dict[str, list[int]] = {}
    power = not unit.endswith("h")
    for name, begin, end, _, value, quality, place in quantities:
        start, stop = offset(begin), offset(end)
        if stop <= start:
            raise PlanError(sentence("{0}, segment {1}: it ends before it begins", opened.shown, place))
        energy = value * UNITS[unit] * ((stop - start) / 3600 if power else 1)
        found.setdefault(name, []).append((start, energy, quality, place))
        lengths.setdefault(name, []).append(stop - start)
    made = []
    for name, rows in found.items():
        length = max(set(lengths[name]), key=lengths[name].count)
        if len(set(lengths[name])) > 1:
            raise PlanError(
                sentence("{0}: {1} has intervals of {2} s and of other lengths", opened.shown, name, length)
            )
        step = usual_step(np.array([row[0] for row in rows], np.int64))
        if step and step < length:
            raise PlanError(sentence("{0}: intervals of {1} overlap", opened.shown, name))
        made.append(
            series(
                name, rows, length, lambda at: sentence("{0}, {1}", opened.shown, sentence("segment {0}", at))
            )
        )
    given = [name for name in found if (obis := _OBIS.search(name)) and obis[1] == _GIVEN]
    return finish(made, given, settings, opened, zone, unit, "mscons", notes, "power" if power else "energy")


def _segments(text: str, shown: str) -> Iterator[Segment]:
    """Yield segments as elements of components, by the signs that UNA gives.

    By hand: the library for it drops empty components at an element's end, and does not say where it is.
    """
    component, element, release, end = ":", "+", "?", "'"
    at = 0
    if text.startswith("UNA"):
        if len(text) < 9:
            raise PlanError(sentence("{0} ends in its first segment", shown))
        component, element, release, end = text[3], text[4], text[6], text[8]
        at = 9
    parts: Segment = [[""]]
    while at < len(text):
        sign = text[at]
        if sign == release and at + 1 < len(text):
            parts[-1][-1] += text[at + 1]
            at += 2
            continue
        if sign == end:
            yield parts
            parts = [[""]]
        elif sign == element:
            parts.append([""])
        elif sign == component:
            parts[-1].append("")
        elif sign not in "\r\n" and (parts != [[""]] or not sign.isspace()):
            parts[-1][-1] += sign
        at += 1
    if parts != [[""]]:
        raise PlanError(sentence("{0} ends within a segment: it is cut", shown))


def _check_whole(segments: list[Segment], opened: Opened) -> None:
    tags = [segment[0][0] for segment in segments]
    if ("UNB" in tags[:1] and tags[-1:] != ["UNZ"]) or not tags or tags[-1] not in _LAST_SEGMENTS:
        raise PlanError(
            sentence(
                "{0} has no end segment {1}: it is cut", opened.shown, "UNZ" if "UNB" in tags[:1] else "UNT"
            )
        )
    if tags.count("UNH") != tags.count("UNT"):
        raise PlanError(
            sentence(
                "{0} begins {1} messages and ends {2}: it is cut",
                opened.shown,
                tags.count("UNH"),
                tags.count("UNT"),
            )
        )
    kinds = {_part(segment, 2, 0) for segment in segments if segment[0][0] == "UNH"}
    if kinds - {"MSCONS"}:
        raise PlanError(
            sentence("{0} is EDIFACT, but no MSCONS: {1}", opened.shown, ", ".join(sorted(kinds))[:80])
        )


def _part(segment: Segment, element: int, component: int) -> str:
    return segment[element][component] if element < len(segment) and component < len(segment[element]) else ""


def _quantities(
    segments: list[Segment], opened: Opened
) -> Iterator[tuple[str, str, str, str, float, int, int]]:
    """Yield (meter, begin, end, unit, value, quality, place) of each quantity that has begin and end."""
    location = obis = ""
    open_one: dict[str, str] = {}
    place = 0
    for number, segment in enumerate([*segments, [["UNT"]]], start=1):
        tag = segment[0][0]
        if tag in ("QTY", "LIN", "LOC", "UNT", "UNZ", "NAD") and open_one:
            if "163" in open_one and "164" in open_one:
                where = sentence("{0}, {1}", opened.shown, sentence("segment {0}", place))
                yield (
                    f"{location} {obis}".strip(), open_one["163"], open_one["164"], open_one["unit"],
                    _number(open_one["value"], where), _quality(open_one["kind"], where), place,
                )  # fmt: skip
            open_one = {}
        if tag == "LOC":
            location, obis = _part(segment, 2, 0), ""
        elif tag == "PIA":
            obis = (
                _part(segment, 2, 0)
                if ":" in _part(segment, 2, 0)
                else ":".join(segment[2][:2])
                if len(segment) > 2
                else ""
            )
        elif tag == "LIN":
            obis = ""
        elif tag == "QTY":
            place = number
            open_one = {
                "kind": _part(segment, 1, 0),
                "value": _part(segment, 1, 1),
                "unit": _part(segment, 1, 2),
            }
        elif tag == "DTM" and open_one:
            open_one[_part(segment, 1, 0)] = _part(segment, 1, 1)


def _number(text: str, where: str) -> float:
    if not re.fullmatch(r"-?\d{1,15}(?:[.,]\d{1,9})?", text):
        raise PlanError(sentence("{0}: {1} is no number", where, quoted(text)))
    return float(text.replace(",", "."))


def _quality(kind: str, where: str) -> int:
    if kind not in _QUALITIES:
        raise PlanError(
            sentence("{0}: what a QTY {1} is, is not known", where, quoted(kind)),
            "known are " + ", ".join(_QUALITIES),
        )
    return _QUALITIES[kind]


def _unit(written: set[str], settings: ReadSettings, opened: Opened) -> str:
    if settings.unit:
        unit = canonical_unit(settings.unit)
        if unit is None:
            raise PlanError(
                sentence("--unit can't be {0!r}", settings.unit[:60]), f"it is one of {', '.join(UNITS)}"
            )
        return unit
    known = {_UNITS.get(each) for each in written}
    if len(known) == 1 and None not in known:
        return str(known.pop())
    said = (
        sentence("no unit") if written == {""} else sentence("the units {0}", ", ".join(sorted(written))[:60])
    )
    raise Undecided(
        sentence("{0} gives its quantities {1}", opened.shown, said),
        "--unit",
        (Choice("kWh", sentence("energies")), Choice("kW", sentence("mean powers"))),
    )


def _zone(
    quantities: list[tuple[str, str, str, str, float, int, int]], settings: ReadSettings, opened: Opened
) -> tuple[Callable[[str], int], str]:
    """Return how a time becomes an instant, and the zone: of offsets, or the person's."""
    first = _TIME.fullmatch(quantities[0][1])
    if first is None:
        raise PlanError(
            sentence(
                "{0}, segment {1}: {2} is no time", opened.shown, quantities[0][6], quoted(quantities[0][1])
            )
        )
    without = first[2] is None
    clock = settings.dialect.clock or settings.zone
    if without and clock is None:
        raise Undecided(
            sentence("{0}: its times, such as {1}, have no offset", opened.shown, quantities[0][1]), "--zone"
        )
    known: dict[str, int] = {}

    def to_instant(text: str) -> int:
        if text in known and not without:
            return known[text]
        found = _TIME.fullmatch(text)
        if found is None or (found[2] is None) != without:
            raise PlanError(
                sentence("{0}: {1} is no time, or its offset is not as others'", opened.shown, quoted(text))
            )
        try:
            wall = int(datetime.strptime(found[1], "%Y%m%d%H%M").replace(tzinfo=UTC).timestamp())
        except ValueError:
            raise PlanError(sentence("{0}: {1} is no time", opened.shown, quoted(text))) from None
        if without:
            assert clock is not None  # asked above
            return int(zones.to_instants(np.array([wall], np.int64), clock)[0])
        seconds = (int(found[3]) * 60 + int(found[4] or 0)) * 60
        known[text] = wall - (-seconds if found[2] == "-" else seconds)
        return known[text]

    return to_instant, zones.name(clock) if clock else "UTC"
