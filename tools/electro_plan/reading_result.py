# SPDX-License-Identifier: Apache-2.0
"""What reading a file gives: a history, and how the file was understood, in a paragraph for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from electro_plan import zones
from electro_plan.history import DAY_S, Quality, runs
from electro_plan.wording import figure, instant, span

if TYPE_CHECKING:
    from electro_plan.history import LoadHistory

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
    notes: tuple[str, ...] = ()
    format: str = "csv"

    def paragraph(self) -> str:
        """Return what was understood, for a person to agree with before anything is built on it."""
        history = self.history
        zone = history.zone
        words = [
            f"{history.source}{f', {history.meter}' if history.meter else ''}: {len(history):,} intervals of "
            f"{span(history.interval_s)}; the first begins {instant(history.first_s, zone)}, the last "
            f"{instant(history.last_s, zone)}, ending {instant(history.end_s, zone)}"
            + (
                f" ({zone})."
                if zone
                else ". These are the file's own times, taken for UTC: it names no zone; --zone sets one."
            )
        ]
        kinds = {
            "energy": "energies of each interval",
            "power": "mean powers",
            "register": "readings of a register",
        }
        words.append(
            f"Figures are {kinds[self.quantity]} in {self.unit}: {figure(history.total_wh / 1000)} kWh in all, "
            f"at most {figure(history.peak_w / 1000)} kW in an interval."
        )
        words += [*self._gaps(), *self._estimates(), *self._still(), *self._changes(), *self.notes]
        if not history.total_wh:
            words.append("Warning: every figure is zero; bands of zero follow from it.")
        return " ".join(words)

    def _gaps(self) -> list[str]:
        history, gaps = self.history, self.history.gaps()
        if not gaps:
            return ["There are no gaps."]
        told = [
            f"{instant(gap.start_s, history.zone)} to {instant(gap.end_s, history.zone)} ({gap.intervals:,})"
            for gap in gaps[:_MOST_GAPS_TOLD]
        ]
        missing = sum(gap.intervals for gap in gaps)
        more = f" and {len(gaps) - _MOST_GAPS_TOLD} more" if len(gaps) > _MOST_GAPS_TOLD else ""
        are = "intervals are" if missing > 1 else "interval is"
        return [
            f"{missing:,} {are} missing, in {len(gaps)} gap{'s' * (len(gaps) > 1)}: {'; '.join(told)}{more}."
        ]

    def _estimates(self) -> list[str]:
        count = int(np.sum(self.history.quality == Quality.ESTIMATED))
        return (
            [f"{count:,} interval{'s are estimates' if count > 1 else ' is an estimate'}."] if count else []
        )

    def _still(self) -> list[str]:
        """Return the longest time in which one figure stands, if it is too long for a plant's load."""
        history = self.history
        same = runs(history.energy_wh[1:] == history.energy_wh[:-1])
        begin, end = max(same, key=lambda run: run[1] - run[0], default=(0, 0))
        wh, count = float(history.energy_wh[begin]), end + 1 - begin
        least_s = _LONG_S if wh else _LONG_ZERO_S
        if not history.total_wh or count < _MANY or count * history.interval_s < least_s:
            return []
        since = instant(int(history.starts_s[begin]), history.zone)
        stands = (
            f"One figure, {figure(wh / 1000)} kWh, stands in {count:,} intervals in a row from {since} on"
        )
        return [f"{stands}: a meter that stood still, or figures filled in?"]

    def _changes(self) -> list[str]:
        history = self.history
        if history.zone is None:
            return []
        found = zones.changes_between(history.first_s, history.end_s, history.zone)
        words = [
            f"{instant(at, history.zone)[:10]} has {span(DAY_S - forward)}"
            for at, forward in found[:_MOST_GAPS_TOLD]
        ]
        more = f" and {len(found) - _MOST_GAPS_TOLD} more" if len(found) > _MOST_GAPS_TOLD else ""
        return [f"The clock changes: {', '.join(words)}{more}."] if words else []
