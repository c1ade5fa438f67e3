# SPDX-License-Identifier: Apache-2.0
"""What figures are: unit, and energy, power or register; by the column's name, by what a plant can take, or asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from electro_plan.errors import Choice, PlanError, Undecided
from electro_plan.reading_result import QUANTITY_WORDS
from electro_plan.sentence import Figure, Sentence, sentence
from electro_plan.tables.headings import ENERGY_UNITS, POWER_UNITS, UNIT_WORDS, UNITS, Meaning, canonical_unit
from electro_plan.text.printing import quoted
from electro_plan.wording import figure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from electro_plan.settings import ReadSettings
    from electro_plan.text.numbers import Column, Signs

_GREATEST_W = 1e9  # of one connection: only the largest smelters take more, and can say so with --peak-kw
_ABOVE_PEAK = 1.05  # a connection's capacity is passed by a little
_BELOW_PEAK = (
    1 / 20
)  # who takes less than a twentieth of its greatest power in every interval has named another figure
_RISING_ROWS = 12  # energies that never fall in so many rows are rather a register's
_RISES_PER_FALL = 100  # a register falls where it turns over; a load about as often as it rises


@dataclass(frozen=True)
class Figures:
    """How a column's figures are to be taken.

    Args:
        unit: a key of UNITS.
        quantity: "energy", "power" or "register".
        thousands: the open sign stands between thousands.
        peak_w: greatest power that follows.
    """

    unit: str
    quantity: str
    thousands: bool
    peak_w: float


def decide(
    column: Column,
    order: NDArray[np.int64],
    interval_s: int,
    meaning: Meaning,
    signs: Signs,
    settings: ReadSettings,
    shown: str,
    heading: str,
) -> Figures:
    """Return what the figures are.

    Args:
        column: as parsed.
        order: shape (n,): rows in the order of time.
        interval_s: length of an interval.
        meaning: of the heading and of what stands around it.
        signs: what may be open about the numbers.
        settings: what the person said.
        shown: the file's name.
        heading: the column's.

    Raises:
        Undecided: more than one reading is plausible.
        PlanError: none is.
    """
    ways = list(_ways(column, order, interval_s, meaning, signs, settings))
    possible = [way for way in ways if _plausible(way.peak_w, settings.peak_kw)]
    if len(possible) == 1:
        return possible[0]
    if not possible:
        most = settings.peak_kw * 1000 * _ABOVE_PEAK if settings.peak_kw else _GREATEST_W
        way = min(ways, key=lambda each: each.peak_w)
        limit = (
            sentence("the {0} kW of --peak-kw", figure(settings.peak_kw))
            if settings.peak_kw
            else sentence("1 GW, more than a plant takes")
        )
        column_told = sentence("{0}: column {1}", shown, quoted(heading))
        told = column_told, QUANTITY_WORDS[way.quantity], UNIT_WORDS[way.unit], power_words(way.peak_w), limit
        raise PlanError(
            sentence("{0}, {1} in {2}, would be {3} at its greatest, above {4}", *told)
            if way.peak_w > most
            else sentence("{0}, {1} in {2}, would be {3} at its greatest, far below {4}", *told),
            "set the unit with --unit, the plant's greatest power with --peak-kw",
        )
    raise _question(possible, signs, shown, heading, fallen=meaning.register)


def _question(possible: list[Figures], signs: Signs, shown: str, heading: str, *, fallen: bool) -> Undecided:
    """Return the question that is left; `fallen`: a register by its name, whose figures fall."""
    where = sentence("{0}: column {1}", shown, quoted(heading))
    units = list(dict.fromkeys(way.unit for way in possible))
    if len(units) > 1:
        return Undecided(
            sentence("{0} does not say in what unit it is", where),
            "--unit",
            tuple(Choice(unit, _most(possible, unit)) for unit in units),
        )
    quantities = list(dict.fromkeys(way.quantity for way in possible))
    if len(quantities) > 1:
        peaks = {way.quantity: way.peak_w for way in possible}
        words = {
            "energy": sentence("of each interval"),
            "register": sentence("a counter that rises"),
            "power": sentence("mean of each interval"),
        }
        return Undecided(
            sentence(
                "{0}, in {1}, is a register by its name, and its figures fall", where, UNIT_WORDS[units[0]]
            )
            if fallen
            else sentence(
                "{0}, in {1}, hardly ever falls: it may be a register or energies",
                where,
                UNIT_WORDS[units[0]],
            ),
            "--quantity",
            tuple(
                Choice(each, sentence("{0}; then up to {1}", words[each], power_words(peaks[each])))
                for each in quantities
            ),
        )
    sign = "point" if signs.open == "." else "comma"
    other = "comma" if signs.open == "." else "point"
    thousands = Figure(f"{int(signs.example.replace(signs.open or '', '')):,}")
    decimals = Figure(signs.example.replace(",", "."))
    return Undecided(
        sentence(
            "{0}: {1} may be {2} or {3}; no figure proves which",
            where,
            quoted(signs.example),
            decimals,
            thousands,
        ),
        "--dialect decimal",
        tuple(
            Choice(other if way.thousands else sign, sentence("up to {0}", power_words(way.peak_w)))
            for way in possible
        ),
    )


def _most(possible: list[Figures], unit: str) -> Sentence:
    peak = max(way.peak_w for way in possible if way.unit == unit)
    return sentence("then up to {0}", power_words(peak))


def power_words(watts: float) -> Sentence:
    """Return a power with a unit that a person would choose."""
    if watts >= 1e9:
        return sentence("{0} GW", Figure(f"{watts / 1e9:,.4g}"))
    if watts >= 1e6:
        return sentence("{0} MW", Figure(f"{watts / 1e6:,.4g}"))
    if watts >= 1e3:
        return sentence("{0} kW", Figure(f"{watts / 1e3:,.4g}"))
    return sentence("{0} W", Figure(f"{watts:,.4g}"))


def _ways(
    column: Column,
    order: NDArray[np.int64],
    interval_s: int,
    meaning: Meaning,
    signs: Signs,
    settings: ReadSettings,
) -> list[Figures]:
    """Return every reading that names and settings leave open."""
    found = []
    for thousands in (False, True) if signs.open else (False,):
        values = (column.as_thousands() if thousands else column).values[order]
        values = values[~np.isnan(values)]
        for unit, quantity in _kinds(values, meaning, settings):
            found.append(Figures(unit, quantity, thousands, _peak_w(values, unit, quantity, interval_s)))
    return found


def _kinds(values: NDArray[np.float64], meaning: Meaning, settings: ReadSettings) -> list[tuple[str, str]]:
    quantity = settings.quantity
    unit = canonical_unit(settings.unit) if settings.unit else meaning.unit
    if settings.unit and unit is None:
        raise PlanError(
            sentence("--unit can't be {0}", quoted(settings.unit)), f"it is one of {', '.join(UNITS)}"
        )
    if unit and quantity and (unit in POWER_UNITS) != (quantity == "power"):
        if settings.unit:
            raise PlanError(
                sentence("{0} is not in {1}", QUANTITY_WORDS[quantity], unit),
                "set --unit and --quantity to what belongs together",
            )
        unit = (POWER_UNITS if quantity == "power" else ENERGY_UNITS)[
            (*ENERGY_UNITS, *POWER_UNITS).index(unit) % 4
        ]
    units = [unit] if unit else [*ENERGY_UNITS[:3], *POWER_UNITS[:3]]
    if not unit and (quantity == "power" or (not quantity and meaning.power and not meaning.energy)):
        units = list(POWER_UNITS[:3])
    elif not unit and (quantity or meaning.energy or meaning.register):
        units = list(ENERGY_UNITS[:3])
    elif unit in ENERGY_UNITS and not settings.unit and not quantity and meaning.power and not meaning.energy:
        units = [unit, POWER_UNITS[ENERGY_UNITS.index(unit)]]  # "Power (kWh)": one of the two words is wrong
    elif unit in POWER_UNITS and not settings.unit and not quantity and meaning.work and not meaning.power:
        units = [ENERGY_UNITS[POWER_UNITS.index(unit)], unit]  # and so in "Energy (kW)"
    rising = _rises(values)
    kinds = []
    for each in units:
        if each in POWER_UNITS:
            kinds.append((each, "power"))
        elif quantity:
            kinds.append((each, quantity))
        elif meaning.register:
            kinds += (
                [(each, "register")]
                if rising or len(values) < _RISING_ROWS
                else [(each, "energy"), (each, "register")]
            )
        else:
            kinds += [(each, "energy"), (each, "register")] if rising else [(each, "energy")]
    return kinds


def _rises(values: NDArray[np.float64]) -> bool:
    """Return whether figures may be those of a register, turned over or exchanged now and then."""
    steps = np.diff(values)
    falls, rises = int(np.sum(steps < 0)), int(np.sum(steps > 0))
    return len(values) >= _RISING_ROWS and bool(np.all(values >= 0)) and rises > falls * _RISES_PER_FALL


def _peak_w(values: NDArray[np.float64], unit: str, quantity: str, interval_s: int) -> float:
    if not len(values):
        return 0.0
    if quantity == "power":
        return float(values.max()) * UNITS[unit]
    if quantity == "register":
        values = np.diff(values) if len(values) > 1 else np.zeros(1)
    return float(values.max()) * UNITS[unit] * 3600 / interval_s


def _plausible(peak_w: float, peak_kw: float | None) -> bool:
    if peak_kw is None:
        return peak_w <= _GREATEST_W
    return peak_w == 0 or peak_kw * 1000 * _BELOW_PEAK <= peak_w <= peak_kw * 1000 * _ABOVE_PEAK
