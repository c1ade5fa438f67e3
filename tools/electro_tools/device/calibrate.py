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
from electro_tools.grid.coefficients import (
    DIRECT_FROM_PERCENT,
    LSB_V,
    nearest,
    ranges,
    sensor_error,
    sensor_rows,
    table_rows,
)

from . import on_chip, plausible
from .references import CHECK, DC, LOAD, NO_LOAD, Load, References, Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from .chip import Chip

_DC_READS = 4_096  # on a bad board 512 would leave 0.4 LSB of noise in each point
_WINDOW_S = 2.0  # a window and the chip's work on it, generously
_TIMEOUT_S = 60.0
_NOISY_BELOW_PERCENT = 25
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

    def __init__(self, chip: Chip, channel: int = 0) -> None:
        self._chip = chip
        self._channel = channel
        self._program = Path(on_chip.__file__).read_text(encoding="utf-8")
        chip.hold_watchdog()

    def ask(self, timeout_s: float = _TIMEOUT_S, **request: Any) -> dict[str, Any]:
        """Have on_chip.answer do something.

        Raises:
            ToolError: the chip refuses, or has not the meter's files.
        """
        said = self._chip.ask_meter(f"{self._program}\nsay({json.dumps(request)!r})\n", timeout_s)
        return plausible.answered(said)

    def tell(self) -> dict[str, Any]:
        """Return the calibration on the chip, and what the settings say of the channel."""
        return self.ask(do="tell", channel=self._channel)

    def whole(self, channel: dict[str, Any], told: dict[str, Any], table: list[Any] | None) -> dict[str, Any]:
        """Return a set of all channels: this one's entries new, the others' as they are."""
        channels = [dict(one) for one in told["set"].get("channels", [])]
        channels += [{} for _ in range(self._channel + 1 - len(channels))]
        channels[self._channel] = channel
        found: dict[str, Any] = {"version": 2, "channels": channels}
        if table is not None:
            found["linearisation"] = table
        return found

    def measure(
        self, sets: list[dict[str, Any] | None], windows: int, *, fine: bool | None = None
    ) -> tuple[list[dict[str, int]], dict[str, int]]:
        """Return the sums of each set of coefficients (None: those on the chip), and the extremes of the inputs."""
        timeout_s = _TIMEOUT_S + _WINDOW_S * 2 * windows * len(sets)
        request = {"do": "measure", "channel": self._channel, "sets": sets, "windows": windows, "fine": fine}
        said = self.ask(timeout_s, **request)
        return said["shown"], said["extremes"]


def calibrate(
    bench: Bench, references: References, source: Source, windows: int, note: Callable[[str], None]
) -> Calibrated:
    """Go through all steps; `note` is told what was found at each.

    Raises:
        ToolError: readings that can't be right, see plausible.
    """
    return _Run(bench, references, source, windows, note).all()


class _Run:
    """One calibration: the old coefficients (None: those on the chip), and the new ones as far as they are found."""

    def __init__(
        self, bench: Bench, references: References, source: Source, windows: int, note: Callable[[str], None]
    ) -> None:
        self._bench = bench
        self._references = references
        self._source = source
        self._windows = windows
        self._note = note
        self._told = told = bench.tell()
        self._old: dict[str, Any] | None = {} if told["damaged"] else None
        # what the new set does not name would come from the settings
        self._new: dict[str, Any] = {
            "sensors": [], "no_load_mw": 0, "fine_no_load_mw": 0, "phase_mdeg": 0,
            **{name: told[name] for name in ("uv_per_count", "ua_per_count", "fine_ua_per_count")},
        }  # fmt: skip
        self._rows: list[Any] | None = told["set"].get("linearisation")
        self._rated_a = told["rated_ma"] / 1000
        self._has_fine = told["fine_ua_per_count"] > 0
        self._before: dict[Load, float] = {}
        self._before_w = 0.0

    def all(self) -> Calibrated:
        if self._references.dc_volts:
            self._table()
        self._no_load()
        points: list[tuple[float, float, float]] = []
        for pair in self._references.loads:
            points += self._pair(pair)
        self._conclude(points)
        date = int(time.time())
        text = json.dumps({"date": date, **self._set()}, separators=(",", ":"))
        done = Calibrated(self._bench.ask(do="store", text=text)["hash"], date, self._new)
        self._note(f"stored as {done.hash[:16]}")
        self._try(done)
        return done

    def _set(self) -> dict[str, Any]:
        return self._bench.whole(self._new, self._told, self._rows)

    def _table(self) -> None:
        points: list[tuple[float, float]] = []
        for volts in self._references.dc_volts:
            words = f"DC, {volts:.4f} V at the first phase's current pin (35 on an ESP32) and nothing else"
            shown = self._source.at(DC, words, {"volts": volts})
            found = self._bench.ask(do="level", reads=_DC_READS)
            said = found["total"] / found["reads"]
            plausible.level(said, found["spread_256ths"] / 256, shown["volts"])
            points.append((said, shown["volts"]))
        plausible.levels(points)
        worst = max(abs(said - volts / LSB_V) for said, volts in points)
        self._note(
            f"the converter says up to {worst:.0f} counts too much or too little at {len(points)} levels"
        )
        self._rows = table_rows([(said, volts / LSB_V) for said, volts in points])

    def _nothing(self) -> float:
        """Have voltage alone applied; return the reference's."""
        volts = self._references.no_load_volts
        return self._source.at(NO_LOAD, f"{volts:g} V and no current", {"volts": volts})["volts"]

    def _no_load(self) -> None:
        """Find the voltage's coefficient and what is shown when nothing flows."""
        volts = self._nothing()
        (before, shown), extremes = self._bench.measure([self._old, self._set()], self._windows)
        plausible.voltage(shown, extremes, volts)
        self._before_w = _watts(before)
        new = self._new
        new["uv_per_count"] = nearest(
            new["uv_per_count"] * volts * 1000 * shown["windows"] / shown["urms_mv"]
        )
        for name, fine in (("no_load_mw", False), ("fine_no_load_mw", True)):
            if self._has_fine or not fine:
                ((shown,), _) = self._bench.measure([self._set()], self._windows, fine=fine)
                new[name] = nearest(_watts(shown) * 1000)
        self._note(f"voltage: {new['uv_per_count']} µV a count; no load: {new['no_load_mw']} mW")

    def _pair(self, pair: tuple[Load, Load]) -> list[tuple[float, float, float]]:
        """Find the sensor's errors from a pair of loads: rows of (amperes, ratio error, lateness in degrees)."""
        percent = 100 * pair[0].amps / self._rated_a
        wanted = ranges(percent, self._has_fine)
        more = 4 if DIRECT_FROM_PERCENT <= percent < _NOISY_BELOW_PERCENT else 1
        seen: dict[float, list[tuple[float, float]]] = {at: [] for _, at in wanted}
        for expected in pair:
            load = Load(**self._source.at(LOAD, expected.words, asdict(expected)))
            for fine, at in wanted:
                (was, shown), extremes = self._bench.measure(
                    [self._old, self._set()], more * self._windows, fine=fine
                )
                plausible.voltage(shown, extremes, load.volts)
                plausible.current(shown, extremes, load)
                self._before[expected] = _watts(was) / load.watts - 1
                seen[at].append((_watts(shown) / load.watts, load.tangent))
        found = []
        for at, (first, second) in seen.items():
            ratio, late_deg = sensor_error(first, second)
            amps = at * self._rated_a / 100
            plausible.sensor(amps, ratio, late_deg)
            self._note(f"{amps:.4g} A: ratio {ratio:+.2%}, {late_deg:+.2f}° late")
            found.append((amps, ratio, late_deg))
        return found

    def _conclude(self, points: list[tuple[float, float, float]]) -> None:
        """Put the scale at the greatest load, which is the burden's, into ua_per_count; the rows keep the rest."""
        new = self._new
        scale = 1 + points[-1][1]
        for name in ("ua_per_count", "fine_ua_per_count"):
            new[name] = nearest(new[name] / scale)
        new["sensors"] = sensor_rows([(amps, (1 + ratio) / scale - 1, late) for amps, ratio, late in points])
        for milliamps, ppm, _ in new["sensors"]:
            if abs(ppm) >= _MOST_ROW_PPM:
                raise ToolError(
                    f"at {milliamps / 1000:g} A the sensor differs by {ppm / 1e6:+.1%} from full load"
                )

    def _try(self, done: Calibrated) -> None:
        """Measure each check with what is on the chip now, and nothing flowing at last."""
        for expected in self._references.checks:
            load = Load(**self._source.at(CHECK, expected.words, asdict(expected)))
            ((shown,), extremes) = self._bench.measure([None], self._windows)
            plausible.current(shown, extremes, load)
            done.tried.append(Tried(load, self._before.get(expected), _watts(shown) / load.watts - 1))
        self._nothing()
        ((shown,), _) = self._bench.measure([None], self._windows)
        done.no_load_w = (self._before_w, _watts(shown))


def _watts(shown: dict[str, int]) -> float:
    if not shown["time_us"]:
        raise ToolError("no window could be measured", "is the mains voltage there?")
    return shown["energy_uj"] / shown["time_us"]
