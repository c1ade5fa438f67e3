# SPDX-License-Identifier: Apache-2.0
"""A chip for the device commands: real MicroPython behind a pty, with hardware that stands for an ESP32's."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.toolchain.running_chip import Chip

if TYPE_CHECKING:
    from collections.abc import Iterator

HARDWARE = Path(__file__).with_name("simulated_hardware")


@pytest.fixture
def chip(micropython_i386: list[str], tmp_path: Path) -> Iterator[Chip]:
    """A chip with MicroPython 1.25 and nothing of Electro's on it: its .port and its .flash folder."""
    flash = tmp_path / "chip" / "flash"
    (flash / "lib").mkdir(parents=True)
    for module in HARDWARE.glob("*.py"):
        shutil.copy(module, flash / "lib")
    with Chip(micropython_i386, flash) as running:
        yield running
