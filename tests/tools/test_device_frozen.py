# SPDX-License-Identifier: Apache-2.0
"""What is written for whoever freezes the meter into a firmware is the program that a chip gets as files."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from electro_tools.device import firmware_files

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_frozen_is_what_is_compiled(tmp_path: Path) -> None:
    firmware_files.write(tmp_path)
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    compiled = {place.removesuffix(".mpy") + ".py" for place in firmware_files.places()}
    assert written == compiled | set(firmware_files.STARTERS)
    for place in written:
        ast.parse((tmp_path / place).read_text())
    joined = (tmp_path / "lib" / "electro_meter" / "joined.py").read_text()
    assert "class Account" not in joined  # names that only the program says are short


def test_names_that_others_say_stay(tmp_path: Path) -> None:
    user = tmp_path / "user.py"
    user.write_text("from electro_meter.account.account import Account\nAccount.dark_between\n")
    firmware_files.write(tmp_path / "with", [user])
    firmware_files.write(tmp_path / "without")
    says = [
        "def dark_between" in (tmp_path / each / "lib" / "electro_meter" / "joined.py").read_text()
        for each in ("with", "without")
    ]
    assert says == [True, False]
