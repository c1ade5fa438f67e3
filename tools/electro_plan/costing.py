# SPDX-License-Identifier: Apache-2.0
"""What a history would have cost under terms, offline, by the same bill that the contract is held to.

All of the history is judged or it is refused: never a part without saying so. An interval has the slot that it
would have if the schedule turned on through all time, also before the term's start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from electro_contracts import bill
from electro_plan.errors import PlanError
from electro_plan.readings import NO_READING, metered
from electro_plan.sentence import sentence
from electro_plan.wording import instant, span
from electro_protocol.readings import NO_DATA

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from electro_contracts.bill import Bill
    from electro_contracts.terms import Terms
    from electro_plan.history import LoadHistory


@dataclass(frozen=True)
class Costs:
    """A history under terms, interval by interval and in all.

    Args:
        starts_s: shape (n,): unix seconds at which each begins.
        slots: shape (n,): of the schedule.
        units: shape (n,): readings; NO_READING without data.
        least: shape (n,): units of its band.
        greatest: shape (n,): units of its band.
        penalties: what each costs, minor units.
        bill: of all together.
    """

    starts_s: NDArray[np.int64]
    slots: NDArray[np.int64]
    units: NDArray[np.int64]
    least: NDArray[np.int64]
    greatest: NDArray[np.int64]
    penalties: tuple[int, ...]
    bill: Bill


def cost(history: LoadHistory, terms: Terms) -> Costs:
    """Judge every interval of a history; one without data costs the price of silence.

    Raises:
        PlanError: its intervals do not make up whole intervals of the terms, at its ends too, or are too great.
    """
    starts, energy = _whole(history, terms)
    units = metered(energy, terms.unit_wh)
    first = (int(starts[0]) - terms.start) // terms.interval_seconds
    lanes = [NO_DATA if each == NO_READING else each for each in units.tolist()]
    slots = (first + np.arange(len(lanes))) % len(terms.bands)
    bands = np.array(terms.bands, np.int64)[slots]

    def band(interval: int) -> tuple[int, int]:
        return terms.bands[interval % len(terms.bands)]

    penalties = tuple(
        bill.of_readings(interval, [lane], terms, band).accrued for interval, lane in enumerate(lanes, first)
    )
    return Costs(
        starts, slots, units, bands[:, 0], bands[:, 1], penalties, bill.of_readings(first, lanes, terms, band)
    )


def _whole(history: LoadHistory, terms: Terms) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return starts and energies in intervals of the terms; an interval of which a part is missing is missing."""
    length = terms.interval_seconds
    count, rest = divmod(length, history.interval_s)
    if rest or not count:
        raise PlanError(
            sentence(
                "{0} has intervals of {1}, which do not make up the terms' {2}",
                history.source,
                span(history.interval_s),
                span(length),
            )
        )
    for word, at in ((sentence("begins"), history.first_s), (sentence("ends"), history.end_s)):
        off = (at - terms.start) % length
        if off:
            raise PlanError(
                sentence(
                    "{0} {1} at {2}, {3} into an interval of the terms",
                    history.source,
                    word,
                    instant(at, history.zone),
                    span(off),
                ),
                "choose the part to be judged with --since and --until",
            )
    return history.starts_s[::count], history.energy_wh.reshape(-1, count).sum(axis=1)
