# SPDX-License-Identifier: Apache-2.0
"""Draw the worst error over the current as SVG, both axes logarithmic."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _HEIGHT = 720, 420
_LEFT, _TOP, _RIGHT, _BOTTOM = 60, 40, 180, 50
# method, transformer, colour, dashes
_CURVES = (
    ("Electro", "class 0.5S", "#0b6e4f", "none"),
    ("Electro", "SCT-013", "#0b6e4f", "6 4"),
    ("Electro without table", "class 0.5S", "#7fb396", "none"),
    ("EmonLib", "class 0.5S", "#c1666b", "none"),
    ("EmonLibCM", "class 0.5S", "#b98f4a", "none"),
)
_GOAL = ((1, 0.5), (5, 0.5), (5, 0.2), (120, 0.2))
_LEAST, _MOST = 0.01, 30.0  # %


def plot(found: dict[str, Any], percents: Sequence[int], loads: Sequence[str]) -> str:
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
    for percent, anchor in zip(percents, [*["middle"] * (len(percents) - 2), "end", "start"], strict=True):
        place = f'x="{x(percent):.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="{anchor}"'
        parts.append(f"<text {place}>{percent}</text>")
    parts.append(f'<text x="{_LEFT}" y="{_HEIGHT - 12}">current, % of rated</text>')
    goal = "L".join(f"{x(percent):.1f} {y(error):.1f}" for percent, error in _GOAL)
    parts.append(f'<path d="M{goal}" fill="none" stroke="#555" stroke-dasharray="2 4"/>')
    row = 60
    for method, transformer, colour, dashes in _CURVES:
        worst = [_worst(found, method, transformer, percent, loads) for percent in percents]
        if None in worst:
            continue  # not measured in this run
        places = [(x(percent), y(error or 0)) for percent, error in zip(percents, worst, strict=True)]
        line = " ".join(f"{left:.1f},{top:.1f}" for left, top in places)
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>'
        )
        parts += [f'<circle cx="{left:.1f}" cy="{top:.1f}" r="3" fill="{colour}"/>' for left, top in places]
        parts.append(f'<text x="{_WIDTH - _RIGHT + 26}" y="{row}" fill="{colour}">{method}</text>')
        parts.append(f'<text x="{_WIDTH - _RIGHT + 26}" y="{row + 14}" fill="#777">{transformer}</text>')
        row += 38
    parts.append(f'<text x="{_WIDTH - _RIGHT + 26}" y="{row}" fill="#555">dotted: the goal</text>')
    return "\n".join([*parts, "</svg>", ""])


def _worst(
    found: dict[str, Any], method: str, transformer: str, percent: int, loads: Sequence[str]
) -> float | None:
    errors = [
        abs(point["error_percent"])
        for point in found["points"]
        if (point["method"], point["transformer"], point["current_percent"]) == (method, transformer, percent)
        and point["load"] in loads
    ]
    return max(errors, default=None)
