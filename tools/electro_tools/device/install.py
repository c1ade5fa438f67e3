# SPDX-License-Identifier: Apache-2.0
"""Put the meter's program on the chip, and take away what an earlier version left there."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from electro_meter.updating.bundle import MARK
from electro_meter.updating.state import BLOB, BYTES

from . import firmware_files

if TYPE_CHECKING:
    from collections.abc import Callable

    from .chip import Chip

# A module.py beside module.mpy would win the import, and a module that is gone would stay importable: what lies
# in the packages' folders without belonging there is removed.
_TIDY = """
import json, os
wanted = {wanted!r}
removed = []

def tidy(folder):
    for entry in list(os.ilistdir(folder)):
        path = folder + "/" + entry[0]
        if entry[1] & 0x4000:
            tidy(path)
        elif path not in wanted:
            os.remove(path)
            removed.append(path)

for folder in {folders!r}:
    try:
        os.mkdir(folder)
    except OSError:
        pass
try:
    os.remove("lib/{mark}")  # boot.py takes the other folder's program, if one is whole, until this one is
except OSError:
    pass
for package in {packages!r}:
    tidy("lib/" + package)
print(json.dumps(removed))
"""


# From now on this program is the committed one, whatever update was under way; byte 0 is its state, byte 1 the folder.
# What was committed before still says which versions are too old, and which keys are pinned.
_COMMIT = """
with open("lib/{mark}", "w") as file:
    file.write("installed")
try:
    from esp32 import NVS
    storage = NVS("electro")
    state = bytearray({count})
    if storage.get_blob({name!r}, state) == {count} and (state[0] or state[1]):
        state[0] = state[1] = 0
        storage.set_blob({name!r}, state)
        storage.commit()
except (ImportError, OSError):
    pass
"""


class Installation(NamedTuple):
    """What was done: paths on the chip."""

    written: list[str]
    unchanged: list[str]
    removed: list[str]


def install(chip: Chip, architecture: str, on_step: Callable[[str, str], None]) -> Installation:
    """Compile and copy everything; `on_step` is called with a verb and a path for each file.

    Raises:
        ToolError: see firmware_files.compile_for and Chip.
    """
    with tempfile.TemporaryDirectory() as folder:
        compiled = firmware_files.compile_for(
            architecture, Path(folder), lambda place: on_step("compiled", place)
        )
        files = [*compiled, *firmware_files.starters()]
        places = [file.place for file in files]
        chip.hold_watchdog()
        removed = chip.ask(
            _TIDY.format(
                wanted=set(places), folders=_folders(places), packages=firmware_files.PACKAGES, mark=MARK
            )
        )
        written: list[str] = []
        unchanged: list[str] = []

        def copied(place: str, was_written: bool) -> None:
            (written if was_written else unchanged).append(place)
            on_step("written" if was_written else "unchanged", place)

        chip.copy(files, copied)
        chip.run(_COMMIT.format(mark=MARK, name=BLOB, count=BYTES))
    return Installation(written, unchanged, removed)


def _folders(places: list[str]) -> list[str]:
    """List every folder the places need, parents first."""
    needed = {parent.as_posix() for place in places for parent in Path(place).parents}
    return sorted(needed - {"."})
