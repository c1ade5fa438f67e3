# SPDX-License-Identifier: Apache-2.0
"""What the meter's words say of its files and settings is so."""

from __future__ import annotations

import re
from pathlib import Path

from electro_meter.life import config

ROOT = Path(__file__).parents[2]
METER = ROOT / "firmware" / "lib" / "electro_meter"


def test_the_readme_names_every_file_and_no_other() -> None:
    text = (METER / "README.md").read_text()
    named = set(re.findall(r"`(?:\w+/)?(\w+\.py)`", text))
    files = {path.name for path in METER.rglob("*.py")} - {"__init__.py"}
    assert files == named


def test_the_table_of_settings_is_what_the_code_checks() -> None:
    rows = [line.split("|")[1:4] for line in (config.__doc__ or "").splitlines() if line.startswith("| ")]
    told: dict[str, str] = {}
    for names, default, _ in rows[1:]:
        defaults = [one.strip() for one in default.split(",")]
        for at, name in enumerate(names.replace("·", "").split(",")):
            told[name.strip()] = defaults[at if len(defaults) > 1 else 0]
    integers = {**config._INTEGERS, **config._OF_A_CHANNEL}
    assert set(told) == {*integers, *config._OTHERS, "sensors", "by"}
    for name, (default, _, _) in integers.items():
        if name != "version":
            assert told[name] == ("required" if default is None else str(default)), name


def test_the_manual_has_the_same_table_of_settings() -> None:
    text = (ROOT / "firmware" / "README.md").read_text()
    table = [line for line in (config.__doc__ or "").splitlines() if line.startswith("|")]
    assert "\n".join(table) in text
