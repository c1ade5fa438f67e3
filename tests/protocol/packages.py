# SPDX-License-Identifier: Apache-2.0
"""Compile electro_protocol to .mpy files as they ship, and run a script over them in a real interpreter."""

import os
import subprocess
from pathlib import Path

from electro_tools.generate import mip, table
from tests.toolchain import fetch


def build(folder: Path, architecture: str, kilobytes: int = table.DEFAULT) -> Path:
    """Compile the package, with a table of that size, into `folder`; return the package's folder."""
    package = folder / "electro_protocol"
    mip.build(architecture, package, kilobytes)
    return package


def run(folder: Path, script: Path, *arguments: str, heap: str = "2m") -> str:
    """Run a script in the 32-bit interpreter with `folder` on its path; return what it prints.

    Raises RuntimeError with its output if it fails.
    """
    command = [*fetch.micropython("i386"), "-X", f"heapsize={heap}", str(script), *arguments]
    environment = {**os.environ, "MICROPYPATH": f"{folder}:.frozen"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return done.stdout
