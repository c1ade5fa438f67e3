# SPDX-License-Identifier: Apache-2.0
"""Read a TOML file of the plan entry by entry; every mistake is named by its section and key."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MOST = 10**15  # of a number: beyond any money or power
REQUIRED = object()
"""Default of an entry that must be there."""


class Entries:
    """Entries of one section, taken by name; what is left in the end is a mistake.

    Args:
        path: of the file.
        name: of the section.
        content: of it.
    """

    def __init__(self, path: Path, name: str, content: Any) -> None:
        if not isinstance(content, dict):
            raise ToolError(f"{path}: {name} must be a section")
        self._path, self._name, self._left = path, name, dict(content)

    def number(self, key: str, default: Any = REQUIRED, *, above: bool = False) -> float:
        def fits(value: Any) -> bool:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            return number and 0 <= value < _MOST and (value > 0 or not above)

        return float(self._take(key, default, fits, "a number above 0" if above else "a number from 0 up"))

    def whole(self, key: str, default: Any = REQUIRED, *, least: int = 0) -> int:
        def fits(value: Any) -> bool:
            return isinstance(value, int) and not isinstance(value, bool) and least <= value < _MOST

        return int(self._take(key, default, fits, f"a whole number from {least} up"))

    def text(self, key: str, default: Any = REQUIRED) -> str:
        return str(self._take(key, default, lambda value: isinstance(value, str), "text in quotes"))

    def texts(self, key: str, default: Any = REQUIRED) -> list[str]:
        def fits(value: Any) -> bool:
            return isinstance(value, list) and all(isinstance(each, str) for each in value)

        return list(self._take(key, default, fits, "a list of texts in quotes"))

    def flag(self, key: str) -> bool:
        return bool(self._take(key, False, lambda value: isinstance(value, bool), "true or false"))

    def read(self, key: str, reader: Callable[[str], Any], default: Any = REQUIRED) -> Any:
        """Return what a reader makes of a text; it raises ValueError with the end of a sentence."""
        try:
            return reader(self.text(key, default))
        except ValueError as error:
            raise ToolError(f"{self._path}: {self._name}.{key} {error}") from error

    def end(self) -> None:
        """Refuse what was not taken."""
        for key in self._left:
            raise ToolError(f"{self._path}: {self._name}.{key} is no entry of this file")

    def _take(self, key: str, default: Any, fits: Callable[[Any], bool], what: str) -> Any:
        value = self._left.pop(key, default)
        if value is REQUIRED:
            raise ToolError(f"{self._path}: {self._name}.{key} is missing")
        if not fits(value):
            raise ToolError(f"{self._path}: {self._name}.{key} must be {what}")
        return value


def document(path: Path, *sections: str) -> dict[str, Any]:
    """Return a TOML file that has no other sections than these.

    Raises:
        ToolError: it can't be read, is no TOML, or has another one.
    """
    try:
        found = tomllib.loads(path.read_bytes().decode())
    except FileNotFoundError:
        raise ToolError(f"there is no file {path}") from None
    except OSError as error:
        raise ToolError(f"{path} can't be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ToolError(f"{path} is no TOML file: {str(error)[:120]}") from error
    for name in found:
        if name not in sections:
            raise ToolError(f"{path}: {name} is no section of this file", f"there are {', '.join(sections)}")
    return found


def tables(path: Path, found: dict[str, Any], name: str) -> list[Entries]:
    """Return the sections [[name]], each by itself.

    Raises:
        ToolError: they are not written so.
    """
    content = found.get(name, [])
    if not isinstance(content, list):
        raise ToolError(f"{path}: {name} must be written [[{name}]], once for each")
    return [Entries(path, name, each) for each in content]
