# SPDX-License-Identifier: Apache-2.0
"""Bands of the plan beside those that people make by hand, at equal width, on the past; and how long they take.

    python tests/bench/plan.py [--packages] [--load FILE …] [--zone ZONE] [--json]

Plants: three that are generated here, with the parameters that stand beside them; with --packages hourly loads of
metered buildings from the samples in the eemeter package and quarter-hourly ones of trade from SimBench's profiles
(2016), both fetched by pip and kept in the cache; with --load one's own, of which the columns are named or proved.

Every four weeks of up to a year bands are made from what lies before and judged: a violation 500, a unit of about
1/2,500 of the peak 3 below and 7 above. Peers: least and greatest of each slot of the week; its mean ± k standard
deviations; last week, ± a half. A ratio is the plan's cost over the peer's at the same mean width in each period. No
plant has days off here.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import gzip
import io
import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from electro_plan import planning
from electro_plan.backtest import LEARN_S, Period, back_test
from electro_plan.bands import Prices, in_units
from electro_plan.calendar import Calendar
from electro_plan.history import DAY_S, LoadHistory
from electro_plan.learning import Learner
from electro_plan.reading import read
from electro_plan.readings import metered
from electro_plan.resampling import aggregate
from electro_plan.schedule import Term
from electro_plan.settings import ReadSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_PERIOD_S = 28 * DAY_S
_PERIODS = 12
_PACKAGES = {"eemeter": "4.1.1", "simbench": "1.6.3"}
_BUILDINGS = (
    "il-electricity-cdd-hdd-hourly",
    "uk-electricity-hdd-only-hourly-sample-0",
    "uk-electricity-hdd-only-hourly-sample-1",
    "uk-electricity-hdd-only-hourly-sample-2",
)
_TRADES = ("G1-A", "G3-A", "G4-A", "G5-A", "BL-H")
_START_S = 1_704_067_200  # 2024-01-01, a Monday, UTC

Bounds = tuple["NDArray[np.float64]", "NDArray[np.float64]"]


def generated() -> Iterator[tuple[str, LoadHistory]]:
    """Yield a year of quarter hours of three invented plants."""
    random = np.random.default_rng(14)
    at = np.arange(364 * 96)
    day, hour, week_day = at // 96, at % 96 / 4, at // 96 % 7
    works = (week_day < 6) & (hour >= 6) & (hour < 22)
    idle = np.isin(
        day, random.choice(364, 12, replace=False)
    )  # stands still on twelve days that nobody foresees
    yield (
        "two shifts, ±8%, 12 idle days",
        _history(np.where(works & ~idle, 60_000, 12_000) * random.normal(1, 0.08, len(at))),
    )
    melts = (random.uniform(size=len(at)) < 0.55) & (week_day < 5)
    yield (
        "furnace, 45 kWh in 55% of quarter hours",
        _history(8_000 + 45_000 * melts + random.normal(0, 1_500, len(at))),
    )
    season = 1 + 0.35 * np.cos(2 * np.pi * (day - 15) / 365) + 0.2 * day / 364
    shape = np.where((week_day < 5) & (hour >= 8) & (hour < 19), 30_000, 9_000)
    yield "offices, season ±35%, growth 20%", _history(shape * season * random.normal(1, 0.06, len(at)))


def _history(energy_wh: NDArray[np.float64], start_s: int = _START_S, interval_s: int = 900) -> LoadHistory:
    starts = start_s + interval_s * np.arange(len(energy_wh), dtype=np.int64)
    energy = np.maximum(energy_wh, 0.0)
    return LoadHistory(starts, interval_s, energy, np.zeros(len(starts), np.uint8), "UTC", "generated")


def packaged() -> Iterator[tuple[str, LoadHistory]]:
    """Yield the loads that packages carry, fetching these once."""
    with zipfile.ZipFile(_wheel("eemeter")) as wheel:
        for name in _BUILDINGS:
            path = next(each for each in wheel.namelist() if each.endswith(f"/{name}.csv.gz"))
            yield f"building {name[:2]} {name[-1]}", _hourly(gzip.decompress(wheel.read(path)).decode())
    with zipfile.ZipFile(_wheel("simbench")) as wheel:
        path = next(each for each in wheel.namelist() if each.endswith("all-0-sw/LoadProfile.csv"))
        with io.TextIOWrapper(wheel.open(path)) as stream:
            rows = csv.DictReader(stream, delimiter=";")
            figures = np.array([[float(row[f"{name}_pload"]) for name in _TRADES] for row in rows])
    for name, column in zip(_TRADES, figures.T, strict=True):
        yield (
            f"trade {name}",
            _history(column * 100_000, start_s=1_451_606_400),
        )  # 2016-01-01, of a peak of 400 kW


def _hourly(text: str) -> LoadHistory:
    """Return the hours of a sample, which are in UTC; the last has no figure."""
    rows = [(row["start"], row["value"]) for row in csv.DictReader(io.StringIO(text)) if row["value"]]
    first = int(np.datetime64(rows[0][0][:19], "s").astype(np.int64))
    at = np.array([np.datetime64(start[:19], "s") for start, _ in rows]).astype(np.int64)
    energy = np.full((int(at[-1]) - first) // 3600 + 1, np.nan)
    energy[(at - first) // 3600] = [float(value) * 1000 for _, value in rows]
    quality = np.where(np.isnan(energy), np.uint8(2), np.uint8(0)).astype(np.uint8)
    starts = first + 3600 * np.arange(len(energy), dtype=np.int64)
    return LoadHistory(starts, 3600, energy, quality, "UTC", "eemeter")


def _wheel(name: str) -> Path:
    cache = Path(os.environ.get("ELECTRO_CACHE") or Path.home() / ".cache" / "electro")
    folder = cache / f"{name}-{_PACKAGES[name]}"
    if not list(folder.glob("*.whl")):
        subprocess.run(
            [
                sys.executable,
                "-m",
                "pip",
                "download",
                "-q",
                "--no-deps",
                "-d",
                str(folder),
                f"{name}=={_PACKAGES[name]}",
            ],
            check=True,
        )
    return next(folder.glob("*.whl"))


def compare(history: LoadHistory) -> dict[str, Any]:
    """Play a plant's last periods with the plan's bands and each peer's, at the peer's width."""
    interval_s = planning.interval_for(history)
    history = aggregate(history, interval_s)
    slots = planning.slots_of(interval_s, weekly=True)
    unit = planning.unit_wh(history.peak_w * interval_s / 3600)
    prices = Prices(500, 3 / unit, 7 / unit)
    count = _PERIOD_S // interval_s
    units = metered(history.energy_wh, unit)
    begins = [b for b in range(len(history) - count, 0, -count) if b * interval_s >= LEARN_S][:_PERIODS]
    costs = dict.fromkeys(("min-max", "sigma as wide", "2 sigma", "last week ±50%"), (0.0, 0.0))
    shape = Term(history.first_s, interval_s, count, slots)
    learner = Learner(history.starts_s, history.energy_wh, shape, Calendar("UTC"), prices)
    for begin in reversed(begins):
        term = Term(int(history.starts_s[begin]), interval_s, count, slots)
        period = Period.of(
            term, Calendar("UTC"), learner.profile(begin), prices, units[begin : begin + count]
        )
        seen = _weeks(history.energy_wh[:begin], slots)
        bounds = {"min-max": (np.nanmin(seen, 0), np.nanmax(seen, 0)), "2 sigma": _sigma(seen, 2.0)}
        width = float((bounds["min-max"][1] - bounds["min-max"][0]).mean())
        bounds["sigma as wide"] = _sigma_of_width(seen, width)
        last = np.where(np.isfinite(seen[-1]), seen[-1], np.nanmean(seen, 0))
        bounds["last week ±50%"] = 0.5 * last, 1.5 * last
        for name, peer in bounds.items():
            ours = period.trade.of_width(float((peer[1] - peer[0]).mean()))
            so_far = costs[name]
            costs[name] = (
                so_far[0] + _cost(period, peer, prices, unit), so_far[1] + _cost(period, ours, prices, unit)
            )  # fmt: skip
    better = min(costs["min-max"][0], costs["sigma as wide"][0])
    return {
        "periods": len(begins),
        "ratios": {name: ours / peer if peer else 1.0 for name, (peer, ours) in costs.items()},
        "ratio_to_the_better": costs["min-max"][1] / better if better else 1.0,
        "cost": {name: round(peer) for name, (peer, _) in costs.items()},
        **_timed(history, Term(history.end_s, interval_s, count, slots), prices, unit),
    }


def _weeks(energy: NDArray[np.float64], slots: int) -> NDArray[np.float64]:
    """Return what was seen of each slot of the week, the end of the history last."""
    weeks = len(energy) // slots
    return energy[len(energy) - weeks * slots :].reshape(weeks, slots)


def _sigma(seen: NDArray[np.float64], k: float) -> Bounds:
    mean, spread = np.nanmean(seen, 0), np.nanstd(seen, 0)
    return np.maximum(mean - k * spread, 0.0), mean + k * spread


def _sigma_of_width(seen: NDArray[np.float64], width: float) -> Bounds:
    low, high = 0.0, 20.0
    for _ in range(30):
        least, greatest = _sigma(seen, (low + high) / 2)
        if float((greatest - least).mean()) < width:
            low = (low + high) / 2
        else:
            high = (low + high) / 2
    return _sigma(seen, low)


def _cost(period: Period, bounds: Bounds, prices: Prices, unit: int) -> float:
    least, greatest = (side[period.slots] for side in in_units(bounds, unit))
    under, over = np.maximum(least - period.units, 0), np.maximum(period.units - greatest, 0)
    off = ((under > 0) | (over > 0)).sum()
    return float(
        prices.violation * off + unit * (prices.under_per_wh * under.sum() + prices.over_per_wh * over.sum())
    )


def _timed(history: LoadHistory, term: Term, prices: Prices, unit: int) -> dict[str, float]:
    began, began_cpu = time.perf_counter(), time.process_time()
    back_test(history, term, Calendar("UTC"), prices, unit_wh=unit, margins=planning.MARGINS)
    planning.plan_bands(history, term, Calendar("UTC"), prices, unit_wh=unit, margin=0.0)
    return {
        "seconds": round(time.perf_counter() - began, 3),
        "cpu_seconds": round(time.process_time() - began_cpu, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--packages", action="store_true", help="also plants that packages carry; fetches 93 MB once"
    )
    parser.add_argument("--load", type=Path, action="append", default=[], help="a load file of one's own")
    parser.add_argument("--zone", default="UTC", help="of its times")
    parser.add_argument("--energy-column", action="append", default=[], help="of its figures")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    settings = ReadSettings(zone=arguments.zone, energy_columns=tuple(arguments.energy_column))
    plants = [*generated(), *(packaged() if arguments.packages else ())]
    # the clock of the zone as it stands: no peer knows of its changes
    plants += [
        (path.name, dataclasses.replace(read(path, settings).history, zone="UTC")) for path in arguments.load
    ]
    found = {name: compare(history) for name, history in plants}
    if arguments.json:
        print(json.dumps(found))
        return
    print("cost of the plan's bands over the peer's, at the peer's width; below 1 is cheaper")
    print(
        f"{'plant':42} {'min-max':>8} {'k sigma':>8} {'better':>8} {'2 sigma':>8} {'last week':>9} {'12 margins':>11}"
    )
    for name, each in found.items():
        ratios = each["ratios"]
        row = [ratios["min-max"], ratios["sigma as wide"], each["ratio_to_the_better"], ratios["2 sigma"]]
        cells = " ".join(f"{ratio:8.2f}" for ratio in row)
        print(f"{name:42} {cells} {ratios['last week ±50%']:9.2f} {each['seconds']:9.2f} s")


if __name__ == "__main__":
    main()
