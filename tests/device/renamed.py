# SPDX-License-Identifier: Apache-2.0
"""Write the device's modules and tests as one program, under the short names that a chip's modules have.

What a chip gets is renamed as a whole (electro_tools.device.names): a name that one module says and another lacks is
found by running it, and not by tests that say the long names, for what somebody else says keeps its name. So here the
tests belong to the program, and are renamed with it. What they do with names as no program may stays as it is: what
unittest calls, what they set by a text or by a keyword, and what is private of somebody else.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from electro_tools.device import firmware_files
from electro_tools.device.firmware_files import Source
from electro_tools.device.fold import Folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def write(folder: Path, architecture: str, users: dict[str, Path], outside: Iterable[Path]) -> None:
    """Write modules, compiled, and users, as sources, into a folder.

    Args:
        folder: where they go, each to its place.
        architecture: as mpy-cross calls it.
        users: files that say the modules' names and are renamed too, by their dotted names.
        outside: files whose words stay: what runs the tests.
    """
    sources = {firmware_files.dotted(source.place): source.local for source in firmware_files.modules()}
    texts = {name: path.read_text() for name, path in (sources | users).items()}
    words = {word for name in users for word in _words(ast.parse(texts[name]))}
    starters = (source.local for source in firmware_files.starters())
    folded = Folded(
        texts,
        [*firmware_files.sent(), *(path.read_text() for path in [*starters, *outside]), "\n".join(words)],
        {},  # nothing is joined: tests put something of their own into modules
    )
    for name in folded.names():
        is_package = any(other.startswith(f"{name}.") for other in texts)
        place = f"{name.replace('.', '/')}{'/__init__' if is_package else ''}.py"
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(folded.text(name) or texts[name])
        if name in sources:
            firmware_files.compile_one(architecture, Source(target, place), folder)
            target.unlink()


def _words(tree: ast.Module) -> Iterator[str]:
    modules = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith(("test", "setUp", "tearDown")):
            yield node.name  # unittest calls it so
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg  # `setattr` may come behind it
        elif isinstance(node, ast.Call):
            yield from _set_by_text(node)
        elif isinstance(node, ast.Attribute):
            of = node.value.id if isinstance(node.value, ast.Name) else ""
            if of in modules or (of != "self" and _is_somebody_elses(node)):
                yield node.attr


def _set_by_text(node: ast.Call) -> Iterator[str]:
    """Yield the texts of a call that is given `setattr`: addCleanup(setattr, module, "name", before)."""
    if any(isinstance(given, ast.Name) and given.id == "setattr" for given in node.args):
        for given in node.args:
            if isinstance(given, ast.Constant) and isinstance(given.value, str):
                yield given.value


def _is_somebody_elses(node: ast.Attribute) -> bool:
    """Return whether an attribute is private, or put in another one's place."""
    return node.attr.startswith("_") or isinstance(node.ctx, ast.Store)
