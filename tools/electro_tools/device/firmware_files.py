# SPDX-License-Identifier: Apache-2.0
"""Know which files belong on the chip, and compile them for its architecture.

The list is the installed packages themselves. They are compiled here because a chip has too little memory
for large viper functions. boot.py and main.py stay as they are: MicroPython starts them only as source.
"""

from __future__ import annotations

import importlib.util
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from electro_tools.errors import ToolError

from .programs import ProgramError, run

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGES = ("electro_protocol", "electro_meter")
STARTERS = ("boot.py", "main.py")

_DATA = "electro-device"  # pyproject.toml puts them under share/ by this name
_COMPILE_TIMEOUT_S = 60


class Source(NamedTuple):
    """A file of the device: where it is here, and its path there, still with .py."""

    local: Path
    place: str


def modules() -> list[Source]:
    """List the modules of the device's packages, at their places under lib/."""
    found: list[Source] = []
    for package in PACKAGES:
        folder = _folder(package)
        files = sorted(folder.rglob("*.py"))
        found += [Source(file, f"lib/{package}/{file.relative_to(folder).as_posix()}") for file in files]
    return found


def starters() -> list[Source]:
    """List boot.py and main.py: a checkout has them above lib/, a wheel brings them as data."""
    above = _folder("electro_meter").parent.parent
    found = [above / name for name in STARTERS]
    if not all(path.is_file() for path in found):
        data = {path.name: path for path in metadata.files("electro-grid") or () if path.parent.name == _DATA}
        if not set(STARTERS) <= set(data):
            raise ToolError(
                "boot.py and main.py are missing from this installation", "install electro-grid again"
            )
        found = [Path(str(data[name].locate())) for name in STARTERS]
    return [Source(path, path.name) for path in found]


def compile_for(
    architecture: str, folder: Path, on_file: Callable[[str], None] = lambda _place: None
) -> list[Source]:
    """Compile every module into `folder`; return the compiled files with their places, ending in .mpy.

    Raises:
        ToolError: there is no compiler, or it refuses a file; with the compiler's words.
    """
    compiled = []
    for source in modules():
        compiled.append(compile_one(architecture, source, folder))
        on_file(compiled[-1].place)
    return compiled


def compile_one(architecture: str, source: Source, folder: Path) -> Source:
    """Compile one file into `folder`; return the compiled file with its place.

    Raises:
        ToolError: see compile_for.
    """
    place = source.place.removesuffix(".py") + ".mpy"
    target = folder / place
    target.parent.mkdir(parents=True, exist_ok=True)
    # -O3: no line numbers and no asserts, 3 KB of a chip's RAM; -s: the name a traceback on the chip shows
    arguments = ["-O3", f"-march={architecture}", "-s", source.place, "-o", str(target), str(source.local)]
    try:
        run("mpy_cross", arguments, timeout_s=_COMPILE_TIMEOUT_S)
    except ProgramError as error:
        words = (error.output.strip().splitlines() or ["no reason given"])[-1]
        raise ToolError(f"mpy-cross can't compile {source.place} for {architecture}: {words}") from error
    return Source(target, place)


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ToolError(
            f"the package {package} is not installed", "install it with: pip install electro-grid"
        )
    return Path(next(iter(spec.submodule_search_locations)))
