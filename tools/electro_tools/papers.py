# SPDX-License-Identifier: Apache-2.0
"""Read and write the JSON files that go from one person to another: enrolments, offers, drafts, what is signed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path

# eth-keyfile raises Python's recursion limit, so that a file of "[[[[…" would end the process in C
_MOST_BRACKETS = 10_000


class Paper(Protocol):
    """What has a JSON form."""

    def to_json(self) -> dict[str, Any]:
        """Return the file's content."""
        ...


def content_of(file: Path) -> Any:
    """Return what a JSON file holds.

    Raises:
        ToolError: it is not there, or no JSON.
    """
    try:
        text = file.read_text(encoding="utf-8")
        return json.loads(text if text.count("[") + text.count("{") < _MOST_BRACKETS else "")
    except FileNotFoundError:
        raise ToolError(f"there is no file {file}") from None
    except OSError as error:
        raise ToolError(f"{file} can't be read: {error.strerror}") from error
    except ValueError as error:
        raise ToolError(f"{file} is no JSON: {str(error)[:100]}") from error


def what_is_wrong(error: Exception) -> str:
    """Return in words what made a file's content unfit."""
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    return "it has another shape" if isinstance(error, TypeError | AttributeError) else str(error)


def must_be_new(file: Path) -> None:
    """Refuse to write over a file, before anything is sent."""
    if file.exists():
        raise ToolError(f"{file} exists already", "name another file")


def write(file: Path, paper: Paper) -> None:
    """Write what has a `to_json`, never over another file.

    Raises:
        ToolError: the file exists, or can't be written.
    """
    try:
        with file.open("x", encoding="utf-8") as stream:
            json.dump(paper.to_json(), stream, indent=2)
            stream.write("\n")
    except FileExistsError:
        raise ToolError(f"{file} exists already", "name another file") from None
    except OSError as error:
        raise ToolError(f"{file} can't be written: {error.strerror}") from error
