# SPDX-License-Identifier: Apache-2.0
"""`electro plan sections` on a chain: accepted agreements count, offers only where asked for, renominated bands too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.tools.agreements import START, electro, inside, refused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.agreements import World

FILE = """\
[[section]]
name = "Station"
capacity_kw = 200
[[section]]
name = "Feeder 12"
capacity_kw = 110
parent = "Station"
meters = ["{meter}", "{other}"]
"""


def test_accepted_agreements_are_added_up_and_an_offer_is_told_apart(world: World, tmp_path: Path) -> None:
    meter, other = world.account("meter"), world.account("other")
    file = tmp_path / "sections.toml"
    file.write_text(FILE.format(meter=meter.address, other=other.address))
    world.agree(meter)
    world.enrol(other)
    offered = world.propose(other.address)
    begin = f"{START}"
    found = electro("plan", "sections", file, "--since", begin, "--days", 2, "--json").json
    station, feeder = found["sections"]
    assert (feeder["meters"], feeder["of_meters"]) == (1, 2)
    assert feeder["greatest_w"][:24] == [60_000.0] * 6 + [120_000.0] * 16 + [60_000.0] * 2
    assert feeder["least_w"][6] == 40_000.0
    assert feeder["overloaded_hours"] == 32
    assert station["overloaded_hours"] == 0
    assert station["room_always_w"] == 80_000.0
    with_offer = electro("plan", "sections", file, "--since", begin, "--offer", offered, "--json").json
    assert with_offer["sections"][0]["with_offer"]["overloaded_hours"] == 32
    svg = tmp_path / "heat.svg"
    said = electro("plan", "sections", file, "--since", begin, "--days", 2, "--offer", offered, "--svg", svg)
    assert said.code == 0, said.err
    assert "Feeder 12: room for 0 kW at all hours, for 50 kW between 22:00 and 06:00" in said.out
    assert "with the offer, Station: at most 240 kW instead of 120" in said.out
    assert "Feeder 12" in svg.read_text()
    assert "is no offer: it is accepted" in refused("plan", "sections", file, "--since", begin, "--offer", 1)


def test_what_was_reported_stands_beside_what_was_planned(world: World, tmp_path: Path) -> None:
    meter = world.account("meter")
    file = tmp_path / "sections.toml"
    file.write_text(FILE.format(meter=meter.address, other=world.account("other").address))
    agreement_id = world.agree(meter)
    world.wait_until(START + 24 * 3600)
    world.report(meter, agreement_id, 0, inside(0, 12), 10_000_000)
    (_, feeder) = electro("plan", "sections", file, "--since", START, "--days", 1, "--json").json["sections"]
    assert feeder["actual_w"][:12] == [35_000.0] * 6 + [90_000.0] * 6
    assert feeder["actual_w"][12:] == [None] * 12


def test_a_mistake_in_the_file_is_named(world: World, tmp_path: Path) -> None:
    file = tmp_path / "sections.toml"
    for text, sentence in (
        ("", "has no [[section]]"),
        ('[[section]]\nname = "A"\n', "section.capacity_kw is missing"),
        ('[[section]]\nname = "A"\ncapacity_kw = 1\nmeters = ["0x12"]\n', "section.meters of A"),
        ('[[section]]\nname = "A"\ncapacity_kw = 1\nmeter = []\n', "section.meter is no entry"),
        ('[[sections]]\nname = "A"\n', "sections is no section of this file"),
    ):
        file.write_text(text)
        assert sentence in refused("plan", "sections", file)
