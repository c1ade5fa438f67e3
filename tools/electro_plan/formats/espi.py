# SPDX-License-Identifier: Apache-2.0
"""Green Button (NAESB ESPI): an Atom feed of usage points, their reading types and blocks of intervals."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from electro_plan import zones
from electro_plan.errors import Choice, PlanError, Undecided
from electro_plan.formats.meters import finish, series
from electro_plan.formats.xml_tree import parse, text, whole
from electro_plan.history import Quality
from electro_plan.sentence import Sentence, sentence
from electro_plan.tables.headings import UNITS, canonical_unit

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from electro_plan.opening import Opened
    from electro_plan.reading_result import Reading
    from electro_plan.settings import ReadSettings

# espiDerived.xsd: UnitSymbolKind, FlowDirectionKind, AccumulationKind, QualityOfReading
_WH, _W = 72, 38
_REVERSE = 19
_CUMULATIVE = (1, 3, 9)  # bulk quantity, cumulative, latching quantity: a register
_ESTIMATED = (7, 8, 9, 12, 13, 15)  # edited, by reference day, by interpolation, projected, mixed, normalised
_MISSING = (10,)  # questionable: not to be counted without a look
_MOST_POWER = 12  # of ten, in multipliers


def read(opened: Opened, settings: ReadSettings) -> Reading:
    """Read a Green Button file; its times are seconds of UTC.

    Raises:
        Undecided: it does not say its unit, or has several meters.
        PlanError: it is damaged, or its parts contradict each other.
    """
    root = parse(opened)
    notes = [sentence("It is Green Button (ESPI).")]
    found: dict[str, list[tuple[int, float, int, int]]] = {}
    lengths: dict[str, Counter[int]] = {}
    given: list[str] = []
    kinds: set[tuple[str, str]] = set()
    number = 0
    for entry in root.iter("entry") if root.tag == "feed" else [root]:
        for block in entry.iter("IntervalBlock"):
            kind = _reading_type(root, entry)
            unit, quantity, factor = _unit(kind, settings, opened)
            if not factor:
                continue
            name = _name(root, entry, kind)
            if (
                kind is not None
                and whole(kind, "flowDirection", opened.shown, 1) == _REVERSE
                and name not in given
            ):
                given.append(name)
            kinds.add((unit, quantity))
            for reading in block.iter("IntervalReading"):
                number += 1
                where = sentence("{0}, {1}", opened.shown, sentence("reading {0}", number))
                start = whole(reading, "timePeriod/start", where)
                length = whole(reading, "timePeriod/duration", where)
                value = whole(reading, "value", where) * factor
                if quantity == "power":
                    value *= length / 3600
                lengths.setdefault(name, Counter())[length] += 1
                found.setdefault(name, []).append((start, value, _quality(reading, where), number))
    if not found:
        raise PlanError(sentence("{0} has no intervals of active energy", opened.shown))
    if len(kinds) > 1 and len(found) == 1:
        raise PlanError(sentence("{0} has more than one unit for one meter", opened.shown))
    unit, quantity = min(kinds)
    made = [
        series(
            name,
            rows,
            _usual(lengths[name], opened, name),
            lambda at: sentence("{0}, {1}", opened.shown, sentence("reading {0}", at)),
        )
        for name, rows in found.items()
    ]
    return finish(made, given, settings, opened, _zone(root, opened, notes), unit, "espi", notes, quantity)


def _usual(lengths: Counter[int], opened: Opened, name: str) -> int:
    length = lengths.most_common(1)[0][0]
    if not 0 < length <= 366 * 86_400:
        raise PlanError(sentence("{0}: intervals of {1} have a length of {2} s", opened.shown, name, length))
    if len(lengths) > 1:
        odd = next(each for each in lengths if each != length)
        raise PlanError(
            sentence("{0}: intervals of {1} are {2} s long, others {3} s", opened.shown, name, length, odd)
        )
    return length


def _links(entry: Element, relation: str) -> list[str]:
    return [link.get("href", "") for link in entry.findall("link") if link.get("rel") == relation]


def _meter_reading(root: Element, entry: Element) -> Element | None:
    """Return the entry of the MeterReading that a block's entry belongs to."""
    up = _links(entry, "up")
    readings = [each for each in root.iter("entry") if each.find("content/MeterReading") is not None]
    for each in readings:
        if set(up) & {*_links(each, "related"), *_links(each, "self")}:
            return each
    for each in readings:
        if any(
            link and mine.startswith(link.rstrip("/") + "/")
            for link in _links(each, "self")
            for mine in (*up, *_links(entry, "self"))
        ):
            return each
    return readings[0] if len(readings) == 1 else None


def _reading_type(root: Element, entry: Element) -> Element | None:
    types = [each for each in root.iter("entry") if each.find("content/ReadingType") is not None]
    reading = _meter_reading(root, entry)
    if reading is not None:
        related = _links(reading, "related")
        for each in types:
            if set(related) & {*_links(each, "self"), *_links(each, "up")}:
                return each.find("content/ReadingType")
    if len(types) == 1:
        return types[0].find("content/ReadingType")
    return None


def _unit(kind: Element | None, settings: ReadSettings, opened: Opened) -> tuple[str, str, float]:
    """Return unit, quantity, and Wh or W of one; a factor of 0 is nothing that counts here."""
    if settings.unit:
        unit = canonical_unit(settings.unit)
        if unit is None:
            raise PlanError(
                sentence("--unit can't be {0!r}", settings.unit[:60]), f"it is one of {', '.join(UNITS)}"
            )
        return unit, "energy" if unit.endswith("h") else "power", UNITS[unit]
    symbol = whole(kind, "uom", opened.shown, 0) if kind is not None else 0
    if kind is None or not symbol:
        raise Undecided(
            sentence(
                "{0} has intervals whose reading type, and with it the unit, is not in the file", opened.shown
            ),
            "--unit",
            tuple(Choice(unit, sentence("one of its figures")) for unit in ("Wh", "kWh", "W", "kW")),
        )
    if symbol not in (_WH, _W):
        return "Wh", "energy", 0.0
    if symbol == _WH and whole(kind, "accumulationBehaviour", opened.shown, 4) in _CUMULATIVE:
        raise PlanError(
            sentence(
                "{0} holds readings of a register, which Green Button has no intervals for", opened.shown
            )
        )
    power = whole(kind, "powerOfTenMultiplier", opened.shown, 0)
    if abs(power) > _MOST_POWER:
        raise PlanError(sentence("{0}: a multiplier of ten to the power of {1}", opened.shown, power))
    return ("Wh", "energy", 10.0**power) if symbol == _WH else ("W", "power", 10.0**power)


def _name(root: Element, entry: Element, kind: Element | None) -> str:
    """Return a meter's name: the title of its usage point, or of its readings, or the end of its address."""
    reading = _meter_reading(root, entry)
    source = reading if reading is not None else entry
    up = _links(source, "up")
    for each in root.iter("entry"):
        if each.find("content/UsagePoint") is not None and (
            set(up) & {*_links(each, "related"), *_links(each, "self")}
            or any(link and mine.startswith(link) for link in _links(each, "self") for mine in up)
        ):
            title = text(each, "title")
            flow = " given" if kind is not None and text(kind, "flowDirection") == str(_REVERSE) else ""
            return (title or _links(each, "self")[0].rpartition("/")[2]) + flow
    return text(source, "title") or "meter"


def _quality(reading: Element, where: str) -> int:
    codes = [
        whole(each, ".", where, 0)
        for tag in ("ReadingQuality/quality", "quality")
        for each in reading.findall(tag)
    ]
    if any(code in _MISSING for code in codes):
        return Quality.MISSING
    return Quality.ESTIMATED if any(code in _ESTIMATED for code in codes) else Quality.OK


def _zone(root: Element, opened: Opened, notes: list[Sentence]) -> str:
    """Return the offset in which the file's people speak; instants do not depend on it."""
    parameters = next(root.iter("LocalTimeParameters"), None)
    if parameters is None:
        return "UTC"
    offset = whole(parameters, "tzOffset", opened.shown, 0)
    if whole(parameters, "dstOffset", opened.shown, 0):
        notes.append(
            sentence(
                "Its clocks are changed in summer; local times here are standard time unless --zone names the zone."
            )
        )
    if abs(offset) > 14 * 3600:
        raise PlanError(sentence("{0}: tzOffset is {1} s", opened.shown, offset))
    sign = "-" if offset < 0 else "+"
    return zones.name(f"UTC{sign}{abs(offset) // 3600:02}:{abs(offset) % 3600 // 60:02}") if offset else "UTC"
