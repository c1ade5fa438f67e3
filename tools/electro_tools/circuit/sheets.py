# SPDX-License-Identifier: Apache-2.0
"""The schematic, sheet by sheet; the channels of one phase, which the others repeat."""

from __future__ import annotations

import schemdraw.elements as elm

from .sheet import Point, Sheet


def all_sheets() -> list[Sheet]:
    return [mains(), supply(), bias(), voltage(), current(), outputs()]


def mains() -> Sheet:
    sheet = Sheet("1-mains", "1  Mains: everything left of PS1's middle may kill")
    sheet.block("J1", (0, 1), (1.6, 3), {"L": (1.6, 3.5), "N": (1.6, 1.5)})
    sheet.wire((1.6, 3.5), (2.5, 3.5))
    sheet.part("F1", (2.5, 3.5), (4.5, 3.5))
    sheet.wire((4.5, 3.5), (8, 3.5))
    sheet.wire((1.6, 1.5), (8, 1.5))
    sheet.part("RV1", (5.8, 3.5), (5.8, 1.5), label="bottom")
    sheet.dot((5.8, 3.5), (5.8, 1.5))
    sheet.block("PS1", (8, 1), (3, 3), {"L": (8, 3.5), "N": (8, 1.5), "+": (11, 3.5), "-": (11, 1.5)})
    sheet.wire((11, 3.5), (12, 3.5))
    sheet.wire((11, 1.5), (12, 1.5))
    sheet.port("5V", (12, 3.5), "up")
    sheet.port("GND", (12, 1.5))
    sheet.note((8, 0.5), "reinforced insulation lies in PS1, T4, K61, K62 and in the current transformer")
    return sheet


def supply() -> Sheet:
    sheet = Sheet("2-supply", "2  Supply and last gasp: runs on C21 and C22 until they hold 2.0 V")
    # the sign that 5 V is gone
    sheet.port("5V", (0, 4), "up")
    sheet.wire((0, 4), (3.5, 4))
    sheet.part("R25", (1, 4), (1, 1), label="bottom")
    sheet.port("GND", (1, 1))
    sheet.wire((2, 4), (2, 7))
    sheet.wire((2, 7), (3, 7))
    sheet.block("U22", (3, 5.6), (3.2, 2.8), {"VDD": (3, 7), "VSS": (4.6, 5.6), "RST": (6.2, 7)})
    sheet.port("GND", (4.6, 5.6))
    sheet.wire((6.2, 7), (8, 7))
    sheet.part("R24", (7, 9), (7, 7), label="bottom")
    sheet.port("3V3", (7, 9), "up")
    sheet.port("SUPPLY", (8, 7))
    sheet.dot((1, 4), (2, 4), (7, 7))
    # the reserve
    sheet.part("D21", (3.5, 4), (5.5, 4), elm.Schottky)
    sheet.wire((5.5, 4), (12, 4))
    sheet.port("VSYS", (6, 4.0), "up")
    sheet.part("R21", (7, 4), (7, 2), label="bottom")
    sheet.part("D22", (9.2, 2), (9.2, 4), elm.Schottky, label="bottom")
    sheet.wire((7, 2), (10.8, 2))
    sheet.part("C21", (7, 2), (7, 0), label="bottom")
    sheet.part("C22", (7, 0), (7, -2), label="bottom")
    sheet.part("R22", (10.8, 2), (10.8, 0), label="bottom")
    sheet.part("R23", (10.8, 0), (10.8, -2), label="bottom")
    sheet.wire((7, 0), (10.8, 0))
    sheet.wire((7, -2), (10.8, -2))
    sheet.port("GND", (9, -2))
    sheet.dot((7, 4), (9.2, 4), (7, 2), (9.2, 2), (7, 0), (10.8, 0), (9, -2))
    # the regulator
    sheet.part("C23", (12, 4), (12, 2), label="bottom")
    sheet.port("GND", (12, 2))
    sheet.wire((12, 4), (14, 4))
    sheet.dot((12, 4), (13.5, 4))
    pins: dict[str, Point] = {
        "VIN": (14, 4),
        "EN": (14, 3),
        "L1": (15, 5),
        "L2": (17, 5),
        "VOUT": (18, 4),
        "GND": (16, 1.5),
    }
    sheet.block("U21", (14, 1.5), (4, 3.5), pins)
    sheet.wire((13.5, 4), (13.5, 3), (14, 3))
    sheet.wire((15, 5), (15, 6))
    sheet.part("L21", (15, 6), (17, 6))
    sheet.wire((17, 6), (17, 5))
    sheet.port("GND", (16, 1.5))
    sheet.wire((18, 4), (20.5, 4))
    sheet.part("C24", (19, 4), (19, 2), label="bottom")
    sheet.port("GND", (19, 2))
    sheet.port("3V3", (20, 4), "up")
    sheet.part("FB21", (20.5, 4), (22.5, 4), label="bottom")
    sheet.wire((22.5, 4), (23.5, 4))
    sheet.part("C25", (22.5, 4), (22.5, 2), label="bottom")
    sheet.port("GND", (22.5, 2))
    sheet.port("3V3A", (23.5, 4), "up")
    sheet.dot((19, 4), (20, 4), (22.5, 4))
    sheet.note((0, -3.6), "R21 limits what C21 and C22 take when they are empty; D22 lets it out past R21.")
    return sheet


def bias() -> Sheet:
    sheet = Sheet("3-bias", "3  Bias: 1.3 V, on which the signals ride; the lower half once a phase")
    _bias(sheet, 4, ("R31", "R32", "C31", "R36", "C33"), "C", "BIAS_V")
    node = _bias(sheet, -2, ("R33", "R34", "C32", "R37", "C34"), "A", "BIAS_A")
    sheet.part("R35", (node[0] - 3, node[1]), node)
    sheet.port("BIAS_PWM", (node[0] - 3, node[1]), "left")
    # of the fourth op amp nothing is used: a follower of the bias
    minus, plus = sheet.amplifier("U31", "D", (17, 1.4))
    sheet.wire(minus, (minus[0], 2.8), (17, 2.8), (17, 1.4))
    sheet.wire(plus, (plus[0] - 0.4, plus[1]))
    sheet.port("BIAS_V", (plus[0] - 0.4, plus[1]), "left")
    sheet.block("U31", (18.4, 0.4), (2, 2), {"VDD": (19.4, 2.4), "VSS": (19.4, 0.4)}, text="U31\nsupply")
    sheet.port("3V3A", (19.4, 2.4), "up")
    sheet.port("GND", (19.4, 0.4))
    return sheet


def _bias(sheet: Sheet, y: float, parts: tuple[str, str, str, str, str], amplifier: str, net: str) -> Point:
    """Draw a divider, its follower and what keeps that one stable; return the divider's node."""
    upper, lower, smoothing, series, load = parts
    node = (0.0, y)
    sheet.part(upper, (0, y + 2), node, label="bottom")
    sheet.port("3V3A", (0, y + 2), "up")
    sheet.part(lower, node, (0, y - 2), label="bottom")
    sheet.port("GND", (0, y - 2))
    sheet.part(smoothing, (2, y), (2, y - 2), label="bottom")
    sheet.port("GND", (2, y - 2))
    out = (8.0, y)
    minus, plus = sheet.amplifier("U31", amplifier, out)
    sheet.wire(node, (4, y), (4, plus[1]), plus)
    sheet.wire(minus, (minus[0], y + 1.4), (8, y + 1.4), out)
    sheet.part(series, out, (10, y), label="bottom")
    sheet.part(load, (10, y), (10, y - 2), label="bottom")
    sheet.port("GND", (10, y - 2))
    sheet.wire((10, y), (11, y))
    sheet.port(net, (11, y))
    sheet.dot(node, (2, y), out, (10, y))
    return node


def voltage() -> Sheet:
    sheet = Sheet(
        "4-voltage", "4  Voltage, one a phase; once more for the grid side of the breaker, where it is fitted"
    )
    sheet.block("J4", (-0.4, 1), (1.8, 3), {"L": (1.4, 3.5), "N": (1.4, 1.5)})
    sheet.wire((1.4, 3.5), (2, 3.5))
    sheet.part("F4", (2, 3.5), (4, 3.5))
    sheet.wire((4, 3.5), (5.5, 3.5))
    sheet.part("RV4", (4.8, 3.5), (4.8, 1.5), label="bottom")
    sheet.part("R41", (5.5, 3.5), (7.5, 3.5))
    sheet.part("R42", (7.5, 3.5), (9.5, 3.5))
    sheet.wire((1.4, 1.5), (10, 1.5))
    sheet.wire((9.5, 3.5), (10, 3.5))
    sheet.block("T4", (10, 1), (2.6, 3), {"1": (10, 3.5), "2": (10, 1.5), "3": (12.6, 3.5), "4": (12.6, 1.5)})
    sheet.wire((12.6, 3.5), (16, 3.5))
    sheet.part("R43", (14, 3.5), (14, 1.5), label="bottom")
    sheet.wire((12.6, 1.5), (14, 1.5))
    sheet.wire((14, 1.5), (14, 1))
    sheet.port("BIAS_V", (14, 1))
    sheet.dot((4.8, 3.5), (4.8, 1.5), (14, 3.5), (14, 1.5))
    _pin(sheet, (16, 3.5), ("R44", "D4", "C4"), "VOLTS")
    sheet.note(
        (0, 0.2),
        "R41 and R42 drive about 1 mA through T4, whose pins 1 and 3 begin its windings in the same sense.",
    )
    return sheet


def current() -> Sheet:
    sheet = Sheet(
        "5-current", "5  Current, one a phase: directly, and sixteenfold for all below a tenth of rated"
    )
    sheet.block("J5", (-0.6, 1), (2.8, 3), {"S1": (2.2, 3.5), "S2": (2.2, 1.5)})
    sheet.wire((2.2, 3.5), (9, 3.5))
    sheet.wire((2.2, 1.5), (7.6, 1.5))
    sheet.part("D51", (3.2, 1.5), (3.2, 3.5), elm.DiodeTVS, label="bottom")
    sheet.part("R51", (5.4, 3.5), (5.4, 1.5), label="bottom")
    sheet.part("R52", (7.6, 3.5), (7.6, 1.5), label="bottom")
    sheet.wire((7.6, 1.5), (7.6, 1))
    sheet.port("BIAS_A", (7.6, 1))
    sheet.dot((3.2, 3.5), (3.2, 1.5), (5.4, 3.5), (5.4, 1.5), (7.6, 3.5), (7.6, 1.5))
    _pin(sheet, (9, 3.5), ("R53", "D52", "C51"), "AMPS")
    # sixteenfold
    sheet.wire((7.6, 3.5), (7.6, 7), (8.2, 7))
    sheet.part("R54", (8.2, 7), (10.2, 7), label="bottom")
    out = (15.0, 7.625)
    minus, plus = sheet.amplifier("U31", "B", out)
    sheet.wire((10.2, 7), plus)
    sheet.wire(minus, (minus[0], 9.7), (12.2, 9.7))
    sheet.part("R55", (12.2, 9.7), (14.2, 9.7))
    sheet.wire((14.2, 9.7), (15, 9.7), out)
    sheet.part("R56", (9.2, 9.7), (minus[0], 9.7))
    sheet.wire((9.2, 9.7), (8.6, 9.7))
    sheet.port("BIAS_A", (8.6, 9.7), "left")
    sheet.dot((minus[0], 9.7), out)
    _pin(sheet, out, ("R57", "D53", "C52"), "FINE")
    sheet.note(
        (0, 0.2),
        "100 A transformers of 50 mA: R51 and R52 as drawn, 9 Ω. Behind 400 : 5 A, with 1,000 : 1: 180 Ω each.",
    )
    return sheet


def _pin(sheet: Sheet, at: Point, parts: tuple[str, str, str], net: str) -> None:
    """Draw what stands before each input of the converter: series resistor, clamp, filter."""
    series, clamp, filter_ = parts
    x, y = at
    sheet.part(series, at, (x + 2, y))
    sheet.wire((x + 2, y), (x + 6, y))
    sheet.clamp(clamp, (x + 3, y))
    sheet.port("3V3A", (x + 3, y + 1.6), "up")
    sheet.port("GND", (x + 3, y - 1.6))
    sheet.part(filter_, (x + 5, y), (x + 5, y - 2), label="bottom")
    sheet.port("GND", (x + 5, y - 2))
    sheet.port(net, (x + 6, y))
    sheet.dot((x + 5, y))


def outputs() -> Sheet:
    sheet = Sheet("6-outputs", "6  The chip and its outputs")
    pins: dict[str, Point] = {}
    for place, net in enumerate(("VOLTS", "AMPS", "FINE", "BIAS_PWM", "GRID_FITTED")):
        pins[net.lower()] = (3, 7 - place)
    for place, net in enumerate(("LED", "SUPPLY", "WARNING", "SHED")):
        pins[net.lower()] = (7, 7 - place)
    sheet.block("U61", (3, 2.5), (4, 5), {**pins, "3V3": (5, 7.5), "GND": (5, 2.5)})
    for net in ("VOLTS", "AMPS", "FINE", "BIAS_PWM"):
        x, y = pins[net.lower()]
        sheet.wire((x, y), (x - 0.6, y))
        sheet.port(net, (x - 0.6, y), "left")
    sheet.port("3V3", (5, 7.5), "up")
    sheet.port("GND", (5, 2.5))
    sheet.wire((3, 3), (1, 3))
    sheet.block("JP6", (0, 1), (1, 2.4), {"1": (1, 3), "2": (1, 1.4)})
    sheet.wire((1, 1.4), (1.6, 1.4))
    sheet.port("GND", (1.6, 1.4))
    sheet.wire((7, 6), (7.6, 6))
    sheet.port("SUPPLY", (7.6, 6))
    # the light
    sheet.wire((7, 7), (8, 7))
    sheet.part("R61", (8, 7), (10, 7))
    sheet.part("D61", (10, 7), (12, 7), elm.LED)
    sheet.wire((12, 7), (12.6, 7), (12.6, 6.6))
    sheet.port("GND", (12.6, 6.6))
    # the relays
    sheet.wire((7, 5), (8.4, 5), (8.4, 3))
    sheet.wire((7, 4), (7.8, 4), (7.8, -3))
    _relay(sheet, (8.4, 3), ("R62", "R63", "Q61", "K61", "D62", "J61"))
    _relay(sheet, (7.8, -3), ("R64", "R65", "Q62", "K62", "D63", "J62"))
    return sheet


def _relay(sheet: Sheet, at: Point, parts: tuple[str, str, str, str, str, str]) -> None:
    """Draw a relay and what switches it: a coil of 5 V, so that it falls when the supply is gone."""
    series, pull, switch, relay, free, terminal = parts
    x, y = at
    gate = (x + 2, y)
    sheet.part(series, at, gate)
    sheet.part(pull, gate, (x + 2, y - 2), label="bottom")
    sheet.port("GND", (x + 2, y - 2))
    sheet.wire(gate, (x + 4, y))
    sheet.block(
        switch, (x + 4, y - 0.8), (2, 1.6), {"G": (x + 4, y), "D": (x + 5, y + 0.8), "S": (x + 5, y - 0.8)}
    )
    sheet.port("GND", (x + 5, y - 0.8))
    low, high = (x + 5, y + 1.2), (x + 5, y + 3.2)
    sheet.wire((x + 5, y + 0.8), low, (x + 8, y + 1.2))
    sheet.part(free, low, high, label="top")
    sheet.wire(high, (x + 8, y + 3.2))
    sheet.port("5V", (x + 6.5, y + 3.2), "up")
    coil = {"A1": (x + 8, y + 3.2), "A2": (x + 8, y + 1.2), "11": (x + 11, y + 3.2), "14": (x + 11, y + 1.2)}
    sheet.block(relay, (x + 8, y + 0.7), (3, 3), coil)
    sheet.wire(coil["11"], (x + 12, y + 3.2))
    sheet.wire(coil["14"], (x + 12, y + 1.2))
    sheet.block(terminal, (x + 12, y + 0.7), (2.4, 3), {"1": (x + 12, y + 3.2), "2": (x + 12, y + 1.2)})
    sheet.dot(gate, low, (x + 6.5, y + 3.2))
