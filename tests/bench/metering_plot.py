# SPDX-License-Identifier: Apache-2.0
"""Draw the worst error over the current as SVG, both axes logarithmic."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _HEIGHT = 720, 420
_LEFT, _TOP, _RIGHT, _BOTTOM = 60, 40, 190, 50
_COLOURS = ("#0b6e4f", "#8bbf9f", "#c1666b", "#d4b483")
_LEAST, _MOST = 0.01, 30.0  # %


def plot(found: dict[str, Any], percents: Sequence[int], methods: Sequence[str], loads: Sequence[str]) -> str:
    """Return the drawing; each curve is the worst of all devices and of the loads named."""

    def x(percent: float) -> float:
        share = math.log(percent / percents[0]) / math.log(percents[-1] / percents[0])
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * share

    def y(error: float) -> float:
        share = math.log(min(max(error, _LEAST), _MOST) / _LEAST) / math.log(_MOST / _LEAST)
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * share

    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            'font-family="sans-serif" font-size="12">'
        ),
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        (
            f'<text x="{_LEFT}" y="22">Worst active-energy error, simulated '
            f"({found['chips']} chips; {', '.join(loads)})</text>"
        ),
    ]
    parts += [
        f'<path d="M{_LEFT} {y(error):.1f}H{_WIDTH - _RIGHT}" stroke="#ddd"/>'
        f'<text x="{_LEFT - 6}" y="{y(error) + 4:.1f}" text-anchor="end">{error:g}%</text>'
        for error in (0.01, 0.1, 0.2, 0.5, 1, 10)
    ]
    parts += [
        f'<text x="{x(percent):.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{percent}</text>'
        for percent in percents
    ]
    parts.append(f'<text x="{_LEFT}" y="{_HEIGHT - 12}">current, % of rated</text>')
    for number, (method, colour) in enumerate(zip(methods, _COLOURS, strict=True)):
        places = []
        for percent in percents:
            errors = [
                abs(point["error_percent"])
                for point in found["points"]
                if point["method"] == method
                and point["transformer"] == "class 0.5S"
                and point["current_percent"] == percent
                and point["load"] in loads
            ]
            places.append(f"{x(percent):.1f},{y(max(errors)):.1f}")
        parts.append(
            f'<polyline points="{" ".join(places)}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        parts.append(
            f'<text x="{_WIDTH - _RIGHT + 12}" y="{60 + 20 * number}" fill="{colour}">{method}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])
