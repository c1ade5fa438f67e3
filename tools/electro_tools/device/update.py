# SPDX-License-Identifier: Apache-2.0
"""Bring a signed release to a chip over its serial line: checked here, checked there, and then tried by the meter."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from . import release as building
from .plausible import answered

if TYPE_CHECKING:
    from collections.abc import Callable

    from .chip import Chip

_CHECK_TIMEOUT_S = 300  # a chip hashes every file
_SCRIPT = "from electro_meter import staging\nstaging.run({text!r})\n"


class Staged(NamedTuple):
    """What waits on the chip now, and how many files had to be written."""

    version: int
    state: str
    written: int


def update(
    chip: Chip, release: tuple[building.Paper, building.Built], on_step: Callable[[str, str], None]
) -> Staged:
    """Copy a release into the folder that does not run, and let it wait for its trial.

    Args:
        chip: with the meter's program.
        release: its paper, and its bundle.
        on_step: called with a verb and a path for each file.

    Raises:
        ToolError: the chip refuses it.
    """
    paper, built = release
    files = building.files_of(built.raw, built.head)
    chip.hold_watchdog()
    begun = _asked(
        chip,
        {
            "release": paper.to_json(),
            "head": built.head.raw.hex(),
            "unix_s": int(time.time()),
            "folders": sorted({path.rpartition("/")[0] for path in files}),
        },
    )
    written: list[str] = []
    if begun["state"] == "storing":

        def copied(place: str, was_written: bool) -> None:
            written.extend([place] if was_written else [])
            on_step("written" if was_written else "unchanged", place)

        with tempfile.TemporaryDirectory() as folder:
            chip.copy(_laid_out(Path(folder), built, files, begun["folder"]), copied)
        finished = _asked(chip, {"finish": True})
    else:
        finished = begun
    return Staged(paper.message.version, finished["state"], len(written))


def _asked(chip: Chip, request: dict[str, Any]) -> dict[str, Any]:
    return answered(chip.ask_meter(_SCRIPT.format(text=json.dumps(request)), _CHECK_TIMEOUT_S))


def _laid_out(
    folder: Path, built: building.Built, files: dict[str, bytes], place: str
) -> list[tuple[Path, str]]:
    """Write what is to be copied into a folder; return pairs of a local file and its path on the chip."""
    start = len(built.head.raw)
    found = []
    for path, content in {"list": built.raw[start : start + built.head.list_bytes], **files}.items():
        local = folder / path
        local.parent.mkdir(parents=True, exist_ok=True)
        local.write_bytes(content)
        found.append((local, f"{place}/{path}"))
    return found
