# SPDX-License-Identifier: Apache-2.0
"""Write new files, never over another one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path


def ensure_new(*paths: Path) -> None:
    """Refuse before anything is worked out if one of the files is there already.

    Raises:
        ToolError: naming it.
    """
    for path in paths:
        if path.exists():
            raise ToolError(f"{path} exists already", "name another file, or remove it")


def write_new(path: Path, content: str | bytes) -> None:
    """Write a file.

    Raises:
        ToolError: it exists, or can't be written.
    """
    try:
        with path.open("xb") as stream:
            stream.write(content if isinstance(content, bytes) else content.encode())
    except FileExistsError:
        raise ToolError(f"{path} exists already", "name another file, or remove it") from None
    except OSError as error:
        raise ToolError(f"{path} can't be written: {error.strerror}") from error


def beside(path: Path, other: Path) -> str:
    """Return how a file is named from the folder of another one."""
    return os.path.relpath(path, other.parent).replace(os.sep, "/")
