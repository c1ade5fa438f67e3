# SPDX-License-Identifier: Apache-2.0
"""The meter's compiled size stays within firmware/size-budget.json: a chip's RAM holds what it imports.

What is imported only when somebody asks for it has a budget of its own.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from electro_tools.device import firmware_files

BUDGET: dict[str, dict[str, int]] = json.loads(
    (Path(__file__).parents[2] / "firmware" / "size-budget.json").read_text()
)


@pytest.mark.parametrize("architecture", ["xtensawin", "rv32imc"])
def test_it_fits_and_the_budget_is_no_wish(architecture: str, tmp_path: Path) -> None:
    sizes = dict.fromkeys(BUDGET, 0)
    for file in firmware_files.compile_for(architecture, tmp_path):
        place = file.place.removeprefix("lib/")
        # the longest that fits: what is imported seldom counts for itself
        counted = max((one for one in BUDGET if f"{place}/".startswith(f"{one}/")), key=len, default=None)
        if counted is not None:
            sizes[counted] += file.local.stat().st_size
    for package, size in sizes.items():
        budget = BUDGET[package][architecture]
        assert size <= budget, (
            f"{package} takes {size} bytes: make it smaller, or raise the budget and say why"
        )
        assert size > budget * 0.85, f"{package} takes {size} bytes: lower the budget"
