# SPDX-License-Identifier: Apache-2.0
"""A sheet of the schematic: what is drawn is what is connected.

Each call draws a part or a wire with schemdraw and notes where its pins lie. Two pins are of one net if wires join the
points at which they were drawn, or ports with one name: as in every schematic editor. So the picture and the netlist
can't differ, and a part that touches nothing is found.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import schemdraw
import schemdraw.elements as elm

from .parts import PARTS

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

schemdraw.use("svg")

Point = tuple[float, float]
_Align = Literal["center", "left", "right"]

_SYMBOLS: dict[str, Any] = {
    "R": elm.ResistorIEC, "C": elm.Capacitor, "L": elm.Inductor2, "F": elm.FuseIEC, "D": elm.Diode, "FB": elm.Inductor2,
    "RV": elm.RBoxVar,
}  # fmt: skip
_POLAR = {"C21", "C22"}
_SCHOTTKY: Any = elm.Schottky  # schemdraw leaves these two untyped
_SUPPLY: Any = elm.Vdd
_GROUND = "GND"


@dataclass(frozen=True)
class Pin:
    """A part's pin: `1` and `2` of what has two, names of chips."""

    reference: str
    name: str


@dataclass
class Sheet:
    """One sheet.

    Args:
        name: of its file.
        title: printed above it.
    """

    name: str
    title: str
    pins: dict[Pin, Point] = field(default_factory=dict)
    wires: list[tuple[Point, Point]] = field(default_factory=list)
    ports: list[tuple[str, Point]] = field(default_factory=list)
    _drawing: Any = None

    def __post_init__(self) -> None:
        self._drawing = schemdraw.Drawing(show=False)
        self._drawing.config(unit=2, fontsize=11, font="sans-serif", lw=1.4, margin=0.4)

    def part(
        self, reference: str, start: Point, end: Point, symbol: Any = None, *, label: str = "top"
    ) -> None:
        """Draw a part with two pins between two points; of a diode the anode first, of a capacitor plus."""
        kind = reference.rstrip("0123456789")
        made = symbol or (elm.Capacitor2 if reference in _POLAR else _SYMBOLS[kind])
        drawn = made().endpoints(start, end)
        self._drawing.add(drawn.label(f"{reference}\n{PARTS[reference].shown}", loc=label, fontsize=9))
        self._pin(reference, "1", start)
        self._pin(reference, "2", end)

    def block(
        self, reference: str, corner: Point, size: Point, pins: dict[str, Point], *, text: str = ""
    ) -> None:
        """Draw a box with pins: their names and the points, on its edges, at which they lie."""
        (left, bottom), (width, height) = corner, size
        self._drawing.add(
            elm.Rect(corner1=corner, corner2=(left + width, bottom + height)).at((0, 0)).theta(0)
        )
        shown = text or f"{reference}\n{PARTS[reference].shown}"
        self._text((left + width / 2, bottom + height / 2), shown, align="center")
        for name, at in pins.items():
            self._pin(reference, name, at)
            inward = 0.15 if at[0] <= left else -0.15
            if left < at[0] < left + width:
                self._text((at[0], at[1] + (0.25 if at[1] <= bottom else -0.25)), name, align="center")
            else:
                self._text((at[0] + inward, at[1]), name, align="left" if inward > 0 else "right")

    def amplifier(self, reference: str, name: str, out: Point) -> tuple[Point, Point]:
        """Draw one op amp of a chip, its output at this point; return where its inputs - and + lie."""
        made = (
            elm.Opamp(leads=True)
            .theta(0)
            .anchor("out")
            .at(out)
            .label(f"{reference}{name}", "center", fontsize=9)
        )
        anchors = self._drawing.add(made).absanchors
        minus, plus = ((round(anchors[k][0], 2), round(anchors[k][1], 3)) for k in ("in1", "in2"))
        for pin, at in (("-", minus), ("+", plus), ("out", out)):
            self._pin(reference, name + pin, at)
        return minus, plus

    def clamp(self, reference: str, at: Point) -> None:
        """Draw two diodes in a row over a line at this point: the supply at K, the line at AK, ground at A."""
        x, y = at
        for end, way in ((y + 1.6, 1), (y - 1.6, -1)):
            start, stop = ((x, y), (x, end)) if way > 0 else ((x, end), (x, y))
            self._drawing.add(_SCHOTTKY().endpoints(start, stop))
        self._text((x + 0.35, y + 0.8), f"{reference}\n{PARTS[reference].shown}", align="left")
        self.dot(at)
        for name, pin in (("K", (x, y + 1.6)), ("AK", at), ("A", (x, y - 1.6))):
            self._pin(reference, name, pin)

    def wire(self, *points: Point) -> None:
        for start, end in itertools.pairwise(points):
            if start != end:
                self._drawing.add(elm.Line().endpoints(start, end))
                self.wires.append((start, end))

    def dot(self, *points: Point) -> None:
        for point in points:
            self._drawing.add(elm.Dot(radius=0.06).at(point))

    def port(self, net: str, at: Point, direction: str = "right") -> None:
        """Name the net at a point: ground by its symbol, a supply by a bar, all else by a flag."""
        self.ports.append((net, at))
        if net == _GROUND:
            self._drawing.add(elm.Ground().at(at).theta(0))
        elif direction == "up":
            self._drawing.add(_SUPPLY().at(at).theta(0).label(net, fontsize=10))
        else:
            self.dot(at)
            if direction == "right":
                self._text((at[0] + 0.15, at[1]), net, align="left", size=11)
            else:
                self._text((at[0] - 0.25, at[1]), net, align="right", size=11)

    def note(self, at: Point, text: str) -> None:
        self._text(at, text, align="left", size=9, color="#555555")

    def write(self) -> str:
        """Return the picture as SVG."""
        box = self._drawing.get_bbox()
        self._text((box.xmin, box.ymax + 0.6), self.title, align="left", size=13)
        drawn: bytes = self._drawing.get_imagedata("svg")
        return drawn.decode().replace("<svg ", '<svg style="background:white" ', 1)

    def _text(self, at: Point, text: str, align: _Align, size: float = 9, color: str = "black") -> None:
        self._drawing.add(
            elm.Label()
            .at(at)
            .theta(0)
            .label(text, fontsize=size, halign=align, valign="center", color=color, ofst=0)
        )

    def _pin(self, reference: str, name: str, at: Point) -> None:
        if reference not in PARTS:
            raise ValueError(f"{reference} is drawn and not in the list of parts")
        if self.pins.setdefault(Pin(reference, name), at) != at:
            raise ValueError(f"pin {name} of {reference} is drawn twice")


def nets(sheets: Sequence[Sheet]) -> dict[str, list[Pin]]:
    """Return the pins of each net, in order; nets without a port are named after their first pin.

    Raises:
        ValueError: a pin touches nothing.
    """
    joined = _Joined()
    for sheet in sheets:
        ends = [end for wire in sheet.wires for end in wire]
        spots = [*sheet.pins.values(), *(at for _, at in sheet.ports), *ends]
        for start, end in sheet.wires:
            for spot in spots:
                if _lies_on(spot, start, end):
                    joined.join((sheet.name, spot), (sheet.name, start))
        for name, at in sheet.ports:
            joined.join((sheet.name, at), name)
    named = {joined.root(name): name for sheet in sheets for name, _ in sheet.ports}
    found: dict[str, list[Pin]] = {}
    for sheet in sheets:
        for pin, at in sorted(sheet.pins.items(), key=lambda item: (item[0].reference, item[0].name)):
            name = named.setdefault(joined.root((sheet.name, at)), f"{pin.reference}.{pin.name}")
            found.setdefault(name, []).append(pin)
    lonely = [f"{pins[0].reference}.{pins[0].name}" for pins in found.values() if len(pins) < 2]
    if lonely:
        raise ValueError(f"connected to nothing: {', '.join(lonely)}")
    return dict(sorted(found.items()))


class _Joined:
    """Which points and names are one net: a forest in which each net is a tree."""

    def __init__(self) -> None:
        self._above: dict[Hashable, Hashable] = {}

    def root(self, of: Hashable) -> Hashable:
        while self._above.setdefault(of, of) != of:
            of = self._above[of]
        return of

    def join(self, one: Hashable, other: Hashable) -> None:
        self._above[self.root(one)] = self.root(other)


def _lies_on(spot: Point, start: Point, end: Point) -> bool:
    (x, y), (x0, y0), (x1, y1) = spot, start, end
    across = (x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)
    within = min(x0, x1) - 1e-6 <= x <= max(x0, x1) + 1e-6 and min(y0, y1) - 1e-6 <= y <= max(y0, y1) + 1e-6
    return abs(across) < 1e-6 and within
