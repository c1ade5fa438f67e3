# SPDX-License-Identifier: Apache-2.0
"""Every part of the reference circuit: value, rating, and a common part that has them.

The sheets draw these, the parts list prints them, figures and SPICE models take their values from here. References
count by sheet: 1 mains, 2 supply, 3 bias, 4 voltage, 5 current, 6 outputs. Sheets 4 and 5 are built once a phase.

What is said of transformers, converter and capacitors is from their data sheets: ZMPT101B's operating guide (turns
1,000 : 1,000, 1 to 2 mA, series resistor of four times its power), SCT-013-000 (100 A : 50 mA), TPS6302x (SLVS916:
1.8 to 5.5 V in, 1.5 µH, 3 × 22 µF), ESP32 (section "DC characteristics"). Nobody has built this board yet.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One part.

    Args:
        shown: its value as people write it; of what has none, what it is.
        rating: what it must bear.
        number: a part that does, by its maker's number.
        value: in ohms, farads, henries or volts; 0 where one number does not tell it.
        a_phase: whether each phase has one.
    """

    shown: str
    rating: str
    number: str
    value: float = 0.0
    a_phase: bool = False


def _phase(shown: str, rating: str, number: str, value: float = 0.0) -> Part:
    return Part(shown, rating, number, value, a_phase=True)


PARTS = {
    # 1, mains: what may kill
    "J1": Part("mains, L N", "250 V AC, 10 A, 5.08 mm", "Phoenix Contact MKDS 1,5/2-5,08"),
    "F1": Part("T 1 A", "250 V AC, slow, 1.5 kA", "Littelfuse 0215001.MXP"),
    "RV1": Part("S14K275", "275 V AC, 71 J", "TDK B72214S0271K101", 275),
    "PS1": Part("IRM-05-5", "85-264 V AC to 5 V, 1 A; 3 kV AC isolation", "Mean Well IRM-05-5", 5.0),
    # 2, supply and last gasp
    "D21": Part("1N5819", "40 V, 1 A Schottky", "Vishay 1N5819-E3"),
    "D22": Part("1N5819", "40 V, 1 A Schottky", "Vishay 1N5819-E3"),
    "R21": Part("22 Ω", "3 W, 5%: 1 W at the first moment of charging", "Vishay PR03000202209JAC00", 22.0),
    "C21": Part("10 F", "2.7 V, at most 75 mΩ", "Maxwell BCAP0010 P270 S01", 10.0),
    "C22": Part("10 F", "2.7 V, at most 75 mΩ", "Maxwell BCAP0010 P270 S01", 10.0),
    "R22": Part("4.7 kΩ", "0.25 W, 1%: shares the voltage out", "Yageo MFR-25FBF52-4K7", 4.7e3),
    "R23": Part("4.7 kΩ", "0.25 W, 1%: shares the voltage out", "Yageo MFR-25FBF52-4K7", 4.7e3),
    "U21": Part("TPS63021", "1.8-5.5 V to 3.3 V, buck and boost", "Texas Instruments TPS63021DSJR", 3.3),
    "L21": Part("1.5 µH", "4 A", "Coilcraft XFL4020-152MEC", 1.5e-6),
    "C23": Part("2 × 10 µF", "10 V, X5R", "Murata GRM21BR61A106KE19L", 20e-6),
    "C24": Part("3 × 22 µF", "10 V, X5R", "Murata GRM21BR61A226ME51L", 66e-6),
    "FB21": Part("600 Ω at 100 MHz", "500 mA", "Murata BLM18AG601SN1D"),
    "C25": Part("10 µF", "10 V, X5R", "Murata GRM21BR61A106KE19L", 10e-6),
    "U22": Part("MCP121-450", "low below 4.25 to 4.5 V, open drain", "Microchip MCP121T-450E/TT", 4.375),
    "R24": Part("10 kΩ", "0.25 W, 1%", "Yageo MFR-25FBF52-10K", 10e3),
    "R25": Part("470 Ω", "0.25 W, 5%: empties PS1's output", "Yageo CFR-25JB-52-470R", 470.0),
    # 3, bias: what the signals ride on
    "R31": Part("15 kΩ", "0.1 W, 1%, 25 ppm/K", "Susumu RR1220P-153-D", 15e3),
    "R32": Part("10 kΩ", "0.1 W, 1%, 25 ppm/K", "Susumu RR1220P-103-D", 10e3),
    "C31": Part("10 µF", "10 V, X5R", "Murata GRM21BR61A106KE19L", 10e-6),
    "R33": _phase("15 kΩ", "0.1 W, 1%, 25 ppm/K", "Susumu RR1220P-153-D", 15e3),
    "R34": _phase("10 kΩ", "0.1 W, 1%, 25 ppm/K", "Susumu RR1220P-103-D", 10e3),
    "C32": _phase("10 µF", "10 V, X5R", "Murata GRM21BR61A106KE19L", 10e-6),
    "R35": _phase("430 kΩ", "0.1 W, 1%", "Yageo RC0805FR-07430KL", 430e3),
    "R36": Part("22 Ω", "0.1 W, 1%", "Yageo RC0805FR-0722RL", 22.0),
    "R37": _phase("22 Ω", "0.1 W, 1%", "Yageo RC0805FR-0722RL", 22.0),
    "C33": Part("10 µF", "10 V, X5R", "Murata GRM21BR61A106KE19L", 10e-6),
    "C34": _phase("10 µF", "10 V, X5R", "Murata GRM21BR61A106KE19L", 10e-6),
    "U31": _phase("MCP6004", "four op amps, rail to rail, 1 MHz", "Microchip MCP6004-I/SL"),
    # 4, voltage, a phase
    "J4": _phase("phase, L N", "250 V AC, 10 A, 5.08 mm", "Phoenix Contact MKDS 1,5/2-5,08"),
    "F4": _phase("T 100 mA", "250 V AC, slow, 1.5 kA", "Littelfuse 0218.100MXP"),
    "RV4": _phase("S14K275", "275 V AC, 71 J", "TDK B72214S0271K101", 275),
    "R41": _phase("120 kΩ", "0.6 W, 350 V, 1%, 50 ppm/K", "Vishay MBB02070C1203FCT00", 120e3),
    "R42": _phase("120 kΩ", "0.6 W, 350 V, 1%, 50 ppm/K", "Vishay MBB02070C1203FCT00", 120e3),
    "T4": _phase("ZMPT101B, bare", "2 mA : 2 mA, 4 kV isolation", "Qingxian Zeming ZMPT101B"),
    "R43": _phase("510 Ω", "0.25 W, 1%, 25 ppm/K", "Susumu RR1220P-511-D", 510.0),
    "R44": _phase("1 kΩ", "0.1 W, 1%", "Yageo RC0805FR-071KL", 1e3),
    "D4": _phase("BAT54S", "30 V, 200 mA, two Schottky in a row", "Nexperia BAT54S,215"),
    "C4": _phase("47 nF", "50 V, C0G, 5%", "KEMET C1206C473J5GACTU", 47e-9),
    # 5, current, a phase
    "J5": _phase("current transformer", "3.5 mm jack or terminal", "Phoenix Contact MKDS 1,5/2-5,08"),
    "D51": _phase("SMBJ5.0CA", "5 V, 600 W, both ways", "Littelfuse SMBJ5.0CA", 5.0),
    "R51": _phase("18 Ω", "0.25 W, 1%, 25 ppm/K", "Susumu RR1220Q-180-D", 18.0),
    "R52": _phase("18 Ω", "0.25 W, 1%, 25 ppm/K", "Susumu RR1220Q-180-D", 18.0),
    "R53": _phase("1 kΩ", "0.1 W, 1%", "Yageo RC0805FR-071KL", 1e3),
    "D52": _phase("BAT54S", "30 V, 200 mA, two Schottky in a row", "Nexperia BAT54S,215"),
    "C51": _phase("47 nF", "50 V, C0G, 5%", "KEMET C1206C473J5GACTU", 47e-9),
    "R54": _phase("10 kΩ", "0.1 W, 1%: keeps surges off the op amp", "Yageo RC0805FR-0710KL", 10e3),
    "R55": _phase("150 kΩ", "0.1 W, 1%, 25 ppm/K", "Susumu RR1220P-154-D", 150e3),
    "R56": _phase("10 kΩ", "0.1 W, 1%, 25 ppm/K", "Susumu RR1220P-103-D", 10e3),
    "R57": _phase("1 kΩ", "0.1 W, 1%", "Yageo RC0805FR-071KL", 1e3),
    "D53": _phase("BAT54S", "30 V, 200 mA, two Schottky in a row", "Nexperia BAT54S,215"),
    "C52": _phase("47 nF", "50 V, C0G, 5%", "KEMET C1206C473J5GACTU", 47e-9),
    # 6, outputs
    "D61": Part("green", "2 mA, 2.0 V", "Kingbright WP710A10SGD", 2.0),
    "R61": Part("470 Ω", "0.25 W, 5%", "Yageo CFR-25JB-52-470R", 470.0),
    "Q61": Part("BSS138", "50 V, 200 mA, open at 1.5 V", "onsemi BSS138"),
    "R62": Part("100 Ω", "0.25 W, 5%", "Yageo CFR-25JB-52-100R", 100.0),
    "R63": Part("100 kΩ", "0.25 W, 5%: off while the chip starts", "Yageo CFR-25JB-52-100K", 100e3),
    "K61": Part("5 V, 125 Ω", "contact 5 A, 250 V AC; 5 kV isolation", "Omron G5NB-1A-E DC5", 125.0),
    "D62": Part("1N4148", "100 V, 200 mA", "onsemi 1N4148"),
    "J61": Part("warning", "250 V AC, 5 A, 5.08 mm", "Phoenix Contact MKDS 1,5/2-5,08"),
    "Q62": Part("BSS138", "50 V, 200 mA, open at 1.5 V", "onsemi BSS138"),
    "R64": Part("100 Ω", "0.25 W, 5%", "Yageo CFR-25JB-52-100R", 100.0),
    "R65": Part("100 kΩ", "0.25 W, 5%: off while the chip starts", "Yageo CFR-25JB-52-100K", 100e3),
    "K62": Part("5 V, 125 Ω", "contact 5 A, 250 V AC; 5 kV isolation", "Omron G5NB-1A-E DC5", 125.0),
    "D63": Part("1N4148", "100 V, 200 mA", "onsemi 1N4148"),
    "J62": Part("load shedding", "250 V AC, 5 A, 5.08 mm", "Phoenix Contact MKDS 1,5/2-5,08"),
    "JP6": Part("grid side fitted", "2.54 mm jumper", "Harwin M7582-05"),
    "U61": Part("ESP32", "module on a socket", "Espressif ESP32-S3-DevKitC-1-N8R8"),
}  # fmt: skip


def value(reference: str) -> float:
    """Return a part's value in base units."""
    return PARTS[reference].value
