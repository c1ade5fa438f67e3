# SPDX-License-Identifier: Apache-2.0
"""Draw sections as a heat map: a row a day, a column an hour, coloured by what is allowed of the capacity."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np

from electro_plan import zones

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_plan.sections import Planned

_CELL_W, _CELL_H, _LEFT, _HEAD, _GAP = 28, 18, 110, 46, 16  # px
_HOURS = 24
_EPOCH = date(1970, 1, 1)
_STYLE = (
    "text{font:12px sans-serif;fill:#333}.title{font-weight:600}.day{text-anchor:end}"
    ".hour{text-anchor:middle;fill:#777}"
    ".idle{fill:#d6d9dc}.c0{fill:#e8f1fa}.c1{fill:#bcd7ee}.c2{fill:#8ab8dd}.c3{fill:#f2c879}.c4{fill:#e59a4b}"
    ".over{fill:#c0392b}"
)
_STEPS = (0.4, 0.6, 0.8, 0.9, 1.0)  # upper ends of the classes c0 to c4, as shares of the capacity


def heat_map_svg(planned: Sequence[Planned], zone: str) -> str:
    """Return the drawing; hours are those of the zone's clock, and an hour has the greatest of its intervals."""
    parts: list[str] = []
    y = 34.0
    for each in planned:
        wall = zones.to_wall(each.starts_s, zone)
        hours = wall // 3600
        first_day = int(hours[0]) // _HOURS
        days = int(hours[-1]) // _HOURS - first_day + 1
        share = np.full((days, _HOURS), np.nan)
        for hour, used in zip(
            hours.tolist(), (each.greatest_w / each.section.capacity_w).tolist(), strict=True
        ):
            row, column = hour // _HOURS - first_day, hour % _HOURS
            share[row, column] = np.fmax(share[row, column], used)
        kw, meters = each.section.capacity_w / 1000, int(each.meters.max())
        title = f"{each.section.name}, {kw:,.6g} kW, {meters} of {each.of_meters} meters"
        parts.append(f'<text class="title" x="{_LEFT}" y="{y + 12}">{escape(title)}</text>')
        parts += [
            f'<text class="hour" x="{_LEFT + (hour + 0.5) * _CELL_W}" y="{y + 32}">{hour}</text>'
            for hour in range(_HOURS)
        ]
        for row in range(days):
            top = y + _HEAD - 6 + row * _CELL_H
            day = _EPOCH + timedelta(days=first_day + row)
            parts.append(f'<text class="day" x="{_LEFT - 8}" y="{top + 13}">{day:%a %d %b}</text>')
            for column in range(_HOURS):
                if np.isfinite(share[row, column]):
                    parts.append(_cell(column, top, float(share[row, column]), each.section.idle_share))
        y += _HEAD + days * _CELL_H + _GAP
    width, height = _LEFT + _HOURS * _CELL_W + 20, y
    legend = "most that agreements allow, of the capacity: grey idle, pale to orange 40, 60, 80, 90, 100%, red above"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}"><style>{_STYLE}</style>'
        f'<rect width="{width}" height="{height:.0f}" fill="#fff"/><text x="{_LEFT}" y="20">{legend}</text>'
        + "".join(parts)
        + "</svg>\n"
    )


def _cell(column: int, top: float, share: float, idle_share: float) -> str:
    kind = "over" if share > 1 else "idle" if share < idle_share else None
    if kind is None:
        kind = f"c{next(at for at, end in enumerate(_STEPS) if share <= end)}"
    x = _LEFT + column * _CELL_W
    return (
        f'<rect class="{kind}" x="{x}" y="{top}" width="{_CELL_W - 1}" height="{_CELL_H - 1}">'
        f"<title>{share:.0%}</title></rect>"
    )
