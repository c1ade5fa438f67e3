# SPDX-License-Identifier: Apache-2.0
"""The quick run is of files that are there, and leaves no package out."""

from __future__ import annotations

import tomllib
from pathlib import Path

from tests.quick import PATHS, is_quick

TESTS = Path(__file__).parent
PACKAGES = {
    "electro_protocol": "protocol",
    "electro_meter": "device",
    "electro_relayer": "relayer",
    "electro_contracts": "contracts",
    "electro_tools": "tools",
    "electro_plan": "plan",
    "electro_console": "console",
}


def test_what_is_quick_is_there() -> None:
    assert [path for path in PATHS if not (TESTS / path).exists()] == []


def test_every_package_has_quick_tests_and_others_are_not() -> None:
    project = tomllib.loads((TESTS.parent / "pyproject.toml").read_text("utf-8"))
    wheels = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert {Path(wheel).name for wheel in wheels} == set(PACKAGES)
    files = [file.relative_to(TESTS).as_posix() for file in TESTS.rglob("test_*.py")]
    for folder in PACKAGES.values():
        assert any(is_quick(file) for file in files if file.startswith(folder + "/")), folder
    assert not all(map(is_quick, files))
