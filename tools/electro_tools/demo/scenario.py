# SPDX-License-Identifier: Apache-2.0
"""What happens in the demo: three feeders of one plant, what they promised and what they do instead.

| meter | feeder | what goes wrong on the busiest day |
|---|---|---|
| rolling mill | 50% of the plant | one slot far over its band |
| furnace | 30% | one slot far under its band; the consumer's breaker opens for 34 minutes |
| auxiliaries | 20% | no network for hours, then it catches up |

Bands are the load curve ±15% and a little room; money is in minor units (cents).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from electro_contracts.bill import dearest_truth
from electro_contracts.terms import MAX_BOUND, MAX_SLOTS, Terms
from electro_plan.planning import unit_wh as unit_for
from electro_protocol.messages import CAUSE_CONSUMER
from electro_tools.errors import ToolError
from electro_tools.load import DAY_SECONDS

if TYPE_CHECKING:
    from electro_tools.load import LoadCurve

_LEAST_SLOTS_A_DAY = 4  # what goes wrong needs slots to tell apart
_BAND = 0.15
LEAST_INTERVAL_S = (
    DAY_SECONDS // MAX_SLOTS + 1
)  # shorter ones would need more slots a day than a schedule has
_ROOM_OF_PEAK = 0.01  # at 1% of the peak load a band in percent would be less than a motor's start
_OVER, _UNDER = 1.6, 0.5
_CAPACITY = 1.6  # of the connection, beside the greatest that is promised
_OUTAGE_HOURS = 34 / 60
_OFFLINE_HOURS = 6
_SHARES = (0.5, 0.3, 0.2)
_LEAST_WH = 1_000  # of the smallest feeder: a Wh is then 0.1% of it
_LEAST_BONUS = 100
_CENTS_PER_KWH = 3  # the bonus: what keeping the regime is worth


@dataclass(frozen=True)
class Waits:
    """How long an agreement waits at its end: for the last reports, and for who disputes them; seconds."""

    grace_s: int = 7 * DAY_SECONDS
    dispute_s: int = 3 * DAY_SECONDS


_PLAYED = Waits(120, 1)  # where a day is played in short, nobody waits for a week


@dataclass(frozen=True)
class Span:
    """A stretch of time, unix seconds."""

    start: int
    end: int


@dataclass(frozen=True)
class MeterPlan:
    """One metering point: what it promised, what it does, and how the world treats it.

    Args:
        load_w: mean active power of each interval, W, deviations included, outage not.
        truth_wh: energy that really flows over the whole period, outage taken out.
        power_factor: of the load, lagging.
        outage: when the consumer's breaker is open.
        offline: when the meter has no network.
    """

    name: str
    terms: Terms
    bonus: int
    load_w: tuple[float, ...]
    truth_wh: float
    power_factor: float
    outage: Span | None
    offline: Span | None


def plan(curve: LoadCurve) -> list[MeterPlan]:
    """Return the three meters of the demo for this load curve.

    Raises:
        ToolError: the curve's intervals do not make a schedule, or there is next to no load.
    """
    per_day = curve.intervals_per_day
    if not _LEAST_SLOTS_A_DAY <= per_day <= MAX_SLOTS:
        raise ToolError(
            f"intervals of {curve.interval_seconds} s make {per_day} slots a day, and the demo takes "
            f"{_LEAST_SLOTS_A_DAY} to {MAX_SLOTS}",
            "use a load curve with intervals between three minutes and six hours",
        )
    if sum(curve.energy_wh) * min(_SHARES) < _LEAST_WH:
        raise ToolError(
            f"the load adds up to {sum(curve.energy_wh):,.0f} Wh, too little to judge meters that count whole Wh",
            "is the energy column in kWh?",
        )
    first = max(
        range(0, len(curve.energy_wh), per_day), key=lambda day: sum(curve.energy_wh[day : day + per_day])
    )
    peak, under = sorted(range(first, first + per_day), key=lambda index: -curve.energy_wh[index])[:2]
    midnight, hour_s = curve.start + first * curve.interval_seconds, curve.day_seconds / 24
    # the outage takes the half day that does not hold the under-used slot, so that both are seen apart
    outage_start = midnight + int((15.2 if under - first < per_day // 2 else 4.2) * hour_s)
    offline_start = midnight + int(9 * hour_s)
    waits = _PLAYED if curve.day_seconds < DAY_SECONDS else Waits()
    return [
        feeder("rolling mill", curve, _SHARES[0], 0.92, deviations={peak: _OVER}, waits=waits),
        feeder(
            "furnace",
            curve,
            _SHARES[1],
            0.58,
            deviations={under: _UNDER},
            outage=Span(outage_start, outage_start + int(_OUTAGE_HOURS * hour_s)),
            waits=waits,
        ),
        feeder(
            "auxiliaries",
            curve,
            _SHARES[2],
            0.8,
            offline=Span(offline_start, offline_start + int(_OFFLINE_HOURS * hour_s)),
            waits=waits,
        ),
    ]


def feeder(
    name: str,
    curve: LoadCurve,
    share: float,
    power_factor: float,
    *,
    deviations: dict[int, float] | None = None,
    outage: Span | None = None,
    offline: Span | None = None,
    waits: Waits = Waits(),
) -> MeterPlan:
    """Return the plan of one metering point with its share of the curve."""
    promised_wh = [share * energy for energy in curve.energy_wh]
    actual_wh = [energy * (deviations or {}).get(index, 1.0) for index, energy in enumerate(promised_wh)]
    unit_wh = unit_for(max(actual_wh))
    bonus = max(_LEAST_BONUS, round(sum(promised_wh) / 1000 * _CENTS_PER_KWH))
    slots = _promised(promised_wh, curve.intervals_per_day, unit_wh)
    capacity = min(MAX_BOUND, round(max(greatest for _, greatest in slots) * _CAPACITY))
    terms = Terms(
        start=curve.start,
        interval_seconds=curve.interval_seconds,
        intervals=len(promised_wh),
        unit_wh=unit_wh,
        violation_penalty=max(1, bonus // 100),
        under_rate=_rate(bonus, promised_wh, unit_wh, 0.5),
        over_rate=_rate(bonus, promised_wh, unit_wh, 1.0),
        outage_penalty=max(1, bonus // 20),
        outage_minute_penalty=max(1, bonus // 1000),
        penalised_causes=1 << CAUSE_CONSUMER,
        missing_penalty=2**64 - 1,  # until it is worked out from the rest, below
        grace=waits.grace_s,
        dispute_window=waits.dispute_s,
        notice=14 * DAY_SECONDS,
        discount_rate_ppm=1_000_000,
        discount_expiry=365 * DAY_SECONDS,
        capacity_units=capacity,
        raise_units=0,
        lead_seconds=curve.day_seconds,
        fault_lookback=curve.day_seconds,
        bands=slots,
    )
    terms = replace(terms, missing_penalty=max(dearest_truth(band, terms) for band in slots))
    return MeterPlan(
        name=name,
        terms=terms,
        bonus=bonus,
        load_w=tuple(energy * 3600 / curve.interval_seconds for energy in actual_wh),
        truth_wh=sum(actual_wh) - _lost_wh(actual_wh, curve, outage),
        power_factor=power_factor,
        outage=outage,
        offline=offline,
    )


def _promised(energy_wh: list[float], intervals_per_day: int, unit_wh: int) -> tuple[tuple[int, int], ...]:
    """Return bands around what the demo's plant is made to draw: nothing is forecast here, the future is written."""
    weekly = len(energy_wh) > intervals_per_day and 7 * intervals_per_day <= MAX_SLOTS
    slots = 7 * intervals_per_day if weekly else intervals_per_day
    room = _ROOM_OF_PEAK * max(energy_wh)
    bands = []
    for slot in range(slots):
        # a slot that the curve does not reach repeats an earlier day
        seen = energy_wh[slot::slots] or [energy_wh[slot % len(energy_wh)]]
        low = math.floor(((1 - _BAND) * min(seen) - room) / unit_wh)
        high = math.ceil(((1 + _BAND) * max(seen) + room) / unit_wh)
        bands.append((max(0, low), min(MAX_BOUND, high)))
    return tuple(bands)


def _rate(bonus: int, promised_wh: list[float], unit_wh: int, weight: float) -> int:
    """Return cents per unit such that a slot's mean energy off the band costs 1/40 of the bonus, weighted."""
    mean_units = sum(promised_wh) / len(promised_wh) / unit_wh
    return max(1, round(weight * bonus / 40 / max(mean_units, 1.0)))


def _lost_wh(actual_wh: list[float], curve: LoadCurve, outage: Span | None) -> float:
    """Return the energy that does not flow because supply is out."""
    if outage is None:
        return 0.0
    lost = 0.0
    for index, energy in enumerate(actual_wh):
        begin = curve.start + index * curve.interval_seconds
        out_s = min(outage.end, begin + curve.interval_seconds) - max(outage.start, begin)
        lost += energy * max(0, out_s) / curve.interval_seconds
    return lost
