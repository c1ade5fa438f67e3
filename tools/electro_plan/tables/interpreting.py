# SPDX-License-Identifier: Apache-2.0
"""From a table to a history: times to instants, figures to energies, each step proved by the whole table."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from electro_plan import zones
from electro_plan.errors import Choice, PlanError, Undecided
from electro_plan.history import DAY_S, Quality
from electro_plan.reading_result import Reading
from electro_plan.series import Series, assemble, choose, interval_of
from electro_plan.tables import headings, layout, local_time, quality, quantities, stamps, wide
from electro_plan.tables.headings import UNITS
from electro_plan.text import numbers, times
from electro_plan.text.printing import listed, quoted, shown
from electro_plan.wording import figure, instant

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from electro_plan.settings import ReadSettings
    from electro_plan.tables.layout import Layout
    from electro_plan.tables.table import Cell, Table

_ZONE_LINE = re.compile(r"zone|zeitzone|часов", re.IGNORECASE)
_INCLUSIVE_S = (1, 60)  # by which ends such as 00:14 or 00:14:59 fall short of where the next one begins
_NEGATIVE_NOISE_WH = 1.0  # an hour of a meter's own error around zero, not of energy given back


@dataclass
class _Rows:
    """A table's figures in one row each, as they go through the steps.

    Args:
        wall_s: times; instants already if `instants`.
        offset_s: that the file writes with them.
        cells: of each chosen column.
        rows: of the table.
    """

    wall_s: NDArray[np.int64]
    cells: list[list[Cell]]
    rows: NDArray[np.int64]
    offset_s: NDArray[np.int64] | None = None
    until_s: NDArray[np.int64] | None = None
    instants: bool = False
    dates_only: bool = False
    has_24: bool = False
    interval_s: int | None = None
    stamps: str | None = None


def interpret(table: Table, settings: ReadSettings, source: str) -> Reading:
    """Return the history that a table holds, and how it was understood.

    Raises:
        Undecided: it can be read in more than one way.
        PlanError: it can't be read, or its parts contradict each other.
    """
    notes = list(table.notes)
    found = layout.find(table, settings)
    clock, zone = _zones(found, settings)
    columns, rows = _rows(table, found, settings, clock, notes)
    if found.foot:
        notes.append(
            f"{found.foot} row{'s' * (found.foot > 1)} below the figures {'are' if found.foot > 1 else 'is'} left out."
        )

    def where(index: int) -> str:
        return table.where(int(rows.rows[index]))

    names = [found.name(column) for column in columns] or [" ".join(found.preamble[-1:]) or "the figures"]
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
    meters = _meter_names(table, found, rows, columns)
    groups = _groups(meters, len(rows.wall_s))
    interval_s = _interval(rows, groups, settings, table.shown)
    meaning = _meaning(table, found, columns, parsed, settings)
    told = _qualities(table, found, rows, notes)
    series: list[Series] = []
    figures: quantities.Figures | None = None
    chosen_groups = _chosen_groups(groups, settings, table)
    for column, name in zip(parsed, names, strict=True):
        for meter, index in chosen_groups.items():
            order = index[np.argsort(rows.wall_s[index], kind="stable")]
            decided = quantities.decide(
                column, order, interval_s, meaning, signs, settings, table.shown, name
            )
            if figures and (decided.unit, decided.quantity) != (figures.unit, figures.quantity):
                raise PlanError(
                    f"{table.shown}: {quoted(name)} is {decided.quantity} in {decided.unit}, another column is not"
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
        notes.append(f"It is the sum of {len(series)}: {listed([each.meter for each in series])}.")
    local_time.note_zero_hours(history.wall_s, history.energy_wh, interval_s, notes)
    return Reading(history, figures.unit, figures.quantity, tuple(dict.fromkeys(notes)))


def _say_open(signs: numbers.Signs, decided: quantities.Figures) -> str:
    """Return how figures were read whose sign only what a plant can take decides."""
    way = "thousands" if decided.thousands else "decimals"
    other = "with decimals" if decided.thousands else "as thousands"
    return f"{quoted(signs.example)} is read with {way}: {other} it would not be what the plant can take."


def _say_signs(signs: numbers.Signs) -> str:
    names = {",": "comma", ".": "point", "'": "apostrophe", " ": "space"}
    between = f", thousands are parted by a {names[signs.thousands]}" if signs.thousands else ""
    return f"Decimals follow a {names[signs.decimal or '.']}{between}."


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


def _zone_of_offsets(rows: _Rows, notes: list[str]) -> str | None:
    """Return the zone of the offsets that a file writes; UTC if they change."""
    if rows.offset_s is None:
        return None
    offsets = np.unique(rows.offset_s)
    if len(offsets) > 1:
        notes.append(
            "The offsets of its times change; local times here are UTC's unless --zone names the zone."
        )
        return "UTC"
    minutes = int(offsets[0]) // 60
    return (
        zones.name(f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}")
        if minutes
        else "UTC"
    )


def _rows(
    table: Table, found: Layout, settings: ReadSettings, clock: str | None, notes: list[str]
) -> tuple[list[int], _Rows]:
    """Return the chosen columns and their figures with times, one a row."""

    def where(index: int) -> str:
        return table.where(found.body[index])

    beside = found.clock if found.clock is not None else None
    clocks = table.column(beside, found.body) if beside is not None else None
    read = times.parse(table.column(found.date, found.body), settings.dialect, where, clocks)
    if read.order:
        notes.append(read.order[0].upper() + read.order[1:] + ".")
    if found.slots and read.dates_only:
        slots = wide.find(table, found, settings.dialect.stamps)
        wall, cells, rows, instants = wide.unfold(table, found, slots, read.wall_s, clock)
        notes.append(f"A row is a day, its columns are {slots.stamps}.")
        return [], _Rows(wall, [cells], rows, instants=instants, interval_s=slots.interval_s, stamps="start")
    columns = _figure_columns(table, found, settings, notes)
    result = _Rows(
        read.wall_s, [table.column(column, found.body) for column in columns], np.array(found.body, np.int64),
        read.offset_s, read.until_s, dates_only=read.dates_only, has_24=read.has_24,
    )  # fmt: skip
    if found.period is not None and read.dates_only:
        _add_periods(table, found, result)
    _add_ends(table, found, settings, result, where)
    return columns, result


def _add_periods(table: Table, found: Layout, rows: _Rows) -> None:
    assert found.period is not None
    counted = np.array([int(float(str(cell))) for cell in table.column(found.period, found.body)], np.int64)
    base, most = int(counted.min()), int(counted.max())
    per_day = next((each for each in (24, 48, 96, 288) if most - min(base, 1) + 1 <= each), None)
    if base not in (0, 1) or per_day is None:
        raise PlanError(
            f"{table.shown}: column {quoted(found.name(found.period))} from {base} to {most} counts no day's intervals"
        )
    rows.interval_s = DAY_S // per_day
    rows.wall_s = rows.wall_s + (counted - base) * rows.interval_s
    rows.dates_only, rows.stamps = False, "start"


def _add_ends(
    table: Table, found: Layout, settings: ReadSettings, rows: _Rows, where: Callable[[int], str]
) -> None:
    """Take the interval's end from a column of its own, where there is one."""
    if found.end is not None:
        ends = times.parse(table.column(found.end, found.body), settings.dialect, where)
        rows.until_s = ends.wall_s
    elif found.end_clock is not None:
        clocks = table.column(found.end_clock, found.body)
        ends = times.parse(table.column(found.date, found.body), settings.dialect, where, clocks)
        rows.until_s = ends.wall_s + np.where(ends.wall_s <= rows.wall_s, DAY_S, 0)
    if rows.until_s is None:
        return
    lengths, counts = np.unique(rows.until_s - rows.wall_s, return_counts=True)
    usual = int(lengths[np.argmax(counts)])
    if usual <= 0:
        raise PlanError(
            f"{where(0)}: an interval ends before it begins",
            "which column is which? --time-column names the beginnings",
        )
    steps, times_each = np.unique(np.diff(np.unique(rows.wall_s)), return_counts=True)
    step = int(steps[np.argmax(times_each)]) if len(steps) else usual
    if step - usual in _INCLUSIVE_S:
        usual = step
    rows.interval_s, rows.stamps = usual, "start"


def _figure_columns(table: Table, found: Layout, settings: ReadSettings, notes: list[str]) -> list[int]:
    wanted = settings.energy_columns
    known = {column: headings.meaning(found.headings[column]) for column in found.figures}
    own = [column for column, each in known.items() if not each.foreign]
    taken = [column for column in own if not known[column].export]
    named = [
        column
        for column in taken
        if known[column].unit or known[column].energy or known[column].register or known[column].power
    ]
    if wanted and not (wanted == ("all",) and not found.named("all")):
        columns = [_figure_column(table, found, name) for name in wanted]
    else:
        columns = named or taken or own
        if not columns:
            raise PlanError(
                f"{table.shown} has no column of figures beside {shown(found.name(found.date))!r}; "
                f"its columns are {listed([found.name(each) for each in range(len(found.headings))])}",
                "name it with --energy-column",
            )
        if len(columns) > 1 and not wanted:
            names = [found.name(column) for column in columns]
            raise Undecided(
                f"{table.shown} has {len(columns)} columns of figures: {listed(names)}",
                "--energy-column",
                (*(Choice(name, "this one") for name in names[:20]), Choice("all", "their sum")),
            )
    for column in columns:
        _refuse_cut_decimals(table, found, column)
    left = [found.name(column) for column in found.figures if column not in columns]
    if left:
        notes.append(f"Left aside: {listed(left)}.")
    return columns


def _figure_column(table: Table, found: Layout, name: str) -> int:
    columns = found.named(name)
    if len(columns) != 1:
        has = listed([found.name(each) for each in range(len(found.headings))])
        raise PlanError(
            f"{table.shown} has {f'{len(columns)} columns' if columns else 'no column'} {shown(name)!r}; it has {has}",
            "name one of them with --energy-column",
        )
    return columns[0]


def _refuse_cut_decimals(table: Table, found: Layout, column: int) -> None:
    """Refuse a column behind which stand digits without a heading: decimals behind a comma, most likely."""
    after = column + 1
    if table.separator != "," or after >= len(found.headings) or found.headings[after]:
        return
    cells = [cell for cell in table.column(after, found.body) if cell]
    if cells and all(isinstance(cell, str) and cell.strip().isdigit() for cell in cells):
        row = found.body[0]
        raise PlanError(
            f"{table.where(row)}: behind {quoted(table.rows[row][column])} stands {quoted(table.rows[row][after])} "
            "in a column without a heading: decimals behind a comma?",
            "put figures in quotes, or use another separator",
        )


def _meter_names(table: Table, found: Layout, rows: _Rows, columns: list[int]) -> list[str] | None:
    """Return a meter's name each row; None if nothing tells meters apart."""
    telling = [column for column in found.meters if column not in columns]
    if not telling:
        return None
    by_row = {
        row: " ".join(
            str(table.rows[row][column]).strip() for column in telling if column < len(table.rows[row])
        )
        for row in found.body
    }
    return [by_row[int(row)] for row in rows.rows]


def _groups(meters: list[str] | None, count: int) -> dict[str, NDArray[np.int64]]:
    if meters is None:
        return {"": np.arange(count, dtype=np.int64)}
    names = np.array(meters)
    return {name: np.flatnonzero(names == name).astype(np.int64) for name in dict.fromkeys(meters)}


def _chosen_groups(
    groups: dict[str, NDArray[np.int64]], settings: ReadSettings, table: Table
) -> dict[str, NDArray[np.int64]]:
    if groups.keys() == {""}:
        if settings.meters and settings.meters != ("all",):
            raise PlanError(f"{table.shown} does not tell meters apart", "name a column with --energy-column")
        return groups
    stubs = [
        Series(name, index, 1, np.zeros(len(index)), np.zeros(len(index), np.uint8), index, table.where)
        for name, index in groups.items()
    ]
    return {each.meter: groups[each.meter] for each in choose(stubs, settings.meters, table.shown)}


def _interval(
    rows: _Rows, groups: dict[str, NDArray[np.int64]], settings: ReadSettings, shown_file: str
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
            f"{table.shown} names {listed(sorted(str(unit) for unit in units))} as units",
            "set one with --unit",
        )
    return replace(known, unit=units.pop()) if len(units) == 1 else known


def _qualities(table: Table, found: Layout, rows: _Rows, notes: list[str]) -> NDArray[np.uint8]:
    if found.quality is not None:
        cells = table.column(found.quality, [int(row) for row in rows.rows])
        told = quality.parse(cells)
        if told is not None:
            return told
        strange = next(cell for cell in cells if quality.parse([cell]) is None)
        notes.append(
            f"Column {found.name(found.quality)} has words such as {quoted(strange)}, which say nothing here."
        )
    return np.zeros(len(rows.rows), np.uint8)


def _series(
    meter: str,
    values: NDArray[np.float64],
    index: NDArray[np.int64],
    rows: _Rows,
    told: NDArray[np.uint8],
    figures: quantities.Figures,
    interval_s: int,
    clock: str | None,
    settings: ReadSettings,
    table: Table,
    notes: list[str],
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
        return _differences(made, clock, notes)
    if figures.quantity == "power":
        made = replace(made, energy_wh=made.energy_wh * interval_s / 3600)
    return _checked(made, clock)


def _stamped(
    wall: NDArray[np.int64],
    rows: _Rows,
    index: NDArray[np.int64],
    interval_s: int,
    clock: str | None,
    settings: ReadSettings,
    table: Table,
    notes: list[str],
    where: Callable[[int], str],
) -> tuple[NDArray[np.int64], str]:
    """Return times, midnights in place, and whether they are starts or ends."""
    if rows.until_s is None and not rows.dates_only and rows.stamps is None:
        wall, late = stamps.with_late_midnights(wall, interval_s, where)
    else:
        late = False
    heading = headings.stamps_in(table_heading(table, rows)) if rows.stamps is None else None
    way, why = settings.dialect.stamps or rows.stamps or "", ""
    if not way and rows.dates_only:
        way = "start"
    elif not way and (rows.has_24 or late):
        way, why = (
            "end",
            "24:00 is an end" if rows.has_24 else "midnight carries the date of the day that it ends",
        )
    elif not way and heading:
        way, why = heading, "the column's name says so"
    elif not way:
        walls = [wall]
        if clock is not None and rows.offset_s is not None:
            walls.append(zones.to_wall(wall - rows.offset_s[index], clock))
        way, why = stamps.prove(walls, interval_s, table.shown)
    if why:
        notes.append(f"Times are where intervals {'begin' if way == 'start' else 'end'}: {why}.")
    return wall, way


def table_heading(table: Table, rows: _Rows) -> str:
    """Return the heading of the times, which may say that they are ends."""
    first = int(rows.rows[0]) - 1
    return " ".join(str(cell) for cell in table.rows[first][:1]) if first >= 0 else ""


def _differences(readings: Series, zone: str | None, notes: list[str]) -> Series:
    """Return the energies between a register's readings.

    Raises:
        PlanError: the register falls.
    """
    keep = ~np.isnan(readings.energy_wh)
    order = np.flatnonzero(keep)[np.argsort(readings.starts_s[keep], kind="stable")]
    at, counted, places = readings.starts_s[order], readings.energy_wh[order], readings.places[order]
    if len(at) < 2:
        raise PlanError(f"{readings.where(int(readings.places[0]))}: a register needs two readings")
    steps, energy = np.diff(at), np.diff(counted)
    if np.any(energy < 0):
        row = int(np.flatnonzero(energy < 0)[0])
        raise PlanError(
            f"{readings.where(int(places[row + 1]))}: the register falls from {figure(counted[row] / 1000)} to "
            f"{figure(counted[row + 1] / 1000)} kWh",
            "cut the file where the register was changed or turned over; if figures are energies, --quantity energy",
        )
    whole = steps == readings.interval_s
    if np.any(steps % readings.interval_s) and readings.interval_s < DAY_S:
        row = int(np.flatnonzero(steps % readings.interval_s)[0])
        raise PlanError(
            f"{readings.where(int(places[row + 1]))}: {instant(int(at[row + 1]), zone)} is not where an interval ends"
        )
    if not whole.all() and readings.interval_s < DAY_S:
        lost = float(energy[~whole & (steps > 0)].sum())
        notes.append(
            f"Between readings further apart {figure(lost / 1000)} kWh were taken, in which interval is not known."
        )
    elif readings.interval_s >= DAY_S:
        whole = np.abs(steps - readings.interval_s) <= 3600
    kept = np.flatnonzero(whole | (steps == 0))
    worse = np.maximum(readings.quality[order][1:], readings.quality[order][:-1])
    starts, ends = at[:-1][kept], int(at[-1])
    energy, worse, places = energy[kept], worse[kept], places[1:][kept]
    if not len(starts) or starts[-1] + readings.interval_s < ends - readings.interval_s:
        starts, energy = np.append(starts, ends - readings.interval_s), np.append(energy, np.nan)
        worse, places = np.append(worse, np.uint8(Quality.MISSING)), np.append(places, order[-1])
    notes.append("It is a register: energies are differences between readings.")
    return replace(readings, starts_s=starts, energy_wh=energy, quality=worse, places=places)


def _checked(series: Series, zone: str | None) -> Series:
    """Refuse energies below zero."""
    below = np.flatnonzero(series.energy_wh < -_NEGATIVE_NOISE_WH)
    if len(below):
        row = int(below[0])
        raise PlanError(
            f"{series.where(int(series.places[row]))}: {figure(series.energy_wh[row] / 1000)} kWh at "
            f"{instant(int(series.starts_s[row]), zone)}; an interval's energy can't be negative",
            "what a plant gives back does not count as load: choose the column of what it takes",
        )
    return replace(series, energy_wh=np.maximum(series.energy_wh, 0))
