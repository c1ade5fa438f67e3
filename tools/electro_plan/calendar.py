# SPDX-License-Identifier: Apache-2.0
"""The calendar of a place: what an instant is there, by kind of day and time of day.

A time of day is what a clock on the wall shows, summer time included: that is what people and plants go by.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import holidays
import numpy as np

from electro_plan import zones
from electro_plan.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Iterable

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
        days_off: holidays and the plant's own shut-downs, which are like Sundays.
    """

    zone: str
    days_off: frozenset[date] = field(default_factory=frozenset)

    def places(self, starts_s: NDArray[np.int64], interval_s: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the kind of day, 0 (Monday) to 6 (Sunday or a day off), and the slot of the day of each interval.

        Args:
            starts_s: shape (n,): unix seconds at which intervals begin.
            interval_s: their length.
        """
        days, seconds = np.divmod(zones.to_wall(starts_s, self.zone), _DAY_S)
        return np.where(self._off(days), SUNDAY, (days + _SINCE_MONDAY) % 7), seconds // interval_s

    def is_off(self, starts_s: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which instants lie on a day off."""
        return self._off(zones.to_wall(starts_s, self.zone) // _DAY_S)

    def _off(self, days: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.isin(days, [(day - _EPOCH).days for day in self.days_off])


def days_off(country: str, region: str | None, years: Iterable[int]) -> frozenset[date]:
    """Return a country's public holidays in some years.

    Args:
        country: ISO 3166-1 code, as the `holidays` package knows it.
        region: ISO 3166-2 part of it, or None.
        years: of which.

    Raises:
        PlanError: the package does not know the country or the region.
    """
    try:
        return frozenset(holidays.country_holidays(country, subdiv=region, years=list(years)))
    except NotImplementedError:
        place = country if region is None else f"{country}, {region}"
        raise PlanError(
            f"no public holidays are known for {place}", "give them as a file of dates with --days-off"
        ) from None
