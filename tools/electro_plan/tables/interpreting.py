# SPDX-License-Identifier: Apache-2.0
"""From a table to a history: times to instants, figures to energies, each step proved by the whole table."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from electro_plan import zones
from electro_plan.errors import PlanError
from electro_plan.reading_result import QUANTITY_WORDS, Reading
from electro_plan.sentence import counted, sentence
from electro_plan.series import Series, assemble, interval_of
from electro_plan.tables import headings, layout, local_time, quality, quantities, stamps
from electro_plan.tables.columns import by_meter, chosen_meters, meter_names
from electro_plan.tables.headings import UNIT_WORDS, UNITS
from electro_plan.tables.registers import differences
from electro_plan.tables.rows import Rows, unfold
from electro_plan.text import numbers
from electro_plan.text.printing import listed, quoted
from electro_plan.wording import figure, instant

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from electro_plan.sentence import Sentence
    from electro_plan.settings import ReadSettings
    from electro_plan.tables.layout import Layout
    from electro_plan.tables.table import Table

_ZONE_LINE = re.compile(r"zone|zeitzone|часов", re.IGNORECASE)
_NEGATIVE_NOISE_WH = 1.0  # an hour of a meter's own error around zero, not of energy given back


def interpret(table: Table, settings: ReadSettings, source: str) -> Reading:
    """Return the history that a table holds, and how it was understood.

    Raises:
        Undecided: it can be read in more than one way.
        PlanError: it can't be read, or its parts contradict each other.
    """
    notes = list(table.notes)
    found = layout.find(table, settings)
    clock, zone = _zones(found, settings)
    columns, rows = unfold(table, found, settings, clock, notes)
    if found.foot:
        notes.append(
            counted(
                "{0} row below the figures is left out.",
                "{0} rows below the figures are left out.",
                found.foot,
            )
        )

    def where(index: int) -> str:
        return table.where(int(rows.rows[index]))

    names = [found.name(column) for column in columns] or [
        " ".join(found.preamble[-1:]) or sentence("the figures")
    ]
    dotted = any("." in str(table.rows[row][found.date]) for row in found.body[:1]) and not rows.instants
    settled = numbers.Signs(settings.dialect.decimal, settings.dialect.thousands or "")
    signs = numbers.prove_signs(rows.cells, where, settled)
    if signs.open == "," and dotted and not signs.mixed and table.separator != ",":
        signs = replace(signs, open=None)  # no country that writes 31.12.2024 puts commas between thousands
    if signs.decimal and not signs.open:
        notes.append(_say_signs(signs))
    parsed = [
        numbers.parse(cells, signs, quoted(name), where)
        for cells, name in zip(rows.cells, names, strict=True)
    ]
    meters = meter_names(table, found, rows, columns)
    groups = by_meter(meters, len(rows.wall_s))
    interval_s = _interval(rows, groups, settings, table.shown)
    meaning = _meaning(table, found, columns, parsed, settings)
    told = _qualities(table, found, rows, notes)
    series: list[Series] = []
    figures: quantities.Figures | None = None
    chosen = chosen_meters(groups, settings, table)
    for column, name in zip(parsed, names, strict=True):
        for meter, index in chosen.items():
            order = index[np.argsort(rows.wall_s[index], kind="stable")]
            decided = quantities.decide(
                column, order, interval_s, meaning, signs, settings, table.shown, name
            )
            if figures and (decided.unit, decided.quantity) != (figures.unit, figures.quantity):
                raise PlanError(
                    sentence(
                        "{0}: {1} is {2} in {3}, another column is not",
                        table.shown,
                        quoted(name),
                        QUANTITY_WORDS[decided.quantity],
                        UNIT_WORDS[decided.unit],
                    )
                )
            figures = decided
            if signs.open:
                notes.append(_say_open(signs, decided))
            values = (column.as_thousands() if decided.thousands else column).values
            label = " ".join(filter(None, (meter, name if len(names) > 1 else ""))) or (
                name if not found.slots else ""
            )
            series.append(
                _series(
                    label,
                    values[index],
                    index,
                    rows,
                    told,
                    decided,
                    interval_s,
                    clock,
                    settings,
                    table,
                    notes,
                )
            )
    assert figures is not None  # there is at least one column with one meter
    if clock is None and zone is None:
        zone = _zone_of_offsets(rows, notes)
    history = assemble(series, zone, source, notes)
    if len(series) > 1:
        notes.append(
            sentence("It is the sum of {0}: {1}.", len(series), listed([each.meter for each in series]))
        )
    local_time.note_zero_hours(history.wall_s, history.energy_wh, interval_s, notes)
    return Reading(history, figures.unit, figures.quantity, tuple(dict.fromkeys(notes)))


def _say_open(signs: numbers.Signs, decided: quantities.Figures) -> Sentence:
    """Return how figures were read whose sign only what a plant can take decides."""
    example = quoted(signs.example)
    if decided.thousands:
        return sentence(
            "{0} is read with thousands: with decimals it would not be what the plant can take.", example
        )
    return sentence(
        "{0} is read with decimals: as thousands it would not be what the plant can take.", example
    )


def _say_signs(signs: numbers.Signs) -> Sentence:
    decimal = numbers.SIGN_WORDS[signs.decimal or "."]
    if not signs.thousands:
        return sentence("Decimals follow a {0}.", decimal)
    thousands = numbers.SIGN_WORDS[signs.thousands]
    return sentence("Decimals follow a {0}, thousands are parted by a {1}.", decimal, thousands)


def _zones(found: Layout, settings: ReadSettings) -> tuple[str | None, str | None]:
    """Return the zone that times are written in, and the one that people speak of; None if not known."""
    told = settings.dialect.clock
    if told is None:
        told = headings.zone_in(found.headings[found.date]) if found.headings else None
    if told is None:
        for line in found.preamble:
            if _ZONE_LINE.search(line):
                told = headings.zone_in(line)
    zone = settings.zone and zones.name(settings.zone)
    clock = zones.name(told) if told else zone
    return clock, zone or clock


def _zone_of_offsets(rows: Rows, notes: list[Sentence]) -> str | None:
    """Return the zone of the offsets that a file writes; UTC if they change."""
    if rows.offset_s is None:
        return None
    offsets = np.unique(rows.offset_s)
    if len(offsets) > 1:
        notes.append(
            sentence(
                "The offsets of its times change; local times here are UTC's unless another zone is named."
            )
        )
        return "UTC"
    minutes = int(offsets[0]) // 60
    return (
        zones.name(f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}")
        if minutes
        else "UTC"
    )


def _interval(
    rows: Rows, groups: dict[str, NDArray[np.int64]], settings: ReadSettings, shown_file: str
) -> int:
    if settings.interval_s is None and rows.interval_s is not None:
        return rows.interval_s
    longest = max(groups.values(), key=len)
    walls = rows.wall_s[longest] - (rows.offset_s[longest] if rows.offset_s is not None else 0)
    return interval_of(walls, shown_file, settings.interval_s)


def _meaning(
    table: Table, found: Layout, columns: list[int], parsed: list[numbers.Column], settings: ReadSettings
) -> headings.Meaning:
    """Return what headings say of the figures, with units from a column of units, from figures or from above."""
    text = " ".join(found.headings[column] for column in columns or found.slots[:1])
    known = headings.meaning(text)
    if known.unit:
        return known
    units: set[str | None] = {headings.canonical_unit(each.suffix) for each in parsed if each.suffix}
    if found.unit is not None:
        units |= {headings.canonical_unit(str(cell)) for cell in table.column(found.unit, found.body)}
    if not units:
        above = [*found.preamble, *(found.headings[:1] if found.slots else [])]
        units = {unit for line in above if (unit := headings.unit_in(line))}
    if len(units) > 1 and not settings.unit:
        raise PlanError(
            sentence("{0} names {1} as units", table.shown, listed(sorted(str(unit) for unit in units))),
            "set one with --unit",
        )
    return replace(known, unit=units.pop()) if len(units) == 1 else known


def _qualities(table: Table, found: Layout, rows: Rows, notes: list[Sentence]) -> NDArray[np.uint8]:
    if found.quality is not None:
        cells = table.column(found.quality, [int(row) for row in rows.rows])
        told = quality.parse(cells)
        if told is not None:
            return told
        strange = next(cell for cell in cells if quality.parse([cell]) is None)
        notes.append(
            sentence(
                "Column {0} has words such as {1}, which say nothing here.",
                found.name(found.quality),
                quoted(strange),
            )
        )
    return np.zeros(len(rows.rows), np.uint8)


def _series(
    meter: str,
    values: NDArray[np.float64],
    index: NDArray[np.int64],
    rows: Rows,
    told: NDArray[np.uint8],
    figures: quantities.Figures,
    interval_s: int,
    clock: str | None,
    settings: ReadSettings,
    table: Table,
    notes: list[Sentence],
) -> Series:
    """Return one meter's intervals on instants."""
    wall, qualities = rows.wall_s[index], told[index]
    row_numbers = rows.rows[index]

    def where(at: int) -> str:
        return table.where(int(row_numbers[at]))

    register = figures.quantity == "register"
    end_of_s = 0
    if not register and not rows.instants:
        wall, way = _stamped(wall, rows, index, interval_s, clock, settings, table, notes, where)
        end_of_s = interval_s if way == "end" else 0
    if rows.offset_s is not None:
        instants, keep = wall - rows.offset_s[index] - end_of_s, np.ones(len(wall), np.bool_)
    elif rows.instants:
        instants, keep = wall, np.ones(len(wall), np.bool_)
    elif clock is not None:
        instants, keep = local_time.resolve(wall, values, clock, end_of_s, where, notes)
    else:
        local_time.check_without_zone(wall, values, interval_s, table.shown)
        instants, keep = wall - end_of_s, np.ones(len(wall), np.bool_)
    made = Series(
        meter,
        instants[keep],
        interval_s,
        values[keep] * UNITS[figures.unit],
        qualities[keep],
        row_numbers[keep],
        table.where,
    )
    if register:
        return differences(made, clock, notes)
    if figures.quantity == "power":
        made = replace(made, energy_wh=made.energy_wh * interval_s / 3600)
    return _checked(made, clock)


def _stamped(
    wall: NDArray[np.int64],
    rows: Rows,
    index: NDArray[np.int64],
    interval_s: int,
    clock: str | None,
    settings: ReadSettings,
    table: Table,
    notes: list[Sentence],
    where: Callable[[int], str],
) -> tuple[NDArray[np.int64], str]:
    """Return times, midnights in place, and whether they are starts or ends."""
    if rows.until_s is None and not rows.dates_only and rows.stamps is None:
        wall, late = stamps.with_late_midnights(wall, interval_s, where)
    else:
        late = False
    heading = headings.stamps_in(rows.heading) if rows.stamps is None else None
    way = settings.dialect.stamps or rows.stamps or ""
    why: Sentence | None = None
    if not way and rows.dates_only:
        way = "start"
    elif not way and (rows.has_24 or late):
        way, why = (
            "end",
            sentence("24:00 is an end")
            if rows.has_24
            else sentence("midnight carries the date of the day that it ends"),
        )
    elif not way and heading:
        way, why = heading, sentence("the column's name says so")
    elif not way:
        walls = [wall]
        if clock is not None and rows.offset_s is not None:
            walls.append(zones.to_wall(wall - rows.offset_s[index], clock))
        way, why = stamps.prove(walls, interval_s, table.shown)
    if why:
        notes.append(
            sentence("Times are where intervals begin: {0}.", why)
            if way == "start"
            else sentence("Times are where intervals end: {0}.", why)
        )
    return wall, way


def _checked(series: Series, zone: str | None) -> Series:
    """Refuse energies below zero."""
    below = np.flatnonzero(series.energy_wh < -_NEGATIVE_NOISE_WH)
    if len(below):
        row = int(below[0])
        raise PlanError(
            sentence(
                "{0}: {1} kWh at {2}; an interval's energy can't be negative",
                series.where(int(series.places[row])),
                figure(series.energy_wh[row] / 1000),
                instant(int(series.starts_s[row]), zone),
            ),
            "what a plant gives back does not count as load: choose the column of what it takes",
        )
    return replace(series, energy_wh=np.maximum(series.energy_wh, 0))
