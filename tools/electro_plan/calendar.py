# SPDX-License-Identifier: Apache-2.0
"""The calendar of a place: what an instant is there, by kind of day and time of day.

A time of day is what a clock on the wall shows, summer time included: that is what people and plants go by.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from electro_plan import zones
from electro_plan.errors import PlanError
from electro_plan.formats.extra import need
from electro_plan.sentence import sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

_DAY_S = 86_400
_EPOCH = date(1970, 1, 1)
_SINCE_MONDAY = 3  # 1 January 1970 was a Thursday
KINDS = 7
"""Kinds of day: Monday to Sunday; a day off is of the kind of a Sunday."""
SUNDAY = 6


@dataclass(frozen=True)
class Calendar:
    """A zone and its days off.

    Args:
        zone: of the clock on the wall, as `zones` names it.
        days_off: the plant's own shut-downs, and the public holidays that it keeps: they are like Sundays.
        public: public holidays by date, with their names; `observance` tells which of them the plant keeps.
        doubtful: holidays to come, with the chance, 0 to 1, that the plant keeps them.
    """

    zone: str
    days_off: frozenset[date] = field(default_factory=frozenset)
    public: Mapping[date, str] = field(default_factory=dict)
    doubtful: Mapping[date, float] = field(default_factory=dict)

    def places(
        self, starts_s: NDArray[np.int64], interval_s: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the kind of day, 0 (Monday) to 6 (Sunday or a day off), and the slot of the day of each interval.

        Args:
            starts_s: shape (n,): unix seconds at which intervals begin.
            interval_s: their length.
        """
        days, seconds = np.divmod(zones.to_wall(starts_s, self.zone), _DAY_S)
        return np.where(self._off(days), SUNDAY, weekdays(days)), seconds // interval_s

    def days(self, starts_s: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the day on the zone's clock of each instant, as days since 1970-01-01."""
        return zones.to_wall(starts_s, self.zone) // _DAY_S

    def is_special(self, starts_s: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which instants lie on a day that is off, or may be: its bands are to be renominated."""
        special = [number_of(day) for day in (*self.days_off, *self.doubtful)]
        return np.isin(self.days(starts_s), special)

    def chance_off(self, day: date) -> float:
        """Return the chance, 0 to 1, that a date is a day off."""
        return 1.0 if day in self.days_off else self.doubtful.get(day, 0.0)

    def midnight_s(self, day: date) -> int:
        """Return the unix seconds at which a date begins there."""
        wall = np.array([(day - _EPOCH).days * _DAY_S], np.int64)
        return int(zones.to_instants(wall, self.zone)[0])

    def _off(self, days: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.isin(days, [number_of(day) for day in self.days_off])


def weekdays(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 0 (Monday) to 6 (Sunday) of days since 1970-01-01."""
    return (days + _SINCE_MONDAY) % 7


def number_of(day: date) -> int:
    """Return a date as days since 1970-01-01."""
    return (day - _EPOCH).days


def date_of(number: int) -> date:
    """Return the date of days since 1970-01-01."""
    return _EPOCH + timedelta(days=number)


def public_holidays(country: str, region: str | None, years: Iterable[int]) -> dict[date, str]:
    """Return a country's public holidays in some years, with their English names where the package has them.

    Args:
        country: ISO 3166-1 code, as the `holidays` package knows it.
        region: ISO 3166-2 part of it, or None.
        years: of which.

    Raises:
        PlanError: the package does not know the country or the region, or is not installed.
    """
    holidays = need("holidays", "a calendar of public holidays")
    try:
        return dict(holidays.country_holidays(country, subdiv=region, years=list(years)))
    except NotImplementedError:
        place = country if region is None else f"{country}, {region}"
        raise PlanError(
            sentence("no public holidays are known for {0}", place), "give them as dates with --day-off"
        ) from None
