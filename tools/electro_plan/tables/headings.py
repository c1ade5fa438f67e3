# SPDX-License-Identifier: Apache-2.0
"""What the heading of a column says: its unit, whether energy, power or a register, start or end, meter, quality."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from electro_plan.sentence import sentence

UNITS = {"Wh": 1.0, "kWh": 1e3, "MWh": 1e6, "GWh": 1e9, "W": 1.0, "kW": 1e3, "MW": 1e6, "GW": 1e9}
"""Wh or W of each unit."""
UNIT_WORDS = {
    "Wh": sentence("Wh"),
    "kWh": sentence("kWh"),
    "MWh": sentence("MWh"),
    "GWh": sentence("GWh"),
    "W": sentence("W"),
    "kW": sentence("kW"),
    "MW": sentence("MW"),
    "GW": sentence("GW"),
}
ENERGY_UNITS = ("Wh", "kWh", "MWh", "GWh")
POWER_UNITS = ("W", "kW", "MW", "GW")

# kW·h, kW*h, kW h, kW-h, kWhr; кВт·ч, кВт*ч, кВт.ч
_HOUR = re.compile(
    r"(?<=w)[\s·*×∙⋅.\-]*h(?:rs?|ours?)?(?![a-z])|(?<=вт)[\s·*×∙⋅.\-]*ч(?:ас\w*)?(?![а-яё])", re.IGNORECASE
)
_LATIN = re.compile(r"(?<![^\W\d_])(?:([kmg]?)(wh|w))(?![^\W\d_])|([kmg])(wh)(?![^\W\d_])", re.IGNORECASE)
_CYRILLIC = re.compile(r"(?<![а-яё])([кмг]?)вт(ч?)(?![а-яё])", re.IGNORECASE)
_PREFIX = {"": "", "k": "k", "m": "M", "g": "G", "к": "k", "м": "M", "г": "G"}
_PER_HOUR = re.compile(r"wh\s*/\s*h\b|вт\s*ч\s*/\s*ч", re.IGNORECASE)
_SLOPPY = re.compile(
    r"(?<![^\W\d_])[kmg]?w\s*/\s*h(?![^\W\d_])|вт\s*/\s*ч", re.IGNORECASE
)  # kWh is meant, or kW: asked
_MILLI = re.compile(r"(?<![A-Za-z])mWh?(?![A-Za-z])")  # milliwatts, or a slip for MW: asked
_FOREIGN = re.compile(
    r"k?var(?:h|\b)|k?va(?:h\b|\b)|квар|reactive|blind|реактив|(?:°|deg\w* ?)c\b|temp|темпер|€|\$|eur|usd|руб"
    r"|price|preis|cost|kosten|tariff|тариф|цена|volt|ampere|\bamps?\b|current|hz\b|frequen|power.?factor|cos|co2|humid"
    r"|(?<![a-z])(?:m3|m³|nm3|pa|bar|%)(?![a-z])|\bmax(?:imum)?\b|^min\b|\bminimum\b|\bмакс|^мин\b|h(?:ö|oe)chst",
    re.IGNORECASE,
)
_FACTOR = re.compile(
    r"(?<!power )fa[ck]tor\b|multipl|\bratio\b|wandler|коэфф|\bк(?:тт|тн|тр)\b", re.IGNORECASE
)
_REGISTER = re.compile(
    r"regist|reading|z(?:ä|ae)hlerst|\bstand\b|cumul|kumul|counter|total_increasing|показан|нарастающ|odczyt",
    re.IGNORECASE,
)
_POWER = re.compile(r"power|leistung|мощност|puissance|potencia", re.IGNORECASE)
_WORK = re.compile(r"energ|энерг|arbeit", re.IGNORECASE)
_ENERGY = re.compile(
    r"energ|энерг|usage|consum|verbrauch|bezug|расход|потребл|import|\bactive\b|wirkarbeit|\barbeit",
    re.IGNORECASE,
)
_EXPORT = re.compile(
    r"export|feed.?in|einspeis|abgabe|lieferung|отдач|генерац|generat|production|produktion|\bpv\b|solar|erzeug|injection",
    re.IGNORECASE,
)
_METER = re.compile(
    r"meter.?(?:id|no|num|name|point|serial)?$|\bmeter\b|mpan|\bnmi\b|z(?:ä|ae)hlpunkt|z(?:ä|ae)hler.?(?:nr|num|id)?$|messlokation"
    r"|marktlokation|entity.?id|lclid|\bdevice|\bsensor\b|счетчик|счётчик|прибор|точка|serial|\bsite\b|\bname\b|\bid\b|_id$"
    r"|канал|channel|obis",
    re.IGNORECASE,
)
_QUALITY = re.compile(
    r"qualit|status|flag|estimat|\bvalid|a/e|type of read|качеств|статус|достоверн|ersatz", re.IGNORECASE
)
_TIME = re.compile(
    r"time|date|zeit|datum|дата|врем|period|interval|stamp|\bvon\b|\bbis\b|start|begin|\bend|начал|конец|ende\b|\bfrom\b"
    r"|\bto\b|день|\btag\b|\bday\b|fecha|hora",
    re.IGNORECASE,
)
_START = re.compile(
    r"start|begin|beginn|\bfrom\b|\bvon\b|\bab\b|начал|(?<![а-яё])с(?![а-яё])|_from\b", re.IGNORECASE
)
_END = re.compile(
    r"\bend|end(?:ing|e)?\b|_end|\bbis\b|until|\bto\b|конец|оконч|(?<![а-яё])по(?![а-яё])|_to\b|ende\b",
    re.IGNORECASE,
)
_UTC = re.compile(r"(?<![a-z])(?:utc|gmt)\s*([+-]\s*\d{1,2}(?::?\d{2})?)?(?![a-z])", re.IGNORECASE)
_IANA = re.compile(
    r"\b(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)/[A-Za-z_/+\-0-9]+"
)
_MSK = re.compile(r"(?<![а-яёa-z])(?:мск|msk)(?![а-яёa-z])", re.IGNORECASE)


@dataclass(frozen=True)
class Meaning:
    """What a heading says about figures.

    Args:
        unit: a key of UNITS, or None.
        register: it names a counter.
        power: it names power.
        energy: it names energy, or what is said of energy and of power.
        work: it names energy by that word.
        export: it names energy that is given, not taken.
        foreign: it names something else: reactive energy, money, temperature, the greatest of several.
    """

    unit: str | None = None
    register: bool = False
    power: bool = False
    energy: bool = False
    work: bool = False
    export: bool = False
    foreign: bool = False


def meaning(heading: str) -> Meaning:
    """Return what a heading says about the figures below it."""
    text = _spaced(heading)
    return Meaning(
        unit_in(text),
        register=_REGISTER.search(text) is not None,
        power=_POWER.search(text) is not None,
        energy=_ENERGY.search(text) is not None,
        work=_WORK.search(text) is not None,
        export=_EXPORT.search(text) is not None,
        foreign=_FOREIGN.search(text) is not None,
    )


def unit_in(text: str) -> str | None:
    """Return the one unit of active energy or power that a text names; None if none, several, or a slip."""
    if _MILLI.search(text) or _SLOPPY.search(text):
        return None
    if _PER_HOUR.search(text):
        text = _PER_HOUR.sub("w ", text)
    text = _HOUR.sub(lambda found: "h" if found[0][-1:].lower() in "hrs" else "ч", text)
    found = set()
    for prefix, kind, tight, hours in _LATIN.findall(text):
        found.add(_PREFIX[(prefix or tight).lower()] + ("Wh" if (kind or hours).lower() == "wh" else "W"))
    for prefix, hour in _CYRILLIC.findall(text):
        found.add(_PREFIX[prefix.lower()] + ("Wh" if hour else "W"))
    return found.pop() if len(found) == 1 else None


def canonical_unit(text: str) -> str | None:
    """Return a unit as UNITS has it: of "kwh" "kWh"."""
    return next((unit for unit in UNITS if unit.lower() == text.strip().lower()), None) or unit_in(text)


def is_meter(heading: str) -> bool:
    """Return whether a heading names what tells meters apart."""
    return _METER.search(_spaced(heading)) is not None


def is_quality(heading: str) -> bool:
    """Return whether a heading names how figures came about."""
    return _QUALITY.search(_spaced(heading)) is not None


def is_factor(text: str) -> bool:
    """Return whether a heading or a line names a factor by which figures may have to be multiplied."""
    return _FACTOR.search(_spaced(text)) is not None


def is_time(heading: str) -> bool:
    """Return whether a heading names a time."""
    return _TIME.search(_spaced(heading)) is not None


def stamps_in(heading: str) -> str | None:
    """Return "start" or "end" where a time's heading says which of an interval it is."""
    text = _spaced(heading)
    start, end = _START.search(text) is not None, _END.search(text) is not None
    return None if start == end else "start" if start else "end"


def zone_in(text: str) -> str | None:
    """Return the zone that "Time (UTC+3)", "timestamp_utc" or "start (Europe/Moscow)" names; None if none."""
    spaced = _spaced(text)
    if iana := _IANA.search(text):
        return iana[0]
    if found := _UTC.search(spaced):
        return "UTC" if not found[1] else "UTC" + re.sub(r"\s", "", found[1])
    return "UTC+03:00" if _MSK.search(spaced) else None


def _spaced(heading: str) -> str:
    """Return a heading with its words apart: usage_kwh, usageKWh."""
    text = unicodedata.normalize("NFC", heading).replace("_", " ")
    text = re.sub(r"(?<=[a-z])(?=[KkMG]Wh?(?![a-z]))", " ", text)
    return re.sub(r"(?<=[a-z])(?=[A-Z])(?!Wh?(?![a-z]))", " ", text)
