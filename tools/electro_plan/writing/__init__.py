# SPDX-License-Identifier: Apache-2.0
"""Write a history for others: CSV, XLSX, Parquet, Green Button, 80020; each whole or not at all."""

from __future__ import annotations

import os
import tempfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from electro_plan.errors import PlanError
from electro_plan.sentence import foreign, sentence
from electro_plan.wording import LAST_S

if TYPE_CHECKING:
    from electro_plan.writing.export import Export

FORMATS = {
    "csv": ("csv_text", ".csv"),
    "xlsx": ("workbook", ".xlsx"),
    "parquet": ("parquet", ".parquet"),
    "espi": ("espi", ".xml"),
    "80020": ("xml80020", ".zip"),
}
"""Format to module and usual ending."""


def write(export: Export, path: Path, file_format: str | None = None) -> str:
    """Write a file anew, and return its format.

    Args:
        export: what to write.
        path: of the file; there must be none.
        file_format: a key of FORMATS; by default by the path's ending.

    Raises:
        PlanError: there is such a file, or the history does not fit the format, or into any.
    """
    endings = {ending: name for name, (_, ending) in FORMATS.items()}
    name = file_format or endings.get(path.suffix.lower())
    if name not in FORMATS:
        raise PlanError(
            sentence("{0} does not say in what format it is to be", path),
            f"name one of {', '.join(FORMATS)}, or end it with {', '.join(endings)}",
        )
    if export.history.end_s > LAST_S:
        raise PlanError(sentence("{0} goes beyond the year 9999, which dates in files end with", path.name))
    data: bytes = import_module(f"electro_plan.writing.{FORMATS[name][0]}").write(export)
    try:
        _place(data, path)
    except FileExistsError:
        raise PlanError(sentence("{0} exists already", path), "name another file") from None
    except OSError as error:
        raise PlanError(sentence("{0} can't be written{1}", path, foreign(error.strerror))) from error
    return name


def _place(data: bytes, path: Path) -> None:
    """Write beside the place and link to it, so that nobody finds a half, and nothing is written over."""
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(beside).chmod(0o644)
        path.hardlink_to(beside)
    finally:
        Path(beside).unlink(missing_ok=True)
