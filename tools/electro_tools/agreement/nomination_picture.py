# SPDX-License-Identifier: Apache-2.0
"""Draw what a renomination changes: the bands that hold and the new ones, as an SVG and in a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path

    from electro_console.nomination import Nomination
    from electro_contracts.terms import Bands

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _FOOT = 960, 300, 64, 28, 34, 30  # px
_STYLE = (
    "text{font:12px sans-serif;fill:#333}.was{fill:#cfe3f5}.new{fill:none;stroke:#c0392b;stroke-width:1.5}"
    ".grid{stroke:#ddd}"
)
_COLUMNS, _ROWS = 64, 10  # of a terminal of 80 columns, beside the scale
_CELLS = {(False, False): " ", (True, False): "░", (False, True): "▒", (True, True): "█"}
_TICKS = 6


def in_terminal(nomination: Nomination) -> str:
    """Return the whole pass as a chart of text: a column for an interval or for several of them."""
    was, new = _whole(nomination)
    shared = -(-len(was) // _COLUMNS)
    columns = [
        (_hull(was[at : at + shared]), _hull(new[at : at + shared])) for at in range(0, len(was), shared)
    ]
    top = max(1, *(band[1] for column in columns for band in column))
    kwh = nomination.terms.unit_wh / 1000
    lines = []
    for row in reversed(range(_ROWS)):
        low, high = top * row / _ROWS, top * (row + 1) / _ROWS
        cells = (
            _CELLS[was_[0] < high and was_[1] > low, new_[0] < high and new_[1] > low]
            for was_, new_ in columns
        )
        lines.append(f"{high * kwh:>11,.5g} │{''.join(cells)}")
    begins = nomination.terms.instant(_first_of_pass(nomination))
    legend = f"from {datetime.fromtimestamp(begins, UTC):%Y-%m-%d %H:%M} UTC; ░ held, ▒ new, █ both"
    return "\n".join([*lines, f"{'kWh':>11} └{'─' * len(columns)}", f"{'':13}{legend}"])


def draw(path: Path, nomination: Nomination) -> None:
    """Write the same as an SVG: what holds pale, what is new as a red outline.

    Raises:
        ToolError: the file can't be written.
    """
    was, new = _whole(nomination)
    top = max(1, *(high for _, high in (*was, *new))) * 1.05
    kwh = nomination.terms.unit_wh / 1000

    def x(slot: int) -> float:
        return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * slot / len(was), 2)

    def y(units: float) -> float:
        return round(_HEIGHT - _FOOT - (_HEIGHT - _FOOT - _TOP) * units / top, 2)

    def outline(bands: Bands, side: int) -> str:
        """Return the steps of all least or of all greatest."""
        return " ".join(
            f"{x(slot)},{y(band[side])} {x(slot + 1)},{y(band[side])}" for slot, band in enumerate(bands)
        )

    def area(bands: Bands) -> str:
        back = " ".join(reversed(outline(bands, 0).split(" ")))
        return f"{outline(bands, 1)} {back}"

    first = _first_of_pass(nomination)
    date = f"{datetime.fromtimestamp(nomination.terms.instant(first), UTC):%Y-%m-%d %H:%M}"
    title = f"place {nomination.place}, pass from {date} UTC; kWh an interval; pale: held, red: new"
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"><style>{_STYLE}</style>',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/><text x="{_LEFT}" y="20">{title}</text>',
        f'<polygon class="was" points="{area(was)}"/>',
    ]
    for tick in range(_TICKS):
        units = top / 1.05 * tick / (_TICKS - 1)
        out.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(units)}" y2="{y(units)}"/>'
        )
        out.append(f'<text x="{_LEFT - 6}" y="{y(units) + 4}" text-anchor="end">{units * kwh:,.5g}</text>')
        slot = len(was) * tick // (_TICKS - 1)
        label = f"{datetime.fromtimestamp(nomination.terms.instant(first + slot), UTC):%d %b %H:%M}"
        out.append(f'<text x="{x(slot)}" y="{_HEIGHT - 10}" text-anchor="middle">{label}</text>')
    out.append(f'<polygon class="new" points="{area(new)}"/>')
    try:
        path.write_text("\n".join([*out, "</svg>\n"]), encoding="utf-8")
    except OSError as error:
        raise ToolError(f"{path} can't be written: {error.strerror}") from error


def _first_of_pass(nomination: Nomination) -> int:
    return nomination.first - nomination.first % len(nomination.held)


def _whole(nomination: Nomination) -> tuple[Bands, Bands]:
    """Return the pass as it is and as it would be."""
    slot = nomination.first % len(nomination.held)
    new = list(nomination.held)
    new[slot : slot + len(nomination.bands)] = nomination.bands
    return nomination.held, tuple(new[: len(nomination.held)])


def _hull(bands: Bands) -> tuple[int, int]:
    return min(low for low, _ in bands), max(high for _, high in bands)
