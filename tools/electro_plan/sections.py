# SPDX-License-Identifier: Apache-2.0
"""Sections of a network: what all agreements together allow there at least and at most, against what they can take.

Powers are W on one grid of instants. A section has the meters on it and those of the sections below it. A meter without
an agreement counts nothing, and how many have one is said beside every figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from electro_plan import zones
from electro_plan.errors import PlanError
from electro_plan.sentence import sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_DAY_S = 86_400
_HOURS = 24
_LEAST_WINDOW, _MOST_WINDOW = 4, 12  # hours of a window that is worth naming beside the whole day


@dataclass(frozen=True)
class Section:
    """A part of the network.

    Args:
        name: of it.
        capacity_w: that it can take.
        meters: on it, by address.
        parent: the section that feeds it; None: it is the uppermost.
        idle_share: of the capacity, below which it is idle.
    """

    name: str
    capacity_w: float
    meters: tuple[str, ...]
    parent: str | None = None
    idle_share: float = 0.2


@dataclass(frozen=True, eq=False)
class Commitment:
    """What one meter's agreement allows, interval by interval.

    Args:
        meter: by address.
        starts_s: shape (n,): unix seconds at which intervals begin.
        interval_s: their length.
        least_w: shape (n,): mean powers.
        greatest_w: the same.
        actual_w: the same as reported; NaN where nothing was.
        is_sealed: nobody here sees its bands: from nothing to all that the connection can take.
    """

    meter: str
    starts_s: NDArray[np.int64]
    interval_s: int
    least_w: NDArray[np.float64]
    greatest_w: NDArray[np.float64]
    actual_w: NDArray[np.float64]
    is_sealed: bool = False


@dataclass(frozen=True, eq=False)
class Planned:
    """A section's load to come.

    Args:
        section: which.
        step_s: of the grid.
        starts_s: shape (n,): unix seconds.
        least_w: shape (n,): of all agreements together.
        greatest_w: the same.
        actual_w: shape (n,): as reported; NaN unless all that have an agreement then have reported.
        meters: shape (n,): how many have an agreement.
        of_meters: how many there are.
        sealed_meters: how many of them have bands that nobody here sees.
    """

    section: Section
    step_s: int
    starts_s: NDArray[np.int64]
    least_w: NDArray[np.float64]
    greatest_w: NDArray[np.float64]
    actual_w: NDArray[np.float64]
    meters: NDArray[np.int64]
    of_meters: int
    sealed_meters: int

    @property
    def overloaded(self) -> NDArray[np.bool_]:
        """Shape (n,): where more is allowed than it can take."""
        return self.greatest_w > self.section.capacity_w

    @property
    def idle(self) -> NDArray[np.bool_]:
        """Shape (n,): where next to nothing is allowed."""
        return self.greatest_w < self.section.idle_share * self.section.capacity_w

    def hours(self, chosen: NDArray[np.bool_]) -> float:
        return float(chosen.sum()) * self.step_s / 3600

    def room(self, zone: str) -> Room:
        """Return how much more may be promised: at all hours, and in the window of hours where that is worth most."""
        hour = zones.to_wall(self.starts_s, zone) % _DAY_S // 3600
        free = np.full(_HOURS, np.inf)
        np.minimum.at(free, hour, np.maximum(self.section.capacity_w - self.greatest_w, 0.0))
        free = np.where(np.isfinite(free), free, 0.0)
        windows = [
            (float(np.take(free, range(begin, begin + length), mode="wrap").min()), begin, length)
            for begin in range(_HOURS)
            for length in range(_LEAST_WINDOW, _MOST_WINDOW + 1)
        ]
        power, begin, length = max(windows, key=lambda window: (window[0] * window[2], window[2]))
        return Room(float(free.min()), power, begin, (begin + length) % _HOURS)


@dataclass(frozen=True)
class Room:
    """Power that may still be promised, W: at all hours; and between two hours of the clock."""

    always_w: float
    window_w: float
    from_hour: int
    to_hour: int


def plan_sections(
    sections: Sequence[Section], commitments: Sequence[Commitment], first_s: int, end_s: int
) -> list[Planned]:
    """Add up what agreements allow in each section.

    Args:
        sections: of the network.
        commitments: of meters; those on no section are left out.
        first_s: where the grid begins, unix seconds.
        end_s: and ends.

    Raises:
        PlanError: a parent is not there, feeds itself, or a meter is on two sections.
    """
    below = _with_children(sections)
    step_s = int(np.gcd.reduce([each.interval_s for each in commitments] or [3600]))
    step_s = int(np.gcd.reduce([step_s, *((int(each.starts_s[0]) - first_s) for each in commitments)]))
    starts = np.arange(first_s, end_s, step_s, dtype=np.int64)
    laid = {name: _Sum(starts, step_s) for name in below}
    for name, meters in below.items():
        for each in commitments:
            if each.meter in meters:
                laid[name].add(each)
    return [laid[each.name].planned(each, len(below[each.name])) for each in sections]


class _Sum:
    """What a section's agreements come to so far."""

    def __init__(self, starts_s: NDArray[np.int64], step_s: int) -> None:
        self._starts, self._step = starts_s, step_s
        self._least, self._greatest, self._actual = (np.zeros(len(starts_s)) for _ in range(3))
        self._meters = np.zeros(len(starts_s), np.int64)
        self._sealed: set[str] = set()

    def add(self, commitment: Commitment) -> None:
        index = (self._starts - int(commitment.starts_s[0])) // commitment.interval_s
        inside = (index >= 0) & (index < len(commitment.starts_s))
        at = index[inside]
        self._least[inside] += commitment.least_w[at]
        self._greatest[inside] += commitment.greatest_w[at]
        self._actual[inside] += commitment.actual_w[at]
        self._meters[inside] += 1
        if commitment.is_sealed:
            self._sealed.add(commitment.meter)

    def planned(self, section: Section, of_meters: int) -> Planned:
        actual = np.where(self._meters > 0, self._actual, np.nan)
        return Planned(
            section,
            self._step,
            self._starts,
            self._least,
            self._greatest,
            actual,
            self._meters,
            of_meters,
            len(self._sealed),
        )


def _with_children(sections: Sequence[Section]) -> dict[str, set[str]]:
    """Return the meters of each section and of all below it."""
    by_name = {each.name: each for each in sections}
    if len(by_name) < len(sections):
        raise PlanError(sentence("two sections have the same name"))
    below: dict[str, set[str]] = {each.name: set() for each in sections}
    seen: dict[str, str] = {}
    for each in sections:
        for meter in each.meters:
            if meter in seen:
                raise PlanError(
                    sentence("meter {0} is on two sections, {1} and {2}", meter, seen[meter], each.name)
                )
            seen[meter] = each.name
        upward: str | None = each.name
        passed: set[str] = set()
        while upward is not None:
            if upward in passed:
                raise PlanError(sentence("section {0} is fed by itself", each.name))
            if upward not in by_name:
                raise PlanError(sentence("there is no section {0!r}, which is to feed another", upward))
            passed.add(upward)
            below[upward] |= set(each.meters)
            upward = by_name[upward].parent
    return below
