# SPDX-License-Identifier: Apache-2.0
"""What reading a file gives: a history, and how the file was understood, in a paragraph for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from electro_plan import zones
from electro_plan.history import DAY_S, Quality, runs
from electro_plan.sentence import Sentence, chained, counted, sentence
from electro_plan.tables.headings import UNIT_WORDS
from electro_plan.wording import figure, instant, span

if TYPE_CHECKING:
    from electro_plan.history import LoadHistory

QUANTITY_WORDS = {"energy": sentence("energy"), "power": sentence("power"), "register": sentence("register")}
_FIGURES = {
    "energy": sentence("energies of each interval"),
    "power": sentence("mean powers"),
    "register": sentence("readings of a register"),
}
_MOST_GAPS_TOLD = 5
_MANY = 24  # intervals with one figure
_LONG_S, _LONG_ZERO_S = DAY_S, 3 * DAY_S  # a weekend may be without load


@dataclass(frozen=True)
class Reading:
    """A history, and how its file was understood.

    Args:
        history: what the file holds.
        unit: of the file's figures.
        quantity: "energy", "power" or "register".
        notes: what else there is to say about it, a sentence each.
        format: of the file, as --format names it.
    """

    history: LoadHistory
    unit: str
    quantity: str
    notes: tuple[Sentence, ...] = ()
    format: str = "csv"

    def paragraph(self) -> str:
        """Return what was understood, for a person to agree with before anything is built on it."""
        return " ".join(self.sentences())

    def sentences(self) -> tuple[Sentence, ...]:
        """Return the same, a sentence each."""
        history = self.history
        zone = history.zone
        name = f"{history.source}, {history.meter}" if history.meter else history.source
        first, last, end = (instant(each, zone) for each in (history.first_s, history.last_s, history.end_s))
        many = counted(
            "{0:,} interval of {1}", "{0:,} intervals of {1}", len(history), span(history.interval_s)
        )
        held = sentence(
            "{0}: {1}; the first begins {2}, the last {3}, ending {4}", name, many, first, last, end
        )
        words = [
            sentence("{0} ({1}).", held, zone)
            if zone
            else sentence(
                "{0}. These are the file's own times, taken for UTC: it names no zone; --zone sets one.", held
            ),
            sentence(
                "Figures are {0} in {1}: {2} kWh in all, at most {3} kW in an interval.",
                _FIGURES[self.quantity],
                UNIT_WORDS[self.unit],
                figure(history.total_wh / 1000),
                figure(history.peak_w / 1000),
            ),
            *self._gaps(),
            *self._estimates(),
            *self._still(),
            *self._changes(),
            *self.notes,
        ]
        if not history.total_wh:
            words.append(sentence("Warning: every figure is zero; bands of zero follow from it."))
        return tuple(words)

    def _gaps(self) -> list[Sentence]:
        history, gaps = self.history, self.history.gaps()
        if not gaps:
            return [sentence("There are no gaps.")]
        told = [
            sentence(
                "{0} to {1} ({2:,})",
                instant(gap.start_s, history.zone),
                instant(gap.end_s, history.zone),
                gap.intervals,
            )
            for gap in gaps[:_MOST_GAPS_TOLD]
        ]
        missing = sum(gap.intervals for gap in gaps)
        many = counted("{0} gap", "{0} gaps", len(gaps))
        return [
            counted(
                "{0:,} interval is missing, in {1}: {2}.",
                "{0:,} intervals are missing, in {1}: {2}.",
                missing,
                many,
                _and_more(chained(told, ";"), len(gaps)),
            )
        ]

    def _estimates(self) -> list[Sentence]:
        count = int(np.sum(self.history.quality == Quality.ESTIMATED))
        return (
            [counted("{0:,} interval is an estimate.", "{0:,} intervals are estimates.", count)]
            if count
            else []
        )

    def _still(self) -> list[Sentence]:
        """Return the longest time in which one figure stands, if it is too long for a plant's load."""
        history = self.history
        same = runs(history.energy_wh[1:] == history.energy_wh[:-1])
        begin, end = max(same, key=lambda run: run[1] - run[0], default=(0, 0))
        wh, count = float(history.energy_wh[begin]), end + 1 - begin
        least_s = _LONG_S if wh else _LONG_ZERO_S
        if not history.total_wh or count < _MANY or count * history.interval_s < least_s:
            return []
        return [
            sentence(
                "One figure, {0} kWh, stands in {1:,} intervals in a row from {2} on: a meter that stood still, or "
                "figures filled in?",
                figure(wh / 1000),
                count,
                instant(int(history.starts_s[begin]), history.zone),
            )
        ]

    def _changes(self) -> list[Sentence]:
        history = self.history
        if history.zone is None:
            return []
        found = zones.changes_between(history.first_s, history.end_s, history.zone)
        if not found:
            return []
        days = [
            sentence("{0} has {1}", instant(at, history.zone)[:10], span(DAY_S - forward))
            for at, forward in found[:_MOST_GAPS_TOLD]
        ]
        return [sentence("The clock changes: {0}.", _and_more(chained(days), len(found)))]


def _and_more(told: str, count: int) -> str:
    """Return the first of many, and how many more there are."""
    return sentence("{0} and {1} more", told, count - _MOST_GAPS_TOLD) if count > _MOST_GAPS_TOLD else told
