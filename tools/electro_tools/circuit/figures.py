# SPDX-License-Identifier: Apache-2.0
"""What the reference circuit computes to: levels, margins, time constants, the energy of the last gasp.

Each figure has its bounds and where these come from; all values come from the list of parts. What depends on how parts
act together is played in SPICE as well (`spice`), and the two stand in one table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .parts import value

# The grid and the plant
NOMINAL_V = 230.0
MOST_V = 276.0  # 20% above: what must not clip (EN 50160 allows 10%)
MAINS_HZ = 50.0
RATED_SECONDARY_A = 0.050  # of SCT-013-000 at 100 A
INRUSH = 20.0  # times rated
# The chip: Espressif's data sheet of the ESP32, "DC characteristics"; usable range of the ADC at 11 dB
VDD = 3.3
ADC_LEAST_V, ADC_MOST_V = 0.15, 2.45
COUNT_V = 0.8e-3  # a step of the converter
HIGH_V, LOW_V = 0.75 * VDD, 0.25 * VDD
PIN_MOST_V = VDD + 0.3
# Parts that a value does not tell
SCHOTTKY_V = 0.35  # of 1N5819 at 0.1 to 0.5 A
SUPPLY_LEAST_V = 4.9  # PS1 is within 2%
RESET_LEAST_V, RESET_MOST_V, RESET_LOW_V = 4.25, 4.50, 0.4  # MCP121-450
REGULATOR_LEAST_V = 2.0  # TPS63021 starts at 1.9 V and stops at 1.5; 1.7 W at 2.0 V are 1 A
EFFICIENCY = 0.85  # of TPS63021 between 2 and 5 V
CELL_OHMS = 0.075
SUPPLY_FARADS = 1e-3  # in PS1 behind its rectifier; assumed
CHIP_A = 0.5  # peaks of the radio
PS1_A = 1.0
SUPPRESSOR_V = 6.4  # SMBJ5.0CA begins there, and has 9.2 V at 65 A
SUPPRESSOR_OHMS = (9.2 - SUPPRESSOR_V) / 65
# The last gasp: see "The last gasp" in firmware/README.md
GASP_W, GASP_PEAK_W = 0.7, 1.7
RESERVE_J = 30.0  # `reserve_mj`


@dataclass(frozen=True)
class Figure:
    """One figure: computed, and the bounds that it must keep."""

    name: str
    computed: float
    unit: str
    least: float
    most: float
    why: str

    @property
    def holds(self) -> bool:
        return self.least <= self.computed <= self.most


def figures() -> list[Figure]:
    """Return all figures of the circuit, in the order of its sheets."""
    return [*_supply(), *_bias(), *_voltage(), *_current(), *_outputs()]


def gain_at(hertz: float) -> float:
    """Return what the filter before a converter's input leaves of an amplitude."""
    return 1 / math.hypot(1.0, hertz / cut_off_hz())


def cut_off_hz() -> float:
    return 1 / (2 * math.pi * value("R53") * value("C51"))


def reserve_farads() -> float:
    return value("C21") * value("C22") / (value("C21") + value("C22"))


def full_v() -> float:
    """Return what the reserve is charged to."""
    return value("PS1") - SCHOTTKY_V


def _supply() -> list[Figure]:
    farads, full = reserve_farads(), full_v()
    empty = REGULATOR_LEAST_V + SCHOTTKY_V
    stored = farads / 2 * (full**2 - empty**2) - farads * (full - empty) * SCHOTTKY_V  # D22 takes its part
    charging = full / value("R21")
    other = 2 * value("PS1") / value("K61") + value("PS1") / value("R25")
    return [
        Figure("reserve: voltage when full", full, "V", 4.0, 5.4, "two cells of 2.7 V"),
        Figure("reserve: energy for the chip", stored * EFFICIENCY, "J", RESERVE_J, 60, "reserve_mj is 30,000"),
        Figure("reserve: time at 0.7 W", stored * EFFICIENCY / GASP_W, "s", 20, 120, "to join, shake hands and post"),
        Figure("reserve: left for a peak of 1.7 W at the end",
               empty - 2 * CELL_OHMS * GASP_PEAK_W / EFFICIENCY / REGULATOR_LEAST_V - SCHOTTKY_V,
               "V", 1.8, 2.7, "TPS63021 works from 1.8 V"),
        Figure("reserve: current while empty", charging, "A", 0.05, 0.3, "R21"),
        Figure("reserve: time to 95%", 3 * value("R21") * farads, "s", 60, 900, "earlier an outage is told late"),
        Figure("load of PS1 at most", charging + CHIP_A + other, "A", 0, PS1_A, "its 1 A"),
        Figure("supply's sign: room above its threshold", SUPPLY_LEAST_V - RESET_MOST_V, "V", 0.25, 1, "no false sign"),
        Figure("supply's sign: low, below the chip's", LOW_V - RESET_LOW_V, "V", 0.25, 1, "0.25 VDD"),
        Figure("supply's sign: high, above the chip's", VDD - HIGH_V, "V", 0.25, 1, "0.75 VDD"),
        Figure("supply's sign: after PS1 stops",
               1e3 * value("R25") * SUPPLY_FARADS * math.log(full / RESET_LEAST_V),
               "ms", 0, 200, "soon"),
    ]  # fmt: skip


def _bias() -> list[Figure]:
    middle = VDD * value("R34") / (value("R33") + value("R34"))
    mixed = value("R33") * value("R34") / (value("R33") + value("R34"))
    loaded = middle * value("R35") / (value("R35") + mixed)
    moved = VDD * mixed / (value("R35") + mixed) / COUNT_V
    return [
        Figure("bias", loaded, "V", 1.28, 1.32, "the middle of what the converter can read"),
        Figure("bias: moved by a full duty", moved, "counts", 50, 60, "linearisation takes 56"),
        Figure(
            "bias: time constant",
            1e3 * mixed * value("C32"),
            "ms",
            20,
            200,
            "none of 20 kHz, settled in a second",
        ),
    ]


def _voltage() -> list[Figure]:
    ampere = NOMINAL_V / (value("R41") + value("R42") + value("R43"))
    pin = ampere * value("R43") * gain_at(MAINS_HZ)
    swing = min(ADC_MOST_V - 1.3, 1.3 - ADC_LEAST_V)
    return [
        Figure("voltage: current through T4", 1e3 * ampere, "mA", 0.9, 2.0, "its guide: 1 to 2 mA"),
        Figure("voltage: R41's power", ampere**2 * value("R41"), "W", 0, 0.15, "a quarter of 0.6 W"),
        Figure("voltage: on R41 at 276 V", MOST_V / 2, "V", 0, 350, "its rating"),
        Figure("voltage: at the pin, nominal", pin, "V", 0.45, 0.55, "0.5 Vrms"),
        Figure("voltage: clips above", swing / math.sqrt(2) / pin * NOMINAL_V, "V", MOST_V, 1000, "20% above nominal"),
        Figure("voltage: uv_per_count to begin with", COUNT_V / pin * NOMINAL_V * 1e6, "µV", 3e5, 5e5, "a start"),
    ]  # fmt: skip


def _current() -> list[Figure]:
    burden = value("R51") * value("R52") / (value("R51") + value("R52"))
    rated = RATED_SECONDARY_A * burden
    pin = rated * gain_at(MAINS_HZ)
    gain = 1 + value("R55") / value("R56")
    clamped = _clamped_v(burden)
    surge = (clamped + 1.3 - VDD - SCHOTTKY_V) / value("R53")
    return [
        Figure("current: burden", burden, "Ω", 8.9, 9.1, "0.45 Vrms at rated"),
        Figure("current: at the pin, rated", pin, "V", 0.44, 0.46, "0.45 Vrms"),
        Figure("current: crest factor at rated", (ADC_MOST_V - 1.3) / rated, "", 2.5, 3, "loads with peaks"),
        Figure("current: gain of the fine range", gain, "", 15.9, 16.1, "ua_per_count is 16 fine ones"),
        Figure("current: fine range up to", 100 * (ADC_MOST_V - 1.3) / math.sqrt(2) / (gain * rated), "%", 10, 15,
               "of rated, a sine"),
        Figure("current: filter, cut-off", cut_off_hz(), "Hz", 2_500, 5_000, "40th harmonic: 2 kHz; pairs: 6 kHz"),
        Figure("current: filter, phase at 50 Hz", math.degrees(math.atan(MAINS_HZ / cut_off_hz())), "°", 0, 1,
               "the same in voltage and current"),
        Figure("current: across the burden, inrush of 20 × rated", clamped, "V", 5, 12, "D51"),
        Figure("current: into the supply then, a pin", 1e3 * surge, "mA", 0, 20, "BAT54S bears 200 mA"),
        Figure("current: at the pin then", VDD + SCHOTTKY_V, "V", 0, PIN_MOST_V + 0.1, "VDD + 0.3 V; R53 limits"),
    ]  # fmt: skip


def _clamped_v(burden: float) -> float:
    """Return the peak across the burden and D51, both fed by the transformer."""
    ampere = math.sqrt(2) * INRUSH * RATED_SECONDARY_A
    if ampere * burden < SUPPRESSOR_V:
        return ampere * burden
    return (ampere + SUPPRESSOR_V / SUPPRESSOR_OHMS) / (1 / burden + 1 / SUPPRESSOR_OHMS)


def _outputs() -> list[Figure]:
    return [
        Figure("light", 1e3 * (VDD - value("D61")) / value("R61"), "mA", 1, 10, "seen, and no burden for the pin"),
        Figure("relay's coil", 1e3 * value("PS1") / value("K61"), "mA", 30, 200, "BSS138 bears 200 mA"),
        Figure("relay's switch, voltage at the gate", VDD * value("R63") / (value("R62") + value("R63")), "V", 2.5, 3.3,
               "BSS138 opens at 1.5 V at most"),
    ]  # fmt: skip
