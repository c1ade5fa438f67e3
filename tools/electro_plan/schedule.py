# SPDX-License-Identifier: Apache-2.0
"""The schedule of an agreement against the calendar: which kinds of day and times of day each of its slots serves.

The schedule turns in elapsed time: slot n of a weekly one comes always 168 hours after the last time. Where the
clock on the wall changes within the term, a slot serves two times of day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from electro_plan import zones
from electro_plan.calendar import KINDS, SUNDAY
from electro_plan.errors import PlanError
from electro_plan.sentence import Sentence, sentence
from electro_plan.wording import instant, span

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from electro_plan.calendar import Calendar
    from electro_plan.history import LoadHistory

DAY_S = 86_400


@dataclass(frozen=True)
class Term:
    """When an agreement runs, and how many slots its schedule has.

    Args:
        start_s: unix seconds at which interval 0 begins.
        interval_s: length of an interval.
        intervals: of the whole term.
        slots: of the schedule; interval i has slot i modulo slots.
    """

    start_s: int
    interval_s: int
    intervals: int
    slots: int

    @property
    def starts_s(self) -> NDArray[np.int64]:
        """Shape (intervals,): unix seconds at which each begins."""
        return self.start_s + self.interval_s * np.arange(self.intervals, dtype=np.int64)

    @property
    def end_s(self) -> int:
        return self.start_s + self.interval_s * self.intervals


def day_slots_of(interval_s: int) -> int:
    """Return the slots of a day, the last of which may be shorter."""
    return -(-DAY_S // interval_s)


def occurrences(term: Term, calendar: Calendar) -> NDArray[np.float64]:
    """Count where each slot occurs in the term.

    Days off and doubtful ones are left out: a schedule has no bands of their own for them.

    Returns:
        shape (slots, kinds of day, slots of a day). A slot that occurs on such days only counts these.
    """
    starts = term.starts_s
    kinds, day_slots = calendar.places(starts, term.interval_s)
    slot = np.arange(term.intervals) % term.slots
    usual = ~calendar.is_special(starts)
    usual |= ~np.isin(slot, slot[usual])
    of_day = day_slots_of(term.interval_s)
    counts = np.zeros((min(term.slots, term.intervals), KINDS, of_day))
    np.add.at(counts, (slot[usual], kinds[usual], day_slots[usual]), 1.0)
    # where a clock is set by less than an interval, intervals lie across two slots of the day from then on
    phase = zones.to_wall(starts, calendar.zone) % DAY_S % term.interval_s
    across = usual & (phase != phase[0])
    if across.any():
        for beside in (-1, 1):
            np.add.at(counts, (slot[across], kinds[across], (day_slots[across] + beside) % of_day), 1.0)
    return counts


def day_counts(kind: int, chance_off: float, interval_s: int) -> NDArray[np.float64]:
    """Return the occurrences of a schedule of one day, which is of a kind or, by some chance, off.

    Returns:
        shape (slots of a day, kinds of day, slots of a day), as `occurrences` returns them.
    """
    slot = np.arange(day_slots_of(interval_s))
    counts = np.zeros((len(slot), KINDS, len(slot)))
    counts[slot, kind, slot] = 1.0 - chance_off
    counts[slot, SUNDAY, slot] += chance_off
    return counts


def clock_changes(term: Term, zone: str) -> list[Sentence]:
    """Say what changes of the clock within a term shift, a sentence each."""
    sentences = []
    for at, forward_s in zones.changes_between(term.start_s, term.end_s, zone):
        day, by = instant(at, zone)[:10], span(abs(forward_s))
        sentences.append(
            sentence(
                "On {0} the clock is set forward by {1}. The schedule turns in elapsed time: from then on each slot "
                "comes {1} later by the clock, and its band serves both times of day.",
                day,
                by,
            )
            if forward_s > 0
            else sentence(
                "On {0} the clock is set back by {1}. The schedule turns in elapsed time: from then on each slot "
                "comes {1} earlier by the clock, and its band serves both times of day.",
                day,
                by,
            )
        )
    return sentences


def resampled(history: LoadHistory, term: Term) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return a history in intervals of a term's length, on its grid of instants.

    Returns:
        starts, unix seconds, and energies, Wh, both of shape (n,); NaN where a part of the interval is missing.

    Raises:
        PlanError: the history's intervals are longer, or do not fit into the term's.
    """
    count, rest = divmod(term.interval_s, history.interval_s)
    if rest or not count:
        raise PlanError(
            sentence(
                "{0} has intervals of {1} s, of which the agreement's {2} s hold no whole number",
                history.source,
                history.interval_s,
                term.interval_s,
            ),
            "choose an interval that is a multiple of the history's",
        )
    lead = (term.start_s - history.first_s) % term.interval_s
    if lead % history.interval_s:
        raise PlanError(
            sentence(
                "{0} has intervals that begin {1} s off the agreement's",
                history.source,
                -lead % history.interval_s,
            ),
            "let the agreement start on a boundary of the history's intervals",
        )
    skip = lead // history.interval_s
    whole = (len(history) - skip) // count
    if whole <= 0:
        raise PlanError(sentence("{0} holds no whole interval of {1} s", history.source, term.interval_s))
    chosen = slice(skip, skip + whole * count)
    return history.starts_s[chosen][::count], history.energy_wh[chosen].reshape(whole, count).sum(axis=1)
