# SPDX-License-Identifier: Apache-2.0
"""The plan's README: its six commands lead from a file to signed terms, and its files are read."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.plan import plants
from tests.plan.files import written
from tests.tools.agreements import electro

from electro_tools.agreement import terms_file

if TYPE_CHECKING:
    from tests.tools.agreements import World

README = (Path(__file__).parents[2] / "tools/electro_plan/README.md").read_text(encoding="utf-8")
ZONE = "Europe/Moscow"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_six_commands_lead_from_a_file_to_signed_terms(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    meter = world.account("meter")
    world.enrol(meter)
    monkeypatch.chdir(world.folder)
    monkeypatch.setenv("ELECTRO_KEY_FILE", str(world.key("operator")))
    history = plants.history(plants.shifts(1), ZONE, plants.at("2026-09-07", ZONE), 112, 3600)
    written(world.folder / "load.csv", history)
    lines = blocks("console")[0].splitlines()
    assert len(lines) == 6
    for line in lines:
        words = shlex.split(
            line.replace("$CONSUMER", world.consumer.address).replace("$METER", meter.address)
        )
        assert words[0] == "electro"
        done = electro(*words[1:], *(["--yes"] if words[2] in ("propose", "sign-acceptance") else []))
        assert done.code == 0, (line, done.err)
    terms = terms_file.read_all(world.folder / "terms.toml")
    assert terms.about.zone == ZONE
    assert len(terms.terms.bands) == 168
    sent = electro("agreement", "submit", world.folder / "signed.json", "--yes", "--json")
    assert sent.code == 0, sent.err
    assert electro("agreement", "show", 1, "--json").json["state"] == "accepted"


def test_its_file_of_equipment_is_one(tmp_path: Path) -> None:
    file = tmp_path / "equipment.toml"
    file.write_text(blocks("toml")[0])
    done = electro("plan", "tariff", file, "--json")
    assert done.code == 0, done.err


def test_its_file_of_sections_is_one(tmp_path: Path) -> None:
    from electro_tools.plan.sections import read_sections

    file = tmp_path / "sections.toml"
    file.write_text(blocks("toml")[1])
    assert [each.name for each in read_sections(file)] == ["Station", "Feeder 12"]


@pytest.mark.parametrize("name", re.findall(r"`([a-z_]+(?:\.py|/))`", README))
def test_every_room_it_names_is_there(name: str) -> None:
    assert (Path(__file__).parents[2] / "tools/electro_plan" / name).exists()
