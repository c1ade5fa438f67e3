# SPDX-License-Identifier: Apache-2.0
"""Calibrate the meter on a chip against references, keep the coefficients in it, and measure what they are worth.

The steps: DC for the converter's table, no load, pairs of loads at power factor 1 and 0.5, then loads to try the
result. Nothing on the chip changes before all coefficients are found.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from electro_tools.errors import ToolError
from electro_tools.grid.coefficients import LSB_V, nearest, sensor_error, sensor_rows, table_rows

from . import on_chip, plausible
from .references import CHECK, DC, LOAD, NO_LOAD, Load, References, Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from .chip import Chip

_DC_READS = 4_096  # on a bad board 512 would leave 0.4 LSB of noise in each point
_WINDOW_S = 2.0  # a window and the chip's work on it, generously
_TIMEOUT_S = 60.0
_MOST_ROW_PPM = 100_000  # of the configuration


@dataclass(frozen=True)
class Tried:
    """One load, and the meter's relative error at it with the old and with the new coefficients."""

    load: Load
    before: float | None
    after: float


@dataclass
class Calibrated:
    """What came of it."""

    hash: str
    date: int
    entries: dict[str, Any]
    tried: list[Tried] = field(default_factory=list)
    no_load_w: tuple[float, float] = (0.0, 0.0)  # shown when nothing flows: before, after


class Bench:
    """A chip that measures for us."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self._program = Path(on_chip.__file__).read_text(encoding="utf-8")
        chip.hold_watchdog()

    def ask(self, timeout_s: float = _TIMEOUT_S, **request: Any) -> dict[str, Any]:
        """Have on_chip.answer do something.

        Raises:
            ToolError: the chip refuses, or has not the meter's files.
        """
        try:
            said = self._chip.ask(f"{self._program}\nsay({json.dumps(request)!r})\n", timeout_s)
        except ToolError as error:
            if "no module named 'electro_" in error.sentence:
                raise ToolError(
                    "the meter's files are not on the chip", "put them there: electro device install"
                ) from error
            raise
        return plausible.answered(said)

    def measure(
        self, sets: list[dict[str, Any] | None], windows: int, *, fine: bool | None = None
    ) -> tuple[list[dict[str, int]], dict[str, int]]:
        """Return the sums of each set of coefficients (None: those on the chip), and the extremes of the inputs."""
        timeout_s = _TIMEOUT_S + _WINDOW_S * 2 * windows * len(sets)
        said = self.ask(timeout_s, do="measure", sets=sets, windows=windows, fine=fine)
        return said["shown"], said["extremes"]


def calibrate(
    bench: Bench,
    references: References,
    source: Source,
    windows: int,
    note: Callable[[str], None],
) -> Calibrated:
    """Go through all steps; `note` is told what was found at each.

    Raises:
        ToolError: readings that can't be right, see plausible.
    """
    told = bench.ask(do="tell")
    old: dict[str, Any] | None = {} if told["damaged"] else None
    # what the new set does not name must come from the settings, not from the old set
    new: dict[str, Any] = {
        "sensors": [], "no_load_mw": 0, "fine_no_load_mw": 0, "phase_mdeg": 0,
        **{name: told[name] for name in ("uv_per_count", "ua_per_count", "fine_ua_per_count")},
    }  # fmt: skip
    has_fine = told["fine_ua_per_count"] > 0
    if references.dc_volts:
        new["linearisation"] = _table(bench, references, source, note)
    elif "linearisation" in told["set"]:
        new["linearisation"] = told["set"]["linearisation"]
    before_w = _no_load(bench, references, source, windows, old, new, has_fine, note)
    before = _loads(bench, references, source, windows, old, new, note)
    date = int(time.time())
    text = json.dumps({"date": date, **new}, separators=(",", ":"))
    done = Calibrated(bench.ask(do="store", text=text)["hash"], date, new)
    note(f"stored as {done.hash[:16]}")
    _try(bench, references, source, windows, before, before_w, done, note)
    return done


def _table(
    bench: Bench, references: References, source: Source, note: Callable[[str], None]
) -> list[tuple[int, int]]:
    points: list[tuple[float, float]] = []
    for volts in references.dc_volts:
        shown = source.at(DC, f"DC, {volts:.4f} V at pin 35 and nothing else", {"volts": volts})
        found = bench.ask(do="level", reads=_DC_READS)
        said = found["total"] / found["reads"]
        plausible.level(said, found["spread_256ths"] / 256, shown["volts"])
        points.append((said, shown["volts"]))
    plausible.levels(points)
    worst = max(abs(said - volts / LSB_V) for said, volts in points)
    note(f"the converter says up to {worst:.0f} counts too much or too little at {len(points)} levels")
    return table_rows([(said, volts / LSB_V) for said, volts in points])


def _no_load(
    bench: Bench,
    references: References,
    source: Source,
    windows: int,
    old: dict[str, Any] | None,
    new: dict[str, Any],
    has_fine: bool,
    note: Callable[[str], None],
) -> float:
    """Find the voltage's coefficient and what is shown when nothing flows; return what the old set shows then."""
    expected = {"volts": references.no_load_volts}
    volts = source.at(NO_LOAD, f"{references.no_load_volts:g} V and no current", expected)["volts"]
    (before, shown), extremes = bench.measure([old, new], windows)
    plausible.voltage(shown, extremes, volts)
    new["uv_per_count"] = nearest(new["uv_per_count"] * volts * 1000 * shown["windows"] / shown["urms_mv"])
    for name, fine in (("no_load_mw", False), ("fine_no_load_mw", True)):
        if fine and not has_fine:
            continue
        ((shown,), _) = bench.measure([new], windows, fine=fine)
        new[name] = nearest(shown["energy_uj"] * 1_000 / shown["time_us"])
    note(f"voltage: {new['uv_per_count']} µV a count; no load: {new['no_load_mw']} mW")
    return _watts(before)


def _loads(
    bench: Bench,
    references: References,
    source: Source,
    windows: int,
    old: dict[str, Any] | None,
    new: dict[str, Any],
    note: Callable[[str], None],
) -> dict[Load, float]:
    """Find the sensor's errors from each pair of loads; return the old coefficients' error at each load."""
    before: dict[Load, float] = {}
    points: list[tuple[float, float, float]] = []
    for pair in references.loads:
        seen: list[tuple[float, float]] = []
        for expected in pair:
            load = Load(**source.at(LOAD, expected.words, asdict(expected)))
            (was, shown), extremes = bench.measure([old, new], windows)
            plausible.voltage(shown, extremes, load.volts)
            plausible.current(shown, extremes, load)
            before[expected] = _watts(was) / load.watts - 1
            seen.append((_watts(shown) / load.watts, load.tangent))
        ratio, late_deg = sensor_error(seen[0], seen[1])
        plausible.sensor(pair[0].amps, ratio, late_deg)
        note(f"{pair[0].amps:g} A: ratio {ratio:+.2%}, {late_deg:+.2f}° late")
        points.append((pair[0].amps, ratio, late_deg))
    # a burden's or a chip's own scale belongs to ua_per_count: the rows hold what is left
    scale = 1 + points[-1][1]
    for name in ("ua_per_count", "fine_ua_per_count"):
        new[name] = nearest(new[name] / scale)
    new["sensors"] = sensor_rows([(amps, (1 + ratio) / scale - 1, late) for amps, ratio, late in points])
    for milliamps, ppm, _ in new["sensors"]:
        if abs(ppm) >= _MOST_ROW_PPM:
            raise ToolError(
                f"at {milliamps / 1000:g} A the sensor differs by {ppm / 1e6:+.1%} from full load"
            )
    return before


def _try(
    bench: Bench,
    references: References,
    source: Source,
    windows: int,
    before: dict[Load, float],
    before_w: float,
    done: Calibrated,
    note: Callable[[str], None],
) -> None:
    """Measure each check with what is on the chip now, and nothing flowing at last."""
    for expected in references.checks:
        load = Load(**source.at(CHECK, expected.words, asdict(expected)))
        ((shown,), extremes) = bench.measure([None], windows)
        plausible.current(shown, extremes, load)
        done.tried.append(Tried(load, before.get(expected), _watts(shown) / load.watts - 1))
    source.at(NO_LOAD, f"{references.no_load_volts:g} V and no current", {"volts": references.no_load_volts})
    ((shown,), _) = bench.measure([None], windows)
    done.no_load_w = (before_w, _watts(shown))
    note("tried")


def _watts(shown: dict[str, int]) -> float:
    if not shown["time_us"]:
        raise ToolError("no window could be measured", "is the mains voltage there?")
    return shown["energy_uj"] / shown["time_us"]
