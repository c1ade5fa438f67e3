# SPDX-License-Identifier: Apache-2.0
"""Green Button (NAESB ESPI): one usage point, one reading type in thousandths of a Wh, a block of intervals a day."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np

from electro_plan.history import DAY_S, Quality
from electro_plan.wording import iso

if TYPE_CHECKING:
    from electro_plan.writing.export import Export

_ATOM, _ESPI = "http://www.w3.org/2005/Atom", "http://naesb.org/espi"
_ESTIMATED = 8  # espiDerived.xsd, QualityOfReading: estimated using a reference day
_MILLI = 1000
_NAMES = uuid.UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")  # RFC 4122: names that are identifiers


def write(export: Export) -> bytes:
    """Return a feed; intervals without data are left out."""
    history = export.history
    base = "/espi/1_1/resource/UsagePoint/01"
    parts = [
        (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="{_ATOM}"><id>urn:uuid:{_id(export, "feed")}</id>'
            f"<title>{escape(export.sender or 'Electro')}</title><updated>{iso(history.end_s)}</updated>"
        ),
        _entry(
            export, "usage", base,
            [("up", "/espi/1_1/resource/UsagePoint"), ("related", f"{base}/MeterReading")], export.meter,
            f'<UsagePoint xmlns="{_ESPI}"><ServiceCategory><kind>0</kind></ServiceCategory></UsagePoint>',
        ),
        _entry(
            export, "reading", f"{base}/MeterReading/01",
            [("up", f"{base}/MeterReading"), ("related", f"{base}/MeterReading/01/IntervalBlock"),
             ("related", "/espi/1_1/resource/ReadingType/01")],
            "Active energy taken", f'<MeterReading xmlns="{_ESPI}"/>',
        ),
        _entry(
            export, "type", "/espi/1_1/resource/ReadingType/01", [("up", "/espi/1_1/resource/ReadingType")], "Type",
            f'<ReadingType xmlns="{_ESPI}"><accumulationBehaviour>4</accumulationBehaviour><commodity>1</commodity>'
            f"<dataQualifier>12</dataQualifier><flowDirection>1</flowDirection>"
            f"<intervalLength>{history.interval_s}</intervalLength><kind>12</kind><phase>769</phase><powerOfTenMultiplier>-3</powerOfTenMultiplier><timeAttribute>0</timeAttribute>"
            "<uom>72</uom></ReadingType>",
        ),
    ]  # fmt: skip
    days = history.wall_s // DAY_S
    for day in np.unique(days).tolist():
        indices = np.flatnonzero(days == day)
        readings = _readings(export, indices)
        if readings:
            start, end = int(history.starts_s[indices[0]]), int(history.ends_s[indices[-1]])
            interval = f"<interval><duration>{end - start}</duration><start>{start}</start></interval>"
            parts.append(_block(export, f"{base}/MeterReading/01", day, interval + readings))
    return "".join([*parts, "</feed>\n"]).encode()


def _readings(export: Export, indices: np.ndarray[tuple[int], np.dtype[np.intp]]) -> str:
    history = export.history
    ends = history.ends_s
    readings = []
    for index in indices.tolist():
        if history.quality[index] == Quality.MISSING:
            continue
        told = f"<ReadingQuality><quality>{_ESTIMATED}</quality></ReadingQuality>"
        start = int(history.starts_s[index])
        readings.append(
            f"<IntervalReading>{told if history.quality[index] == Quality.ESTIMATED else ''}"
            f"<timePeriod><duration>{int(ends[index]) - start}</duration><start>{start}</start></timePeriod>"
            f"<value>{round(float(history.energy_wh[index]) * _MILLI)}</value></IntervalReading>"
        )
    return "".join(readings)


def _block(export: Export, reading: str, day: int, readings: str) -> str:
    title = f"{datetime.fromtimestamp(day * DAY_S, UTC):%Y-%m-%d}"
    return _entry(
        export,
        title,
        f"{reading}/IntervalBlock/{day}",
        [("up", f"{reading}/IntervalBlock")],
        title,
        f'<IntervalBlock xmlns="{_ESPI}">{readings}</IntervalBlock>',
    )


def _entry(
    export: Export, name: str, self: str, links: list[tuple[str, str]], title: str, content: str
) -> str:
    shown = "".join(f'<link rel="{relation}" href="{href}"/>' for relation, href in [("self", self), *links])
    stamp = iso(export.history.end_s)
    return (
        f"\n<entry><id>urn:uuid:{_id(export, name)}</id>{shown}<title>{escape(title)}</title>"
        f"<content>{content}</content><published>{stamp}</published><updated>{stamp}</updated></entry>"
    )


def _id(export: Export, name: str) -> uuid.UUID:
    """Return an identifier that is the same each time the same is written."""
    return uuid.uuid5(_NAMES, f"{export.meter}/{export.history.first_s}/{export.history.end_s}/{name}")
