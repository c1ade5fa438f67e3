# SPDX-License-Identifier: Apache-2.0
"""Chips with the meter's program as `electro device install` puts it there: names and all are those of a real one."""

from __future__ import annotations

import atexit
import json
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.toolchain.running_chip import Chip

from electro_tools.device import firmware_files

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRMWARE = Path(__file__).parents[2] / "firmware"
HARDWARE = Path(__file__).with_name("simulated_hardware")
CONFIG = {
    "version": 2,
    "chain_id": 31337,
    "contract": "0x5FbDB2315678afecb367f032d93F642f64180aa3",
    "hardware_id": "0x" + "11" * 32,
    "relayers": ["http://relayer.example"],
    "wifi_ssid": "plant",
    "channels": [{}],
    "page_port": 0,
}


def put(flash: Path) -> None:
    """Put program and simulated hardware into a chip's flash."""
    (flash / "lib").mkdir(parents=True, exist_ok=True)
    for module in HARDWARE.glob("*.py"):
        shutil.copy(module, flash / "lib")
    shutil.copytree(_compiled() / "lib", flash / "lib", dirs_exist_ok=True)


@cache
def _compiled() -> Path:
    """Return a folder with the program for i386, which is there as long as this process."""
    folder = Path(tempfile.mkdtemp(prefix="electro-program-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    firmware_files.compile_for("x86", folder)
    return folder


def provisioned(flash: Path, key: bytes = b"\x07" * 32, **entries: Any) -> None:
    """Give it settings and a key, as if it had been provisioned."""
    (flash / "config.json").write_text(json.dumps({**CONFIG, **entries}))
    (flash.parent / "nvs.json").write_text(json.dumps({"key": key.hex()}))


def running(micropython: Sequence[str], flash: Path, **entries: Any) -> Chip:
    """Start a provisioned meter behind a serial line."""
    put(flash)
    provisioned(flash, **entries)
    return Chip(micropython, flash, program=FIRMWARE / "main.py")


def electro(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `electro device …` as a person would."""
    command = [sys.executable, "-m", "electro_tools.cli", "device", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, cwd=cwd
    )
