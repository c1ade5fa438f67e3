# SPDX-License-Identifier: Apache-2.0
"""The reference circuit: what is drawn, listed, computed and played is one thing, and holds."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from tests.toolchain import debian

from electro_meter.pins import pins_of
from electro_tools.circuit import figures as computed
from electro_tools.circuit.__main__ import files, table
from electro_tools.circuit.figures import figures
from electro_tools.circuit.parts import PARTS
from electro_tools.circuit.sheet import Sheet, nets
from electro_tools.circuit.sheets import all_sheets
from electro_tools.circuit.spice import Circuit

FOLDER = Path(__file__).resolve().parents[2] / "firmware" / "circuit"
NEAR = 0.06  # of a figure: what coarse models may differ by


@pytest.fixture(scope="module")
def played() -> dict[str, float]:
    return Circuit(debian.ngspice()).play()


def test_each_figure_is_within_its_bounds() -> None:
    assert [each.name for each in figures() if not each.holds] == []
    assert len({each.name for each in figures()}) == len(figures())


def test_a_figure_out_of_its_bounds_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    smaller = dataclasses.replace(PARTS["C21"], value=5.0)
    monkeypatch.setitem(PARTS, "C21", smaller)
    assert "reserve: energy for the chip" in [each.name for each in figures() if not each.holds]


def test_every_part_is_drawn_and_every_part_drawn_is_listed() -> None:
    drawn = {pin.reference for sheet in all_sheets() for pin in sheet.pins}
    assert drawn == set(PARTS)
    listed = csv.DictReader(io.StringIO(files()["parts.csv"]))
    assert sorted(each for row in listed for each in row["references"].split()) == sorted(PARTS)


def test_each_part_has_a_value_a_rating_and_a_number() -> None:
    for reference, part in PARTS.items():
        assert part.shown, reference
        assert part.rating, reference
        assert part.number, reference
        if reference[0] in "RC" and reference[:2] != "RV":
            assert part.value > 0, reference
            assert _shown(part.shown) == pytest.approx(part.value), reference


def _shown(text: str) -> float:
    """Return the value that people read, with its count before it: 2 × 10 µF."""
    found = re.fullmatch(r"(?:(\d) × )?([\d.]+) ([kµn]?)(?:Ω|F)", text)
    assert found, text
    scale = {"k": 1e3, "": 1.0, "µ": 1e-6, "n": 1e-9}[found[3]]
    return int(found[1] or 1) * float(found[2]) * scale


def test_the_signals_go_where_the_meter_reads_them() -> None:
    found = nets(all_sheets())
    for net, pin in (("VOLTS", "volts"), ("AMPS", "amps"), ("FINE", "fine"), ("SUPPLY", "supply")):
        chip = [each.name for each in found[net] if each.reference == "U61"]
        assert chip == [pin]
        assert hasattr(pins_of("esp32s3", 1), pin)


def test_each_input_of_the_converter_has_a_resistor_a_clamp_and_a_filter() -> None:
    for net in ("VOLTS", "AMPS", "FINE"):
        kinds = sorted(each.reference.rstrip("0123456789") for each in nets(all_sheets())[net])
        assert kinds == ["C", "D", "R", "U"]


def test_mains_and_low_voltage_share_no_net() -> None:
    isolated = {"PS1": ("L", "N"), "T4": ("1", "2"), "K61": ("11", "14"), "K62": ("11", "14")}
    mains = {"J1", "F1", "RV1", "J4", "F4", "RV4", "R41", "R42", "J61", "J62"}
    for name, pins in nets(all_sheets()).items():
        hot = [p.reference in mains or p.name in isolated.get(p.reference, ()) for p in pins]
        assert all(hot) or not any(hot), name


def test_a_pin_that_touches_nothing_is_found() -> None:
    sheet = Sheet("x", "x")
    sheet.part("R41", (0, 0), (2, 0))
    sheet.part("R42", (2, 0), (4, 0))
    with pytest.raises(ValueError, match=r"connected to nothing: R41\.1, R42\.2"):
        nets([sheet])


def test_wires_join_what_they_touch_and_not_what_they_cross() -> None:
    sheet = Sheet("x", "x")
    sheet.part("R41", (0, 0), (2, 0))
    sheet.part("R42", (1, 1), (1, 3))
    sheet.wire((2, 0), (4, 0))
    sheet.wire((3, -1), (3, 1), (1, 1))  # over the first wire
    sheet.port("A", (4, 0))
    sheet.port("A", (0, 0), "left")
    sheet.port("B", (3, -1))
    sheet.port("B", (1, 3))
    assert {name: [pin.reference for pin in pins] for name, pins in nets([sheet]).items()} == {
        "A": ["R41", "R41"],
        "B": ["R42", "R42"],
    }


@pytest.mark.parametrize("name", sorted(files()))
def test_the_files_are_those_of_the_sheets(name: str) -> None:
    assert (FOLDER / name).read_text() == files()[name], "run python -m electro_tools.circuit"
    if name.endswith(".svg"):
        ET.fromstring(files()[name])


def test_spice_and_the_formulas_agree(played: dict[str, float]) -> None:
    by_name = {each.name: each for each in figures()}
    assert len(played) == 12
    for name, found in played.items():
        figure = by_name[name]
        assert found == pytest.approx(figure.computed, rel=NEAR), name
        assert figure.least <= found <= figure.most, name


def test_the_table_is_what_spice_finds(played: dict[str, float]) -> None:
    def numbers(text: str) -> list[str]:
        return re.findall(r"^\|[^|]*\|[^|]*\|", text, re.MULTILINE)

    assert numbers((FOLDER / "figures.md").read_text()) == numbers(table(played))


def test_the_reserve_that_the_meter_counts_with_is_there() -> None:
    energy = next(each for each in figures() if each.name == "reserve: energy for the chip")
    assert energy.computed >= computed.RESERVE_J
