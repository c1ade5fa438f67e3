# SPDX-License-Identifier: Apache-2.0
"""A chip for the device commands: real MicroPython behind a pty, with hardware that stands for an ESP32's. A world for
the commands of agreements: a chain in memory with the contract."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.toolchain.running_chip import Chip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.tools.agreements import World

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


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A chain of its own for a test that acts in it; the environment names it to `electro`."""
    from tests.tools.agreements import World

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with World(tmp_path, monkeypatch) as running:
        yield running


@pytest.fixture
def day(tmp_path: Path) -> Iterator[World]:
    """A metered day of its own, for a test that goes on in it."""
    from tests.tools.metered_day import metered_day

    with metered_day(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def _told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    from tests.tools.metered_day import metered_day

    with metered_day(tmp_path_factory.mktemp("told")) as running:
        yield running


@pytest.fixture
def told(_told: World) -> World:
    """A metered day for tests that only look, with an honest node and nothing kept."""
    _told.front.meddle = lambda _method, _params: None
    _told.front.asked.clear()
    shutil.rmtree(_told.folder / "cache", ignore_errors=True)
    return _told
