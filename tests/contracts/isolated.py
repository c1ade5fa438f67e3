# SPDX-License-Identifier: Apache-2.0
"""Run Python programs whose requirements would disturb ours: each from a folder of its own in the tests' cache."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.toolchain.cache import cache_folder, installed, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# What each is, by the name of its folder: the program, and what it needs beside it.
PACKAGES = {
    "halmos-0.3.3": ["halmos==0.3.3", "bitwuzla==0.9.1"],
    "slither-0.11.6": ["slither-analyzer==0.11.6"],
}


def start(
    name: str, arguments: Sequence[str], cwd: Path, first_in_path: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run `python -m NAME`, installed on first use; programs in `first_in_path` win."""
    version = next(each for each in PACKAGES if each.startswith(f"{name}-"))
    folder = installed(version + "-python", lambda part: _install(PACKAGES[version], part))
    search = [str(part) for part in (first_in_path, folder / "bin") if part]
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "PATH": os.pathsep.join([*search, os.environ.get("PATH", os.defpath)]),
    }
    return subprocess.run([sys.executable, "-m", name, *arguments], cwd=cwd, env=environment, check=False)


def _install(packages: Sequence[str], folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*command, "--target", folder, *packages], cwd=cache_folder(), name="pip")
