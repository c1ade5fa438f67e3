# SPDX-License-Identifier: Apache-2.0
"""What formats with meters of their own have in common: the meter that is meant, its zone, and a last look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from electro_plan import zones
from electro_plan.errors import PlanError
from electro_plan.reading_result import Reading
from electro_plan.sentence import Sentence, sentence
from electro_plan.series import Series, assemble, choose
from electro_plan.text.printing import listed
from electro_plan.wording import figure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from electro_plan.opening import Opened
    from electro_plan.settings import ReadSettings

_ABOVE_PEAK = 1.05  # a connection's capacity is passed by a little


def series(
    meter: str,
    rows: Sequence[tuple[int, float, int, int]],
    interval_s: int,
    where: Callable[[int], str],
) -> Series:
    """Return a meter's intervals from (start, Wh, quality, place) each."""
    starts, energy, quality, places = zip(*rows, strict=True)
    return Series(
        meter,
        np.array(starts, np.int64),
        interval_s,
        np.array(energy, np.float64),
        np.array(quality, np.uint8),
        np.array(places, np.int64),
        where,
    )


def finish(
    found: Sequence[Series],
    given: Sequence[str],
    settings: ReadSettings,
    opened: Opened,
    zone: str | None,
    unit: str,
    file_format: str,
    notes: list[Sentence],
    quantity: str = "energy",
) -> Reading:
    """Return the history of the meter that is meant.

    Args:
        found: every meter's intervals.
        given: names of those that count what is given, not taken: left aside unless they are asked for.
        settings: what the person said.
        opened: the file.
        zone: that the file names; the person's goes before it.
        unit: of the file's figures.
        file_format: as --format names it.
        notes: what there is to say.
        quantity: of the file's figures.

    Raises:
        Undecided: there are several meters.
        PlanError: there is none, or what it says can't be.
    """
    taken = found if settings.meters else [each for each in found if each.meter not in given] or found
    if not taken:
        raise PlanError(sentence("{0} has no intervals of active energy", opened.shown))
    left = [each.meter for each in found if each not in taken]
    if left:
        notes.append(sentence("Left aside, since it is energy given, not taken: {0}.", listed(left)))
    chosen = choose(taken, settings.meters, opened.shown)
    for each in chosen:
        below = np.flatnonzero(each.energy_wh < 0)
        if len(below):
            at = int(below[0])
            raise PlanError(
                sentence(
                    "{0}: {1} kWh; an interval's energy can't be negative",
                    each.where(int(each.places[at])),
                    figure(each.energy_wh[at] / 1000),
                )
            )
    history = assemble(chosen, zones.name(settings.zone) if settings.zone else zone, opened.name, notes)
    if settings.peak_kw is not None and history.peak_w > settings.peak_kw * 1000 * _ABOVE_PEAK:
        raise PlanError(
            sentence(
                "{0} has up to {1} kW, above the {2} kW of --peak-kw",
                opened.shown,
                figure(history.peak_w / 1000),
                figure(settings.peak_kw),
            )
        )
    if len(chosen) > 1:
        notes.append(
            sentence("It is the sum of {0}: {1}.", len(chosen), listed([each.meter for each in chosen]))
        )
    return Reading(history, unit, quantity, tuple(dict.fromkeys(notes)), file_format)


def usual_step(starts_s: NDArray[np.int64]) -> int:
    """Return the commonest distance between instants; 0 if there is one instant only."""
    steps = np.diff(np.unique(starts_s))
    if not len(steps):
        return 0
    lengths, counts = np.unique(steps, return_counts=True)
    return int(lengths[np.argmax(counts)])
