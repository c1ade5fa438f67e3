# SPDX-License-Identifier: Apache-2.0
"""Draw consumption against its band as an SVG: one panel for each meter, a step for each interval."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from electro_console.agreement.intervals import INTERRUPTED, Interval
from electro_protocol import address
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from electro_contracts.terms import Terms

_DAY_S = 86_400
_WIDTH, _PANEL, _LEFT, _RIGHT, _TOP, _FOOT = 960, 260, 64, 28, 34, 30  # px
_STYLE = (
    "text{font:12px sans-serif;fill:#333}rect{shape-rendering:crispEdges}.band{fill:#cfe3f5}.grid{stroke:#ddd}"
    ".used{fill:none;stroke:#1b4f72;stroke-width:1.5}.off{fill:#c0392b;fill-opacity:.55}"
    ".interrupted{fill:#f5b041;fill-opacity:.35}.silent{fill:#999;fill-opacity:.35}"
)


def draw(path: Path, terms: Terms, meters: dict[bytes, list[Interval]], day: int | None, days: int) -> None:
    """Write the drawing: the band pale, consumption as a line, what lies outside red, what was not read grey.

    Args:
        path: of the file.
        terms: for the units.
        meters: all intervals of each.
        day: unix seconds of the first midnight; None: of the first violation, or of the start.
        days: how many.

    Raises:
        ToolError: none of the intervals lies there, or the file can't be written.
    """
    if day is None:
        off = [each.start for intervals in meters.values() for each in intervals if each.deviation]
        day = min(off, default=terms.start) // _DAY_S * _DAY_S
    shown = {
        device: [each for each in intervals if day <= each.start < day + days * _DAY_S]
        for device, intervals in meters.items()
    }
    panels = [(device, intervals) for device, intervals in shown.items() if intervals]
    if not panels:
        raise ToolError(
            f"no interval lies within {days} days from {datetime.fromtimestamp(day, UTC):%Y-%m-%d}"
        )
    height = len(panels) * _PANEL
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"><style>{_STYLE}</style>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
    ]
    for number, (device, intervals) in enumerate(panels):
        parts.append(f'<g transform="translate(0,{number * _PANEL})">')
        parts += _Panel(terms, intervals, day, days).lines(address.checksum(device))
        parts.append("</g>")
    try:
        path.write_text("\n".join([*parts, "</svg>\n"]), encoding="utf-8")
    except OSError as error:
        raise ToolError(f"{path} can't be written: {error.strerror}") from error


class _Panel:
    """One meter's drawing, in coordinates of its own."""

    def __init__(self, terms: Terms, intervals: Sequence[Interval], day: int, days: int) -> None:
        self._terms, self._intervals, self._day, self._days = terms, intervals, day, days
        self._most = (
            max([1, *(each.greatest for each in intervals), *(each.used or 0 for each in intervals)]) * 1.05
        )

    def _x(self, unix_s: int) -> float:
        return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * (unix_s - self._day) / (self._days * _DAY_S), 2)

    def _y(self, units: float) -> float:
        return round(_PANEL - _FOOT - (_PANEL - _FOOT - _TOP) * units / self._most, 2)

    def _box(self, kind: str, each: Interval, low: float, high: float) -> str:
        x, end = self._x(each.start), self._x(each.start + self._terms.interval_seconds)
        y = self._y(high)
        return f'<rect class="{kind}" x="{x}" y="{y}" width="{end - x:.2f}" height="{self._y(low) - y:.2f}"/>'

    def _ticks(self, kwh: float) -> list[float]:
        """Return four to ten places of the scale, in units, that are round numbers of kWh."""
        step = 10.0 ** math.floor(math.log10(self._most * kwh))
        step = next(each for each in (step, step / 2, step / 5) if self._most * kwh / each >= 3)
        return [part * step / kwh for part in range(int(self._most * kwh / step) + 1)]

    def lines(self, name: str) -> list[str]:
        """Return the panel's elements, the lower ones first."""
        kwh = self._terms.unit_wh / 1000
        date = f"{datetime.fromtimestamp(self._day, UTC):%Y-%m-%d}, UTC"
        legend = "kWh an interval; red: outside its band, orange: interrupted, grey: not read"
        out = [f'<text x="{_LEFT}" y="20">{name}, {date}; {legend}</text>']
        out += [self._box("band", each, each.least, each.greatest) for each in self._intervals]
        for units in self._ticks(kwh):
            y = self._y(units)
            out.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>')
            out.append(f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{units * kwh:,.10g}</text>')
        step_s = 4 * 3600 if self._days == 1 else _DAY_S
        for unix_s in range(self._day, self._day + self._days * _DAY_S + 1, step_s):
            label = f"{datetime.fromtimestamp(unix_s, UTC):{'%H:%M' if self._days == 1 else '%d %b'}}"
            out.append(f'<text x="{self._x(unix_s)}" y="{_PANEL - 10}" text-anchor="middle">{label}</text>')
        for each in self._intervals:
            if each.used is None:
                out.append(self._box("silent", each, 0, self._most))
            elif each.kind == INTERRUPTED:
                out.append(self._box("interrupted", each, 0, self._most))
            if each.deviation and each.used is not None:
                bound = each.used - each.deviation
                out.append(self._box("off", each, min(bound, each.used), max(bound, each.used)))
        return [*out, f'<path class="used" d="{self._steps()}"/>']

    def _steps(self) -> str:
        """Return the line, broken where nothing was read."""
        path, joined = [], False
        for each in self._intervals:
            if each.used is None:
                joined = False
                continue
            y = self._y(each.used)
            path.append(f"{'L' if joined else 'M'}{self._x(each.start)} {y}")
            path.append(f"H{self._x(each.start + self._terms.interval_seconds)}")
            joined = True
        return " ".join(path)
