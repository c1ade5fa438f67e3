# SPDX-License-Identifier: Apache-2.0
"""The circuit played by ngspice: the sheets' own netlist, with models for what is more than a resistor or a capacitor.

Models are coarse and say how: Schottky and clamp diodes by their usual parameters, the suppressor as a straight line
from where it begins, op amps of 1 MHz that end 25 mV from their rails, T4 as an ideal 1 : 1, the regulator as a load
of constant power. A current transformer is a source of current, which knows no saturation: inrush is worse here than
in a plant.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from . import figures
from .parts import PARTS, value
from .sheet import nets
from .sheets import all_sheets

if TYPE_CHECKING:
    from collections.abc import Sequence

_MODELS = """
.model schottky D(Is=1e-7 Rs=0.3 N=1.05 Cjo=10p)
.model power D(Is=2e-6 Rs=0.05 N=1.05)
.subckt opamp minus plus out vdd
Bgain inner 0 V=1e5*(V(plus)-V(minus))
Rpole inner held 100k
Cpole held 0 0.159u
Bout driven 0 V=min(max(V(held),0.025),V(vdd)-0.025)
Rout driven out 50
.ends
"""
_MEASURED = re.compile(r"^(\w+)\s*=\s*([-+.\deE]+)", re.MULTILINE)


class NgspiceError(Exception):
    """ngspice does not run, or a figure did not come."""


class Circuit:
    """The netlist of the sheets.

    Args:
        ngspice: the program.
    """

    def __init__(self, ngspice: Path) -> None:
        self._ngspice = ngspice
        self._net = {
            (pin.reference, pin.name): "0" if name == "GND" else re.sub(r"\W", "_", name)
            for name, pins in nets(all_sheets()).items()
            for pin in pins
        }

    def play(self) -> dict[str, float]:
        """Return the figures that SPICE finds, by their names in `figures`.

        Raises:
            NgspiceError: it does not run.
        """
        return {**self._levels(), **self._inrush(), **self._filter(), **self._reserve(), **self._sign()}

    # -- What is played

    def _levels(self) -> dict[str, float]:
        """Rated current, a tenth of it in the fine range, and nominal voltage."""
        rms = {}
        for name, share, net in (("rated", 1.0, "AMPS"), ("tenth", 0.1, "FINE")):
            peak = 2**0.5 * figures.RATED_SECONDARY_A * share
            found = self._run(
                [
                    *self._current_channel(),
                    f"Iprimary {self._at('J5.S2')} {self._at('J5.S1')} SIN(0 {peak} 50)",
                ],
                ".tran 20u 300m 200m 20u",
                f".meas tran mean AVG V({net}) from=200m to=300m",
                f".meas tran rms RMS par('V({net})-1.302') from=200m to=300m",
            )
            rms[name] = (found["rms"] ** 2 - (found["mean"] - 1.302) ** 2) ** 0.5
        voltage = self._run(
            [
                *self._voltage_channel(),
                f"Vmains {self._at('J4.L')} {self._at('J4.N')} SIN(0 {2**0.5 * 230} 50)",
            ],
            ".tran 20u 100m 20m 20u",
            ".meas tran rms RMS par('V(VOLTS)-1.302') from=20m to=100m",
        )
        return {
            "current: at the pin, rated": rms["rated"],
            "current: gain of the fine range": rms["tenth"] / rms["rated"] * 10,
            "voltage: at the pin, nominal": voltage["rms"],
        }

    def _inrush(self) -> dict[str, float]:
        peak = 2**0.5 * figures.INRUSH * figures.RATED_SECONDARY_A
        found = self._run(
            [*self._current_channel(), f"Iprimary {self._at('J5.S2')} {self._at('J5.S1')} SIN(0 {peak} 50)"],
            ".tran 10u 60m 0 10u",
            ".meas tran pin MAX V(AMPS)",
            f".meas tran burden MAX par('V({self._at('J5.S1')})-V({self._at('J5.S2')})')",
            f".meas tran surge MAX par('(V({self._at('R53.1')})-V(AMPS))/{value('R53')}')",
        )
        return {
            "current: across the burden, inrush of 20 × rated": found["burden"],
            "current: into the supply then, a pin": 1e3 * found["surge"],
            "current: at the pin then": found["pin"],
        }

    def _filter(self) -> dict[str, float]:
        burden = 1 / (1 / value("R51") + 1 / value("R52"))  # so that what passes whole is 1 V
        found = self._run(
            [*self._current_channel(), f"Iprimary {self._at('J5.S2')} {self._at('J5.S1')} AC {1 / burden}"],
            ".ac dec 200 10 100k",
            ".save all",
            ".meas ac cut WHEN VDB(AMPS)=-3.0103 FALL=1",
            ".meas ac phase FIND VP(AMPS) AT=50",
        )
        return {
            "current: filter, cut-off": found["cut"],
            "current: filter, phase at 50 Hz": -found["phase"] * 180 / 3.141592653589793,
        }

    def _reserve(self) -> dict[str, float]:
        """Charge the empty reserve; then let the chip live on it, which takes 0.7 W of what the regulator gives."""
        parts = ["D21", "R21", "D22", "C21", "C22", "R22", "R23"]
        system, store = self._at("D21.2"), self._at("R21.2")
        charging = self._run(
            [
                *self._elements(parts),
                "V5 5V 0 5",
                f"Ichip {system} 0 0.15",
                f".ic V({store})=0.01 V({self._at('C22.1')})=0.005",
            ],
            ".tran 0.5 1500 0 0.5 uic",
            f".meas tran peak MAX par('(V({system})-V({store}))/{value('R21')}')",
            f".meas tran full WHEN V({store})={0.95 * figures.full_v()} RISE=1",
        )
        watts = figures.GASP_W / figures.EFFICIENCY
        full = figures.full_v()
        dying = self._run(
            [
                *self._elements(parts),
                f"Bchip {system} 0 I={watts}/max(V({system}),1)",
                (
                    f".ic V({store})={full} V(C21in)={full} V({self._at('C22.1')})={full / 2} V(C22in)={full / 2}"
                    f" V({system})={full - 0.3}"
                ),
                "Roff 5V 0 1k",
            ],
            ".tran 0.02 100 0 0.02 uic",
            f".meas tran over WHEN V({system})={figures.REGULATOR_LEAST_V} FALL=1",
        )
        return {
            "reserve: current while empty": charging["peak"],
            "reserve: time to 95%": charging["full"],
            "reserve: time at 0.7 W": dying["over"],
        }

    def _sign(self) -> dict[str, float]:
        found = self._run(
            [*self._elements(["R25"]), f"Cps1 5V 0 {figures.SUPPLY_FARADS} IC={figures.full_v()}"],
            ".tran 1m 2 0 1m uic",
            f".meas tran low WHEN V(5V)={figures.RESET_LEAST_V} FALL=1",
        )
        return {"supply's sign: after PS1 stops": 1e3 * found["low"]}

    # -- Netlists

    def _current_channel(self) -> list[str]:
        parts = ["D51", "R51", "R52", "R53", "D52", "C51", "R54", "R55", "R56", "R57", "D53", "C52"]
        return [*self._elements(parts), self._amplifier("B"), "Vsupply 3V3A 0 3.3", "Vbias BIAS_A 0 1.302"]

    def _voltage_channel(self) -> list[str]:
        ratio = (
            f"Vsense {self._at('T4.1')} {self._at('T4.2')} 0",  # a transformer of currents: nothing drops across it
            f"Fratio {self._at('T4.4')} {self._at('T4.3')} Vsense 1",
        )
        parts = ["F4", "R41", "R42", "R43", "R44", "D4", "C4"]
        neutral = f"Rneutral {self._at('J4.N')} 0 1G"
        return [*self._elements(parts), *ratio, neutral, "Vsupply 3V3A 0 3.3", "Vbias BIAS_V 0 1.302"]

    def _elements(self, references: Sequence[str]) -> list[str]:
        lines = []
        for reference in references:
            kind = reference.rstrip("0123456789")
            if PARTS[reference].shown == "BAT54S":
                line, supply, ground = (self._at(f"{reference}.{pin}") for pin in ("AK", "K", "A"))
                lines += [
                    f"D{reference}a {line} {supply} schottky",
                    f"D{reference}b {ground} {line} schottky",
                ]
            elif reference == "D51":
                one, other = self._at("D51.1"), self._at("D51.2")
                across, begins = f"V({one},{other})", figures.SUPPRESSOR_V
                beyond = f"max({across}-{begins},0)-max(-{across}-{begins},0)"
                lines.append(f"BD51 {one} {other} I=({beyond})/{figures.SUPPRESSOR_OHMS}")
            elif kind == "D":
                lines.append(f"D{reference} {self._at(f'{reference}.1')} {self._at(f'{reference}.2')} power")
            elif kind == "F":
                lines.append(f"R{reference} {self._at(f'{reference}.1')} {self._at(f'{reference}.2')} 0.1")
            else:
                ends = self._at(f"{reference}.1"), self._at(f"{reference}.2")
                if PARTS[reference].shown == "10 F":  # a cell, with its resistance
                    lines += [f"R{reference}esr {ends[0]} {reference}in {figures.CELL_OHMS}"]
                    ends = f"{reference}in", ends[1]
                lines.append(f"{kind}{reference} {ends[0]} {ends[1]} {value(reference)}")
        return lines

    def _amplifier(self, letter: str) -> str:
        minus, plus, out = (self._at(f"U31.{letter}{pin}") for pin in ("-", "+", "out"))
        return f"XU31{letter} {minus} {plus} {out} 3V3A opamp"

    def _at(self, pin: str) -> str:
        reference, name = pin.split(".")
        return self._net[reference, name]

    def _run(self, elements: Sequence[str], *analysis: str) -> dict[str, float]:
        deck = "\n".join(["* electro", *elements, _MODELS, *analysis, ".end", ""])
        with tempfile.TemporaryDirectory(prefix="electro-spice-") as folder:
            path = Path(folder) / "deck.cir"
            path.write_text(deck)
            done = subprocess.run([self._ngspice, "-b", path], capture_output=True, text=True, check=False)  # noqa: S603
        found = {name.lower(): float(figure) for name, figure in _MEASURED.findall(done.stdout)}
        wanted = [line.split()[2] for line in analysis if line.startswith(".meas")]
        missing = [name for name in wanted if name not in found]
        if missing:
            raise NgspiceError(f"ngspice tells no {missing[0]}: {(done.stderr or done.stdout)[-400:]}")
        return found
