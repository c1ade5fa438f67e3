# SPDX-License-Identifier: Apache-2.0
"""Draw a back-test: penalties against the width of the bands, margin by margin, as SVG and as bars for a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from electro_plan.recommending import width_cost
from electro_plan.wording import figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_plan.backtest import BackTest, Row

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _FOOT = 860, 460, 90, 30, 64, 52  # px
_STYLE = (
    "text{font:13px sans-serif;fill:#333}.title{font-size:16px;font-weight:600}.grid{stroke:#ddd}"
    ".line{fill:none;stroke-width:2}.penalty{stroke:#1b4f72}.total{stroke:#a04000;stroke-dasharray:6 4}"
    ".dot{fill:#1b4f72}.chosen{fill:#c0392b}"
)
_TICKS = (0, 0.05, 0.2, 0.5, 1)  # shares of the scale: about even on a square root
_BAR = 30  # characters


def frontier_svg(test: BackTest, chosen: Row, title: str, price_per_kwh: float | None = None) -> str:
    """Return a drawing of what narrow bands would have cost.

    Args:
        test: of some margins.
        chosen: the row to point out.
        title: above it.
        price_per_kwh: of width, minor units a kWh in an interval: a second line adds it.
    """
    rows = sorted(test.rows, key=lambda row: row.mean_width_wh)
    lines = [("penalty", "penalties", [row.penalty for row in rows])]
    if price_per_kwh is not None:
        totals = [row.penalty + width_cost(row, test.intervals, price_per_kwh) for row in rows]
        lines.append(("total", "with the price of width", totals))
    widest = _round_up(max(row.mean_width_wh for row in rows) / 1000)
    most = _round_up(max(max(values) for _, _, values in lines))

    def x(row: Row) -> float:
        return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * row.mean_width_wh / 1000 / widest, 1)

    def y(value: float) -> float:
        # square root: the foot of the curve, where people choose, gets the room
        share = math.sqrt(value / most)
        return round(_HEIGHT - _FOOT - (_HEIGHT - _FOOT - _TOP) * share, 1)

    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">'
    head += f"<title>{escape(title)}</title><style>{_STYLE}</style>"
    head += f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>'
    parts = [head, f'<text class="title" x="{_LEFT}" y="26">{escape(title)}</text>']
    for share in _TICKS:
        at = y(most * share)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at}" y2="{at}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{at + 4}" text-anchor="end">{figure(most * share)}</text>')
    for step in range(6):
        kwh = widest * step / 5
        at = round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * step / 5, 1)
        parts.append(f'<text x="{at}" y="{_HEIGHT - 28}" text-anchor="middle">{figure(kwh)}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    axis = "mean width of the band, kWh an interval"
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">{axis}</text>')
    for at, (kind, label, values) in enumerate(lines):
        path = "L".join(f"{x(row)} {y(value)}" for row, value in zip(rows, values, strict=True))
        parts.append(f'<path class="line {kind}" d="M{path}"/>')
        left = _LEFT + 250 * at
        parts.append(
            f'<path class="line {kind}" d="M{left} 44h24"/><text x="{left + 30}" y="48">{label}</text>'
        )
    for row in rows:
        kind = "chosen" if row is chosen else "dot"
        parts.append(
            f'<circle class="{kind}" cx="{x(row)}" cy="{y(row.penalty)}" r="{6 if row is chosen else 4}"/>'
        )
        if row is chosen:
            parts.append(f'<text x="{x(row) + 8}" y="{y(row.penalty) - 12}">margin {row.margin:+.0%}</text>')
    return "".join(parts) + "</svg>\n"


def _round_up(value: float) -> float:
    """Return the next of some round numbers, so that its parts are round numbers too."""
    if value <= 0:
        return 1.0
    scale = 10.0 ** math.floor(math.log10(value))
    return next(
        step * scale
        for step in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
        if step * scale >= value * (1 - 1e-9)
    )


def bars(values: Sequence[float]) -> list[str]:
    """Return a bar of characters for each value, the greatest the longest; square roots, as in the drawing."""
    most = max(values, default=0.0)
    return ["█" * round(_BAR * math.sqrt(value / most)) if most else "" for value in values]
