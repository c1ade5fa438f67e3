# SPDX-License-Identifier: Apache-2.0
"""A tariff from wear: penalties, rates and bonus that follow from what equipment costs and how it is worn.

Every figure comes with its formula and the numbers in it, so that both parties can work it out again. Money is
in minor units; what is charged is rounded up to whole ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from electro_plan.wear import HOURS_A_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from electro_plan.wear import Breaker, Transformer


@dataclass(frozen=True)
class Network:
    """What a tariff is made for.

    Args:
        breakers: that an outage switches.
        transformers: that a load warms.
        consumers: that they feed, this one included.
        compensation: minor units for each other consumer that an outage of this one cuts off.
        planned_load: of the transformers, as a share of their rating.
        excess: above it, by which the rate for over-use is worked out, the same.
        outages_a_year: that one consumer causes without an agreement.
        bonus_share: of what the operator saves, that becomes the bonus.
        undelivered_per_kwh: minor units that a kWh which can't be delivered costs.
        interval_s: of the agreement.
        unit_wh: of the agreement.
        capacity_units: of the connection, an interval.
        days: of the term.
    """

    breakers: tuple[Breaker, ...]
    transformers: tuple[Transformer, ...]
    consumers: int
    compensation: int
    planned_load: float
    excess: float
    outages_a_year: float
    bonus_share: float
    undelivered_per_kwh: float
    interval_s: int
    unit_wh: int
    capacity_units: int
    days: int


@dataclass(frozen=True)
class Figure:
    """One figure of a tariff.

    Args:
        name: key of the terms file.
        value: whole minor units.
        formula: in words and symbols.
        numbers: the formula with its numbers.
    """

    name: str
    value: int
    formula: str
    numbers: str


def tariff(network: Network) -> tuple[Figure, ...]:
    """Return the figures in the order of a terms file, then the bonus."""
    unit_kwh = network.unit_wh / 1000
    hours = network.interval_s / 3600
    operation = sum(each.operations_an_outage * each.operation for each in network.breakers)
    others = (network.consumers - 1) * network.compensation
    outage = _up(operation + others)
    capacity_kwh = sum(each.cost / each.life_hours / each.rated_kw for each in network.transformers)
    ageing_kwh = sum(
        _ageing_per_kwh(each, network.planned_load, network.excess) for each in network.transformers
    )
    violation = _up(sum(each.operations_a_violation * each.operation for each in network.breakers))
    under = _up(capacity_kwh * unit_kwh)
    over = _up((capacity_kwh + ageing_kwh) * unit_kwh)
    minute_kwh = network.capacity_units * unit_kwh / hours * network.planned_load / 60
    minute = _up(network.undelivered_per_kwh * minute_kwh)
    minutes = -(-network.interval_s // 60)
    missing = violation + network.capacity_units * max(over, under) + outage + minutes * minute
    saved = network.outages_a_year * network.days / 365 * outage
    worn = _sum(f"{b.operations_an_outage:g} × {b.cost:,} / {b.rated_operations:,}" for b in network.breakers)
    kept = _sum(f"{t.cost:,} / ({t.life_hours:,.0f} h × {t.rated_kw:,.0f} kW)" for t in network.transformers)
    spots = ", ".join(
        f"{t.hot_spot_c(network.planned_load):.1f} and {t.hot_spot_c(network.planned_load + network.excess):.1f} °C"
        for t in network.transformers
    )
    return (
        Figure(
            "violation",
            violation,
            "sum over breakers of operations a violation × cost / rated operations",
            _sum(
                f"{b.operations_a_violation:g} × {b.cost:,} / {b.rated_operations:,}"
                for b in network.breakers
            ),
        ),
        Figure(
            "under_per_unit",
            under,
            "capacity kept and not used: sum over transformers of cost / (life × rating), × kWh of a unit",
            f"({kept}) × {unit_kwh:g} kWh",
        ),
        Figure(
            "over_per_unit",
            over,
            "the same, and the insulation: cost / life × (ageing at planned load + excess − at planned load) / excess",
            f"({capacity_kwh:,.4g} + {ageing_kwh:,.4g}) × {unit_kwh:g} kWh; hot spots {spots or 'none'}",
        ),
        Figure(
            "outage",
            outage,
            "sum over breakers of operations an outage × cost / rated operations, and (consumers − 1) × compensation",
            f"{worn} + ({network.consumers} − 1) × {network.compensation:,}",
        ),
        Figure(
            "outage_minute",
            minute,
            "price of a kWh that is not delivered × planned load of the connection / 60",
            f"{network.undelivered_per_kwh:g} × {minute_kwh * 60:,.4g} kW / 60",
        ),
        Figure(
            "missing",
            missing,
            "no truth costs more: violation + capacity × the dearer rate + outage + minutes × outage_minute",
            f"{violation:,} + {network.capacity_units:,} × {max(over, under):,} + {outage:,} + {minutes} × {minute:,}",
        ),
        Figure(
            "bonus",
            math.floor(network.bonus_share * saved),
            "share × outages a year without an agreement × days / 365 × outage",
            f"{network.bonus_share:g} × {network.outages_a_year:g} × {network.days} / 365 × {outage:,}",
        ),
    )


@dataclass(frozen=True)
class Depreciation:
    """What a stretch of time takes from equipment, minor units.

    Args:
        breakers: cost / life, for the time.
        transformers: by the age of their insulation under the load.
        hours: of the time.
        worst_hot_hours: greatest hours of life taken in an hour.
    """

    breakers: float
    transformers: float
    hours: float
    worst_hot_hours: float

    @property
    def all(self) -> float:
        return self.breakers + self.transformers


def depreciation(network: Network, load_kw: NDArray[np.float64], interval_s: int) -> Depreciation:
    """Return what a load of all consumers together takes from the equipment, shared evenly by the transformers.

    Args:
        network: the equipment.
        load_kw: shape (n,): mean power of each interval; NaN: unknown.
        interval_s: length of an interval.
    """
    hours = len(load_kw) * interval_s / 3600
    rated = sum(each.rated_kw for each in network.transformers)
    aged, worst = 0.0, 0.0
    for each in network.transformers:
        taken = each.aged_hours(load_kw * each.rated_kw / rated, interval_s)
        aged += float(taken.sum()) * each.cost / each.life_hours
        worst = max(worst, float(taken.max()) * 3600 / interval_s)
    calendar = sum(each.cost / each.life_years * hours / HOURS_A_YEAR for each in network.breakers)
    return Depreciation(calendar, aged, hours, worst)


def _ageing_per_kwh(transformer: Transformer, load: float, excess: float) -> float:
    """Return the minor units of insulation that a kWh above the planned load takes, on average over the excess."""
    return (transformer.hour(load + excess) - transformer.hour(load)) / (excess * transformer.rated_kw)


def _up(value: float) -> int:
    return math.ceil(value - 1e-9)


def _sum(parts: Iterable[str]) -> str:
    return " + ".join(parts) or "0"
