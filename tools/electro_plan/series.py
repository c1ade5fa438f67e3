# SPDX-License-Identifier: Apache-2.0
"""Figures of meters on instants, as formats give them, to one history: order, doubles, grid, gaps and sums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from electro_plan import zones
from electro_plan.errors import Choice, PlanError, Undecided
from electro_plan.history import DAY_S, LoadHistory, Quality, runs
from electro_plan.sentence import Sentence, chained, counted, sentence
from electro_plan.text.printing import listed, shown, within
from electro_plan.text.times import wall_text
from electro_plan.wording import instant, span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

_MOST_INTERVALS = 30_000_000  # 57 years of minutes: a wrong century in one row must not take the memory
_MOST_EMPTY = 10  # intervals for each figure: a wrong year, or days taken for months, rather than a gap
_FEW_INTERVALS = 1_000  # so few may be as scattered as they like
_LONGER_IN_A_ROW = 24  # rows are not missing so regularly: the interval was changed


@dataclass(frozen=True)
class Series:
    """Intervals of one meter, in the order of the file.

    Args:
        meter: the file's name for it; "" if it has none.
        starts_s: shape (n,), int64: unix seconds at which intervals begin.
        interval_s: their length.
        energy_wh: shape (n,): Wh; NaN where there is none.
        quality: shape (n,), a `Quality` each.
        places: shape (n,): where each stands in the file.
        where: names a place in a sentence.
    """

    meter: str
    starts_s: NDArray[np.int64]
    interval_s: int
    energy_wh: NDArray[np.float64]
    quality: NDArray[np.uint8]
    places: NDArray[np.int64]
    where: Callable[[int], str]


def choose(series: Sequence[Series], meters: tuple[str, ...], shown_file: str) -> list[Series]:
    """Return the series of the meters that were asked for.

    Raises:
        Undecided: there are several and none was asked for.
        PlanError: one that was asked for is not there.
    """
    names = [each.meter for each in series]
    if meters == ("all",) and "all" not in names:
        return list(series)
    if not meters:
        if len(series) == 1:
            return list(series)
        raise Undecided(
            sentence("{0} has {1} meters: {2}", shown_file, len(series), listed(names)),
            "--meter",
            (
                *(Choice(name, sentence("this one")) for name in names[:20]),
                Choice("all", sentence("their sum")),
            ),
        )
    for wanted in meters:
        count = names.count(wanted)
        if count != 1:
            told = shown_file, shown(wanted), listed(names)
            raise PlanError(
                sentence("{0} has {3} meters {1}; it has {2}", *told, count)
                if count
                else sentence("{0} has no meter {1}; it has {2}", *told)
            )
    return [each for each in series if each.meter in meters]


def assemble(chosen: Sequence[Series], zone: str | None, source: str, notes: list[Sentence]) -> LoadHistory:
    """Return the sum of some meters as one history; say in `notes` what was put right.

    Raises:
        PlanError: intervals overlap or differ, or an instant has two energies.
    """
    intervals = sorted({each.interval_s for each in chosen})
    if len(intervals) > 1:
        raise PlanError(
            sentence(
                "{0}: meters have intervals of {1}", source, chained([span(each) for each in intervals])
            ),
            "choose one with --meter",
        )
    interval_s = intervals[0]
    laid = [_in_order(each, zone, notes) for each in chosen]
    first = min(int(each.starts_s[0]) for each in laid)
    last = max(int(each.starts_s[-1]) for each in laid)
    grid = _grid(first, last, interval_s, zone, laid[0])
    energy = np.zeros(len(grid))
    quality = np.zeros(len(grid), np.uint8)
    for each in laid:
        index = np.searchsorted(grid, each.starts_s)
        off = np.flatnonzero(grid[np.minimum(index, len(grid) - 1)] != each.starts_s)
        if len(off):
            place = int(each.places[off[0]])
            raise PlanError(
                sentence(
                    "{0}: {1} is not a whole number of {2} after {3}",
                    each.where(place),
                    instant(int(each.starts_s[off[0]]), zone),
                    span(interval_s),
                    instant(first, zone),
                ),
                "a history has intervals of one length; set it with --interval",
            )
        part = np.full(len(grid), np.nan)
        part[index] = each.energy_wh
        told = np.full(len(grid), Quality.MISSING, np.uint8)
        told[index] = each.quality
        told[np.isnan(part)] = Quality.MISSING
        energy += part
        quality = np.maximum(quality, told)
    energy[quality == Quality.MISSING] = np.nan
    _check(energy, grid, zone, source)
    return LoadHistory(
        grid, interval_s, energy, quality, zone, source, " + ".join(each.meter for each in chosen)
    )


def _check(energy: NDArray[np.float64], grid: NDArray[np.int64], zone: str | None, source: str) -> None:
    if np.isnan(energy).all():
        raise PlanError(sentence("{0} has no figure in any interval", source))
    if np.isinf(energy).any():
        raise PlanError(
            sentence(
                "{0}: figures at {1} are beyond any energy",
                source,
                instant(int(grid[np.isinf(energy)][0]), zone),
            )
        )


def _in_order(series: Series, zone: str | None, notes: list[Sentence]) -> Series:
    """Return a meter's intervals in rising order, equal doubles left out."""
    starts = series.starts_s
    if not len(starts):
        raise PlanError(sentence("meter {0} has no intervals", shown(series.meter)))
    if np.any(starts[1:] <= starts[:-1]):
        falls = bool(np.all(starts[1:] < starts[:-1]))
        order = np.argsort(starts, kind="stable")
        series = Series(
            series.meter, starts[order], series.interval_s, series.energy_wh[order], series.quality[order],
            series.places[order], series.where,
        )  # fmt: skip
        starts = series.starts_s
        if falls:
            notes.append(sentence("The newest row comes first."))
        elif np.all(starts[1:] > starts[:-1]):
            notes.append(sentence("Rows were not in order of time; they were put in order."))
    same = np.flatnonzero(starts[1:] == starts[:-1])
    if not len(same):
        return series
    values = series.energy_wh
    differ = same[
        ~((values[same] == values[same + 1]) | (np.isnan(values[same]) & np.isnan(values[same + 1])))
    ]
    if len(differ):
        at = int(differ[0])
        raise PlanError(
            sentence(
                "{0}: {1} was there before, in {2}, with another figure",
                series.where(int(series.places[at + 1])),
                instant(int(starts[at]), zone),
                within(series.where(int(series.places[at]))),
            ),
            "are there two meters in the file, or is the zone another?",
        )
    keep = np.ones(len(starts), np.bool_)
    keep[same + 1] = False
    notes.append(
        counted(
            "{0} interval is there twice with the same figure, at {1}; it counts once.",
            "{0} intervals are there twice with the same figure, the first at {1}; each counts once.",
            len(same),
            instant(int(starts[same[0]]), zone),
        )
    )
    return Series(
        series.meter,
        starts[keep],
        series.interval_s,
        values[keep],
        series.quality[keep],
        series.places[keep],
        series.where,
    )


def _grid(first: int, last: int, interval_s: int, zone: str | None, series: Series) -> NDArray[np.int64]:
    """Return the starts of all intervals from the first to the last."""
    count = (last - first) // interval_s + 1
    if count > min(_MOST_INTERVALS, max(_FEW_INTERVALS, _MOST_EMPTY * len(series.starts_s))):
        raise PlanError(
            sentence(
                "{0}: from {1} to {2} there would be {3:,} intervals of {4}, and there are {5:,} figures",
                series.where(int(series.places[-1])),
                instant(first, zone),
                instant(last, zone),
                count,
                span(interval_s),
                len(series.starts_s),
            ),
            "is a year wrong, or the order of day and month (--dialect date)?",
        )
    if interval_s < DAY_S:
        return np.arange(first, last + 1, interval_s, dtype=np.int64)
    where = zone or "UTC"
    walls = zones.to_wall(np.array([first, last], np.int64), where)
    return zones.to_instants(np.arange(walls[0], walls[1] + 1, interval_s, dtype=np.int64), where)


def interval_of(starts_s: NDArray[np.int64], shown_file: str, settled: int | None) -> int:
    """Return the length of intervals: the commonest distance between instants, of which all others are multiples.

    Raises:
        Undecided: there is no such distance, or for a time it is a longer one.
    """
    if settled is not None:
        return settled
    ordered = np.unique(starts_s)
    steps = np.diff(ordered)
    if not len(steps):
        raise Undecided(
            sentence("{0} has one instant only, which shows no interval", shown_file), "--interval"
        )
    lengths, counts = np.unique(steps, return_counts=True)
    common = int(lengths[np.argmax(counts)])
    if counts.max() * 2 <= len(steps) and len(lengths) > 2:
        choices = tuple(
            Choice(str(each), sentence("{0}, {1} times", span(int(each)), count))
            for each, count in zip(lengths[:5], counts[:5], strict=True)
        )
        raise Undecided(
            sentence("{0} has no usual distance between its times", shown_file), "--interval", choices
        )
    for first, last in runs((steps[1:] == steps[:-1]) & (steps[1:] != common)):
        if last - first >= _LONGER_IN_A_ROW:
            raise Undecided(
                sentence(
                    "{0} has times {1} apart from {2} to {3}, and elsewhere {4}: cut it where "
                    "the interval was changed; or rows are missing there",
                    shown_file,
                    span(int(steps[first])),
                    wall_text(int(ordered[first])),
                    wall_text(int(ordered[last + 1])),
                    span(common),
                ),
                "--interval",
                (Choice(str(common), sentence("rows are missing")),),
            )
    return common
